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

  /** Rows that are added at a time: they stay in the L1 cache until then. */
  private static final int ROWS_AT_A_TIME = 128;

  private final MatrixMaps maps;
  private final DirectKernels direct;
  private final ContractionKernels<A> kernels;
  private final PanelPacking<A> panelPacking;
  private final ScratchPool<Workspace<A>> workspaces;
  private final int columns;

  /** The distance of rows of the packed B. */
  private final long vectorBytes;

  /** The distance of rows of C. */
  private final long rowBytes;

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
    this.columns = (int) maps.n();
    int elementBytes = kernels.type().sizeBytes();
    this.vectorBytes = (long) direct.lanes() * elementBytes;
    this.rowBytes = (long) columns * elementBytes;
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
        && !maps.aRows().isContiguous(elementBytes);
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

  /** One block of the sum: most rows where they belong, the last ones by way of scratch memory. */
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
    int rows = (int) (range.rowTo() - range.rowFrom());
    int stored = add ? 0 : Math.max(0, rows - rowsBehind);
    long aRow = aOffset + maps.aRows().at(range.rowFrom());
    long cRow = cOffset + maps.cRows().at(range.rowFrom());
    multiply(stored, kc, a, aRow, panel, c, cRow);
    MemorySegment some = workspace.tile(ROWS_AT_A_TIME * rowBytes + vectorBytes);
    for (int i = stored; i < rows; i += ROWS_AT_A_TIME) {
      int count = Math.min(ROWS_AT_A_TIME, rows - i);
      multiply(count, kc, a, aRow + i * maps.aRows().strideBytes(), panel, some, 0);
      long to = cRow + i * rowBytes;
      kernels.blocks().store(1, count * columns, some, 0, 0, c, to, 0, add);
    }
  }

  /** Some rows, one behind the other, and what the last one's vector holds beyond it. */
  private void multiply(
      int rows,
      int kc,
      MemorySegment a,
      long aOffset,
      MemorySegment panel,
      MemorySegment to,
      long toOffset) {
    int parts = Blocking.parts(rows, direct.maxRows(1));
    int row = 0;
    for (int t = 0; t < parts; ) {
      int mr = (rows - row) / (parts - t);
      int count = Blocking.sameSize(rows - row, parts - t);
      direct.multiply(
          mr,
          1,
          count,
          kc,
          a,
          aOffset + row * maps.aRows().strideBytes(),
          maps.aRows().strideBytes(),
          maps.aColumns().strideBytes(),
          panel,
          0,
          vectorBytes,
          0,
          to,
          toOffset + row * rowBytes,
          rowBytes);
      row += count * mr;
      t += count;
    }
  }

  @Override
  public String toString() {
    return "few columns, B filled up to " + direct.lanes() + " lanes";
  }
}
