package dev.lanewise.internal.kernel;

import java.lang.foreign.MemorySegment;

/**
 * Products that are not summed: {@code c[i, j] (+)= a[i, j] * b[i, j]}. An element is one product,
 * rounded once, and is stored or added.
 *
 * <p>Offsets and strides are in bytes, of any sign, and need no alignment. The output overlaps no
 * operand.
 */
public interface ProductKernels {
  /** For rows whose elements lie side by side in all three. */
  void multiply(
      int rows,
      int columns,
      MemorySegment a,
      long aOffset,
      long aRowStride,
      MemorySegment b,
      long bOffset,
      long bRowStride,
      MemorySegment c,
      long cOffset,
      long cRowStride,
      boolean accumulate);

  /** {@code c[i, j] (+)= a[i, j] * b[i]}, for rows that lie side by side in a and c. */
  void scale(
      int rows,
      int columns,
      MemorySegment a,
      long aOffset,
      long aRowStride,
      MemorySegment b,
      long bOffset,
      long bRowStride,
      MemorySegment c,
      long cOffset,
      long cRowStride,
      boolean accumulate);

  /**
   * {@code c[i, j] = fma(a[i, j], b[i], +0)}, for rows that lie side by side in a and c: the sum of
   * one term, which unlike its product is never -0.
   */
  void term(
      int rows,
      int columns,
      MemorySegment a,
      long aOffset,
      long aRowStride,
      MemorySegment b,
      long bOffset,
      long bRowStride,
      MemorySegment c,
      long cOffset,
      long cRowStride);

  /** {@code c[i, j] (+)= a[i] * b[i]}, for rows that lie side by side in c. */
  void fill(
      int rows,
      int columns,
      MemorySegment a,
      long aOffset,
      long aRowStride,
      MemorySegment b,
      long bOffset,
      long bRowStride,
      MemorySegment c,
      long cOffset,
      long cRowStride,
      boolean accumulate);

  /** For any strides; one lane. */
  void strided(
      int rows,
      int columns,
      MemorySegment a,
      long aOffset,
      long aRowStride,
      long aStride,
      MemorySegment b,
      long bOffset,
      long bRowStride,
      long bStride,
      MemorySegment c,
      long cOffset,
      long cRowStride,
      long cStride,
      boolean accumulate);
}
