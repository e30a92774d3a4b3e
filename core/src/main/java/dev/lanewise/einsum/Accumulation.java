package dev.lanewise.einsum;

/** What becomes of the numbers that an output holds already. */
public enum Accumulation {
  /**
   * They are replaced, and never read: the output's memory may hold anything before (BLAS: beta 0).
   */
  REPLACE,
  /** The result is added to them (BLAS: beta 1). */
  ADD
}
