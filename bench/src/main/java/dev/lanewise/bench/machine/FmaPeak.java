package dev.lanewise.bench.machine;

import java.util.concurrent.TimeUnit;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * Fused multiply-adds in registers, as fast as the core can: independent chains enough to fill two
 * units of a latency of up to six, and few enough for sixteen registers. The numbers stay near 1.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class FmaPeak {
  private static final int ROUNDS = 1000;
  private static final int CHAINS = 12;

  /** Read from fields, so that no compiler knows the results beforehand. */
  private float factor = 0.5f;

  private float summand = 0.5f;

  /** Floating-point operations of a call, two for each lane's multiply-add. */
  static double flops(VectorSpecies<?> species) {
    return 2.0 * ROUNDS * CHAINS * species.length();
  }

  /** Of float32. */
  @Benchmark
  public float float32() {
    FloatVector x = FloatVector.broadcast(FloatVector.SPECIES_PREFERRED, factor);
    FloatVector y = FloatVector.broadcast(FloatVector.SPECIES_PREFERRED, summand);
    FloatVector c0 = y.add(0f);
    FloatVector c1 = y.add(1f);
    FloatVector c2 = y.add(2f);
    FloatVector c3 = y.add(3f);
    FloatVector c4 = y.add(4f);
    FloatVector c5 = y.add(5f);
    FloatVector c6 = y.add(6f);
    FloatVector c7 = y.add(7f);
    FloatVector c8 = y.add(8f);
    FloatVector c9 = y.add(9f);
    FloatVector c10 = y.add(10f);
    FloatVector c11 = y.add(11f);
    for (int round = 0; round < ROUNDS; round++) {
      c0 = c0.fma(x, y);
      c1 = c1.fma(x, y);
      c2 = c2.fma(x, y);
      c3 = c3.fma(x, y);
      c4 = c4.fma(x, y);
      c5 = c5.fma(x, y);
      c6 = c6.fma(x, y);
      c7 = c7.fma(x, y);
      c8 = c8.fma(x, y);
      c9 = c9.fma(x, y);
      c10 = c10.fma(x, y);
      c11 = c11.fma(x, y);
    }
    FloatVector left = c0.add(c1).add(c2).add(c3).add(c4).add(c5);
    return left.add(c6).add(c7).add(c8).add(c9).add(c10).add(c11).lane(0);
  }

  /** Of float64. */
  @Benchmark
  public double float64() {
    DoubleVector x = DoubleVector.broadcast(DoubleVector.SPECIES_PREFERRED, factor);
    DoubleVector y = DoubleVector.broadcast(DoubleVector.SPECIES_PREFERRED, summand);
    DoubleVector c0 = y.add(0);
    DoubleVector c1 = y.add(1);
    DoubleVector c2 = y.add(2);
    DoubleVector c3 = y.add(3);
    DoubleVector c4 = y.add(4);
    DoubleVector c5 = y.add(5);
    DoubleVector c6 = y.add(6);
    DoubleVector c7 = y.add(7);
    DoubleVector c8 = y.add(8);
    DoubleVector c9 = y.add(9);
    DoubleVector c10 = y.add(10);
    DoubleVector c11 = y.add(11);
    for (int round = 0; round < ROUNDS; round++) {
      c0 = c0.fma(x, y);
      c1 = c1.fma(x, y);
      c2 = c2.fma(x, y);
      c3 = c3.fma(x, y);
      c4 = c4.fma(x, y);
      c5 = c5.fma(x, y);
      c6 = c6.fma(x, y);
      c7 = c7.fma(x, y);
      c8 = c8.fma(x, y);
      c9 = c9.fma(x, y);
      c10 = c10.fma(x, y);
      c11 = c11.fma(x, y);
    }
    DoubleVector left = c0.add(c1).add(c2).add(c3).add(c4).add(c5);
    return left.add(c6).add(c7).add(c8).add(c9).add(c10).add(c11).lane(0);
  }

  /** Waits for the compilers. */
  @Setup(Level.Trial)
  public void setUp() {
    Compilation.await(() -> {
      summand = Math.min(0.5f, float32());
      factor = (float) Math.min(0.5, float64());
    });
  }

  /** Takes stock of an iteration. */
  @TearDown(Level.Iteration)
  public void takeStock(ProcessorShare share) {
    share.stop();
  }
}
