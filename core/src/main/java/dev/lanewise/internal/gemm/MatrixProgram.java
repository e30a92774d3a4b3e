package dev.lanewise.internal.gemm;

import java.lang.foreign.MemorySegment;

/**
 * A way to compute a batch of products of matrices, {@code C (+)= A B}, over maps that were given
 * when the program was made. Immutable; any number of threads may run it, each with ranges that do
 * not overlap.
 */
interface MatrixProgram {
  /**
   * Computes a part of the output.
   *
   * @param a the first operand's memory
   * @param aOffset where its first element lies, in bytes
   * @param b the second operand's memory
   * @param bOffset where its first element lies, in bytes
   * @param c the output's memory
   * @param cOffset where its first element lies, in bytes
   * @param accumulate whether results are added to the output's elements instead of replacing them
   * @param range the part
   */
  void run(
      MemorySegment a,
      long aOffset,
      MemorySegment b,
      long bOffset,
      MemorySegment c,
      long cOffset,
      boolean accumulate,
      Range range);
}
