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
  private final MatrixCopy rowwise;
  private final MatrixCopy columnwise;
  private final int elementBytes;
  private final boolean transposes;

  PanelPacking(OffsetMap rows, OffsetMap columns, ContractionKernels<A> kernels) {
    this.rows = rows;
    this.columns = columns;
    this.kernels = kernels;
    this.rowwise = new MatrixCopy(rows, columns, kernels);
    this.columnwise = rowwise.transposed();
    this.elementBytes = kernels.type().sizeBytes();
    this.transposes = MatrixCopy.runsAlongColumns(rows, columns, elementBytes);
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
    if (columns.isContiguous(elementBytes) && rows.isGatheredRows()) {
      long start = offset + columns.at(column);
      int floats = columnCount * elementBytes / Float.BYTES;
      rows.gatherRuns(
          kernels.rows(), b, start, row, rowCount, panel, panelOffset, panelRowBytes, floats);
    } else if (!transposes) {
      rowwise.gather(
          b, offset, row, rowCount, column, columnCount, panel, panelOffset, panelRowBytes);
    } else {
      MemorySegment from = b;
      long start = offset + columns.at(column) + rows.at(row);
      long pitch = columns.strideBytes();
      if (!(rows.isContiguous(elementBytes) && columns.isStrided())) {
        pitch = (long) rowCount * elementBytes;
        start = 0;
        from = workspace.staging(pitch * columnCount);
        columnwise.gather(b, offset, column, columnCount, row, rowCount, from, 0, pitch);
      }
      kernels
          .blocks()
          .transpose(rowCount, columnCount, from, start, pitch, panel, panelOffset, panelRowBytes);
    }
  }
}
