package dev.lanewise.internal.gemm;

import java.util.ArrayList;
import java.util.List;

/**
 * Where the elements of products that are not summed lie: a batch of matrices, and two loops over
 * each.
 */
record ProductMaps(OffsetMap aBatch, OffsetMap bBatch, OffsetMap cBatch, Loop rows, Loop columns) {
  /** Maps for folded loops, two of which are those over rows and over columns. */
  static ProductMaps of(List<Loop> loops, Loop rows, Loop columns) {
    List<Loop> batch = new ArrayList<>(loops);
    batch.remove(rows);
    batch.remove(columns);
    return new ProductMaps(
        OffsetMap.of(batch, Loop.A),
        OffsetMap.of(batch, Loop.B),
        OffsetMap.of(batch, Loop.C),
        rows,
        columns);
  }

  Range whole() {
    return Range.whole(cBatch.count(), rows.size(), columns.size());
  }

  @Override
  public String toString() {
    return cBatch.count() + " x " + rows.size() + " x " + columns.size();
  }
}
