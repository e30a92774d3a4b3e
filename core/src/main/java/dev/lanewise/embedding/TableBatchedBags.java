package dev.lanewise.embedding;

import dev.lanewise.internal.check.Check;
import dev.lanewise.internal.memory.ScratchPool;
import dev.lanewise.internal.parallel.Parts;
import dev.lanewise.internal.rows.Contributions;
import dev.lanewise.internal.rows.Lookup;
import dev.lanewise.parallel.Parallelism;
import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Tensor;
import java.util.List;
import java.util.Objects;

/**
 * Bags over many tables in one call: {@code out[b, :]} is what bag b of table 0 gives, followed by
 * bag b of table 1, and so on. Tables may differ in rows, row length, format, mode and padding; all
 * have the same number of bags, and results of float32.
 *
 * <p>How bags are given: see {@link TableBatch}. All else, the bits included, is as with one {@link
 * EmbeddingBag} for each table. Errors are found before anything is written or added.
 *
 * <p>Thread-safe as long as nobody writes a weight; backward passes are not. Allocates nothing once
 * scratch memory has grown to the batch, on several threads a few hundred bytes a call.
 *
 * <p>Source: FBGEMM's table-batched embedding (Mudigere et al., ISCA 2022).
 */
public final class TableBatchedBags {
  private static final ScratchPool<Contributions> CONTRIBUTIONS =
      new ScratchPool<>(Contributions::new);

  private final List<EmbeddingBag> tables;
  private final Parallelism parallelism;

  /** Table t has the columns from columns[t] to before columns[t + 1] of a result. */
  private final long[] columns;

  private final ScratchPool<TableBatch> pool = new ScratchPool<>(this::batch);

  private TableBatchedBags(List<EmbeddingBag> tables, Parallelism parallelism) {
    this.tables = tables;
    this.parallelism = parallelism;
    this.columns = new long[tables.size() + 1];
    for (int table = 0; table < tables.size(); table++) {
      columns[table + 1] = columns[table] + tables.get(table).embedding().embeddingDim();
    }
  }

  /**
   * Bags over tables. Whether offsets include the last and who helps are settings of this, not of
   * the bags given.
   *
   * @param tables each table and its mode, at least one
   * @return the bags
   * @throws IllegalArgumentException if there is no table, or one is of float64
   */
  public static TableBatchedBags of(EmbeddingBag... tables) {
    return of(List.of(tables));
  }

  /**
   * Bags over tables; see {@link #of(EmbeddingBag...)}.
   *
   * @param tables each table and its mode, at least one
   * @return the bags
   * @throws IllegalArgumentException if there is no table, or one is of float64
   */
  public static TableBatchedBags of(List<EmbeddingBag> tables) {
    if (tables.isEmpty()) {
      throw new IllegalArgumentException("tables: expected at least one");
    }
    for (int table = 0; table < tables.size(); table++) {
      if (tables.get(table).resultType() != DType.FLOAT32) {
        throw new IllegalArgumentException(
            "tables: expected rows that are read as float32, but table " + table + " is float64");
      }
    }
    return new TableBatchedBags(List.copyOf(tables), Parallelism.NONE);
  }

  /**
   * The same, reducing on several threads, between which the bags of all tables are divided: the
   * same bits.
   *
   * @param helpers who takes part
   * @return bags over the same tables
   */
  public TableBatchedBags withParallelism(Parallelism helpers) {
    return new TableBatchedBags(tables, Objects.requireNonNull(helpers, "helpers"));
  }

  /**
   * How many tables there are.
   *
   * @return at least 1
   */
  public int tables() {
    return tables.size();
  }

  /**
   * One of the tables and its mode.
   *
   * @param table from 0
   * @return the bag
   * @throws IndexOutOfBoundsException if there is no such table
   */
  public EmbeddingBag table(int table) {
    return tables.get(table);
  }

  /**
   * Where a table's part of a result's rows starts.
   *
   * @param table from 0 to {@link #tables}, for the end of the last
   * @return a column
   * @throws IndexOutOfBoundsException if there is no such table
   */
  public long column(int table) {
    return columns[table];
  }

  /**
   * The length of a result's rows.
   *
   * @return the sum of all embeddingDim
   */
  public long width() {
    return columns[tables.size()];
  }

  boolean sharesTablesWith(TableBatchedBags other) {
    return tables.equals(other.tables);
  }

  /**
   * An object to load bags into, for those who use the same bags several times.
   *
   * @return a new, empty batch
   */
  public TableBatch batch() {
    return new TableBatch(this);
  }

  // -------------------------------------------------------------------------------------------------------- forward

