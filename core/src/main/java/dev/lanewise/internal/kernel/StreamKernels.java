package dev.lanewise.internal.kernel;

import java.lang.foreign.MemorySegment;

/**
 * Rows of a matrix added to a row that stays in a near cache: the product of one row and a large
 * matrix, and sums over its rows.
 */
public interface StreamKernels {
  /**
   * {@code y[j] = fma(a[r], B[r, j], y[j])} for r from 0 to rows - 1, in this order, for all {@code
   * j < n}.
   *
   * @param rows the rows of B
   * @param n the columns
   * @param a one value for each row of B
   * @param aOffset where the first lies, in bytes
   * @param aStride their distance, in bytes
   * @param b the rows of B, whose elements lie side by side
   * @param bOffset where the first row starts, in bytes
   * @param bRowStride the distance of the rows, in bytes
   * @param y the row that is added to, whose elements lie side by side; must not overlap B
   * @param yOffset where it starts, in bytes
   */
  void update(
      int rows,
      int n,
      MemorySegment a,
      long aOffset,
      long aStride,
      MemorySegment b,
      long bOffset,
      long bRowStride,
      MemorySegment y,
      long yOffset);

  /**
   * {@code y[j] = fma(A[r, j], B[r, j], y[j])} for r from 0 to rows - 1, in this order, for all
   * {@code j < n}.
   *
   * @param rows the rows of A and B
   * @param n the columns
   * @param a the rows of A, whose elements lie side by side
   * @param aOffset where the first row starts, in bytes
   * @param aRowStride the distance of the rows, in bytes
   * @param b the rows of B, whose elements lie side by side
   * @param bOffset where the first row starts, in bytes
   * @param bRowStride the distance of the rows, in bytes
   * @param y the row that is added to, whose elements lie side by side; must not overlap A or B
   * @param yOffset where it starts, in bytes
   */
  void updateProducts(
      int rows,
      int n,
      MemorySegment a,
      long aOffset,
      long aRowStride,
      MemorySegment b,
      long bOffset,
      long bRowStride,
      MemorySegment y,
      long yOffset);
}
