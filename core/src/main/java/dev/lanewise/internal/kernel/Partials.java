package dev.lanewise.internal.kernel;

import java.util.Arrays;

/**
 * The partial results of a reduction, and the fixed tree that combines them: the upper half is
 * folded onto the lower until one is left.
 */
public final class Partials {
  /**
   * How many partial results every reduction has: four 512-bit vectors, enough to hide the latency
   * of an addition.
   */
  public static final int COUNT = 64;

  private Partials() {}

  /** Sets all partials to the value a reduction starts from. */
  public static void reset(float[] partials, float start) {
    Arrays.fill(partials, 0, COUNT, start);
  }

  /** The sum of all partials, which are overwritten. */
  public static float sum(float[] partials) {
    for (int half = COUNT / 2; half > 0; half /= 2) {
      for (int i = 0; i < half; i++) {
        partials[i] += partials[i + half];
      }
    }
    return partials[0];
  }

  /** The largest partial, ignoring NaN; the partials are overwritten. */
  public static float max(float[] partials) {
    for (int half = COUNT / 2; half > 0; half /= 2) {
      for (int i = 0; i < half; i++) {
        partials[i] = partials[i + half] > partials[i] ? partials[i + half] : partials[i];
      }
    }
    return partials[0];
  }
}
