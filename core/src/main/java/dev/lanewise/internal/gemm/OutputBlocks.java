package dev.lanewise.internal.gemm;

import dev.lanewise.internal.kernel.BlockKernels;
import dev.lanewise.internal.kernel.ContractionKernels;
import java.lang.foreign.MemorySegment;

/**
 * Blocks of C that are computed in scratch memory, where their columns lie side by side, and taken
 * to where C has them.
 */
final class OutputBlocks {
  /** Columns of less than such a part of a vector are stored number by number. */
  private static final int LEAST_PART = 4;

  private final OffsetMap rows;
  private final OffsetMap columns;
  private final BlockKernels<?> blocks;
  private final MatrixCopy copy;
  private final int elementBytes;
  private final int lanes;
  private final boolean direct;

  /**
   * Whether C's columns, one behind the other, are all of its memory, and each less than a vector.
   */
  private final boolean narrow;

  OutputBlocks(OffsetMap rows, OffsetMap columns, ContractionKernels<?> kernels) {
    this.rows = rows;
    this.columns = columns;
    this.blocks = kernels.blocks();
    this.copy = new MatrixCopy(rows, columns, kernels);
    this.elementBytes = kernels.type().sizeBytes();
    this.lanes = kernels.tiles().lanes();
    this.direct = isDirect(rows, columns, elementBytes);
    this.narrow =
        !direct
            && rows.isContiguous(elementBytes)
            && columns.isStrided()
            && rows.count() < lanes
            && rows.count() >= lanes / LEAST_PART
            && columns.strideBytes() == rows.count() * elementBytes;
  }

  /** How many rows the memory of a block must have that has so many. */
  int rowsInScratch(int rowCount) {
    return narrow ? Math.max(rowCount, lanes) : rowCount;
  }

  /** Whether results can be stored where they belong: columns lie side by side there, too. */
  static boolean isDirect(OffsetMap rows, OffsetMap columns, int elementBytes) {
    return columns.isContiguous(elementBytes) && rows.isStrided();
  }

  /** The same of this output. */
  boolean isDirect() {
    return direct;
  }

  /**
   * Takes a block from where C has it.
   *
   * @param c the output's memory
   * @param cOffset where C starts, in bytes
   * @param row the block's first row in C
   * @param rowCount its rows
   * @param column its first column there
   * @param columnCount its columns
   * @param block where it goes
   * @param blockOffset where it starts there, in bytes
   * @param blockRowBytes the distance of its rows, in bytes
   */
  void load(
      MemorySegment c,
      long cOffset,
      long row,
      int rowCount,
      long column,
      int columnCount,
      MemorySegment block,
      long blockOffset,
      long blockRowBytes) {
    copy.gather(c, cOffset, row, rowCount, column, columnCount, block, blockOffset, blockRowBytes);
  }

  /**
   * Takes a block to where C has it.
   *
   * @param block the block, in memory of {@link #rowsInScratch} rows
   * @param blockOffset where it starts, in bytes
   * @param blockRowBytes the distance of its rows, in bytes
   * @param rowCount its rows
   * @param columnCount its columns
   * @param c the output's memory
   * @param cOffset where C starts, in bytes
   * @param row the block's first row in C
   * @param column its first column there
   * @param add whether it is added instead of stored
   */
  void store(
      MemorySegment block,
      long blockOffset,
      long blockRowBytes,
      int rowCount,
      int columnCount,
      MemorySegment c,
      long cOffset,
      long row,
      long column,
      boolean add) {
    int done = 0;
    if (narrow && !add && rowCount == rows.count()) {
      // What a vector holds beyond a column's numbers lands where the next columns are stored.
      int followed = columnCount - Blocking.parts(lanes - rowCount, rowCount);
      if (followed >= lanes) {
        long to = cOffset + columns.at(column);
        long toColumn = columns.strideBytes();
        blocks.transpose(followed, lanes, block, blockOffset, blockRowBytes, c, to, toColumn);
        done = followed;
      }
    }
    copy.scatter(
        block,
        blockOffset + (long) done * elementBytes,
        blockRowBytes,
        rowCount,
        columnCount - done,
        c,
        cOffset,
        row,
        column + done,
        add);
  }
}
