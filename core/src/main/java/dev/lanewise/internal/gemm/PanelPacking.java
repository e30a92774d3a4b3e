package dev.lanewise.internal.gemm;

import dev.lanewise.internal.kernel.ContractionKernels;
import dev.lanewise.internal.memory.Zeros;
import java.lang.foreign.MemorySegment;

/**
 * Copies columns of B into a panel, whose rows lie one behind the other, through whatever maps B
 * has.
 *
 * @param <A> the array of packed rows
 */
final class PanelPacking<A> {
  private final OffsetMap rows;
  private final OffsetMap columns;
  private final ContractionKernels<A> kernels;
  private final int elementBytes;

  PanelPacking(OffsetMap rows, OffsetMap columns, ContractionKernels<A> kernels) {
    this.rows = rows;
    this.columns = columns;
    this.kernels = kernels;
    this.elementBytes = kernels.type().sizeBytes();
  }

  /**
   * Packs one panel.
   *
   * @param b the operand's memory
   * @param offset where its matrix starts, in bytes
   * @param row the first row
   * @param rowCount the rows
   * @param column the first column
   * @param columnCount the columns; where they are less than the panel's, the rest is zeros
   * @param panelColumns the columns of the panel
   * @param panel where the panel goes
   * @param panelOffset where it starts, in bytes
   * @param panelRowBytes the distance of its rows, in bytes
   * @param workspace for what has to be gathered first
   */
  void pack(
      MemorySegment b,
      long offset,
      long row,
      int rowCount,
      long column,
      int columnCount,
      int panelColumns,
      MemorySegment panel,
      long panelOffset,
      long panelRowBytes,
      Workspace<A> workspace) {
    if (columnCount < panelColumns) {
      Zeros.fill(panel, panelOffset, rowCount * panelRowBytes);
    }
    long start = offset + columns.at(column);
    if (columns.isContiguous(elementBytes)) {
      if (rows.isStrided()) {
        long from = start + rows.at(row);
        kernels
            .blocks()
            .copy(
                rowCount,
                columnCount,
                b,
                from,
                rows.strideBytes(),
                panel,
                panelOffset,
                panelRowBytes);
        return;
      }
      if (rows.isGatheredRows()) {
        int floats = columnCount * elementBytes / Float.BYTES;
        rows.gatherRuns(
            kernels.rows(), b, start, row, rowCount, panel, panelOffset, panelRowBytes, floats);
        return;
      }
      for (int p = 0; p < rowCount; p++) {
        long from = start + rows.at(row + p);
        long to = panelOffset + p * panelRowBytes;
        kernels.blocks().copy(1, columnCount, b, from, 0, panel, to, 0);
      }
    } else if (rows.isContiguous(elementBytes) && columns.isStrided()) {
      long from = start + rows.at(row);
      kernels
          .blocks()
          .transpose(
              rowCount,
              columnCount,
              b,
              from,
              columns.strideBytes(),
              panel,
              panelOffset,
              panelRowBytes);
    } else if (rows.isContiguous(elementBytes)) {
      long pitch = (long) rowCount * elementBytes;
      MemorySegment staging = workspace.staging(pitch * columnCount);
      for (int j = 0; j < columnCount; j++) {
        long from = offset + columns.at(column + j) + rows.at(row);
        kernels.blocks().copy(1, rowCount, b, from, 0, staging, j * pitch, 0);
      }
      kernels
          .blocks()
          .transpose(rowCount, columnCount, staging, 0, pitch, panel, panelOffset, panelRowBytes);
    } else {
      for (int p = 0; p < rowCount; p++) {
        columns.gather(
            kernels.strided(),
            b,
            offset + rows.at(row + p),
            column,
            columnCount,
            panel,
            panelOffset + p * panelRowBytes);
      }
    }
  }
}
