package dev.lanewise.bench.suite;

import dev.lanewise.bench.engine.AbsentException;
import dev.lanewise.bench.engine.Case;
import dev.lanewise.bench.engine.Contender;
import dev.lanewise.bench.machine.Limits;
import dev.lanewise.bench.machine.Machine;
import dev.lanewise.bench.report.Facts;
import dev.lanewise.bench.report.Figures;
import dev.lanewise.bench.report.Formats;
import dev.lanewise.bench.report.Measurement;
import dev.lanewise.bench.report.Report;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.results.format.ResultFormatFactory;
import org.openjdk.jmh.results.format.ResultFormatType;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.CommandLineOptionException;
import org.openjdk.jmh.runner.options.Options;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Unmatched;

/**
 * Every case on every engine that has it, side by side, then the report. A pair that fails, or
 * computes something else, is reported, and makes the program fail at its end.
 *
 * @param <C> the suite's cases
 * @param <D> a case's numbers
 */
public abstract class Suite<C extends Case, D> implements Callable<Integer> {
  @Option(
      names = "--cases",
      description = "Cases of whose group/name a part matches this regular expression.")
  private Pattern cases = Pattern.compile("");

  @Option(
      names = "--engines",
      split = ",",
      description = "Engines, with commas between; all of them if this is not given.")
  private List<String> engines = new ArrayList<>();

  @Option(names = "--short", arity = "0..1", fallbackValue = "true", description = "A quick look.")
  private boolean quick;

  @Option(
      names = "--figures-only",
      description = "Prints and saves the figures; no limits of the machine, no report.")
  private boolean figuresOnly;

  @Option(
      names = "--avx2",
      description =
          "All engines as on an x86 processor without AVX-512 (FBGEMM in libtorch and the loops in C excepted).")
  private boolean avx2;

  @Option(names = "--results", description = "The folder for the results.")
  private Path folder = Path.of("results");

  @Spec private CommandSpec spec = CommandSpec.create();

  @Unmatched private List<String> jmh = new ArrayList<>();

  private final String name;
  private final Class<? extends PairBenchmark<C, D>> benchmark;
  private final List<Measurement<C>> measurements = new ArrayList<>();
  private final List<String> failures = new ArrayList<>();
  private final Map<String, String> absent = new LinkedHashMap<>();

  /**
   * @param name what the results are called
   * @param benchmark what runs one pair
   */
  protected Suite(String name, Class<? extends PairBenchmark<C, D>> benchmark) {
    this.name = name;
    this.benchmark = benchmark;
  }

  /** All cases, in the report's order. */
  protected abstract List<C> cases();

  /** All engines, in the report's order. */
  protected abstract List<Contender<C, D>> contenders();

  /**
   * The page.
   *
   * @param figures what was measured, and will be
   * @param limits what the core can do
   * @param facts what the figures depend on; likewise kept up to date
   */
  protected abstract Report<C> report(Figures<C> figures, Limits limits, Facts facts);

  @Override
  public final Integer call() throws CommandLineOptionException, IOException, RunnerException {
    InstructionSet instructions = avx2 ? InstructionSet.AVX2 : InstructionSet.NATIVE;
    OptionalInt again =
        instructions.runAgain(getClass(), spec.commandLine().getParseResult().originalArgs());
    if (again.isPresent()) {
      return again.getAsInt();
    }
    Files.createDirectories(folder);
    Options options = Timing.of(quick).under(jmh);
    Map<Contender<C, D>, Map<String, String>> present = present();
    PairRunner runner = new PairRunner(benchmark, options);
    Limits limits = figuresOnly ? Limits.UNKNOWN : runner.limits();
    Map<String, Map<String, String>> engineFacts = new LinkedHashMap<>();
    present.forEach((contender, value) -> engineFacts.put(contender.name(), value));
    Figures<C> figures = new Figures<>(measurements);
    Map<String, String> settings = settings(options, limits, instructions);
    Report<C> report = report(figures, limits, new Facts(settings, engineFacts, absent, failures));
    for (C asked : cases()) {
      if (cases.matcher(asked.group() + "/" + asked.name()).find()) {
        run(runner, asked, present.keySet());
        settings.put(
            "part of the time that the measuring threads ran",
            Formats.ratio(figures.processorShare()));
        // After each case, so that a run that is broken off leaves what it has.
        save(runner);
        if (!figuresOnly) {
          report.write(folder);
        }
      }
    }
    return failures.isEmpty() ? 0 : 1;
  }