  /**
   * Reduces bags.
   *
   * @param indices row numbers of all tables
   * @param offsets tables * bags + 1 of them; see {@link TableBatch}
   * @param out as in {@link #forward(TableBatch, Tensor)}
   * @throws IndexOutOfBoundsException if an index is outside its table
   * @throws IllegalArgumentException if the offsets are not in order, or out has another shape or
   *     type, or cannot be written
   */
  public void forward(int[] indices, int[] offsets, Tensor out) {
    TableBatch batch = pool.take();
    try {
      forward(batch.load(indices, offsets), out);
    } finally {
      pool.giveBack(batch);
    }
  }

  /**
   * Reduces bags.
   *
   * @param batch loaded from this, or from bags over the same tables
   * @param out float32 [bags, {@link #width}], whose rows lie without gaps inside; must not overlap
   *     a table
   * @throws IllegalArgumentException if the bags are others, or out has another shape or type, or
   *     cannot be written
   * @throws IllegalStateException if an arena is closed
   * @throws WrongThreadException if, on several threads, a weight or out belong to a confined arena
   */
  public void forward(TableBatch batch, Tensor out) {
    batch.requireFor(this);
    Check.matrix("out", out, batch.count(), width());
    long bytes = 0;
    for (int table = 0; table < tables.size(); table++) {
      Embedding embedding = tables.get(table).embedding();
      Lookup.requireReady(embedding.weight().value(), out, parallelism);
      bytes +=
          (batch.bags(table).entries() + (long) batch.count())
              * embedding.embeddingDim()
              * Float.BYTES;
    }
    for (int table = 0; table < tables.size(); table++) {
      Bags bags = batch.bags(table);
      tables.get(table).embedding().limitNorms(bags.rows(), bags.entries());
    }
    long all = (long) tables.size() * batch.count();
    int parts = Lookup.parts(parallelism, (int) Math.min(all, Integer.MAX_VALUE), bytes);
    if (parts <= 1) {
      reduce(batch, 0, all, out);
      return;
    }
    Parts.run(
        parallelism,
        parts,
        part ->
            reduce(batch, Parts.start(all, part, parts), Parts.start(all, part + 1, parts), out));
  }

  /** Reduces some bags, counted table after table. */
  private void reduce(TableBatch batch, long from, long to, Tensor out) {
    int each = batch.count();
    long at = from;
    while (at < to) {
      int table = (int) (at / each);
      int first = (int) (at % each);
      int end = (int) Math.min(each, first + (to - at));
      tables.get(table).reduce(batch.bags(table), first, end, out, columns[table]);
      at += end - first;
    }
  }

  // ------------------------------------------------------------------------------------------------------- backward

  /**
   * Adds the bags' gradient to the weights', table after table; see {@link EmbeddingBag#backward}.
   *
   * @param batch as in {@link #forward(TableBatch, Tensor)}
   * @param gradient the gradient of the result: float32 [bags, {@link #width}], whose rows lie
   *     without gaps inside
   * @throws IllegalArgumentException if the bags are others, or the gradient has another shape or
   *     type, or overlaps a weight's gradient
   * @throws IllegalStateException if a weight is frozen, or an arena is closed; nothing has been
   *     added in any of these cases
   */
  public void backward(TableBatch batch, Tensor gradient) {
    requireGradient(batch, gradient);
    for (int table = 0; table < tables.size(); table++) {
      tables.get(table).requireBackwardReady(gradient);
    }
    Contributions contributions = CONTRIBUTIONS.take();
    try {
      for (int table = 0; table < tables.size(); table++) {
        tables.get(table).reserveGradient(batch.bags(table), contributions);
      }
      for (int table = 0; table < tables.size(); table++) {
        contributions.loadColumns(
            gradient, columns[table], (int) tables.get(table).embedding().embeddingDim());
        tables.get(table).addGradient(batch.bags(table), contributions);
      }
    } finally {
      contributions.release();
      CONTRIBUTIONS.giveBack(contributions);
    }
  }

  /**
   * Checks that a gradient can be that of a batch's result.
   *
   * @param batch as in {@link #forward(TableBatch, Tensor)}
   * @param gradient float32 [bags, {@link #width}], whose rows lie without gaps inside
   * @throws IllegalArgumentException if it cannot
   * @throws IllegalStateException if its arena is closed
   */
  public void requireGradient(TableBatch batch, Tensor gradient) {
    batch.requireFor(this);
    Check.readable("gradient", gradient);
    Check.matrix("gradient", gradient, batch.count(), width());
    Check.denseRows("gradient", gradient);
  }

  /**
   * The tables.
   *
   * @return for example {@code TableBatchedBags(26 tables, width 1664)}
   */
  @Override
  public String toString() {
    return "TableBatchedBags(" + tables.size() + " tables, width " + width() + ")";
  }
}
