package dev.lanewise.bench.embedding.cases;

import dev.lanewise.bench.engine.Case;
import dev.lanewise.memory.PageKind;
import java.util.Locale;
import java.util.OptionalDouble;

/**
 * One thing to do with a table that every engine is asked for.
 *
 * @param group the part of the report it belongs to
 * @param name unique, without blanks
 * @param task what is done
 * @param format how the table is stored
 * @param rows of the table
 * @param dim numbers of a row
 * @param bags how many bags a call has; of a task without bags, how many rows or queries
 * @param shortest the smallest number of rows in a bag; 1 of a task without bags
 * @param longest the largest number
 * @param distribution which rows
 * @param pages what the table lies on
 * @param baseline the name of the case on ordinary pages, or of an update of float32; empty if this
 *     is it
 */
public record EmbeddingCase(
    String group,
    String name,
    Task task,
    TableFormat format,
    int rows,
    int dim,
    int bags,
    int shortest,
    int longest,
    Distribution distribution,
    PageKind pages,
    String baseline)
    implements Case {

  /** How many rows a bag has before all bags of a batch are shuffled: all lengths as often. */
  int length(int bag) {
    return shortest + bag % (longest - shortest + 1);
  }

  /** How many row numbers a call has; the same for every batch. */
  public int indices() {
    int sum = 0;
    for (int bag = 0; bag < bags; bag++) {
      sum += length(bag);
    }
    return sum;
  }

  /** How many rows a call's result has. */
  public int results() {
    return bags;
  }

  /** How many numbers a row of the result has. */
  public int resultDim() {
    return task == Task.NEAREST ? Task.NEAREST_ROWS : dim;
  }

  @Override
  public OptionalDouble rate(double nanos) {
    long visited = task == Task.NEAREST ? (long) rows * bags : indices();
    return OptionalDouble.of(1000.0 * visited / nanos);
  }

  @Override
  public String rateUnit() {
    return "Mrows/s";
  }

  @Override
  public String description() {
    String batch =
        task.reduces()
            ? "%,d bags of %s rows"
                .formatted(bags, shortest == longest ? shortest : shortest + " to " + longest)
            : "%,d %s".formatted(bags, task == Task.NEAREST ? "queries" : "rows");
    String rounding =
        task.updates() && format == TableFormat.BFLOAT16
            ? ", rounded by chance, the mean being the float32 result (libtorch: all of it in"
                + " bfloat16, to nearest)"
            : "";
    return String.format(
        Locale.ROOT,
        "%s, table of %,d x %d in %s on %s pages, %s, %s%s",
        task,
        rows,
        dim,
        format.name().toLowerCase(Locale.ROOT),
        pages.name().toLowerCase(Locale.ROOT),
        batch,
        distribution.name().toLowerCase(Locale.ROOT),
        rounding);
  }
}
