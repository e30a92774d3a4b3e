package dev.lanewise.bench.contraction;

import dev.lanewise.bench.contraction.cases.ContractionCase;
import dev.lanewise.bench.contraction.cases.ContractionCases;
import dev.lanewise.bench.contraction.engine.Contender;
import dev.lanewise.bench.contraction.engine.Contenders;
import dev.lanewise.bench.contraction.report.Figures;
import dev.lanewise.bench.contraction.report.Measurement;
import dev.lanewise.bench.contraction.report.Report;
import dev.lanewise.bench.machine.Limits;
import dev.lanewise.bench.machine.Machine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import org.openjdk.jmh.results.format.ResultFormatFactory;
import org.openjdk.jmh.results.format.ResultFormatType;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.CommandLineOptionException;
import org.openjdk.jmh.runner.options.Options;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Unmatched;

/**
 * The contraction suite: every case on every engine that has it, side by side, then the report. A
 * pair that fails, or computes something else, is reported, and makes the program fail at its end.
 */
@Command(
    name = "contraction",
    mixinStandardHelpOptions = true,
    description = "Runs contractions on Lanewise and its peers.",
    footer = "All other options are JMH's own, such as -f 3 -wi 5 -i 5.")
public final class ContractionSuite implements Callable<Integer> {
  @Option(
      names = "--cases",
      description = "Cases of whose group/name a part matches this regular expression.")
  private Pattern cases = Pattern.compile("");

  @Option(names = "--engines", split = ",", description = "Engines, with commas between.")
  private List<String> engines = Contenders.all().stream().map(Contender::name).toList();

  @Option(names = "--short", arity = "0..1", fallbackValue = "true", description = "A quick look.")
  private boolean quick;

  @Option(
      names = "--figures-only",
      description = "Prints and saves the figures; no limits of the machine, no report.")
  private boolean figuresOnly;

  @Option(names = "--results", description = "The folder for the results.")
  private Path folder = Path.of("results");

  @Unmatched private List<String> jmh = new ArrayList<>();

  private final List<Measurement> measurements = new ArrayList<>();
  private final List<String> failures = new ArrayList<>();
  private final Map<String, String> absent = new LinkedHashMap<>();

  private ContractionSuite() {}

  /** The program. */
  public static void main(String... arguments) {
    OptionalInt again = CleanEnvironment.runAgain(ContractionSuite.class, arguments);
    System.exit(again.orElseGet(() -> new CommandLine(new ContractionSuite()).execute(arguments)));
  }

  @Override
  public Integer call() throws CommandLineOptionException, IOException, RunnerException {
    Files.createDirectories(folder);
    Options options = Timing.of(quick).under(jmh);
    Map<Contender, Map<String, String>> present = present();
    ContractionRunner runner = new ContractionRunner(options);
    Limits limits = figuresOnly ? Limits.UNKNOWN : runner.limits();
    Map<String, Map<String, String>> facts = new LinkedHashMap<>();
    present.forEach((contender, value) -> facts.put(contender.name(), value));
    Report report =
        new Report(new Figures(measurements), limits, settings(options), facts, absent, failures);
    for (ContractionCase contraction : ContractionCases.all()) {
      if (cases.matcher(contraction.group() + "/" + contraction.name()).find()) {
        run(runner, contraction, present.keySet());
        // After each case, so that a run that is broken off leaves what it has.
        save(runner);
        if (!figuresOnly) {
          report.write(folder);
        }
      }
    }
    return failures.isEmpty() ? 0 : 1;
  }

  /** One case on all engines, one after the other, so that they find the machine in one state. */
  private void run(
      ContractionRunner runner, ContractionCase contraction, Iterable<Contender> present) {
    List<Measurement> row = new ArrayList<>();
    if (contraction.threads() > Runtime.getRuntime().availableProcessors()) {
      absent.put(contraction.name(), "it needs " + contraction.threads() + " processors");
      return;
    }
    for (Contender contender : present) {
      if (contender.engine().supports(contraction)) {
        try {
          row.add(runner.run(contraction, contender));
        } catch (RunnerException e) {
          String failure = contraction.name() + " on " + contender.name() + ": " + cause(e);
          failures.add(failure);
          System.out.println("failed: " + failure);
        }
      }
    }
    measurements.addAll(row);
    ConsoleTable.print(row);
  }

  private void save(ContractionRunner runner) {
    String file = folder.resolve("contraction.json").toString();
    ResultFormatFactory.getInstance(ResultFormatType.JSON, file).writeOut(runner.results());
  }

  private Map<String, String> settings(Options options) {
    Map<String, String> settings = new LinkedHashMap<>(Machine.facts());
    settings.put("flags", String.join(" ", ContractionRunner.jvmOptions()));
    settings.put("times", Timing.describe(options));
    return settings;
  }

  /** The engines asked for that can run, each with its facts. */
  private Map<Contender, Map<String, String>> present() {
    Map<Contender, Map<String, String>> present = new LinkedHashMap<>();
    engines.forEach(Contenders::named);
    for (Contender contender : Contenders.all()) {
      if (engines.contains(contender.name())) {
        try {
          present.put(contender, contender.engine().facts());
        } catch (LinkageError e) {
          // Not found, or its class was tried before and failed.
          absent.put(contender.name(), "its native library is not here; see the profile peers");
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
