package dev.lanewise.internal.gemm;

/** Where the rows and columns of the three matrices of {@code C = A B} lie. */
record MatrixMaps(
    OffsetMap aRows,
    OffsetMap aColumns,
    OffsetMap bRows,
    OffsetMap bColumns,
    OffsetMap cRows,
    OffsetMap cColumns) {
  long m() {
    return cRows.count();
  }

  long n() {
    return cColumns.count();
  }

  long k() {
    return aColumns.count();
  }
}
