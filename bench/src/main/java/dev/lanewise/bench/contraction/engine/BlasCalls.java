package dev.lanewise.bench.contraction.engine;

/**
 * The routines of a BLAS that contractions come down to, on three operands that were bound before.
 * Row-major; places are offsets in elements from the operands' starts.
 */
interface BlasCalls {
  /** {@code c = op(a) op(b) + beta c}, of m x k and k x n matrices. */
  void gemm(
      boolean transA,
      boolean transB,
      int m,
      int n,
      int k,
      int a,
      int lda,
      int b,
      int ldb,
      float beta,
      int c,
      int ldc);

  /** {@code c = op(a) b + beta c}, where a as it lies in memory is rows x columns. */
  void gemv(
      boolean trans,
      int rows,
      int columns,
      int a,
      int lda,
      int b,
      int incB,
      float beta,
      int c,
      int incC);

  /** {@code c = a . b}. */
  void dot(int n, int a, int incA, int b, int incB, int c);

  /** {@code c = transpose of a}, where a is rows x columns. */
  void transpose(int rows, int columns, int a, int lda, int c, int ldc);
}
