package dev.lanewise.internal.gemm;

import dev.lanewise.internal.kernel.BlockKernels;
import dev.lanewise.internal.kernel.ContractionKernels;
import dev.lanewise.internal.kernel.ElementType;
import dev.lanewise.internal.kernel.ProductKernels;
import dev.lanewise.internal.memory.ScratchPool;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Products of operands of which one, or both, lie side by side along the rows while the output does
 * along the columns. Blocks of such an operand are transposed into scratch memory, or, where they
 * are only copied, into the output.
 *
 * @param <A> the array of packed rows
 */
final class TransposedProductsProgram<A> implements MatrixProgram {
  /**
   * Blocks are long where operands lie side by side and as narrow as one or two cache lines: few
   * streams are read, and each line of the output is written once (see ADR 6).
   */
  private static final int BLOCK_ROWS = 256;

  private static final int BLOCK_COLUMNS = 16;

  /**
   * Rows of the output that are a multiple of this apart, in bytes, meet in two sets of an L1 cache
   * at most. Fewer of them at a time take half or a third of the time where the output is no larger
   * than {@link #CROWDED_MOST_BYTES} (see ADR 6).
   */
  private static final int CROWDED_BYTES = 2 << 10;

  private static final long CROWDED_MOST_BYTES = 4 << 20;

  private static final int CROWDED_ROWS = 16;

  private static final int CROWDED_COLUMNS = 32;

  private final ProductMaps maps;
  private final BlockKernels<A> blocks;
  private final ProductKernels products;
  private final ScratchPool<Workspace<A>> workspaces;
  private final ElementType type;
  private final long elementBytes;
  private final boolean bIsOneNumber;
  private final boolean bTransposed;
  private final boolean isCrowded;

  TransposedProductsProgram(
      ProductMaps maps, ContractionKernels<A> kernels, ScratchPool<Workspace<A>> workspaces) {
    this.maps = maps;
    this.blocks = kernels.blocks();
    this.products = kernels.products();
    this.workspaces = workspaces;
    this.type = kernels.type();
    this.elementBytes = type.sizeBytes();
    long bColumn = maps.columns().bStride();
    this.bTransposed = bColumn != 0 && bColumn != elementBytes;
    this.bIsOneNumber =
        bColumn == 0
            && maps.rows().bStride() == 0
            && maps.bBatch().isStrided()
            && maps.bBatch().strideBytes() == 0;
    long cRow = Math.abs(maps.rows().cStride());
    this.isCrowded = cRow % CROWDED_BYTES == 0 && maps.rows().size() * cRow <= CROWDED_MOST_BYTES;
  }

  @Override
  public void run(
      MemorySegment a,
      long aOffset,
      MemorySegment b,
      long bOffset,
      MemorySegment c,
      long cOffset,
      boolean accumulate,
      Range range) {
    if (bIsOneNumber && !accumulate && isOne(b, bOffset)) {
      // a * 1 is a.
      for (long i = range.batchFrom(); i < range.batchTo(); i++) {
        copy(a, aOffset + maps.aBatch().at(i), c, cOffset + maps.cBatch().at(i), range);
      }
      return;
    }
    Workspace<A> workspace = workspaces.take();
    try {
      for (long i = range.batchFrom(); i < range.batchTo(); i++) {
        multiply(
            a,
            aOffset + maps.aBatch().at(i),
            b,
            bOffset + maps.bBatch().at(i),
            c,
            cOffset + maps.cBatch().at(i),
            accumulate,
            range,
            workspace);
      }
    } finally {
      workspaces.giveBack(workspace);
    }
  }

  private boolean isOne(MemorySegment b, long offset) {
    return type == ElementType.FLOAT32
        ? b.get(ValueLayout.JAVA_FLOAT_UNALIGNED, offset) == 1f
        : b.get(ValueLayout.JAVA_DOUBLE_UNALIGNED, offset) == 1d;
  }

  private void copy(MemorySegment a, long aOffset, MemorySegment c, long cOffset, Range range) {
    if (isCrowded) {
      for (long j = range.columnFrom(); j < range.columnTo(); j += CROWDED_COLUMNS) {
        long to = Math.min(j + CROWDED_COLUMNS, range.columnTo());
        for (long i = range.rowFrom(); i < range.rowTo(); i += CROWDED_ROWS) {
          copy(a, aOffset, c, cOffset, i, Math.min(i + CROWDED_ROWS, range.rowTo()), j, to);
        }
      }
      return;
    }
    for (long i = range.rowFrom(); i < range.rowTo(); i += BLOCK_ROWS) {
      long to = Math.min(i + BLOCK_ROWS, range.rowTo());
      for (long j = range.columnFrom(); j < range.columnTo(); j += BLOCK_COLUMNS) {
        copy(a, aOffset, c, cOffset, i, to, j, Math.min(j + BLOCK_COLUMNS, range.columnTo()));
      }
    }
  }

  private void copy(
      MemorySegment a,
      long aOffset,
      MemorySegment c,
      long cOffset,
      long row,
      long rowTo,
      long column,
      long columnTo) {
    long aStride = maps.columns().aStride();
    long cStride = maps.rows().cStride();
    blocks.transpose(
        (int) (rowTo - row),
        (int) (columnTo - column),
        a,
        aOffset + row * elementBytes + column * aStride,
        aStride,
        c,
        cOffset + row * cStride + column * elementBytes,
        cStride);
  }

  private void multiply(
      MemorySegment a,
      long aOffset,
      MemorySegment b,
      long bOffset,
      MemorySegment c,
      long cOffset,
      boolean accumulate,
      Range range,
      Workspace<A> workspace) {
    Loop row = maps.rows();
    Loop column = maps.columns();
    long scratchRow = BLOCK_COLUMNS * elementBytes;
    MemorySegment first = workspace.tile(BLOCK_ROWS * scratchRow);
    MemorySegment second = bTransposed ? workspace.staging(BLOCK_ROWS * scratchRow) : b;
    for (long i = range.rowFrom(); i < range.rowTo(); i += BLOCK_ROWS) {
      int rows = (int) Math.min(BLOCK_ROWS, range.rowTo() - i);
      for (long j = range.columnFrom(); j < range.columnTo(); j += BLOCK_COLUMNS) {
        int columns = (int) Math.min(BLOCK_COLUMNS, range.columnTo() - j);
        long aBlock = aOffset + i * elementBytes + j * column.aStride();
        blocks.transpose(rows, columns, a, aBlock, column.aStride(), first, 0, scratchRow);
        long bBlock = bOffset + i * row.bStride() + j * column.bStride();
        if (bTransposed) {
          blocks.transpose(rows, columns, b, bBlock, column.bStride(), second, 0, scratchRow);
        }
        long cBlock = cOffset + i * row.cStride() + j * elementBytes;
        if (column.bStride() == 0) {
          products.scale(
              rows,
              columns,
              first,
              0,
              scratchRow,
              b,
              bBlock,
              row.bStride(),
              c,
              cBlock,
              row.cStride(),
              accumulate);
        } else {
          products.multiply(
              rows,
              columns,
              first,
              0,
              scratchRow,
              second,
              bTransposed ? 0 : bBlock,
              bTransposed ? scratchRow : row.bStride(),
              c,
              cBlock,
              row.cStride(),
              accumulate);
        }
      }
    }
  }

  @Override
  public String toString() {
    return "products of transposed blocks, " + maps;
  }
}
