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
  private final int elementBytes;

  RowPacking(OffsetMap rows, OffsetMap columns, ContractionKernels<A> kernels) {
    this.rows = rows;
    this.columns = columns;
    this.kernels = kernels;
    this.elementBytes = kernels.type().sizeBytes();
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
    } else if (rows.isContiguous(elementBytes) && columns.isStrided()) {
      kernels
          .blocks()
          .transpose(
              rowCount, columnCount, a, start + rows.at(row), columns.strideBytes(), packed, 0);
    } else if (rows.isContiguous(elementBytes)) {
      packColumns(a, offset + rows.at(row), rowCount, column, columnCount, packed, workspace);
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

  /** Runs of rows that lie in scattered columns: laid one below the other, then transposed. */
  private void packColumns(
      MemorySegment a,
      long offset,
      int rowCount,
      long column,
      int columnCount,
      A packed,
      Workspace<A> workspace) {
    long pitch = (long) rowCount * elementBytes;
    MemorySegment staging = workspace.staging(pitch * columnCount);
    for (int p = 0; p < columnCount; p++) {
      long at = offset + columns.at(column + p);
      kernels.blocks().copy(1, rowCount, a, at, 0, staging, p * pitch, 0);
    }
    kernels.blocks().transpose(rowCount, columnCount, staging, 0, pitch, packed, 0);
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
      columns.gather(
          kernels.strided(), a, offset + rows.at(row + i), column, columnCount, staging, 0);
      kernels.blocks().copy(1, columnCount, staging, 0, 0, packed, i * PackedRows.PITCH);
    }
  }
}
