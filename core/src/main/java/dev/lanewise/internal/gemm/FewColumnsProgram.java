package dev.lanewise.internal.gemm;

import dev.lanewise.internal.kernel.ContractionKernels;
import dev.lanewise.internal.kernel.DirectKernels;
import dev.lanewise.internal.kernel.PackedRows;
import dev.lanewise.internal.memory.ScratchPool;
import java.lang.foreign.MemorySegment;

/**
 * The product of a tall matrix and one of fewer columns than a vector has lanes, where the rows of
 * C lie one behind the other: B is packed with zeros up to the narrowest vector that holds a row,
 * and each row of C is stored as such a vector. What it holds beyond the row lands where the next
 * rows are stored afterwards; the last rows take the way over scratch memory.
 *
 * @param <A> the array of packed rows
 */
final class FewColumnsProgram<A> implements MatrixProgram {
  /** With fewer columns than such a part of a vector, a transposed product has fewer idle lanes. */
  private static final int LEAST_PART = 4;

  private final MatrixMaps maps;
  private final DirectKernels direct;
  private final ContractionKernels<A> kernels;
  private final PanelPacking<A> panelPacking;
  private final ScratchPool<Workspace<A>> workspaces;
  private final Gemm<A> packing;
  private final int columns;
  private final int elementBytes;

  /** The distance of rows of the packed B, and of tiles in scratch memory. */
  private final long vectorBytes;

  /** How many rows a vector reaches into behind its own. */
  private final int rowsBehind;

  /**
   * A program.
   *
   * @param maps the operands, for which {@link #fits} holds
   */
  FewColumnsProgram(
      MatrixMaps maps, ContractionKernels<A> kernels, ScratchPool<Workspace<A>> workspaces) {
    this.maps = maps;
    this.direct = narrowest(kernels, maps.n());
    this.kernels = kernels;
    this.panelPacking = new PanelPacking<>(maps.bRows(), maps.bColumns(), kernels);
    this.workspaces = workspaces;
    this.packing = new Gemm<>(maps, kernels, workspaces);
    this.columns = (int) maps.n();
    this.elementBytes = kernels.type().sizeBytes();
    this.vectorBytes = (long) direct.lanes() * elementBytes;
    this.rowsBehind = Blocking.parts(direct.lanes() - columns, columns);
  }

  /**
   * Whether this is the way for a product. Where the rows of A lie side by side, they are the
   * columns of a product with its factors exchanged that needs no packing; a row of half a vector
   * needs none as it is.
   */
  static boolean fits(MatrixMaps maps, ContractionKernels<?> kernels) {
    int elementBytes = kernels.type().sizeBytes();
    long lanes = kernels.tiles().lanes();
    return maps.isStrided()
        && maps.n() >= Math.max(2, lanes / LEAST_PART)
        && maps.n() < lanes
        && maps.n() != lanes / 2
        && maps.m() >= 4 * lanes
        && maps.m() <= Blocking.MOST
        && maps.k() > DirectProgram.SHORT_SUM
        && maps.cColumns().isContiguous(elementBytes)
        && maps.cRows().strideBytes() == maps.n() * elementBytes
        && !maps.aRows().isContiguous(elementBytes)
        && kernels.direct().stream().anyMatch(direct -> direct.lanes() >= maps.n());
  }

  private static DirectKernels narrowest(ContractionKernels<?> kernels, long columns) {
    return kernels.direct().stream()
        .filter(direct -> direct.lanes() >= columns)
        .reduce((_, narrower) -> narrower)
        .orElseThrow();
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
    Workspace<A> workspace = workspaces.take();
    try {
      for (long i = range.batchFrom(); i < range.batchTo(); i++) {
        for (long pc = 0; pc < maps.k(); pc += PackedRows.LENGTH) {
          int kc = (int) Math.min(PackedRows.LENGTH, maps.k() - pc);
          MemorySegment panel = workspace.packedB(kc * vectorBytes);
          panelPacking.pack(
              b,
              bOffset + maps.bBatch().at(i),
              pc,
              kc,
              0,
              columns,
              direct.lanes(),
              panel,
              0,
              vectorBytes,
              workspace);
          block(
              a,
              aOffset + maps.aBatch().at(i) + maps.aColumns().at(pc),
              kc,
              panel,
              c,
              cOffset + maps.cBatch().at(i),
              accumulate || pc > 0,
              range,
              workspace);
        }
      }
    } finally {
      workspaces.giveBack(workspace);
    }
  }

  /** One block of the sum: most rows where they belong, the last ones one tile at a time. */
  private void block(
      MemorySegment a,
      long aOffset,
      int kc,
      MemorySegment panel,
      MemorySegment c,
      long cOffset,
      boolean add,
      Range range,
      Workspace<A> workspace) {
    int most = direct.maxRows(1);
    int rows = (int) (range.rowTo() - range.rowFrom());
    int stored = add ? 0 : Math.max(0, rows - rowsBehind) / most * most;
    long aRow = aOffset + maps.aRows().at(range.rowFrom());
    long cRow = cOffset + maps.cRows().at(range.rowFrom());
    long aRowBytes = maps.aRows().strideBytes();
    long cRowBytes = maps.cRows().strideBytes();
    if (stored > 0) {
      multiply(most, stored / most, kc, a, aRow, panel, c, cRow, cRowBytes);
    }
    MemorySegment tile = workspace.tile(most * vectorBytes);
    for (int i = stored; i < rows; i += most) {
      int mr = Math.min(most, rows - i);
      multiply(mr, 1, kc, a, aRow + i * aRowBytes, panel, tile, 0, vectorBytes);
      long to = cRow + i * cRowBytes;
      if (add) {
        kernels.blocks().add(mr, columns, tile, 0, vectorBytes, c, to, cRowBytes);
      } else {
        kernels.blocks().copy(mr, columns, tile, 0, vectorBytes, c, to, cRowBytes);
      }
    }
  }

  private void multiply(
      int mr,
      int count,
      int kc,
      MemorySegment a,
      long aOffset,
      MemorySegment panel,
      MemorySegment to,
      long toOffset,
      long toRowBytes) {
    direct.multiply(
        mr,
        1,
        count,
        kc,
        a,
        aOffset,
        maps.aRows().strideBytes(),
        maps.aColumns().strideBytes(),
        panel,
        0,
        vectorBytes,
        0,
        to,
        toOffset,
        toRowBytes);
  }

  @Override
  public String toString() {
    return "few columns, B filled up to " + direct.lanes() + " lanes";
  }
}
