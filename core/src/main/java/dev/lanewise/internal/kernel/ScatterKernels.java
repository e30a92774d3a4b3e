package dev.lanewise.internal.kernel;

import java.lang.foreign.MemorySegment;

/**
 * Programs of the gradients of a float32 table's rows, most of which add to rows: row r starts at
 * byte {@code tableOffset + r * tableStride} and holds {@code width} numbers without gaps. Offsets
 * and strides are in bytes and need no alignment. Row numbers are already checked. In the equations
 * r is {@code rows[from + i]}, for {@code i < count} in order.
 */
public interface ScatterKernels {
  /** {@code table[r] += g[i]}; positions whose row is {@code skip} are left out. */
  void scatterAdd(
      MemorySegment table,
      long tableOffset,
      long tableStride,
      long[] rows,
      int from,
      int count,
      MemorySegment g,
      long gOffset,
      long gStride,
      int width,
      long skip);

  /** {@code table[r] += g / divisor}: one bag's gradient. */
  void bagScatterAdd(
      MemorySegment table,
      long tableOffset,
      long tableStride,
      long[] rows,
      int from,
      int count,
      MemorySegment g,
      long gOffset,
      int width,
      double divisor);

  /** {@code table[r] = fma(weights[from + i], g, table[r])}: one weighted bag's gradient. */
  void bagWeightedScatterAdd(
      MemorySegment table,
      long tableOffset,
      long tableStride,
      long[] rows,
      int from,
      int count,
      double[] weights,
      MemorySegment g,
      long gOffset,
      int width);

  /**
   * The gradient of {@link RowKernels#bagMax} with respect to each of its rows: {@code values[i] =
   * g} in those columns in which row i is the first to be equal to out, or NaN if that is NaN, and
   * 0 in the others.
   */
  void bagMaxGradient(
      MemorySegment table,
      long tableOffset,
      long tableStride,
      long[] rows,
      int from,
      int count,
      MemorySegment out,
      long outOffset,
      MemorySegment g,
      long gOffset,
      MemorySegment values,
      long valuesOffset,
      long valuesStride,
      int width);
}
