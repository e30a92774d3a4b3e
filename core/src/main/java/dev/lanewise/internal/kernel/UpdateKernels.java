package dev.lanewise.internal.kernel;

import java.lang.foreign.MemorySegment;

/**
 * A program that moves rows of a float32 table by rows of a gradient, many in one call, with so few
 * instructions for each that a core has several of them on their way from memory. Row r of the
 * table starts at byte {@code wOffset + r * wStride}, row s of the gradient at {@code gOffset + s *
 * gStride}; both hold {@code width} numbers without gaps. Offsets and strides are in bytes and need
 * no alignment. Row numbers are already checked.
 */
public interface UpdateKernels {
  /**
   * {@code w[rows[i]] = fma(factors[i], start + g[sources[i]], w[rows[i]])}, for {@code i < count}
   * in any order. A start of +0 makes a sum of one row of the gradient, which is never -0; a start
   * of -0 takes the row as it is. Factors and start are narrowed to float32.
   *
   * @param rows all different
   */
  void axpy(
      MemorySegment g,
      long gOffset,
      long gStride,
      long[] sources,
      MemorySegment w,
      long wOffset,
      long wStride,
      long[] rows,
      double[] factors,
      int count,
      int width,
      double start);
}
