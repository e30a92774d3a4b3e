package dev.lanewise.internal.gemm;

import dev.lanewise.internal.kernel.ContractionKernels;
import java.lang.foreign.MemorySegment;

/**
 * Takes a tile of results from scratch memory to where C has it: added or stored, to columns that
 * lie side by side or anywhere.
 */
final class TileMerge {
  /** Columns of less than such a part of a vector are stored number by number. */
  private static final int LEAST_PART = 4;

  private final OffsetMap rows;
  private final OffsetMap columns;
  private final ContractionKernels<?> kernels;
  private final int elementBytes;
  private final int lanes;

  /**
   * Whether C's columns, one behind the other, are all of its memory, and each less than a vector.
   */
  private final boolean narrow;

  TileMerge(OffsetMap rows, OffsetMap columns, ContractionKernels<?> kernels) {
    this.rows = rows;
    this.columns = columns;
    this.kernels = kernels;
    this.elementBytes = kernels.type().sizeBytes();
    this.lanes = kernels.tiles().lanes();
    this.narrow =
        rows.isContiguous(elementBytes)
            && columns.isStrided()
            && rows.count() < lanes
            && rows.count() >= lanes / LEAST_PART
            && columns.strideBytes() == rows.count() * elementBytes;
  }

  /** How many rows a tile's memory must have where tiles have at most so many. */
  int rowsOfTile(int mostRows) {
    return narrow ? Math.max(mostRows, lanes) : mostRows;
  }

  /** Whether a tile can be stored where it belongs without being merged. */
  boolean isDirect() {
    return columns.isContiguous(elementBytes) && rows.isStrided();
  }

  /**
   * Merges a tile.
   *
   * @param tile the tile, in memory of {@link #rowsOfTile} rows
   * @param tileOffset where it starts, in bytes
   * @param tileRowBytes the distance of its rows, in bytes
   * @param rowCount its rows
   * @param columnCount its columns
   * @param c the output's memory
   * @param cOffset where C starts, in bytes
   * @param row the tile's first row in C
   * @param column its first column there
   * @param columnEnd the end of the columns that will be stored behind the tile's
   * @param add whether it is added instead of stored
   */
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
      long columnEnd,
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
    if (narrow
        && !add
        && rowCount == rows.count()
        && columnCount >= lanes
        && (columnEnd - column - columnCount) * rowCount >= lanes - rowCount) {
      // What a vector holds beyond a column's numbers lands where the next columns are stored.
      long to = cOffset + columns.at(column);
      kernels
          .blocks()
          .transpose(
              columnCount, lanes, tile, tileOffset, tileRowBytes, c, to, columns.strideBytes());
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
