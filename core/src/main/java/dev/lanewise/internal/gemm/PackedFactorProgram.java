package dev.lanewise.internal.gemm;

import dev.lanewise.internal.kernel.ContractionKernels;
import dev.lanewise.internal.kernel.PackedRows;
import dev.lanewise.internal.memory.ScratchPool;
import java.lang.foreign.MemorySegment;

/**
 * The product of a matrix that is read where it lies and a small one that cannot be, as its columns
 * do not lie side by side: a block of the sum at a time, all columns of B are packed, which stay in
 * a near cache while all rows of A meet them. Its kernels slice A.
 *
 * @param <A> the array of packed rows
 */
final class PackedFactorProgram<A> implements MatrixProgram {
  /** By fewer rows of A a packed B is used too seldom: {@link Gemm} packs it panel by panel. */
  private static final int FEWEST_ROWS = 16;

  private final MatrixMaps maps;
  private final DirectTiles<A> tiles;
  private final PanelPacking<A> panelPacking;
  private final ScratchPool<Workspace<A>> workspaces;
  private final int columns;

  /** The distance of rows of the packed B. */
  private final long rowBytes;

  /**
   * A program.
   *
   * @param maps the operands, which {@link #reads} holds for
   */
  PackedFactorProgram(
      MatrixMaps maps, ContractionKernels<A> kernels, ScratchPool<Workspace<A>> workspaces) {
    this.maps = maps;
    this.columns = (int) maps.n();
    this.rowBytes = (long) columns * kernels.type().sizeBytes();
    this.tiles = new DirectTiles<>(maps, rowBytes, kernels.direct().getFirst(), kernels);
    this.panelPacking = new PanelPacking<>(maps.bRows(), maps.bColumns(), kernels);
    this.workspaces = workspaces;
  }

  /**
   * Whether a product can be computed so: A and C have strides, the columns of C lie side by side,
   * and they fill a vector.
   */
  static boolean reads(MatrixMaps maps, ContractionKernels<?> kernels) {
    return maps.aRows().isStrided()
        && maps.aColumns().isStrided()
        && maps.cRows().isStrided()
        && maps.cColumns().isContiguous(kernels.type().sizeBytes())
        && maps.k() > 0
        && !kernels.direct().isEmpty()
        && maps.n() >= kernels.tiles().lanes();
  }

  /** Whether that is the fastest way: B is small, and has to be packed anyway. */
  static boolean fits(MatrixMaps maps, ContractionKernels<?> kernels) {
    int size = kernels.type().sizeBytes();
    return reads(maps, kernels)
        && !(maps.bRows().isStrided() && maps.bColumns().isContiguous(size))
        && maps.m() >= FEWEST_ROWS
        && DirectTiles.isNearB(maps, size)
        && (maps.k() <= PackedRows.LENGTH || DirectTiles.addsBlocksWell(maps, size));
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
    Workspace<A> workspace = workspaces.take();
    try {
      for (long i = range.batchFrom(); i < range.batchTo(); i++) {
        for (long pc = 0; pc < maps.k(); pc += PackedRows.LENGTH) {
          int kc = (int) Math.min(PackedRows.LENGTH, maps.k() - pc);
          MemorySegment panel = workspace.packedB(kc * rowBytes);
          long matrix = bOffset + maps.bBatch().at(i);
          panelPacking.pack(b, matrix, pc, kc, 0, columns, columns, panel, 0, rowBytes, workspace);
          block(
              a,
              aOffset + maps.aBatch().at(i) + maps.aColumns().at(pc),
              kc,
              panel,
              c,
              cOffset + maps.cBatch().at(i),
              range,
              accumulate || pc > 0 ? workspace.tile(tiles.scratchBytes()) : MemorySegment.NULL);
        }
      }
    } finally {
      workspaces.giveBack(workspace);
    }
  }

  private void block(
      MemorySegment a,
      long aOffset,
      int kc,
      MemorySegment panel,
      MemorySegment c,
      long cOffset,
      Range range,
      MemorySegment scratch) {
    int rowsAtATime = tiles.rowsAtATime();
    for (long row = range.rowFrom(); row < range.rowTo(); row += rowsAtATime) {
      tiles.multiply(
          (int) Math.min(rowsAtATime, range.rowTo() - row),
          kc,
          a,
          aOffset + maps.aRows().at(row),
          panel,
          0,
          c,
          cOffset + maps.cRows().at(row),
          range,
          scratch);
    }
  }

  @Override
  public String toString() {
    return "direct product of " + tiles.lanes() + " lanes, B packed";
  }
}
