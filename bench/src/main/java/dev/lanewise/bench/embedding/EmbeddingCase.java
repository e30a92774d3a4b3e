package dev.lanewise.bench.embedding;

import dev.lanewise.bench.engine.Case;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;

/**
 * Rows of a float32 table, one by one or in bags, at random places, into a given output.
 *
 * @param name unique, without blanks
 * @param rows of the table
 * @param dim the length of a row
 * @param outputs rows of the output: indices, or bags
 * @param smallestBag the fewest indices of a bag
 * @param largestBag the most indices of a bag; all lengths between are equally likely
 * @param operation what is made of the rows
 */
record EmbeddingCase(
    String name,
    int rows,
    int dim,
    int outputs,
    int smallestBag,
    int largestBag,
    Operation operation)
    implements Case {
  /** What is made of the rows. */
  enum Operation {
    LOOKUP,
    SUM,
    MEAN,
    MAX,
    WEIGHTED_SUM
  }

  /** All of them, in the report's order. */
  static List<EmbeddingCase> all() {
    List<EmbeddingCase> all = new ArrayList<>();
    int[][] tables = {{10_000, 128}, {1_000_000, 64}, {4_000_000, 128}};
    for (int[] table : tables) {
      for (int batch : new int[] {1, 64, 1024, 65_536}) {
        String name = "lookup-" + table[0] + "x" + table[1] + "-" + batch;
        all.add(new EmbeddingCase(name, table[0], table[1], batch, 1, 1, Operation.LOOKUP));
      }
    }
    int[][] lengths = {{32, 32}, {10, 10}, {0, 100}};
    for (Operation operation : Operation.values()) {
      if (operation != Operation.LOOKUP) {
        for (int[] length : lengths) {
          String bags = length[0] == length[1] ? "1024x" + length[0] : "ragged-0..100";
          String name = operation.name().toLowerCase(Locale.ROOT) + "-" + bags;
          all.add(
              new EmbeddingCase(name, 1_000_000, 64, 1024, length[0], length[1], operation));
        }
      }
    }
    return all;
  }

  /** Indices of a call, on average. */
  double indices() {
    return outputs * ((smallestBag + largestBag) / 2.0);
  }

  @Override
  public String group() {
    return operation == Operation.LOOKUP ? "lookup" : "bag";
  }

  @Override
  public String description() {
    String of = " of a table " + rows + " x " + dim;
    return operation == Operation.LOOKUP
        ? outputs + " rows" + of
        : operation + " of " + outputs + " bags of " + smallestBag + " to " + largestBag + of;
  }

  @Override
  public OptionalDouble rate(double nanos) {
    return OptionalDouble.of(nanos / indices());
  }

  @Override
  public String rateUnit() {
    return "ns an index";
  }
}
