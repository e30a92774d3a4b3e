package dev.lanewise.internal.gemm;

import dev.lanewise.internal.kernel.ContractionKernels;
import dev.lanewise.internal.kernel.PackedRows;
import java.lang.foreign.MemorySegment;

/**
 * Copies rows of A to the heap, as {@link PackedRows} lays them out, through whatever maps A has.
 *
 * @param <A> the array of packed rows
 */
final class RowPacking<A> {
  private final OffsetMap rows;
  private final OffsetMap columns;
  private final ContractionKernels<A> kernels;
  private final MatrixCopy columnwise;
  private final int elementBytes;
  private final boolean transposes;

  RowPacking(OffsetMap rows, OffsetMap columns, ContractionKernels<A> kernels) {
    this.rows = rows;
    this.columns = columns;
    this.kernels = kernels;
    this.columnwise = new MatrixCopy(rows, columns, kernels).transposed();
    this.elementBytes = kernels.type().sizeBytes();
    this.transposes = MatrixCopy.runsAlongColumns(rows, columns, elementBytes);
  }

  /**
   * Packs a block.
   *
   * @param a the operand's memory
   * @param offset where its matrix starts, in bytes
   * @param row the first row
   * @param rowCount the rows
   * @param column the first column
   * @param columnCount the columns, at most {@link PackedRows#LENGTH}
   * @param packed where they go
   * @param workspace for what has to be gathered first
   */
  void pack(
      MemorySegment a,
      long offset,
      long row,
      int rowCount,
      long column,
      int columnCount,
      A packed,
      Workspace<A> workspace) {
    long start = offset + columns.at(column);
    if (columns.isContiguous(elementBytes)) {
      if (rows.isStrided()) {
        kernels
            .blocks()
            .copy(rowCount, columnCount, a, start + rows.at(row), rows.strideBytes(), packed, 0);
        return;
      }
      if (rows.isGatheredRows()) {
        packGathered(a, start, row, rowCount, columnCount, packed, workspace);
        return;
      }
      for (int i = 0; i < rowCount; i++) {
        long at = start + rows.at(row + i);
        kernels.blocks().copy(1, columnCount, a, at, 0, packed, i * PackedRows.PITCH);
      }
    } else if (transposes) {
      packColumns(a, offset, row, rowCount, column, columnCount, packed, workspace);
    } else if (rows.isStrided() && columns.isStrided()) {
      kernels
          .blocks()
          .gather(
              rowCount,
              columnCount,
              a,
              start + rows.at(row),
              rows.strideBytes(),
              columns.strideBytes(),
              packed,
              0);
    } else {
      packElements(a, offset, row, rowCount, column, columnCount, packed, workspace);
    }
  }

  /**
   * Rows of a table: one loop lays them below each other, so that many are on their way from memory
   * at a time. A call for each took three times as long.
   */
  private void packGathered(
      MemorySegment a,
      long start,
      long row,
      int rowCount,
      int columnCount,
      A packed,
      Workspace<A> workspace) {
    long bytes = (long) columnCount * elementBytes;
    MemorySegment staging = workspace.staging(bytes * rowCount);
    int floats = (int) (bytes / Float.BYTES);
    rows.gatherRuns(kernels.rows(), a, start, row, rowCount, staging, 0, bytes, floats);
    kernels.blocks().copy(rowCount, columnCount, staging, 0, bytes, packed, 0);
  }

  /** Runs of columns, which are laid one below the other first if they are no rows of memory. */
  private void packColumns(
      MemorySegment a,
      long offset,
      long row,
      int rowCount,
      long column,
      int columnCount,
      A packed,
      Workspace<A> workspace) {
    MemorySegment from = a;
    long start = offset + columns.at(column) + rows.at(row);
    long pitch = columns.strideBytes();
    if (!(rows.isContiguous(elementBytes) && columns.isStrided())) {
      pitch = (long) rowCount * elementBytes;
      start = 0;
      from = workspace.staging(pitch * columnCount);
      columnwise.gather(a, offset, column, columnCount, row, rowCount, from, 0, pitch);
    }
    kernels.blocks().transpose(rowCount, columnCount, from, start, pitch, packed, 0);
  }

  private void packElements(
      MemorySegment a,
      long offset,
      long row,
      int rowCount,
      long column,
      int columnCount,
      A packed,
      Workspace<A> workspace) {
    MemorySegment staging = workspace.staging((long) columnCount * elementBytes);
    for (int i = 0; i < rowCount; i++) {
      columns.gather(kernels, a, offset + rows.at(row + i), column, columnCount, staging, 0);
      kernels.blocks().copy(1, columnCount, staging, 0, 0, packed, i * PackedRows.PITCH);
    }
  }
}
