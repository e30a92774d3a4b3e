package dev.lanewise.internal.kernel;

import java.lang.foreign.MemorySegment;

/**
 * The product of a matrix whose rows lie in one run each and a vector: {@code y[i] = sum over p of
 * A[i, p] * x[p]}, each element one chain of fused multiply-adds in the order of p that starts at
 * +0. That is the order of a tile, for which the matrix would have to be transposed in memory
 * first.
 *
 * @param <A> the array of x: {@code float[]} or {@code double[]}
 */
public interface GemvKernels<A> {
  /** The fewest rows. */
  int lanes();

  /**
   * Computes the product.
   *
   * @param rows the rows of the matrix, at least {@link #lanes}
   * @param columns the length of the sums, at least 1; with fewer than half as many as {@link
   *     #lanes}, the numbers that are missing are read before each row's start, and not used
   * @param a the matrix, which is not mapped: {@code A[i, p]} at byte {@code aOffset + i *
   *     aRowStride + p * element size}
   * @param aOffset where it starts, in bytes
   * @param aRowStride the distance of its rows, in bytes; at least an element, so that what lies
   *     between two rows can be read
   * @param x the vector
   * @param y where the product goes, its elements side by side; must not overlap the matrix
   * @param yOffset where it starts, in bytes
   */
  void multiply(
      int rows,
      int columns,
      MemorySegment a,
      long aOffset,
      long aRowStride,
      A x,
      MemorySegment y,
      long yOffset);
}
