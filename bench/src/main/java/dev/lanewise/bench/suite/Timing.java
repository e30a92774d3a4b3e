package dev.lanewise.bench.suite;

import dev.lanewise.bench.machine.Compilation;
import java.util.List;
import org.openjdk.jmh.runner.options.CommandLineOptionException;
import org.openjdk.jmh.runner.options.CommandLineOptions;
import org.openjdk.jmh.runner.options.Options;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;

/**
 * How long and how often a pair is measured, where nobody says otherwise. Little is needed to warm
 * up: {@link Compilation} has waited for the compilers.
 */
enum Timing {
  /** For figures to be quoted. */
  FULL(3, 2, 1000, 5, 1000),
  /** For a look, and for CI. */
  SHORT(1, 1, 1000, 3, 200);

  private final int forks;
  private final int warmups;
  private final int warmupMillis;
  private final int measurements;
  private final int measurementMillis;

  Timing(int forks, int warmups, int warmupMillis, int measurements, int measurementMillis) {
    this.forks = forks;
    this.warmups = warmups;
    this.warmupMillis = warmupMillis;
    this.measurements = measurements;
    this.measurementMillis = measurementMillis;
  }

  static Timing of(boolean quick) {
    return quick ? SHORT : FULL;
  }

  /**
   * These times where JMH's options do not give others.
   *
   * @throws CommandLineOptionException if they are not JMH's
   */
  Options under(List<String> jmhOptions) throws CommandLineOptionException {
    Options given = new CommandLineOptions(jmhOptions.toArray(String[]::new));
    return new OptionsBuilder()
        .parent(given)
        .forks(Math.max(1, given.getForkCount().orElse(forks)))
        .warmupIterations(given.getWarmupIterations().orElse(warmups))
        .warmupTime(given.getWarmupTime().orElse(TimeValue.milliseconds(warmupMillis)))
        .measurementIterations(given.getMeasurementIterations().orElse(measurements))
        .measurementTime(
            given.getMeasurementTime().orElse(TimeValue.milliseconds(measurementMillis)))
        .build();
  }

  /** What options made by {@link #under} say, in words. */
  static String describe(Options options) {
    return "%d JVM(s) an engine, in turns; %d x %s to warm up, %d x %s measured in each"
        .formatted(
            options.getForkCount().get(),
            options.getWarmupIterations().get(),
            options.getWarmupTime().get(),
            options.getMeasurementIterations().get(),
            options.getMeasurementTime().get());
  }
}
