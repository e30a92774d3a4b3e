package dev.lanewise.bench.contraction.engine;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;

/**
 * Calls of one library. C2 compiles a downcall handle into a plain call only where the handle is a
 * constant, so {@link CblasBinder} makes a hidden class of this one for each library, with the
 * library's handles as its class data. This class itself is never initialised.
 */
final class CblasTemplate implements Cblas {
  private static final MethodHandle GEMM = handle(0);
  private static final MethodHandle GEMV = handle(1);
  private static final MethodHandle DOT = handle(2);
  private static final MethodHandle TRANSPOSE = handle(3);

  CblasTemplate() {}

  private static MethodHandle handle(int index) {
    try {
      return MethodHandles.classDataAt(MethodHandles.lookup(), "_", MethodHandle.class, index);
    } catch (IllegalAccessException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  @Override
  public void sgemm(
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
      int ldc) {
    try {
      GEMM.invokeExact(transA, transB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  @Override
  public void sgemv(
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
      int incY) {
    try {
      GEMV.invokeExact(trans, rows, columns, alpha, a, lda, x, incX, beta, y, incY);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  @Override
  public float sdot(int n, long x, int incX, long y, int incY) {
    try {
      return (float) DOT.invokeExact(n, x, incX, y, incY);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  @Override
  public void transpose(long rows, long columns, long a, long lda, long b, long ldb) {
    try {
      TRANSPOSE.invokeExact(rows, columns, a, lda, b, ldb);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  private static AssertionError unexpected(Throwable cause) {
    return new AssertionError("a C function threw", cause);
  }
}
