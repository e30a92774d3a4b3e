package dev.lanewise.internal.kernel;

import java.lang.foreign.MemorySegment;

/**
 * Copies of blocks of a matrix: what packing, transposing and merging are made of. Offsets and
 * strides are in bytes and need no alignment; source and destination do not overlap.
 *
 * @param <A> the array of packed rows: {@code float[]} or {@code double[]}
 */
public interface BlockKernels<A> {
  /** {@code to[r, c] = from[r, c]}, for rows whose elements lie side by side on both sides. */
  void copy(
      int rows,
      int columns,
      MemorySegment from,
      long fromOffset,
      long fromRowStride,
      MemorySegment to,
      long toOffset,
      long toRowStride);

  /** The same into packed rows, the first of which starts at an index. */
  void copy(
      int rows,
      int columns,
      MemorySegment from,
      long fromOffset,
      long fromRowStride,
      A to,
      int toIndex);

  /**
   * {@code to[r, c] = from[c, r]}, for rows whose elements lie side by side on both sides: rows and
   * columns are those of the destination, and the source's rows are a stride apart. Up to a vector
   * of columns are stored row by row: where the destination's rows overlap, the later row stays.
   */
  void transpose(
      int rows,
      int columns,
      MemorySegment from,
      long fromOffset,
      long fromRowStride,
      MemorySegment to,
      long toOffset,
      long toRowStride);

  /** The same into packed rows, the first of which starts at an index. */
  void transpose(
      int rows,
      int columns,
      MemorySegment from,
      long fromOffset,
      long fromRowStride,
      A to,
      int toIndex);

  /**
   * {@code to[r, c] = from[r, c]}, for columns that lie a stride apart in the source. The
   * destination is no mapped memory.
   */
  void gather(
      int rows,
      int columns,
      MemorySegment from,
      long fromOffset,
      long fromRowStride,
      long fromColumnStride,
      MemorySegment to,
      long toOffset,
      long toRowStride);

  /** The same into packed rows, the first of which starts at an index. */
  void gather(
      int rows,
      int columns,
      MemorySegment from,
      long fromOffset,
      long fromRowStride,
      long fromColumnStride,
      A to,
      int toIndex);

  /**
   * {@code to[r, c] = from[r, c]}, for columns that lie a stride apart in the destination. What
   * lies between them is not touched: another thread may write it. The source is no mapped memory.
   */
  void scatter(
      int rows,
      int columns,
      MemorySegment from,
      long fromOffset,
      long fromRowStride,
      MemorySegment to,
      long toOffset,
      long toRowStride,
      long toColumnStride);

  /** {@link #add} or {@link #copy}. */
  default void store(
      int rows,
      int columns,
      MemorySegment from,
      long fromOffset,
      long fromRowStride,
      MemorySegment to,
      long toOffset,
      long toRowStride,
      boolean accumulate) {
    if (accumulate) {
      add(rows, columns, from, fromOffset, fromRowStride, to, toOffset, toRowStride);
    } else {
      copy(rows, columns, from, fromOffset, fromRowStride, to, toOffset, toRowStride);
    }
  }

  /** {@code to[r, c] = to[r, c] + from[r, c]}, for rows whose elements lie side by side. */
  void add(
      int rows,
      int columns,
      MemorySegment from,
      long fromOffset,
      long fromRowStride,
      MemorySegment to,
      long toOffset,
      long toRowStride);
}
