package dev.lanewise.bench.suite;

import dev.lanewise.bench.engine.Case;
import dev.lanewise.bench.engine.Contender;
import dev.lanewise.bench.machine.Iterations;
import dev.lanewise.bench.machine.Limits;
import dev.lanewise.bench.report.Measurement;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.function.ToDoubleFunction;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.IterationResult;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.Options;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.VerboseMode;

/** Runs pairs of case and engine in JVMs of their own. */
final class PairRunner {
  /** The options that the engine's and the peers' JVMs need. */
  private static final List<String> JVM_OPTIONS =
      List.of(
          "--add-modules=jdk.incubator.vector",
          "--enable-native-access=ALL-UNNAMED",
          "--sun-misc-unsafe-memory-access=allow");

  /** What the JVM itself may use beside the measuring threads: compilers that have not finished. */
  private static final double STRAY_PROCESSORS = 0.25;

  private final Class<? extends PairBenchmark<?, ?>> benchmark;
  private final Options options;
  private final List<RunResult> results = new ArrayList<>();

  /**
   * @param benchmark what runs a pair
   * @param options how long and how often
   */
  PairRunner(Class<? extends PairBenchmark<?, ?>> benchmark, Options options) {
    this.benchmark = benchmark;
    this.options = options;
  }

  /** All results so far, as JMH has them. */
  List<RunResult> results() {
    return results;
  }

  /**
   * Measures what the core can do at most.
   *
   * @throws RunnerException if that fails
   */
  Limits limits() throws RunnerException {
    Options run =
        new OptionsBuilder()
            .parent(options)
            .include(Limits.BENCHMARKS)
            .jvmArgsPrepend(JVM_OPTIONS.toArray(String[]::new))
            .shouldFailOnError(true)
            .verbosity(VerboseMode.SILENT)
            .build();
    Collection<RunResult> measured = new Runner(run).run();
    results.addAll(measured);
    return Limits.of(measured);
  }

  /** The options of the forks, beside the engine's own. */
  static List<String> jvmOptions() {
    return JVM_OPTIONS;
  }

  /** In how many JVMs each pair is measured, one after the other. */
  int rounds() {
    return options.getForkCount().get();
  }

  /**
   * Measures one pair in one JVM.
   *
   * @throws RunnerException if the engine fails, its result is wrong, or it uses more processors
   *     than the case has threads
   */
  RunResult run(Case asked, Contender<?, ?> engine) throws RunnerException {
    List<String> jvmOptions = new ArrayList<>(JVM_OPTIONS);
    jvmOptions.addAll(engine.jvmOptions());
    Options run =
        new OptionsBuilder()
            .parent(options)
            .include("^" + benchmark.getName().replace(".", "\\.") + "\\.")
            .param(PairBenchmark.CASE_PARAMETER, asked.name())
            .param(PairBenchmark.ENGINE_PARAMETER, engine.name())
            .jvmArgsPrepend(jvmOptions.toArray(String[]::new))
            .forks(1)
            .addProfiler(GCProfiler.class)
            .shouldFailOnError(true)
            .verbosity(VerboseMode.SILENT)
            .build();
    RunResult result = new Runner(run).runSingle();
    double processors = Iterations.median(result, Iterations::processors);
    if (processors > asked.threads() + STRAY_PROCESSORS) {
      throw new RunnerException(
          "it used %.2f processors and was to use %d".formatted(processors, asked.threads()));
    }
    return result;
  }

  /** What all rounds of a pair say together; kept among the results as one. */
  <C extends Case> Measurement<C> measurement(
      C asked, Contender<C, ?> engine, List<RunResult> rounds) {
    RunResult result =
        new RunResult(
            rounds.getFirst().getParams(),
            rounds.stream().flatMap(round -> round.getBenchmarkResults().stream()).toList());
    results.add(result);
    // Where the engine has several threads, the one that is looked at may wait for the others.
    ToDoubleFunction<IterationResult> nanos =
        asked.threads() == 1
            ? Iterations::runningTime
            : iteration -> iteration.getPrimaryResult().getScore();
    return new Measurement<>(
        asked,
        engine,
        Iterations.median(result, nanos),
        Iterations.median(result, Iterations::processorShare),
        Iterations.median(result, Allocation::of));
  }
}
