package dev.lanewise.bench.suite;

import dev.lanewise.bench.engine.Case;
import dev.lanewise.bench.engine.Contender;
import dev.lanewise.bench.engine.Work;
import dev.lanewise.bench.machine.Compilation;
import dev.lanewise.bench.machine.ProcessorShare;
import java.lang.foreign.Arena;
import java.util.List;
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

/**
 * One case on one engine; a {@link Suite} runs the pairs that exist.
 *
 * @param <C> the suite's cases
 * @param <D> a case's numbers
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public abstract class PairBenchmark<C extends Case, D> {
  /** What JMH calls {@link #caseName}. */
  static final String CASE_PARAMETER = "caseName";

  /** What JMH calls {@link #engineName}. */
  static final String ENGINE_PARAMETER = "engineName";

  /** The name of the case. */
  @Param("n64")
  public String caseName = "";

  /** The name of the engine. */
  @Param("lanewise")
  public String engineName = "";

  private final Arena arena = Arena.ofShared();
  private Work work = () -> {};

  /** The suite's cases. */
  protected abstract List<C> cases();

  /** The suite's engines. */
  protected abstract List<Contender<C, D>> contenders();

  /** Makes the numbers of a case. */
  protected abstract D data(C asked, Contender<C, D> contender, Arena memory);

  /** Puts the numbers into the state before the first call, and NaN where the result will be. */
  protected abstract void restore(D data);

  /**
   * Checks the result of one call on restored numbers.
   *
   * @throws AssertionError if an element is outside its bound
   */
  protected abstract void check(C asked, D data);

  /**
   * Makes the case ready, does it once, and checks the result.
   *
   * @throws AssertionError if an element is outside its bound
   */
  @Setup(Level.Trial)
  public void setUp() {
    C asked =
        cases().stream()
            .filter(each -> each.name().equals(caseName))
            .findFirst()
            .orElseThrow(() -> new IllegalArgumentException("there is no case " + caseName));
    Contender<C, D> contender = Contender.named(engineName, contenders());
    D data = data(asked, contender, arena);
    work = contender.engine().prepare(asked, data);
    restore(data);
    work.run();
    work.publish();
    check(asked, data);
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
  public void call() {
    work.run();
  }
}
