package dev.lanewise.embedding;

import dev.lanewise.internal.check.Check;
import dev.lanewise.internal.rows.RowNumbers;
import dev.lanewise.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * The bags of a batch over many tables, checked and copied once, for as many forward and backward
 * passes and updates as are wanted. Made by {@link TableBatchedBags#batch}.
 *
 * <p>All bags are given as one list of indices, table after table and within a table bag after bag,
 * with {@code tables * bags + 1} offsets: bag b of table t has the indices from {@code offsets[t *
 * bags + b]} to before the next offset. The first is 0, none is smaller than the one before, none
 * behind the end; indices behind the last belong to no bag.
 *
 * <p>Loading allocates nothing once there was room for as many. If it fails, there are no bags.
 * While nobody loads, any number of threads may use them.
 */
public final class TableBatch {
  private final TableBatchedBags owner;
  private final Bags[] bags;
  private final Offsets offsets = new Offsets();
  private int count;

  TableBatch(TableBatchedBags owner) {
    this.owner = owner;
    this.bags = new Bags[owner.tables()];
    for (int table = 0; table < bags.length; table++) {
      bags[table] = owner.table(table).bags();
    }
  }

  /**
   * Takes bags without weights.
   *
   * @param values row numbers of all tables
   * @param starts tables * bags + 1 offsets
   * @return this
   * @throws IndexOutOfBoundsException if an index is outside its table
   * @throws IllegalArgumentException if there are fewer or more offsets, or they are not in order
   */
  public TableBatch load(int[] values, int[] starts) {
    clear();
    offsets.load(starts, values.length);
    int each = bagsOfATable();
    try {
      for (int table = 0; table < bags.length; table++) {
        bags[table].loadPart(values, offsets, table * each, (table + 1) * each);
      }
      count = each;
    } finally {
      clearUnless(each);
    }
    return this;
  }

  /**
   * Takes bags without weights.
   *
   * @param values row numbers of all tables, int32 or int64 [n]
   * @param starts int32 or int64 [tables * bags + 1]
   * @return this
   * @throws IndexOutOfBoundsException if an index is outside its table
   * @throws IllegalArgumentException if a tensor has another shape or type, or the offsets are not
   *     in order
   * @throws IllegalStateException if an arena is closed
   */
  public TableBatch load(Tensor values, Tensor starts) {
    return load(values, starts, null);
  }

  /**
   * Takes weighted bags.
   *
   * @param values row numbers of all tables, int32 or int64 [n]
   * @param starts int32 or int64 [tables * bags + 1]
   * @param perSampleWeights a factor for each value, float32 [n]
   * @return this
   * @throws IndexOutOfBoundsException if an index is outside its table
   * @throws IllegalArgumentException if a tensor has another shape or type, the offsets are not in
   *     order, or a table's mode is not {@link BagMode#SUM}
   * @throws IllegalStateException if an arena is closed
   */
  public TableBatch loadWeighted(Tensor values, Tensor starts, Tensor perSampleWeights) {
    Check.readable("perSampleWeights", perSampleWeights);
    Check.shape("perSampleWeights", perSampleWeights, values.shape());
    return load(values, starts, perSampleWeights);
  }

  private TableBatch load(Tensor values, Tensor starts, @Nullable Tensor perSampleWeights) {
    clear();
    if (values.rank() != 1) {
      throw new IllegalArgumentException("indices: expected shape [n], got " + values.shape());
    }
    offsets.load(starts, RowNumbers.requireCountable(values));
    int each = bagsOfATable();
    try {
      for (int table = 0; table < bags.length; table++) {
        bags[table].loadPart(values, offsets, table * each, (table + 1) * each, perSampleWeights);
      }
      count = each;
    } finally {
      clearUnless(each);
    }
    return this;
  }

  private void clear() {
    count = 0;
    for (Bags each : bags) {
      each.clear();
    }
  }

  /** Some tables' bags may be there, and those of the next were bad. */
  private void clearUnless(int loaded) {
    if (count != loaded) {
      clear();
    }
  }

  private int bagsOfATable() {
    int all = offsets.count() - 1;
    if (all < 0 || all % bags.length != 0) {
      throw new IllegalArgumentException(
          "offsets: expected a multiple of "
              + bags.length
              + " tables and one more, got "
              + offsets.count());
    }
    return all / bags.length;
  }

  /**
   * How many bags each table has.
   *
   * @return at least 0
   */
  public int count() {
    return count;
  }

  /**
   * Checks that these are bags of some tables, as many of each.
   *
   * @param user the tables
   * @throws IllegalArgumentException if they are others, or others were loaded into the {@linkplain
   *     #bags bags} of one table alone
   */
  @SuppressWarnings("ReferenceEquality") // It is the same or it is not.
  public void requireFor(TableBatchedBags user) {
    if (owner != user && !owner.sharesTablesWith(user)) {
      throw new IllegalArgumentException("batch: " + this + " of " + owner + " is not for " + user);
    }
    for (int table = 0; table < bags.length; table++) {
      if (bags[table].count() != count) {
        throw new IllegalArgumentException(
            "batch: " + this + " has " + bags[table] + " for table " + table);
      }
    }
  }

  /**
   * One table's bags.
   *
   * @param table from 0
   * @return the bags, which change with the next load; not to be loaded alone
   * @throws IndexOutOfBoundsException if there is no such table
   */
  public Bags bags(int table) {
    return bags[table];
  }

  /**
   * The number of tables and bags.
   *
   * @return for example {@code TableBatch(26 tables, 128 bags each)}
   */
  @Override
  public String toString() {
    return "TableBatch(" + bags.length + " tables, " + count + " bags each)";
  }
}
