package dev.lanewise.bench.machine;

import java.util.Objects;
import java.util.function.ToDoubleFunction;
import org.openjdk.jmh.results.BenchmarkResult;
import org.openjdk.jmh.results.IterationResult;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.util.ListStatistics;

/** Figures of a result, iteration by iteration. */
public final class Iterations {
  private Iterations() {}

  /** The median over all iterations of all forks. */
  public static double median(RunResult result, ToDoubleFunction<IterationResult> figure) {
    ListStatistics statistics = new ListStatistics();
    for (BenchmarkResult fork : result.getBenchmarkResults()) {
      for (IterationResult iteration : fork.getIterationResults()) {
        statistics.addValue(figure.applyAsDouble(iteration));
      }
    }
    return statistics.getPercentile(50);
  }

  /** What {@link ProcessorShare} has counted. */
  public static double processorShare(IterationResult iteration) {
    return counted("processorShare", iteration);
  }

  /** What {@link ProcessorShare#processors} has counted. */
  public static double processors(IterationResult iteration) {
    return counted("processors", iteration);
  }

  /** The time of a call that the measuring thread was running. */
  public static double runningTime(IterationResult iteration) {
    return iteration.getPrimaryResult().getScore() * Math.min(1, processorShare(iteration));
  }

  private static double counted(String counter, IterationResult iteration) {
    return Objects.requireNonNull(iteration.getSecondaryResults().get(counter)).getScore();
  }
}
