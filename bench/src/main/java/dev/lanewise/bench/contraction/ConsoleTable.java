package dev.lanewise.bench.contraction;

import dev.lanewise.bench.contraction.engine.Contender;
import java.util.List;
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
    OptionalDouble best =
        row.stream()
            .filter(measurement -> measurement.engine().side() == Contender.Side.PEER)
            .mapToDouble(Measurement::nanos)
            .min();
    for (Measurement measurement : row) {
      System.out.printf(
          "%-16s %-16s %,16.1f ns %8.1f GFLOP/s %8s %,10.1f B/op%n",
          measurement.contraction().name(),
          measurement.engine().name(),
          measurement.nanos(),
          measurement.gigaflops(),
          best.isPresent() ? "%.2f".formatted(best.getAsDouble() / measurement.nanos()) : "",
          measurement.bytes());
    }
    System.out.println();
  }
}
