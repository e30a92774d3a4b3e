package dev.lanewise.autograd;

import dev.lanewise.tensor.Tensor;
import java.lang.foreign.ValueLayout;

/** Kernels take runs of at most an int's length; longer tensors are cut here. */
final class Runs {
  /** A multiple of the number of partials, so that a cut never changes the order of a reduction. */
  static final int LONGEST = 1 << 30;

  private Runs() {}

  static int length(long from, long count) {
    return (int) Math.min(LONGEST, count - from);
  }

  /** Where an element of a contiguous tensor lies, in bytes. */
  static long bytes(Tensor tensor, long element) {
    return tensor.offsetBytes() + element * Float.BYTES;
  }

  /** A contiguous tensor of the same elements: itself, or a copy in memory that is kept. */
  static Tensor dense(Tensor tensor, Buffer memory) {
    return tensor.isContiguous() ? tensor : memory.shaped(tensor.shape()).copyFrom(tensor);
  }

  /** Reads one element. */
  static float get(Tensor tensor, long offsetBytes) {
    return tensor.segment().get(ValueLayout.JAVA_FLOAT_UNALIGNED, offsetBytes);
  }

  /** Writes one element. */
  static void set(Tensor tensor, long offsetBytes, float value) {
    tensor.segment().set(ValueLayout.JAVA_FLOAT_UNALIGNED, offsetBytes, value);
  }
}
