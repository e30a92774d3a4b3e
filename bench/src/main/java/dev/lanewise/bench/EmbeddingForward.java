package dev.lanewise.bench;

import dev.lanewise.embedding.Embedding;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
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

/** Lookup of random rows into a given output: one call a batch. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class EmbeddingForward {
  /** The table: rows x length of a row. */
  @Param({"10000x128", "1000000x64"})
  public String table = "";

  /** Rows a call. */
  @Param({"1", "64", "1024"})
  public int batch;

  private final Arena arena = Arena.ofAuto();
  private Tensor weight = Tensor.zeros(arena);
  private Embedding embedding = Embedding.fromPretrained(Tensor.zeros(arena, 0, 0));
  private Tensor out = weight;
  private int[] indices = {};

  /** Fills the table. */
  @Setup(Level.Trial)
  public void setUp() {
    SplittableRandom random = new SplittableRandom(1);
    int x = table.indexOf('x');
    int rows = Integer.parseInt(table.substring(0, x));
    int dim = Integer.parseInt(table.substring(x + 1));
    weight = Tensor.uniform(arena, random, -1, 1, rows, dim);
    embedding = Embedding.fromPretrained(weight);
    out = Tensor.zeros(arena, batch, dim);
    indices = random.ints(batch, 0, rows).toArray();
  }

  /**
   * The engine.
   *
   * @return the output
   */
  @Benchmark
  public Tensor lanewise() {
    embedding.forward(indices, out);
    return out;
  }

  /**
   * The alternative at hand in every JDK: a bulk copy a row.
   *
   * @return the output
   */
  @Benchmark
  public Tensor segmentCopy() {
    long rowBytes = weight.size(1) * Float.BYTES;
    for (int i = 0; i < indices.length; i++) {
      MemorySegment.copy(
          weight.segment(), indices[i] * rowBytes, out.segment(), i * rowBytes, rowBytes);
    }
    return out;
  }
}
