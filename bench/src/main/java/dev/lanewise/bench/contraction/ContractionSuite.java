package dev.lanewise.bench.contraction;

import dev.lanewise.bench.contraction.engine.Contender;
import dev.lanewise.bench.contraction.engine.Contenders;
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
import org.openjdk.jmh.runner.options.CommandLineOptions;
import org.openjdk.jmh.runner.options.Options;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The contraction suite: runs every case on every engine that has it, and reports. */
@Command(
    name = "contraction",
    mixinStandardHelpOptions = true,
    description = "Runs contractions on Lanewise and its peers.",
    footer = "All other options are JMH's own, such as -f 3 -wi 5 -i 5.")
public final class ContractionSuite implements Callable<Integer> {
  @Option(
      names = "--cases",
      description = "Cases whose group/name contains this regular expression; all if left out.")
  private Pattern cases = Pattern.compile("");

  @Option(names = "--engines", split = ",", description = "Engines, with commas; all if left out.")
  private List<String> engines = new ArrayList<>();

  @Option(names = "--short", arity = "0..1", fallbackValue = "true", description = "A quick look.")
  private boolean quick;

  @Option(names = "--results", description = "The folder for the results; default: results.")
  private Path folder = Path.of("results");

  @CommandLine.Unmatched private List<String> jmh = new ArrayList<>();

  private ContractionSuite() {}

  /** The program. */
  public static void main(String... arguments) {
    OptionalInt again = CleanEnvironment.runAgain(ContractionSuite.class, arguments);
    System.exit(again.orElseGet(() -> new CommandLine(new ContractionSuite()).execute(arguments)));
  }

  @Override
  public Integer call() throws Exception {
    Files.createDirectories(folder);
    Map<Contender, Map<String, String>> present = present();
    ContractionRunner runner = new ContractionRunner(options());
    int failures = 0;
    for (ContractionCase contraction : ContractionCases.all()) {
      if (!cases.matcher(contraction.group() + "/" + contraction.name()).find()) {
        continue;
      }
      List<Measurement> row = new ArrayList<>();
      for (Contender engine : present.keySet()) {
        if (engine.engine().supports(contraction)) {
          try {
            row.add(runner.run(contraction, engine));
          } catch (RunnerException e) {
            failures++;
            System.out.println(
                contraction.name() + " on " + engine.name() + " failed: " + cause(e));
          }
        }
      }
      ConsoleTable.print(row);
    }
    ResultFormatFactory.getInstance(
            ResultFormatType.JSON, folder.resolve("contraction.json").toString())
        .writeOut(runner.results());
    return failures == 0 ? 0 : 1;
  }

  private Options options() throws Exception {
    Options given = new CommandLineOptions(jmh.toArray(String[]::new));
    OptionsBuilder defaults = new OptionsBuilder();
    defaults.parent(given);
    defaults.forks(given.getForkCount().orElse(quick ? 1 : 3));
    defaults.warmupIterations(given.getWarmupIterations().orElse(quick ? 2 : 3));
    defaults.warmupTime(given.getWarmupTime().orElse(TimeValue.milliseconds(quick ? 500 : 1000)));
    defaults.measurementIterations(given.getMeasurementIterations().orElse(quick ? 3 : 5));
    defaults.measurementTime(
        given.getMeasurementTime().orElse(TimeValue.milliseconds(quick ? 300 : 1000)));
    return defaults.build();
  }

  private Map<Contender, Map<String, String>> present() {
    Map<Contender, Map<String, String>> present = new LinkedHashMap<>();
    for (Contender engine : Contenders.all()) {
      if (engines.isEmpty() || engines.contains(engine.name())) {
        try {
          present.put(engine, engine.engine().facts());
        } catch (UnsatisfiedLinkError e) {
          System.out.println(engine.name() + " is absent: " + e.getMessage());
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
