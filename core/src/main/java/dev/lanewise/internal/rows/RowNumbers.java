package dev.lanewise.internal.rows;

import dev.lanewise.internal.check.Check;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * The rows of a table that a batch asks for: read from whatever holds the indices, and checked as a
 * whole before anything is done with them.
 */
public final class RowNumbers {
  private long[] rows = new long[16];
  private int count;

  /** The row numbers; only the first {@link #count} are meant. */
  public long[] rows() {
    return rows;
  }

  /** How many there are. */
  public int count() {
    return count;
  }

  /**
   * Takes indices from an array.
   *
   * @param indices each from 0 to numEmbeddings - 1
   * @param numEmbeddings the table's rows
   * @throws IndexOutOfBoundsException naming the first index that is outside, and its position
   */
  public void load(int[] indices, long numEmbeddings) {
    load(indices, 0, indices.length, numEmbeddings);
  }

  /** As the other, for a part of the array: from one index to before another. */
  public void load(int[] indices, int from, int to, long numEmbeddings) {
    reserve(to - from);
    long[] target = rows;
    // Negative once one is outside: a loop without exits, which C2 makes vectors of.
    long outside = 0;
    for (int i = from; i < to; i++) {
      long index = indices[i];
      target[i - from] = index;
      outside |= index | (numEmbeddings - 1 - index);
    }
    if (outside < 0) {
      count = 0;
      int i = from;
      while (indices[i] >= 0 && indices[i] < numEmbeddings) {
        i++;
      }
      throw outside(indices[i], "[" + i + "]", numEmbeddings);
    }
    count = to - from;
  }

  /**
   * Takes indices from a tensor, row by row.
   *
   * @param indices int32 or int64, of any shape and strides
   * @param numEmbeddings the table's rows
   * @throws IndexOutOfBoundsException naming the first index that is outside, and its position
   */
  public void load(Tensor indices, long numEmbeddings) {
    load(indices, 0, requireCountable(indices), numEmbeddings);
  }

  /** As the other, for a part of the indices in row-major order: from one to before another. */
  public void load(Tensor indices, int from, int to, long numEmbeddings) {
    Check.accessible("indices", indices);
    boolean wide =
        switch (indices.dtype()) {
          case INT32 -> false;
          case INT64 -> true;
          default ->
              throw new IllegalArgumentException(
                  "indices: expected int32 or int64, got " + indices.dtype());
        };
    reserve(to - from);
    MemorySegment segment = indices.segment();
    int size = indices.dtype().sizeBytes();
    boolean contiguous = indices.isContiguous();
    if (contiguous && size == Long.BYTES) {
      copyLongs(indices, from, to, numEmbeddings);
      return;
    }
    for (int i = from; i < to; i++) {
      long at =
          indices.offsetBytes()
              + (contiguous ? i : Strides.elementOffset(indices, indices.rank(), i)) * size;
      long index =
          wide
              ? segment.get(ValueLayout.JAVA_LONG_UNALIGNED, at)
              : segment.get(ValueLayout.JAVA_INT_UNALIGNED, at);
      if (index < 0 || index >= numEmbeddings) {
        throw outside(index, Strides.position(indices, i), numEmbeddings);
      }
      rows[i - from] = index;
    }
    count = to - from;
  }

  private void copyLongs(Tensor indices, int from, int to, long numEmbeddings) {
    count = 0;
    long[] target = rows;
    MemorySegment.copy(
        indices.segment(),
        ValueLayout.JAVA_LONG_UNALIGNED,
        indices.offsetBytes() + (long) from * Long.BYTES,
        target,
        0,
        to - from);
    long outside = 0;
    for (int i = 0; i < to - from; i++) {
      outside |= target[i] | (numEmbeddings - 1 - target[i]);
    }
    if (outside < 0) {
      int i = 0;
      while (target[i] >= 0 && target[i] < numEmbeddings) {
        i++;
      }
      throw outside(target[i], Strides.position(indices, from + (long) i), numEmbeddings);
    }
    count = to - from;
  }

  /** How many indices there are, which an int can count. */
  public static int requireCountable(Tensor indices) {
    long elements = indices.shape().elementCount();
    if (elements > Integer.MAX_VALUE - 8) {
      throw new IllegalArgumentException(
          "indices: " + elements + " are more than one call takes; split the batch");
    }
    return (int) elements;
  }

  private void reserve(int needed) {
    if (rows.length < needed) {
      rows =
          Arrays.copyOf(
              rows, Math.max(needed, (int) Math.min(rows.length * 2L, Integer.MAX_VALUE - 8)));
    }
  }

  private static IndexOutOfBoundsException outside(
      long index, String position, long numEmbeddings) {
    return new IndexOutOfBoundsException(
        "index "
            + index
            + " at position "
            + position
            + " is outside the embedding's "
            + numEmbeddings
            + " rows");
  }
}
