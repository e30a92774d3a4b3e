package dev.lanewise.internal.gemm;

import java.util.List;

/**
 * Where the rows, or the columns, of a matrix lie: position i is {@code at(i)} bytes behind the
 * matrix' start. A matrix whose rows and columns each have such a map can be any tensor with its
 * dimensions divided in two groups: transposed, a diagonal, a broadcast, a convolution's windows
 * (the block-scatter matrices of D. A. Matthews, <i>High-performance tensor contraction without
 * transposition</i>, arXiv:1607.00291).
 *
 * <p>A map is one stride, or else a table made once, when the plan is made. Immutable.
 */
final class OffsetMap {
  private final long count;
  private final long strideBytes;
  private final long[] table;

  private OffsetMap(long count, long strideBytes, long[] table) {
    this.count = count;
    this.strideBytes = strideBytes;
    this.table = table;
  }

  /**
   * The map of a group of loops, outermost first, for one operand.
   *
   * @param loops the loops, folded as far as possible
   * @param operand which of a loop's strides to use
   */
  static OffsetMap of(List<Loop> loops, int operand) {
    if (loops.isEmpty()) {
      return new OffsetMap(1, 0, new long[0]);
    }
    if (loops.size() == 1) {
      return new OffsetMap(
          loops.getFirst().size(), loops.getFirst().strideBytes(operand), new long[0]);
    }
    long count = 1;
    for (Loop loop : loops) {
      count = Math.multiplyExact(count, loop.size());
    }
    if (count > Integer.MAX_VALUE - 8) {
      throw new IllegalArgumentException(
          "a group of dimensions that cannot be folded has "
              + count
              + " positions, more than a table holds");
    }
    long[] table = new long[(int) count];
    for (int i = 0; i < table.length; i++) {
      long rest = i;
      for (int at = loops.size() - 1; at >= 0; at--) {
        Loop loop = loops.get(at);
        table[i] += rest % loop.size() * loop.strideBytes(operand);
        rest /= loop.size();
      }
    }
    return new OffsetMap(count, 0, table);
  }

  long count() {
    return count;
  }

  long at(long i) {
    return table.length == 0 ? i * strideBytes : table[(int) i];
  }

  /** Whether one stride describes all positions. */
  boolean isStrided() {
    return table.length == 0;
  }

  /** Whether neighbours are neighbouring floats. */
  boolean isContiguous() {
    return isStrided() && (strideBytes == Float.BYTES || count <= 1);
  }

  long strideBytes() {
    return strideBytes;
  }

  @Override
  public String toString() {
    return count + (isStrided() ? " by " + strideBytes + " B" : " by table");
  }
}
