package dev.lanewise.embedding;

import dev.lanewise.internal.check.Check;
import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Where in a list of indices bags start and end: copied, and checked while they are. */
final class Offsets {
  private int[] at = new int[17];
  private int count;

  /** How many offsets there are. */
  int count() {
    return count;
  }

  /** One of them. */
  int at(int i) {
    return at[i];
  }

  private void reserve(int needed) {
    if (at.length < needed) {
      at = new int[Math.max(needed, 2 * at.length)];
    }
  }

  /**
   * Takes offsets.
   *
   * @param offsets the first 0, none smaller than the one before
   * @param length how many indices there are; none is larger
   */
  void load(int[] offsets, int length) {
    reserve(offsets.length + 1);
    for (int i = 0; i < offsets.length; i++) {
      check(i, offsets[i], i == 0 ? 0 : at[i - 1], length);
      at[i] = offsets[i];
    }
    count = offsets.length;
  }

  /** As the other, from a tensor [count] of int32 or int64. */
  void load(Tensor offsets, int length) {
    if (offsets.rank() != 1 || offsets.size(0) > Integer.MAX_VALUE - 9) {
      throw new IllegalArgumentException("offsets: expected shape [bags], got " + offsets.shape());
    }
    Check.accessible("offsets", offsets);
    if (offsets.dtype() != DType.INT32 && offsets.dtype() != DType.INT64) {
      throw new IllegalArgumentException(
          "offsets: expected int32 or int64, got " + offsets.dtype());
    }
    int given = (int) offsets.size(0);
    reserve(given + 1);
    MemorySegment segment = offsets.segment();
    int size = offsets.dtype().sizeBytes();
    for (int i = 0; i < given; i++) {
      long place = offsets.offsetBytes() + i * offsets.stride(0) * size;
      long offset =
          size == Long.BYTES
              ? segment.get(ValueLayout.JAVA_LONG_UNALIGNED, place)
              : segment.get(ValueLayout.JAVA_INT_UNALIGNED, place);
      check(i, offset, i == 0 ? 0 : at[i - 1], length);
      at[i] = (int) offset;
    }
    count = given;
  }

  private static void check(int i, long offset, long before, long length) {
    if (i == 0 && offset != 0) {
      throw new IllegalArgumentException("offsets[0] must be 0, got " + offset);
    }
    if (offset < before) {
      throw new IllegalArgumentException(
          "offsets must not decrease: offsets[" + i + "] is " + offset + " after " + before);
    }
    if (offset > length) {
      throw new IllegalArgumentException(
          "offsets[" + i + "] is " + offset + ", behind the last of " + length + " indices");
    }
  }

  /** Adds the end of the last bag. */
  void append(int end) {
    reserve(count + 1);
    at[count++] = end;
  }

  /** Takes the offsets of bags of equal length, and the end of the last. */
  void even(int bags, int each) {
    reserve(bags + 1);
    for (int i = 0; i <= bags; i++) {
      at[i] = i * each;
    }
    count = bags + 1;
  }

  /** Takes some of others', counted from the first of them. */
  void part(Offsets others, int from, int to) {
    count = to - from;
    reserve(count + 1);
    for (int i = 0; i < count; i++) {
      at[i] = others.at[from + i] - others.at[from];
    }
  }

  /** Writes all of them. */
  void copyTo(int[] target) {
    System.arraycopy(at, 0, target, 0, count);
  }
}
