package dev.lanewise.internal.gemm;

import dev.lanewise.internal.kernel.ContractionKernels;
import java.lang.foreign.MemorySegment;

/**
 * Takes a tile of results from scratch memory to where C has it: added or stored, to columns that
 * lie side by side or anywhere.
 */
final class TileMerge {
  private final OffsetMap rows;
  private final OffsetMap columns;
  private final ContractionKernels<?> kernels;
  private final int elementBytes;

  TileMerge(OffsetMap rows, OffsetMap columns, ContractionKernels<?> kernels) {
    this.rows = rows;
    this.columns = columns;
    this.kernels = kernels;
    this.elementBytes = kernels.type().sizeBytes();
  }

  /** Whether a tile can be stored where it belongs without being merged. */
  boolean isDirect() {
    return columns.isContiguous(elementBytes) && rows.isStrided();
  }

  void merge(
      MemorySegment tile,
      long tileOffset,
      long tileRowBytes,
      int rowCount,
      int columnCount,
      MemorySegment c,
      long cOffset,
      long row,
      long column,
      boolean add) {
    if (isDirect()) {
      mergeRows(
          tile,
          tileOffset,
          tileRowBytes,
          rowCount,
          columnCount,
          c,
          cOffset + rows.at(row) + columns.at(column),
          rows.strideBytes(),
          add);
      return;
    }
    for (int i = 0; i < rowCount; i++) {
      long from = tileOffset + i * tileRowBytes;
      long to = cOffset + rows.at(row + i);
      if (columns.isContiguous(elementBytes)) {
        mergeRows(tile, from, 0, 1, columnCount, c, to + columns.at(column), 0, add);
      } else {
        columns.scatter(kernels.strided(), tile, from, column, columnCount, c, to, add);
      }
    }
  }

  private void mergeRows(
      MemorySegment tile,
      long tileOffset,
      long tileRowBytes,
      int rowCount,
      int columnCount,
      MemorySegment c,
      long cOffset,
      long cRowBytes,
      boolean add) {
    if (add) {
      kernels
          .blocks()
          .add(rowCount, columnCount, tile, tileOffset, tileRowBytes, c, cOffset, cRowBytes);
    } else {
      kernels
          .blocks()
          .copy(rowCount, columnCount, tile, tileOffset, tileRowBytes, c, cOffset, cRowBytes);
    }
  }
}
