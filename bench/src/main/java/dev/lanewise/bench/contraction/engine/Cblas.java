package dev.lanewise.bench.contraction.engine;

/**
 * C's interface to a BLAS, row-major, with addresses in place of pointers. {@link CblasTemplate}
 * says how it is called.
 */
interface Cblas {
  /** {@code CblasNoTrans}. */
  int NO_TRANS = 111;

  /** {@code CblasTrans}. */
  int TRANS = 112;

  /** cblas_sgemm. */
  void sgemm(
      int transA,
      int transB,
      int m,
      int n,
      int k,
      float alpha,
      long a,
      int lda,
      long b,
      int ldb,
      float beta,
      long c,
      int ldc);

  /** cblas_sgemv. */
  void sgemv(
      int trans,
      int rows,
      int columns,
      float alpha,
      long a,
      int lda,
      long x,
      int incX,
      float beta,
      long y,
      int incY);

  /** cblas_sdot. */
  float sdot(int n, long x, int incX, long y, int incY);

  /** The library's own routine that writes a matrix's transpose elsewhere. */
  void transpose(long rows, long columns, long a, long lda, long b, long ldb);
}
