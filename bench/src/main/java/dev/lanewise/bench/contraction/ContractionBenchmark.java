package dev.lanewise.bench.contraction;

import dev.lanewise.bench.contraction.cases.ContractionCase;
import dev.lanewise.bench.contraction.cases.ContractionCases;
import dev.lanewise.bench.contraction.cases.Data;
import dev.lanewise.bench.contraction.cases.Reference;
import dev.lanewise.bench.contraction.engine.Contenders;
import dev.lanewise.bench.contraction.engine.Work;
import dev.lanewise.bench.machine.Compilation;
import dev.lanewise.bench.machine.ProcessorShare;
import java.lang.foreign.Arena;
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
import org.openjdk.jmh.annotations.TearDown;

/** One case on one engine; {@link ContractionSuite} runs the pairs that exist. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class ContractionBenchmark {
  /** The name of the case. */
  @Param("n64")
  public String contraction = "";

  /** The name of the engine. */
  @Param("lanewise")
  public String engine = "";

  private final Arena arena = Arena.ofShared();
  private Work work = () -> {};

  /**
   * Makes the case ready, computes it once, and checks the result.
   *
   * @throws AssertionError if an element is outside its bound
   */
  @Setup(Level.Trial)
  public void setUp() {
    ContractionCase chosen = ContractionCases.named(contraction);
    Data data = Data.of(chosen, arena);
    work = Contenders.named(engine).engine().prepare(chosen, data);
    data.poisonOutput();
    work.run();
    work.publish();
    Reference.check(chosen, data);
    Compilation.await(work::run);
  }

  /** Frees the operands. */
  @TearDown(Level.Trial)
  public void tearDown() {
    work = () -> {};
    arena.close();
  }

  /** Takes stock of an iteration. */
  @TearDown(Level.Iteration)
  public void takeStock(ProcessorShare share, Allocation allocation) {
    share.stop();
    allocation.count(work);
  }

  /** One call. */
  @Benchmark
  public void contract() {
    work.run();
  }
}
