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
    // Written with constant bounds, which C2 makes vector additions of, and the last levels without
    // memory between them: a third of the time of a loop over the levels.
    for (int i = 0; i < COUNT / 2; i++) {
      partials[i] += partials[i + COUNT / 2];
    }
    for (int i = 0; i < COUNT / 4; i++) {
      partials[i] += partials[i + COUNT / 4];
    }
    return sumOf8(partials, 0) + sumOf8(partials, 1);
  }

  /**
   * Of 16 partials, those with the same parity as an index: p[i] += p[i + 8], p[i + 4], p[i + 2].
   */
  private static float sumOf8(float[] p, int i) {
    float low = (p[i] + p[i + 8]) + (p[i + 4] + p[i + 12]);
    float high = (p[i + 2] + p[i + 10]) + (p[i + 6] + p[i + 14]);
    return low + high;
  }

  /** The largest partial, NaN if there is one; the partials are overwritten. */
  public static float max(float[] partials) {
    for (int half = COUNT / 2; half > 0; half /= 2) {
      for (int i = 0; i < half; i++) {
        partials[i] = Math.max(partials[i], partials[i + half]);
      }
    }
    return partials[0];
  }
}
