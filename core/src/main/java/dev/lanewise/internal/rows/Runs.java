package dev.lanewise.internal.rows;

import dev.lanewise.tensor.Tensor;
import java.lang.foreign.ValueLayout;

/** Kernels take runs of at most an int's length; longer tensors are cut here. */
public final class Runs {
  /** A multiple of the number of partials, so that a cut never changes the order of a reduction. */
  public static final int LONGEST = 1 << 30;

  private Runs() {}

  /** How long the run from an element on is. */
  public static int length(long from, long count) {
    return (int) Math.min(LONGEST, count - from);
  }

  /** Where an element of a contiguous tensor lies, in bytes. */
  public static long bytes(Tensor tensor, long element) {
    return tensor.offsetBytes() + element * Float.BYTES;
  }

  /** Reads one element. */
  public static float get(Tensor tensor, long offsetBytes) {
    return tensor.segment().get(ValueLayout.JAVA_FLOAT_UNALIGNED, offsetBytes);
  }

  /** Writes one element. */
  public static void set(Tensor tensor, long offsetBytes, float value) {
    tensor.segment().set(ValueLayout.JAVA_FLOAT_UNALIGNED, offsetBytes, value);
  }
}
