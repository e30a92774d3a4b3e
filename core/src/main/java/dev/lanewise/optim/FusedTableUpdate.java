package dev.lanewise.optim;

import dev.lanewise.embedding.TableBatch;
import dev.lanewise.embedding.TableBatchedBags;
import dev.lanewise.internal.check.Check;
import dev.lanewise.parallel.Parallelism;
import dev.lanewise.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * The backward pass of bags over many tables and an optimizer's step in one: a {@link
 * FusedBagUpdate} of each table after the other, all of which are checked before the first.
 *
 * <p>An object serves one thread at a time; it allocates nothing in steady state, on several
 * threads a few hundred bytes a table.
 *
 * <p>Source: FBGEMM's table-batched embedding (Mudigere et al., ISCA 2022).
 */
public final class FusedTableUpdate {
  private final TableBatchedBags tables;
  private final List<FusedBagUpdate> updates;

  private FusedTableUpdate(TableBatchedBags tables, List<FusedBagUpdate> updates) {
    this.tables = tables;
    this.updates = updates;
  }

  /**
   * An update of tables by an optimizer.
   *
   * @param optimizer whose rule and state are used
   * @param tables whose weights are among the optimizer's parameters, each once
   * @return the update, on the calling thread
   * @throws IllegalArgumentException if a weight is none of the parameters or that of two tables,
   *     or the optimizer's rule needs more than the touched rows; the message says why
   */
  @SuppressWarnings("ReferenceEquality") // It is the same or it is not.
  public static FusedTableUpdate of(Optimizer optimizer, TableBatchedBags tables) {
    List<FusedBagUpdate> updates = new ArrayList<>();
    for (int table = 0; table < tables.tables(); table++) {
      for (int other = 0; other < table; other++) {
        if (tables.table(other).embedding().weight() == tables.table(table).embedding().weight()) {
          throw new IllegalArgumentException(
              "tables "
                  + other
                  + " and "
                  + table
                  + " share a weight, which one step can move only once: run backward() and step()");
        }
      }
      updates.add(FusedBagUpdate.of(optimizer, tables.table(table)));
    }
    return new FusedTableUpdate(tables, List.copyOf(updates));
  }

  /**
   * The same, on several threads, between which each table's distinct rows are divided: the same
   * bits.
   *
   * @param helpers who takes part
   * @return another update of the same weights and state
   */
  public FusedTableUpdate withParallelism(Parallelism helpers) {
    return new FusedTableUpdate(
        tables, updates.stream().map(update -> update.withParallelism(helpers)).toList());
  }

  /**
   * Adds up the bags' gradient by row and moves the rows of every table.
   *
   * @param batch what was reduced
   * @param gradient the gradient of the result: float32 [bags, {@link TableBatchedBags#width}],
   *     whose rows lie without gaps inside
   * @throws IllegalArgumentException if the batch is of other tables, the gradient has another
   *     shape or type or overlaps a weight, or the optimizer has loaded settings that cannot be
   *     fused
   * @throws IllegalStateException if an arena is closed; neither weights nor state have changed in
   *     any of these cases
   * @throws WrongThreadException if, on several threads, a weight or the gradient belong to a
   *     confined arena
   */
  public void backward(TableBatch batch, Tensor gradient) {
    tables.requireGradient(batch, gradient);
    for (int table = 0; table < updates.size(); table++) {
      Check.disjoint(
          "gradient", gradient, "weight", tables.table(table).embedding().weight().value());
      updates.get(table).requireReady(gradient);
    }
    for (int table = 0; table < updates.size(); table++) {
      updates.get(table).applyColumns(batch.bags(table), gradient, tables.column(table));
    }
  }

  /**
   * The tables and the optimizer.
   *
   * @return the first table's update and how many there are
   */
  @Override
  public String toString() {
    return "FusedTableUpdate(" + updates.size() + " tables, the first " + updates.get(0) + ")";
  }
}
