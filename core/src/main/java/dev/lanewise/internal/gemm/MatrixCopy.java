package dev.lanewise.internal.gemm;

import dev.lanewise.internal.kernel.BlockKernels;
import dev.lanewise.internal.kernel.ContractionKernels;
import java.lang.foreign.MemorySegment;

/**
 * Copies of blocks of a matrix that lies anywhere, as its maps say, to rows in scratch memory whose
 * elements lie side by side, and back.
 */
final class MatrixCopy {
  private final OffsetMap rows;
  private final OffsetMap columns;
  private final ContractionKernels<?> kernels;
  private final BlockKernels<?> blocks;
  private final boolean contiguous;
  private final boolean strided;

  MatrixCopy(OffsetMap rows, OffsetMap columns, ContractionKernels<?> kernels) {
    this.rows = rows;
    this.columns = columns;
    this.kernels = kernels;
    this.blocks = kernels.blocks();
    this.contiguous = columns.isContiguous(kernels.type().sizeBytes());
    this.strided = rows.isStrided() && columns.isStrided();
  }

  /** Copies of the same matrix with rows and columns exchanged. */
  MatrixCopy transposed() {
    return new MatrixCopy(/* rows= */ columns, /* columns= */ rows, kernels);
  }

  /**
   * Whether what lies nearest together of a matrix are its columns' elements, not its rows': runs
   * of columns are then read, and transposed.
   */
  static boolean runsAlongColumns(OffsetMap rows, OffsetMap columns, int elementBytes) {
    if (columns.isContiguous(elementBytes) || rows.isContiguous(elementBytes)) {
      return !columns.isContiguous(elementBytes);
    }
    return rows.isStrided()
        && columns.isStrided()
        && rows.strideBytes() != 0
        && Math.abs(rows.strideBytes()) < Math.abs(columns.strideBytes());
  }

  /**
   * Lays a block side by side.
   *
   * @param matrix the matrix' memory
   * @param offset where it starts, in bytes
   * @param row the block's first row
   * @param rowCount its rows
   * @param column its first column
   * @param columnCount its columns
   * @param to where it goes
   * @param toOffset where it starts there, in bytes
   * @param toRowBytes the distance of its rows there, in bytes
   */
  void gather(
      MemorySegment matrix,
      long offset,
      long row,
      int rowCount,
      long column,
      int columnCount,
      MemorySegment to,
      long toOffset,
      long toRowBytes) {
    if (strided) {
      long from = offset + rows.at(row) + columns.at(column);
      long fromRow = rows.strideBytes();
      if (contiguous) {
        blocks.copy(rowCount, columnCount, matrix, from, fromRow, to, toOffset, toRowBytes);
      } else {
        long step = columns.strideBytes();
        blocks.gather(rowCount, columnCount, matrix, from, fromRow, step, to, toOffset, toRowBytes);
      }
      return;
    }
    for (int i = 0; i < rowCount; i++) {
      long from = offset + rows.at(row + i);
      long target = toOffset + i * toRowBytes;
      if (contiguous) {
        blocks.copy(1, columnCount, matrix, from + columns.at(column), 0, to, target, 0);
      } else {
        columns.gather(kernels, matrix, from, column, columnCount, to, target);
      }
    }
  }

  /** The other way: the block is stored where the matrix has it, or added there. */
  void scatter(
      MemorySegment block,
      long blockOffset,
      long blockRowBytes,
      int rowCount,
      int columnCount,
      MemorySegment matrix,
      long offset,
      long row,
      long column,
      boolean add) {
    if (strided && (contiguous || !add)) {
      long to = offset + rows.at(row) + columns.at(column);
      long toRow = rows.strideBytes();
      if (contiguous) {
        blocks.store(
            rowCount, columnCount, block, blockOffset, blockRowBytes, matrix, to, toRow, add);
      } else {
        long step = columns.strideBytes();
        blocks.scatter(
            rowCount, columnCount, block, blockOffset, blockRowBytes, matrix, to, toRow, step);
      }
      return;
    }
    for (int i = 0; i < rowCount; i++) {
      long from = blockOffset + i * blockRowBytes;
      long to = offset + rows.at(row + i);
      if (contiguous) {
        blocks.store(1, columnCount, block, from, 0, matrix, to + columns.at(column), 0, add);
      } else {
        columns.scatter(kernels.strided(), block, from, column, columnCount, matrix, to, add);
      }
    }
  }
}
