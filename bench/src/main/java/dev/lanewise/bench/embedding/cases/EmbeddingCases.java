package dev.lanewise.bench.embedding.cases;

import dev.lanewise.memory.PageKind;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The cases, all of them: what a report has rows for. */
public final class EmbeddingCases {
  private static final int MILLION = 1_000_000;
  private static final int[] BATCHES = {1, 64, 1024, 65_536};
  private static final List<EmbeddingCase> ALL = table();

  private EmbeddingCases() {}

  /** All cases, in the report's order. */
  public static List<EmbeddingCase> all() {
    return ALL;
  }

  private static List<EmbeddingCase> table() {
    List<EmbeddingCase> cases = new ArrayList<>();
    for (PageKind pages : PageKind.values()) {
      for (int batch : BATCHES) {
        if (pages == PageKind.ORDINARY) {
          cases.add(lookup("10k", 10_000, 128, batch, pages));
        }
      }
      for (int batch : BATCHES) {
        cases.add(lookup("1m", MILLION, 64, batch, pages));
      }
      for (int batch : BATCHES) {
        cases.add(lookup("4m", 4 * MILLION, 128, batch, pages));
      }
    }
    for (TableFormat format : TableFormat.values()) {
      for (Task task : List.of(Task.SUM, Task.MEAN, Task.MAX, Task.WEIGHTED_SUM)) {
        if (format == TableFormat.FLOAT32 || task == Task.SUM || task == Task.WEIGHTED_SUM) {
          cases.add(bags(task, format, "x32", 32, 32));
          cases.add(bags(task, format, "x10", 10, 10));
          cases.add(bags(task, format, "ragged", 0, 100));
        }
      }
    }
    for (int queries : new int[] {1, 32}) {
      cases.add(nearest(queries));
    }
    for (Task task : List.of(Task.SGD, Task.ADAGRAD, Task.ROWWISE_ADAGRAD)) {
      for (Distribution distribution : Distribution.values()) {
        for (int batch : new int[] {1024, 8192, 32_768}) {
          cases.add(update(task, TableFormat.FLOAT32, distribution, batch));
        }
      }
    }
    cases.add(update(Task.SGD, TableFormat.BFLOAT16, Distribution.UNIFORM, 8192));
    return List.copyOf(cases);
  }

  private static EmbeddingCase lookup(String table, int rows, int dim, int batch, PageKind pages) {
    boolean huge = pages == PageKind.HUGE;
    String name = table + "-" + batch;
    return new EmbeddingCase(
        huge ? "lookup on huge pages" : "lookup",
        huge ? name + "-huge" : name,
        Task.LOOKUP,
        TableFormat.FLOAT32,
        rows,
        dim,
        batch,
        1,
        1,
        Distribution.UNIFORM,
        pages,
        huge ? name : "");
  }

  private static EmbeddingCase bags(
      Task task, TableFormat format, String length, int shortest, int longest) {
    String stored = format == TableFormat.FLOAT32 ? "" : format.name().toLowerCase(Locale.ROOT);
    String name = lower(task) + (stored.isEmpty() ? "" : "-" + stored) + "-" + length;
    return new EmbeddingCase(
        stored.isEmpty() ? "bags" : "bags of " + stored,
        name,
        task,
        format,
        MILLION,
        64,
        1024,
        shortest,
        longest,
        Distribution.UNIFORM,
        PageKind.ORDINARY,
        "");
  }

  private static EmbeddingCase nearest(int queries) {
    return new EmbeddingCase(
        "nearest rows",
        "nearest-" + queries,
        Task.NEAREST,
        TableFormat.FLOAT32,
        MILLION,
        64,
        queries,
        1,
        1,
        Distribution.UNIFORM,
        PageKind.ORDINARY,
        "");
  }

  private static EmbeddingCase update(
      Task task, TableFormat format, Distribution distribution, int batch) {
    String batches = "-" + distribution.name().toLowerCase(Locale.ROOT) + "-" + batch;
    String stored = format == TableFormat.FLOAT32 ? "" : format.name().toLowerCase(Locale.ROOT);
    return new EmbeddingCase(
        stored.isEmpty() ? "updates" : "updates of " + stored,
        lower(task) + (stored.isEmpty() ? "" : "-" + stored) + batches,
        task,
        format,
        MILLION,
        64,
        batch,
        1,
        1,
        distribution,
        PageKind.ORDINARY,
        stored.isEmpty() ? "" : lower(task) + batches);
  }

  private static String lower(Task task) {
    return task.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
