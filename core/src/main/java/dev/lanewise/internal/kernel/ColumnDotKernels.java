package dev.lanewise.internal.kernel;

import java.lang.foreign.MemorySegment;

/**
 * The partial sums of many outputs, for operands that lie side by side along the outputs: lanes run
 * across outputs. See {@link DotKernels} for the order of operations; combining the partial sums is
 * the caller's.
 *
 * <p>Partial sum r of the outputs is a row of {@code vectors} vectors, the rows one behind the
 * other from the start of a segment. The columns of vector v start {@code v * vector bytes} behind
 * the first column, but for the last vector at {@code lastBytes} instead, where the columns do not
 * fill the vectors: what two vectors cover is computed twice, to the same bits.
 */
public interface ColumnDotKernels {
  /** The columns of one vector. */
  int lanes();

  /** The most vectors of a row. */
  int maxVectors();

  /**
   * {@code p[(first + t) mod 64, j] = fma(a[t, j], b[t, j], p)} for t below k, in order of t.
   *
   * @param vectors how many vectors the columns take, from 1 to {@link #maxVectors}
   * @param lastBytes how far the last vector lies behind the first, in a and b
   * @param first how many products came before: partial sums below 64 products start at +0
   * @param k how many products
   * @param a rows of neighbouring elements
   * @param aOffset where the first row starts, in bytes
   * @param aRowStride the distance of rows, in bytes
   * @param b rows of neighbouring elements
   * @param bOffset where the first row starts, in bytes
   * @param bRowStride the distance of rows, in bytes
   * @param partials the partial sums
   */
  void dot(
      int vectors,
      long lastBytes,
      int first,
      int k,
      MemorySegment a,
      long aOffset,
      long aRowStride,
      MemorySegment b,
      long bOffset,
      long bRowStride,
      MemorySegment partials);

  /** The same with one number for each row of b: {@code p = fma(a[t, j], b[t], p)}. */
  void scaledSum(
      int vectors,
      long lastBytes,
      int first,
      int k,
      MemorySegment a,
      long aOffset,
      long aRowStride,
      MemorySegment b,
      long bOffset,
      long bRowStride,
      MemorySegment partials);
}
