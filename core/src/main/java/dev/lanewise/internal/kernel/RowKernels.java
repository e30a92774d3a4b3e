package dev.lanewise.internal.kernel;

import java.lang.foreign.MemorySegment;

/**
 * Programs that read rows of a table of one {@link RowFormat}: row r starts at byte {@code
 * tableOffset + r * tableStride} and holds {@code width} numbers without gaps. What they write is
 * float32, of a table of float64 float64. Offsets and strides are in bytes and need no alignment.
 * Row numbers are already checked. In the equations r is {@code rows[from + i]}, for {@code i <
 * count}.
 */
public interface RowKernels {
  /** {@code out[i] = table[r]}; of float32 and float64 bit for bit. */
  void gather(
      MemorySegment table,
      long tableOffset,
      long tableStride,
      long[] rows,
      int from,
      int count,
      MemorySegment out,
      long outOffset,
      long outStride,
      int width);

  /** {@code out = (0 + table[r0] + table[r1] + ...) / divisor}: one bag, summed in order. */
  void bagSum(
      MemorySegment table,
      long tableOffset,
      long tableStride,
      long[] rows,
      int from,
      int count,
      MemorySegment out,
      long outOffset,
      int width,
      double divisor);

  /**
   * {@code out = fma(w1, table[r1], fma(w0, table[r0], 0)) ...} with {@code wi = weights[from +
   * i]}, rounded to the type of out: one bag, summed in order.
   */
  void bagWeightedSum(
      MemorySegment table,
      long tableOffset,
      long tableStride,
      long[] rows,
      int from,
      int count,
      double[] weights,
      MemorySegment out,
      long outOffset,
      int width);

  /**
   * {@code out = max over i of table[r]}, as {@code Math.max} has it: NaN if there is one (the
   * canonical one, whatever the row's bits), +0 above -0; 0 of no rows.
   */
  void bagMax(
      MemorySegment table,
      long tableOffset,
      long tableStride,
      long[] rows,
      int from,
      int count,
      MemorySegment out,
      long outOffset,
      int width);
}
