package dev.lanewise.internal.kernel;

import java.lang.foreign.MemorySegment;

/**
 * Programs over rows of a table: row r starts at byte {@code tableOffset + r * tableStride} and
 * holds {@code width} float32 values without gaps. Offsets and strides are in bytes and need no
 * alignment. Row numbers are already checked.
 */
public interface RowKernels {
  /** {@code out[i] = table[rows[from + i]]} for {@code i < count}. */
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

  /**
   * {@code table[rows[from + i]] += g[i]} for {@code i < count} in order; positions whose row is
   * {@code skip} are left out.
   */
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

  /**
   * {@code out = (0 + table[rows[from]] + table[rows[from + 1]] + ...) / divisor}: one bag, summed
   * in order.
   */
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
      float divisor);

  /**
   * {@code table[rows[from + i]] += g / divisor} for {@code i < count} in order: one bag's
   * gradient.
   */
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
      float divisor);
}
