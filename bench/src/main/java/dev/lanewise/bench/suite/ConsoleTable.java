package dev.lanewise.bench.suite;

import dev.lanewise.bench.engine.Case;
import dev.lanewise.bench.report.Figures;
import dev.lanewise.bench.report.Measurement;
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
  static <C extends Case> void print(List<Measurement<C>> row) {
    Figures<C> figures = new Figures<>(row);
    for (Measurement<C> measurement : row) {
      System.out.printf(
          Locale.ROOT,
          "%-26s %-20s %,16.1f ns %8s %-9s %6s %,10.1f B/op%n",
          measurement.asked().name(),
          measurement.engine().name(),
          measurement.nanos(),
          decimals(measurement.rate(), 1),
          measurement.asked().rateUnit(),
          decimals(figures.ratioToBest(measurement), 2),
          measurement.bytes());
    }
    System.out.println();
  }

  private static String decimals(OptionalDouble value, int decimals) {
    return value.isPresent()
        ? String.format(Locale.ROOT, "%." + decimals + "f", value.getAsDouble())
        : "";
  }
}
