package dev.lanewise.internal.gemm;

/** The groups that the loops of a contraction of two operands fall into. */
public enum LoopGroup {
  /** Loops of both operands and the output, or of the output alone. */
  BATCH,
  /** Loops of the first operand and the output. */
  M,
  /** Loops of the second operand and the output. */
  N,
  /** Loops that are summed. */
  K
}
