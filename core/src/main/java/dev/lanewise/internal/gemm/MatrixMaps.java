package dev.lanewise.internal.gemm;

/**
 * Where a batch of products {@code C = A B} lies: the matrices of the batch, and the rows and
 * columns of each.
 */
record MatrixMaps(
    OffsetMap aBatch,
    OffsetMap bBatch,
    OffsetMap cBatch,
    OffsetMap aRows,
    OffsetMap aColumns,
    OffsetMap bRows,
    OffsetMap bColumns,
    OffsetMap cRows,
    OffsetMap cColumns) {
  long batch() {
    return cBatch.count();
  }

  long m() {
    return cRows.count();
  }

  long n() {
    return cColumns.count();
  }

  long k() {
    return aColumns.count();
  }

  /** Whether rows and columns of all three matrices have one stride each. */
  boolean isStrided() {
    return aRows.isStrided()
        && aColumns.isStrided()
        && bRows.isStrided()
        && bColumns.isStrided()
        && cRows.isStrided()
        && cColumns.isStrided();
  }

  /** About how much memory A's matrices of a batch take, if its rows lie one behind the other. */
  long aBytes() {
    return reach(aBatch, aRows);
  }

  /** The same of B, if its columns do. */
  long bBytes() {
    return reach(bBatch, bColumns);
  }

  private static long reach(OffsetMap batch, OffsetMap runs) {
    return batch.count() == 0 ? 0 : batch.at(batch.count() - 1) + runs.count() * runs.strideBytes();
  }

  /** All of the output. */
  Range whole() {
    return Range.whole(batch(), m(), n());
  }

  String describe(MatrixProgram program) {
    return program + " of m " + m() + ", n " + n() + ", k " + k() + ", batch " + batch();
  }
}
