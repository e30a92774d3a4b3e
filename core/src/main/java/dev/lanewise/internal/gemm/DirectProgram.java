package dev.lanewise.internal.gemm;

import dev.lanewise.internal.kernel.BlockKernels;
import dev.lanewise.internal.kernel.DirectKernels;
import dev.lanewise.internal.kernel.PackedRows;
import dev.lanewise.internal.memory.ScratchPool;
import java.lang.foreign.MemorySegment;

/**
 * The product of small or thin matrices, read where they lie: the columns of B and of C side by
 * side, everything else of any stride.
 *
 * @param <A> the array of packed rows
 */
final class DirectProgram<A> implements MatrixProgram {
  /** Up to so many terms, storing the output is most of the work. */
  static final long SHORT_SUM = 4;

  private final MatrixMaps maps;
  private final DirectKernels kernels;
  private final BlockKernels<A> blocks;
  private final ScratchPool<Workspace<A>> workspaces;
  private final int elementBytes;
  private final int mostVectors;

  /**
   * A program.
   *
   * @param maps the operands, of at least one vector of columns
   * @param kernels of the width to use
   * @param blocks to add up blocks of the sum
   * @param workspaces for blocks of the sum
   * @param elementBytes the size of an element
   */
  DirectProgram(
      MatrixMaps maps,
      DirectKernels kernels,
      BlockKernels<A> blocks,
      ScratchPool<Workspace<A>> workspaces,
      int elementBytes) {
    this.maps = maps;
    this.kernels = kernels;
    this.blocks = blocks;
    this.workspaces = workspaces;
    this.elementBytes = elementBytes;
    this.mostVectors = mostVectors(kernels, Math.min(maps.m(), maps.k()));
  }

  /**
   * The fewer the rows, the wider a tile must be to keep the multiply-add units busy; and the
   * shorter the sums, to store long runs of the output.
   */
  private static int mostVectors(DirectKernels kernels, long rowsOrTerms) {
    long rows = Math.max(1, Math.min(rowsOrTerms, kernels.maxRows(2)));
    int vectors = 1;
    while (kernels.maxRows(2 * vectors) >= rows) {
      vectors *= 2;
    }
    return vectors;
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
    if (!accumulate && maps.k() <= PackedRows.LENGTH) {
      for (long i = range.batchFrom(); i < range.batchTo(); i++) {
        block(
            a,
            aOffset + maps.aBatch().at(i),
            b,
            bOffset + maps.bBatch().at(i),
            (int) maps.k(),
            c,
            cOffset + maps.cBatch().at(i),
            range,
            MemorySegment.NULL);
      }
      return;
    }
    Workspace<A> workspace = workspaces.take();
    try {
      MemorySegment tile = workspace.tile((long) largestTile() * elementBytes);
      for (long i = range.batchFrom(); i < range.batchTo(); i++) {
        long pc = 0;
        do { // a sum over nothing is 0
          block(
              a,
              aOffset + maps.aBatch().at(i) + maps.aColumns().at(pc),
              b,
              bOffset + maps.bBatch().at(i) + maps.bRows().at(pc),
              (int) Math.min(PackedRows.LENGTH, maps.k() - pc),
              c,
              cOffset + maps.cBatch().at(i),
              range,
              accumulate || pc > 0 ? tile : MemorySegment.NULL);
          pc += PackedRows.LENGTH;
        } while (pc < maps.k());
      }
    } finally {
      workspaces.giveBack(workspace);
    }
  }

  private int largestTile() {
    int largest = 0;
    for (int vectors = 1; vectors <= mostVectors; vectors *= 2) {
      largest = Math.max(largest, kernels.maxRows(vectors) * vectors * kernels.lanes());
    }
    return largest;
  }

  /**
   * One block of the sum: stored where it belongs, or, where there is a tile of scratch memory,
   * added by way of that.
   */
  private void block(
      MemorySegment a,
      long aOffset,
      MemorySegment b,
      long bOffset,
      int kc,
      MemorySegment c,
      long cOffset,
      Range range,
      MemorySegment scratch) {
    int lanes = kernels.lanes();
    int columns = (int) (range.columnTo() - range.columnFrom());
    int rows = (int) (range.rowTo() - range.rowFrom());
    boolean direct = scratch.byteSize() == 0;
    long aStart = aOffset + maps.aRows().at(range.rowFrom());
    long cStart = cOffset + maps.cRows().at(range.rowFrom());
    int j = 0;
    while (j < columns) {
      int vectors = Blocking.vectorsNeeded(columns - j, lanes, mostVectors);
      int width = Math.min(columns - j, vectors * lanes);
      int overlap = Math.max(0, lanes - width);
      long column = range.columnFrom() + j - overlap;
      long bStart = bOffset + column * elementBytes;
      long last = (long) (width + overlap - lanes) * elementBytes;
      int most = kernels.maxRows(vectors);
      int tiles = (rows + most - 1) / most;
      int i = 0;
      for (int t = 0; t < tiles; t++) {
        int mr = (rows - i) / (tiles - t);
        long aTile = aStart + i * maps.aRows().strideBytes();
        long cTile = cStart + i * maps.cRows().strideBytes() + column * elementBytes;
        kernels.multiply(
            mr,
            vectors,
            kc,
            a,
            aTile,
            maps.aRows().strideBytes(),
            maps.aColumns().strideBytes(),
            b,
            bStart,
            maps.bRows().strideBytes(),
            last,
            direct ? c : scratch,
            direct ? cTile : 0,
            direct ? maps.cRows().strideBytes() : (long) vectors * lanes * elementBytes);
        if (!direct) {
          blocks.add(
              mr,
              width,
              scratch,
              (long) overlap * elementBytes,
              (long) vectors * lanes * elementBytes,
              c,
              cTile + (long) overlap * elementBytes,
              maps.cRows().strideBytes());
        }
        i += mr;
      }
      j += width;
    }
  }

  @Override
  public String toString() {
    return "direct product of " + kernels.lanes() + " lanes";
  }
}
