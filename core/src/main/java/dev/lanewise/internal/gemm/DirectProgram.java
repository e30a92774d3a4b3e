package dev.lanewise.internal.gemm;

import dev.lanewise.internal.kernel.BlockKernels;
import dev.lanewise.internal.kernel.ContractionKernels;
import dev.lanewise.internal.kernel.DirectKernels;
import dev.lanewise.internal.kernel.PackedRows;
import dev.lanewise.internal.memory.ScratchPool;
import java.lang.foreign.MemorySegment;

/**
 * The product of matrices that are both read where they lie, as packing B would not pay: the
 * columns of B and of C side by side, everything else of any stride. A mapped A, which kernels do
 * not slice, is packed by {@link Gemm}.
 *
 * @param <A> the array of packed rows
 */
final class DirectProgram<A> implements MatrixProgram {
  /** Up to so many terms, storing the output is most of the work. */
  static final long SHORT_SUM = 4;

  /** Tiles that are added at a time: they stay in the L1 cache until then. */
  private static final int TILES_ADDED = 16;

  private final MatrixMaps maps;
  private final DirectKernels kernels;
  private final BlockKernels<A> blocks;
  private final ScratchPool<Workspace<A>> workspaces;
  private final Gemm<A> packing;
  private final int elementBytes;
  private final int mostVectors;
  private final int rowsAtATime;

  /**
   * A program.
   *
   * @param maps the operands, of at least one vector of columns and one term
   * @param direct of the width to use
   * @param kernels to add up blocks of the sum, and to pack what is mapped
   * @param workspaces for blocks of the sum
   */
  DirectProgram(
      MatrixMaps maps,
      DirectKernels direct,
      ContractionKernels<A> kernels,
      ScratchPool<Workspace<A>> workspaces) {
    this.maps = maps;
    this.kernels = direct;
    this.blocks = kernels.blocks();
    this.workspaces = workspaces;
    this.packing = new Gemm<>(maps, kernels, workspaces);
    this.elementBytes = kernels.type().sizeBytes();
    this.mostVectors = mostVectors(direct, Math.min(maps.m(), maps.k()));
    this.rowsAtATime = Gemm.rowsAtATime(maps, elementBytes, direct.maxRows(mostVectors));
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

  /**
   * How many vectors the next panel of columns takes. The last three are one panel, where a tile of
   * three has as many sums on their way as one of two: one vector alone takes a load for each
   * multiply-add.
   */
  int vectors(int columnsLeft) {
    int left = (columnsLeft + kernels.lanes() - 1) / kernels.lanes();
    if (left == 3 && 3 * kernels.maxRows(3) >= 2 * kernels.maxRows(2)) {
      return 3;
    }
    return Blocking.vectorsNeeded(columnsLeft, kernels.lanes(), mostVectors);
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
    if (a.isMapped()) {
      packing.run(a, aOffset, b, bOffset, c, cOffset, accumulate, range);
      return;
    }
    if (!accumulate && maps.k() <= PackedRows.LENGTH) {
      multiply(a, aOffset, b, bOffset, c, cOffset, false, range, MemorySegment.NULL);
      return;
    }
    Workspace<A> workspace = workspaces.take();
    try {
      MemorySegment tiles = workspace.tile((long) TILES_ADDED * largestTile() * elementBytes);
      multiply(a, aOffset, b, bOffset, c, cOffset, accumulate, range, tiles);
    } finally {
      workspaces.giveBack(workspace);
    }
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
      MemorySegment tiles) {
    for (long i = range.batchFrom(); i < range.batchTo(); i++) {
      for (long row = range.rowFrom(); row < range.rowTo(); row += rowsAtATime) {
        int rows = (int) Math.min(rowsAtATime, range.rowTo() - row);
        for (long pc = 0; pc < maps.k(); pc += PackedRows.LENGTH) {
          block(
              rows,
              a,
              aOffset + maps.aBatch().at(i) + maps.aRows().at(row) + maps.aColumns().at(pc),
              b,
              bOffset + maps.bBatch().at(i) + maps.bRows().at(pc),
              (int) Math.min(PackedRows.LENGTH, maps.k() - pc),
              c,
              cOffset + maps.cBatch().at(i) + maps.cRows().at(row),
              range,
              accumulate || pc > 0 ? tiles : MemorySegment.NULL);
        }
      }
    }
  }

  private int largestTile() {
    int largest = 0;
    for (int vectors = 1; vectors <= kernels.maxVectors(); vectors++) {
      largest = Math.max(largest, kernels.maxRows(vectors) * vectors * kernels.lanes());
    }
    return largest;
  }

  /**
   * Some rows of one block of the sum: stored where it belongs, or, where there is scratch memory,
   * added by way of that, some tiles at a time.
   */
  private void block(
      int rows,
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
    boolean direct = scratch.byteSize() == 0;
    int j = 0;
    while (j < columns) {
      int vectors = vectors(columns - j);
      int width = Math.min(columns - j, vectors * lanes);
      int overlap = Math.max(0, lanes - width);
      long column = range.columnFrom() + j - overlap;
      long bStart = bOffset + column * elementBytes;
      long last = (long) Math.max(0, width - lanes) * elementBytes;
      int tiles = Blocking.parts(rows, kernels.maxRows(vectors));
      int i = 0;
      for (int t = 0; t < tiles; ) {
        int mr = (rows - i) / (tiles - t);
        int same = Blocking.sameSize(rows - i, tiles - t);
        int count = direct ? same : Math.min(same, TILES_ADDED);
        long aTile = aOffset + i * maps.aRows().strideBytes();
        long cTile = cOffset + i * maps.cRows().strideBytes() + column * elementBytes;
        kernels.multiply(
            mr,
            vectors,
            count,
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
              count * mr,
              width,
              scratch,
              (long) overlap * elementBytes,
              (long) vectors * lanes * elementBytes,
              c,
              cTile + (long) overlap * elementBytes,
              maps.cRows().strideBytes());
        }
        i += count * mr;
        t += count;
      }
      j += width;
    }
  }

  @Override
  public String toString() {
    return "direct product of " + kernels.lanes() + " lanes";
  }
}
