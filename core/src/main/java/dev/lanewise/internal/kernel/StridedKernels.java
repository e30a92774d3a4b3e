package dev.lanewise.internal.kernel;

import java.lang.foreign.MemorySegment;

/** Loops over operands of any strides, one lane: what is too small or too scattered for vectors. */
public interface StridedKernels {
  /**
   * {@code C[i, j] (+)= sum over p < kc of A[i, p] * B[p, j]}: each element one chain of fused
   * multiply-adds in the order of p that starts at +0, and is then stored or added. All strides are
   * in bytes and may be 0 or negative for operands.
   */
  void chain(
      int m,
      int n,
      int kc,
      MemorySegment a,
      long aOffset,
      long aRowStride,
      long aColumnStride,
      MemorySegment b,
      long bOffset,
      long bRowStride,
      long bColumnStride,
      MemorySegment c,
      long cOffset,
      long cRowStride,
      long cColumnStride,
      boolean accumulate);

  /** {@code to[i] = from[table[first + i]]}, the table in bytes: n elements laid side by side. */
  void gather(
      int n,
      MemorySegment from,
      long fromOffset,
      long[] table,
      int first,
      MemorySegment to,
      long toOffset);

  /** {@code to[i * toStride] (+)= from[i]}: n elements that lie side by side. */
  void scatter(
      int n,
      MemorySegment from,
      long fromOffset,
      MemorySegment to,
      long toOffset,
      long toStride,
      boolean accumulate);

  /** {@code to[table[first + i]] (+)= from[i]}, the table in bytes: n that lie side by side. */
  void scatter(
      int n,
      MemorySegment from,
      long fromOffset,
      MemorySegment to,
      long toOffset,
      long[] table,
      int first,
      boolean accumulate);
}
