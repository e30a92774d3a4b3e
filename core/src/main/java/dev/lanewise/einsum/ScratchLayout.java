package dev.lanewise.einsum;

import dev.lanewise.tensor.DType;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Where the intermediates of a path lie in one piece of memory: each at the lowest place that no
 * other holds while it lives, from the step that writes it to the one that reads it.
 */
final class ScratchLayout {
  static final long ALIGNMENT_BYTES = 64;

  private final long[] offsets;
  private final long bytes;

  private record Placed(long from, long to, int read) {}

  private ScratchLayout(long[] offsets, long bytes) {
    this.offsets = offsets;
    this.bytes = bytes;
  }

  /**
   * The layout of a path's intermediates.
   *
   * @throws IllegalArgumentException if they take more bytes than a long can count
   */
  static ScratchLayout of(PathSteps path, DType dtype) {
    int count = path.steps().size() - 1;
    int operands = path.network().operandCount();
    int[] read = new int[count];
    for (int step = 0; step <= count; step++) {
      for (int tensor : path.steps().get(step).tensors()) {
        if (tensor >= operands) {
          read[tensor - operands] = step;
        }
      }
    }
    long[] offsets = new long[count];
    List<Placed> placed = new ArrayList<>();
    long bytes = 0;
    for (int step = 0; step < count; step++) {
      long size = alignedBytes(path, step, dtype);
      long at = 0;
      // Sorted by where they begin: the first gap that is large enough.
      for (Placed other : placed) {
        // Whatever is written by an earlier step and not read before this one is in the way.
        if (other.read >= step && at + size > other.from) {
          at = Math.max(at, other.to);
        }
      }
      if (at > Long.MAX_VALUE - size) {
        throw tooLarge(path, step);
      }
      offsets[step] = at;
      placed.add(new Placed(at, at + size, read[step]));
      placed.sort(Comparator.comparingLong(Placed::from));
      bytes = Math.max(bytes, at + size);
    }
    return new ScratchLayout(offsets, bytes);
  }

  private static long alignedBytes(PathSteps path, int step, DType dtype) {
    long elements = path.steps().get(step).result().elementCount();
    if (elements > (Long.MAX_VALUE - ALIGNMENT_BYTES) / dtype.sizeBytes()) {
      throw tooLarge(path, step);
    }
    // Never empty, so that no two intermediates begin at the same place.
    long bytes = Math.max(elements * dtype.sizeBytes(), 1);
    return (bytes + ALIGNMENT_BYTES - 1) / ALIGNMENT_BYTES * ALIGNMENT_BYTES;
  }

  private static IllegalArgumentException tooLarge(PathSteps path, int step) {
    return new IllegalArgumentException(
        path.network().name()
            + ": the intermediates of path "
            + path.path()
            + ", of which step "
            + step
            + " makes one of shape "
            + path.steps().get(step).result()
            + ", take more bytes than a long can count");
  }

  /** Where the result of a step begins. */
  long offsetBytes(int step) {
    return offsets[step];
  }

  /** The size of the whole. */
  long bytes() {
    return bytes;
  }
}
