package dev.lanewise.bench;

import dev.lanewise.einsum.Contraction;
import dev.lanewise.tensor.Tensor;
import dev.ludovic.netlib.blas.JavaBLAS;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** {@code ik,kj->ij} of float32 matrices, one thread. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class ContractionForward {
  /** The sizes m x k x n. */
  @Param({"5x3x1", "64x64x64", "256x256x256", "512x512x512"})
  public String size = "";

  private final Arena arena = Arena.ofAuto();
  private Tensor a = Tensor.zeros(arena);
  private Tensor b = a;
  private Tensor out = a;
  private Contraction plan = Contraction.compile("->", a.shape());
  private float[] aArray = {};
  private float[] bArray = {};
  private float[] outArray = {};
  private int m;
  private int k;
  private int n;

  /** Fills the operands. */
  @Setup(Level.Trial)
  public void setUp() {
    SplittableRandom random = new SplittableRandom(1);
    int[] sizes = Arrays.stream(size.split("x", -1)).mapToInt(Integer::parseInt).toArray();
    m = sizes[0];
    k = sizes[1];
    n = sizes[2];
    a = Tensor.uniform(arena, random, -1, 1, m, k);
    b = Tensor.uniform(arena, random, -1, 1, k, n);
    out = Tensor.zeros(arena, m, n);
    plan = Contraction.compile("ik,kj->ij", a.shape(), b.shape());
    aArray = a.toFloatArray();
    bArray = b.toFloatArray();
    outArray = new float[m * n];
  }

  /**
   * The engine.
   *
   * @return the output
   */
  @Benchmark
  public Tensor lanewise() {
    plan.execute(a, b, out);
    return out;
  }

  /**
   * The BLAS in pure Java with the Vector API that Spark uses; column-major, so it computes the
   * transposes.
   *
   * @return the output
   */
  @Benchmark
  public float[] netlibVectorBlas() {
    JavaBLAS.getInstance().sgemm("N", "N", n, m, k, 1f, bArray, n, aArray, k, 0f, outArray, n);
    return outArray;
  }

  /**
   * Three loops, as one writes them.
   *
   * @return the output
   */
  @Benchmark
  public float[] loops() {
    for (int i = 0; i < m; i++) {
      Arrays.fill(outArray, i * n, (i + 1) * n, 0f);
      for (int p = 0; p < k; p++) {
        float x = aArray[i * k + p];
        for (int j = 0; j < n; j++) {
          outArray[i * n + j] += x * bArray[p * n + j];
        }
      }
    }
    return outArray;
  }
}
