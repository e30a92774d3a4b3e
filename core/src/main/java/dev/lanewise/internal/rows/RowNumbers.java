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
    for (int i = from; i < to; i++) {
      target[i - from] = indices[i];
    }
    int outside = firstOutside(to - from, numEmbeddings);
    if (outside >= 0) {
      throw outside(rows[outside], "[" + (from + outside) + "]", numEmbeddings);
    }
    count = to - from;
  }

  /** The only one of the indices, for who does not need a list of them. */
  public static long only(int[] indices, long numEmbeddings) {
    long index = indices[0];
    if (isOutside(index, numEmbeddings)) {
      throw outside(index, "[0]", numEmbeddings);
    }
    return index;
  }

  /** The only one of the indices, for who does not need a list of them. */
  public static long only(Tensor indices, long numEmbeddings) {
    Check.accessible("indices", indices);
    long at = indices.offsetBytes();
    long index =
        switch (indices.dtype()) {
          case INT32 -> indices.segment().get(ValueLayout.JAVA_INT_UNALIGNED, at);
          case INT64 -> indices.segment().get(ValueLayout.JAVA_LONG_UNALIGNED, at);
          default -> throw notIntegers(indices);
        };
    if (isOutside(index, numEmbeddings)) {
      throw outside(index, Strides.position(indices, 0), numEmbeddings);
    }
    return index;
  }

  private static boolean isOutside(long index, long numEmbeddings) {
    return index < 0 || index >= numEmbeddings;
  }

  /** The first of some rows that is outside the table; negative if none is. */
  private int firstOutside(int read, long numEmbeddings) {
    long[] source = rows;
    // Negative once one is outside: a loop without exits, which C2 makes vectors of.
    long signs = 0;
    for (int i = 0; i < read; i++) {
      signs |= source[i] | (numEmbeddings - 1 - source[i]);
    }
    if (signs >= 0) {
      return -1;
    }
    count = 0;
    int i = 0;
    while (!isOutside(source[i], numEmbeddings)) {
      i++;
    }
    return i;
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
    reserve(to - from);
    switch (indices.dtype()) {
      case INT32 -> readInts(indices, from, to);
      case INT64 -> readLongs(indices, from, to);
      default -> throw notIntegers(indices);
    }
    int outside = firstOutside(to - from, numEmbeddings);
    if (outside >= 0) {
      throw outside(rows[outside], Strides.position(indices, from + (long) outside), numEmbeddings);
    }
    count = to - from;
  }

  private void readInts(Tensor indices, int from, int to) {
    MemorySegment segment = indices.segment();
    boolean contiguous = indices.isContiguous();
    for (int i = from; i < to; i++) {
      long at = contiguous ? i : Strides.elementOffset(indices, indices.rank(), i);
      rows[i - from] =
          segment.get(ValueLayout.JAVA_INT_UNALIGNED, indices.offsetBytes() + at * Integer.BYTES);
    }
  }

  private void readLongs(Tensor indices, int from, int to) {
    MemorySegment segment = indices.segment();
    // A view of no elements may begin behind its memory.
    if (to > from && indices.isContiguous()) {
      long first = indices.offsetBytes() + (long) from * Long.BYTES;
      MemorySegment.copy(segment, ValueLayout.JAVA_LONG_UNALIGNED, first, rows, 0, to - from);
      return;
    }
    for (int i = from; i < to; i++) {
      long at = Strides.elementOffset(indices, indices.rank(), i);
      rows[i - from] =
          segment.get(ValueLayout.JAVA_LONG_UNALIGNED, indices.offsetBytes() + at * Long.BYTES);
    }
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

  private static IllegalArgumentException notIntegers(Tensor indices) {
    return new IllegalArgumentException("indices: expected int32 or int64, got " + indices.dtype());
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
