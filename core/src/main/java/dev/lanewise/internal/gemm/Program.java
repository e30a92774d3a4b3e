package dev.lanewise.internal.gemm;

/**
 * Which order of operations a contraction has. It depends on the equation alone, never on sizes or
 * strides: see docs/numerics.md.
 */
public enum Program {
  /** No label is summed: each element is one product. */
  PRODUCT,
  /**
   * Both operands have a label of their own in the output: each element is a chain of multiply-adds
   * per block of K.
   */
  CHAIN,
  /**
   * An operand has no label of its own in the output: each element's sum is split into interleaved
   * partial sums.
   */
  PARTIALS
}
