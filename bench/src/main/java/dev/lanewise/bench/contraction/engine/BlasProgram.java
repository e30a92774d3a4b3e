package dev.lanewise.bench.contraction.engine;

import java.util.List;

/**
 * One contraction of two operands as calls of one BLAS routine in a nest of loops.
 *
 * @param routine what is called
 * @param swapped whether the second operand is the routine's first: the output's transpose is
 *     computed
 * @param first how the routine sees its first operand
 * @param second how it sees its second
 * @param output how it sees the output
 * @param m rows of the routine's first operand, as a mathematical matrix
 * @param n columns of its second
 * @param k what is summed over
 * @param free loops over parts of the output
 * @param summed loops over parts of the sum, inside the others: from the second part on, results
 *     are added
 */
record BlasProgram(
    Routine routine,
    boolean swapped,
    View first,
    View second,
    View output,
    int m,
    int n,
    int k,
    List<Loop> free,
    List<Loop> summed) {
  /** What is called. */
  enum Routine {
    /** Matrix times matrix. */
    GEMM,
    /** Matrix times vector. */
    GEMV,
    /** Vector times vector. */
    DOT,
    /** A matrix's transpose. */
    TRANSPOSE
  }

  /**
   * A matrix or vector in memory.
   *
   * @param transposed whether it lies column by column
   * @param leading how far apart its rows are (its columns if transposed); a vector's increment
   */
  record View(boolean transposed, int leading) {}

  /**
   * A label of the equation, or several neighbours that act as one.
   *
   * @param size the number of positions
   * @param a how far apart neighbours are in the first operand
   * @param b in the second
   * @param c in the output
   */
  record Loop(int size, int a, int b, int c) {
    /** A label that is not there. */
    static final Loop NONE = new Loop(1, 0, 0, 0);

    /** The loop with the operands exchanged. */
    Loop swapped() {
      return new Loop(size, b, a, c);
    }
  }

  /** One program that is nothing but a single call on whole dense operands. */
  boolean isSingleCall() {
    return free.isEmpty() && summed.isEmpty();
  }
}
