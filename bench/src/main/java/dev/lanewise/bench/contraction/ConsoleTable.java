package dev.lanewise.bench.contraction;

import dev.lanewise.bench.contraction.report.Figures;
import dev.lanewise.bench.contraction.report.Measurement;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;

/** A case's figures as lines of text, for those who wait. */
final class ConsoleTable {
  private ConsoleTable() {}

  /**
   * Prints a line for each engine: the time, and how many times as fast as the best peer it is.
   *
   * @param row the measurements of one case
   */
  static void print(List<Measurement> row) {
    Figures figures = new Figures(row);
    for (Measurement measurement : row) {
      OptionalDouble ratio = figures.ratioToBest(measurement);
      System.out.printf(
          Locale.ROOT,
          "%-16s %-16s %,16.1f ns %8.1f GFLOP/s %8s %,10.1f B/op%n",
          measurement.contraction().name(),
          measurement.engine().name(),
          measurement.nanos(),
          measurement.gigaflops(),
          ratio.isPresent() ? String.format(Locale.ROOT, "%.2f", ratio.getAsDouble()) : "",
          measurement.bytes());
    }
    System.out.println();
  }
}
