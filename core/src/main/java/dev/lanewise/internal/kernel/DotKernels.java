package dev.lanewise.internal.kernel;

import java.lang.foreign.MemorySegment;

/**
 * Sums of products that are split into {@link Partials#COUNT} partial sums: lanes run across the
 * partial sums of one output.
 *
 * <p>Order of operations: {@code p[0..63] = +0}; product t enters partial {@code t mod 64} by
 * {@code fma(a, b, p)}, in order of t; then {@code p[i] += p[i + 32]} for i below 32, {@code p[i]
 * += p[i + 16]} for i below 16, and so on down to p[0], which is stored or added.
 *
 * <p>Offsets and strides are in bytes, of any sign for operands, and need no alignment.
 *
 * @param <A> the array of partial sums: {@code float[]} or {@code double[]}
 */
public interface DotKernels<A> {
  /**
   * {@code c[i] (+)= sum over t < k of a[i, t] * b[i, t]}, for rows whose elements lie side by
   * side. With a stride of 0 all rows meet the same row of b.
   */
  void dot(
      int rows,
      int k,
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
   * {@code c[i] (+)= sum over t < k of a[i, t] * b[i]}, for rows of a whose elements lie side by
   * side.
   */
  void scaledSum(
      int rows,
      int k,
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

  /** {@code c[i] (+)= sum over t < k of a[i, t] * b[i, t]}, for any strides; one lane. */
  void strided(
      int rows,
      int k,
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
      boolean accumulate);

  /** Sets all partial sums to +0. */
  void reset(A partials);

  /**
   * A part of a sum, for runs that lie side by side: n products, which enter the partial sums from
   * the first on. Each part but the last is a multiple of 64.
   */
  void accumulate(A partials, MemorySegment a, long aOffset, MemorySegment b, long bOffset, int n);

  /** Combines the partial sums, which are overwritten, and stores or adds the result. */
  void finish(A partials, MemorySegment c, long cOffset, boolean accumulate);
}
