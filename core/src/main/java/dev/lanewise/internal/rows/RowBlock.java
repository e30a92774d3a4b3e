package dev.lanewise.internal.rows;

import dev.lanewise.internal.kernel.BlockKernels;
import dev.lanewise.internal.kernel.KernelSet;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Some rows of a table at a time, where kernels can read them: where they lie, or, of a table that
 * is mapped, which kernels cannot slice, a copy.
 */
final class RowBlock {
  private static final BlockKernels<float[]> BLOCKS = KernelSet.active().float32().blocks();

  /** What stays in the nearest cache until it is compared. */
  private static final long NEAR_BYTES = 32 << 10;

  private final RowTable table;
  private final long rowBytes;
  private final boolean mapped;
  private MemorySegment copy = MemorySegment.NULL;
  private long first;

  RowBlock(RowTable table) {
    this.table = table;
    this.rowBytes = (long) table.width() * Float.BYTES;
    this.mapped = table.segment().isMapped();
  }

  /** How many rows, a multiple of some, stay near; those at least. */
  int nearRows(int multiple, int most) {
    long fit = NEAR_BYTES / Math.max(1, rowBytes);
    return Math.clamp(fit / multiple * multiple, multiple, most);
  }

  /** Goes on to other rows, of which there are never more than at first. */
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
   * Reads rows of the block line by line, right before they are compared, if they all stay near:
   * kernels read several at a time, in an order that the processor does not foresee.
   *
   * @return a number that depends on what was read
   */
  int readAhead(int row, int rows) {
    if (mapped || rows * rowBytes > NEAR_BYTES) {
      return 0;
    }
    if (table.stride() == rowBytes) {
      return RowTouch.lines(table.segment(), offset(row, 0), rows * rowBytes);
    }
    int read = 0;
    for (int i = row; i < row + rows; i++) {
      read ^= RowTouch.lines(table.segment(), offset(i, 0), rowBytes);
    }
    return read;
  }
}
