package dev.lanewise.internal.gemm;

import dev.lanewise.internal.kernel.ContractionKernels;
import dev.lanewise.internal.kernel.DirectKernels;
import dev.lanewise.internal.kernel.PackedRows;
import dev.lanewise.internal.memory.ScratchPool;
import java.lang.foreign.MemorySegment;

/**
 * The product of matrices that are both read where they lie, as packing B would not pay: the
 * columns of B and of C side by side, everything else of any stride. Its kernels slice A.
 *
 * @param <A> the array of packed rows
 */
final class DirectProgram<A> implements MatrixProgram {
  /** Up to so many terms, storing the output is most of the work. */
  static final long SHORT_SUM = 4;

  private final MatrixMaps maps;
  private final DirectTiles<A> tiles;
  private final ScratchPool<Workspace<A>> workspaces;

  /**
   * A program.
   *
   * @param maps the operands, of at least one vector of columns and one term
   * @param direct of the width to use
   * @param kernels to add up blocks of the sum
   * @param workspaces for blocks of the sum
   */
  DirectProgram(
      MatrixMaps maps,
      DirectKernels direct,
      ContractionKernels<A> kernels,
      ScratchPool<Workspace<A>> workspaces) {
    this.maps = maps;
    this.tiles = new DirectTiles<>(maps, maps.bRows().strideBytes(), direct, kernels);
    this.workspaces = workspaces;
  }

  /** How many vectors the next panel of columns takes. */
  int vectors(int columnsLeft) {
    return tiles.vectors(columnsLeft);
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
      multiply(a, aOffset, b, bOffset, c, cOffset, false, range, MemorySegment.NULL);
      return;
    }
    Workspace<A> workspace = workspaces.take();
    try {
      MemorySegment scratch = workspace.tile(tiles.scratchBytes());
      multiply(a, aOffset, b, bOffset, c, cOffset, accumulate, range, scratch);
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
      MemorySegment scratch) {
    int rowsAtATime = tiles.rowsAtATime();
    for (long i = range.batchFrom(); i < range.batchTo(); i++) {
      for (long row = range.rowFrom(); row < range.rowTo(); row += rowsAtATime) {
        int rows = (int) Math.min(rowsAtATime, range.rowTo() - row);
        for (long pc = 0; pc < maps.k(); pc += PackedRows.LENGTH) {
          tiles.multiply(
              rows,
              (int) Math.min(PackedRows.LENGTH, maps.k() - pc),
              a,
              aOffset + maps.aBatch().at(i) + maps.aRows().at(row) + maps.aColumns().at(pc),
              b,
              bOffset + maps.bBatch().at(i) + maps.bRows().at(pc),
              c,
              cOffset + maps.cBatch().at(i) + maps.cRows().at(row),
              range,
              accumulate || pc > 0 ? scratch : MemorySegment.NULL);
        }
      }
    }
  }

  @Override
  public String toString() {
    return "direct product of " + tiles.lanes() + " lanes";
  }
}