  /**
   * One case on all engines, in turns, as often as there are rounds: what others do on the machine
   * comes and goes in seconds and minutes, and so meets all engines alike.
   */
  private void run(PairRunner runner, C asked, Set<Contender<C, D>> present) {
    if (asked.threads() > Runtime.getRuntime().availableProcessors()) {
      absent.put(asked.name(), "it needs " + asked.threads() + " processors");
      return;
    }
    Map<Contender<C, D>, List<RunResult>> results = new LinkedHashMap<>();
    for (Contender<C, D> contender : present) {
      if (contender.engine().supports(asked)) {
        results.put(contender, new ArrayList<>());
      }
    }
    for (int round = 0; round < runner.rounds(); round++) {
      results.entrySet().removeIf(pair -> !addRound(runner, asked, pair.getKey(), pair.getValue()));
    }
    List<Measurement<C>> row = new ArrayList<>();
    results.forEach((contender, rounds) -> row.add(runner.measurement(asked, contender, rounds)));
    measurements.addAll(row);
    ConsoleTable.print(row);
  }

  /** One more round of a pair; false if it failed. */
  private boolean addRound(
      PairRunner runner, C asked, Contender<C, D> contender, List<RunResult> rounds) {
    try {
      rounds.add(runner.run(asked, contender));
      return true;
    } catch (RunnerException e) {
      String failure = asked.name() + " on " + contender.name() + ": " + cause(e);
      failures.add(failure);
      System.out.println("failed: " + failure);
      return false;
    }
  }

  private void save(PairRunner runner) {
    String file = folder.resolve(name + ".json").toString();
    ResultFormatFactory.getInstance(ResultFormatType.JSON, file).writeOut(runner.results());
  }

  private static Map<String, String> settings(
      Options options, Limits limits, InstructionSet instructions) {
    Map<String, String> settings = new LinkedHashMap<>(Machine.facts());
    List<String> flags = new ArrayList<>(PairRunner.jvmOptions());
    flags.addAll(instructions.jvmOptions());
    settings.put("flags", String.join(" ", flags));
    settings.put("times", Timing.describe(options));
    settings.put("FMA peak, float32", Formats.digits(limits.float32()) + " GFLOP/s");
    settings.put("FMA peak, float64", Formats.digits(limits.float64()) + " GFLOP/s");
    limits
        .bandwidth()
        .forEach((kibibytes, rate) ->
            settings.put(
                "read again and again, " + kibibytes + " KiB", Formats.digits(rate) + " GB/s"));
    settings.put(
        "part of the time that the measuring threads ran", Formats.ratio(OptionalDouble.empty()));
    return settings;
  }

  /** The engines asked for that can run, each with its facts. */
  private Map<Contender<C, D>, Map<String, String>> present() {
    Map<Contender<C, D>, Map<String, String>> present = new LinkedHashMap<>();
    engines.forEach(engine -> Contender.named(engine, contenders()));
    for (Contender<C, D> contender : contenders()) {
      if (engines.isEmpty() || engines.contains(contender.name())) {
        try {
          present.put(contender, contender.engine().facts());
        } catch (LinkageError e) {
          // Not found, or its class was tried before and failed.
          absent.put(contender.name(), "its native library is not here; see the profile peers");
          System.out.println(contender.name() + " is absent: " + e.getMessage());
        } catch (AbsentException e) {
          absent.put(contender.name(), e.getMessage());
          System.out.println(contender.name() + " is absent: " + e.getMessage());
        }
      }
    }
    return present;
  }

  private static String cause(Throwable failure) {
    Throwable cause = failure;
    while (cause.getCause() != null || cause.getSuppressed().length > 0) {
      cause = cause.getCause() != null ? cause.getCause() : cause.getSuppressed()[0];
    }
    return cause.toString();
  }
}
