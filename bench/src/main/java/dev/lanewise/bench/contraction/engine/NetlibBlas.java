package dev.lanewise.bench.contraction.engine;

import dev.ludovic.netlib.blas.BLAS;
import dev.ludovic.netlib.blas.JavaBLAS;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Map;

/**
 * VectorBLAS of netlib, the BLAS in pure Java with the Vector API that Spark uses. It is
 * column-major, so it is asked for the transposes.
 */
final class NetlibBlas implements Blas {
  private final BLAS blas = JavaBLAS.getInstance();

  @Override
  public void useThreads(int threads) {
    // It has one.
  }

  @Override
  public Binding bind(MemorySegment[] buffers, double flops) {
    float[][] arrays =
        Arrays.stream(buffers)
            .map(buffer -> buffer.toArray(ValueLayout.JAVA_FLOAT))
            .toArray(float[][]::new);
    return new Binding() {
      @Override
      public BlasCalls calls(int a, int b, int c) {
        return new Calls(blas, arrays[a], arrays[b], arrays[c]);
      }

      @Override
      public void publish(int buffer) {
        MemorySegment.copy(
            arrays[buffer], 0, buffers[buffer], ValueLayout.JAVA_FLOAT, 0, arrays[buffer].length);
      }
    };
  }

  @Override
  public Map<String, String> facts() {
    return Map.of("class", blas.getClass().getSimpleName());
  }

  private record Calls(BLAS blas, float[] first, float[] second, float[] output)
      implements BlasCalls {
    private static String op(boolean trans) {
      return trans ? "T" : "N";
    }

    @Override
    public void gemm(
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
        int ldc) {
      blas.sgemm(
          op(transB), op(transA), n, m, k, 1f, second, b, ldb, first, a, lda, beta, output, c, ldc);
    }

    @Override
    public void gemv(
        boolean trans,
        int rows,
        int columns,
        int a,
        int lda,
        int b,
        int incB,
        float beta,
        int c,
        int incC) {
      blas.sgemv(
          op(!trans), columns, rows, 1f, first, a, lda, second, b, incB, beta, output, c, incC);
    }

    @Override
    public void dot(int n, int a, int incA, int b, int incB, int c) {
      output[c] = blas.sdot(n, first, a, incA, second, b, incB);
    }

    @Override
    public void transpose(int rows, int columns, int a, int lda, int c, int ldc) {
      throw new UnsupportedOperationException("VectorBLAS has no transpose");
    }
  }
}
