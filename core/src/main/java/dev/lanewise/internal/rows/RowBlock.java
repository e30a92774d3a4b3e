package dev.lanewise.internal.rows;

import dev.lanewise.internal.kernel.BlockKernels;
import dev.lanewise.internal.kernel.KernelSet;
import dev.lanewise.internal.kernel.ReadAhead;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Some rows of a table at a time, where kernels can read them: where they lie, or, of a table that
 * is mapped, which kernels cannot slice, a copy.
 */
final class RowBlock {
  private static final BlockKernels<float[]> BLOCKS = KernelSet.active().float32().blocks();

  private final RowTable table;
  private final long rowBytes;
  private final boolean mapped;

  /** What is read of the table where it lies. */
  private final long bytesRead;

  private MemorySegment copy = MemorySegment.NULL;
  private long first;

  RowBlock(RowTable table) {
    this.table = table;
    this.rowBytes = (long) table.width() * Float.BYTES;
    this.mapped = table.segment().isMapped();
    this.bytesRead = mapped ? 0 : table.rowCount() * rowBytes;
  }

  /** How many rows, a multiple of some, stay near; those at least. */
  int nearRows(int multiple, int most) {
    long fit = ReadAhead.NEAR_BYTES / Math.max(1, rowBytes);
    return Math.clamp(fit / multiple * multiple, multiple, most);
  }

  /** Goes on to other rows. */
  void load(long row, int rows) {
    first = row;
    if (!mapped) {
      return;
    }
    if (copy.byteSize() < rows * rowBytes) {
      copy = Arena.ofAuto().allocate(rows * rowBytes, 64);
    }
    BLOCKS.copy(
        rows, table.width(), table.segment(), table.offset(row), table.stride(), copy, 0, rowBytes);
  }

  MemorySegment segment() {
    return mapped ? copy : table.segment();
  }

  /** The distance of rows, in bytes. */
  long stride() {
    return mapped ? rowBytes : table.stride();
  }

  /** Where a row of the block has a column, in bytes. */
  long offset(int row, int column) {
    long start = mapped ? row * rowBytes : table.offset(first + row);
    return start + (long) column * Float.BYTES;
  }

  /**
   * Reads rows of the block right before they are compared, unless they were copied or the table is
   * small.
   *
   * @return a number that depends on what was read
   */
  int readAhead(int row, int rows) {
    return ReadAhead.pays(bytesRead) ? read(row, rows) : 0;
  }

  /** The same for kernels that take the rows of a tile at a time. */
  int readAheadForTiles(int row, int rows) {
    return ReadAhead.paysForTiles(bytesRead, rowBytes) ? read(row, rows) : 0;
  }

  private int read(int row, int rows) {
    return ReadAhead.rows(table.segment(), offset(row, 0), rows, rowBytes, table.stride());
  }
}
