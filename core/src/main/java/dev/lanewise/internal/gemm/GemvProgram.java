package dev.lanewise.internal.gemm;

import dev.lanewise.internal.kernel.ContractionKernels;
import dev.lanewise.internal.kernel.GemvKernels;
import dev.lanewise.internal.kernel.PackedRows;
import dev.lanewise.internal.kernel.ReadAhead;
import dev.lanewise.internal.memory.ScratchPool;
import java.lang.foreign.MemorySegment;

/**
 * The product of one row and a matrix whose columns lie in one run each, which are transposed in
 * registers: the matrix is read once, and written nowhere.
 *
 * @param <A> the array of packed rows
 */
final class GemvProgram<A> implements MatrixProgram {
  /**
   * The columns that are gone through to their ends before the next ones, by what they take of C:
   * with more, the lines of one block of the sum are too far apart to be read ahead.
   */
  private static final int BYTES = 1 << 10;

  private final MatrixMaps maps;
  private final GemvKernels<A> gemv;
  private final RowPacking<A> rowPacking;
  private final OutputBlocks output;
  private final ScratchPool<Workspace<A>> workspaces;
  private final int elementBytes;

  /** Whether the columns that the kernel takes at a time are read before. */
  private final boolean readsAhead;

  /**
   * A program.
   *
   * @param maps the operands, for which {@link #fits} holds
   */
  GemvProgram(
      MatrixMaps maps, ContractionKernels<A> kernels, ScratchPool<Workspace<A>> workspaces) {
    this.maps = maps;
    this.gemv = kernels.gemv().orElseThrow();
    this.rowPacking = new RowPacking<>(maps.aRows(), maps.aColumns(), kernels);
    this.output = new OutputBlocks(maps.cRows(), maps.cColumns(), kernels);
    this.workspaces = workspaces;
    this.elementBytes = kernels.type().sizeBytes();
    this.readsAhead = maps.k() <= PackedRows.LENGTH && ReadAhead.pays(maps.bBytes());
  }

  /** Whether a product can be computed so. */
  static boolean fits(MatrixMaps maps, ContractionKernels<?> kernels) {
    int elementBytes = kernels.type().sizeBytes();
    return maps.m() == 1
        && kernels
            .gemv()
            .filter(gemv -> maps.n() >= gemv.lanes() && maps.k() >= gemv.lanes() / 2)
            .isPresent()
        && maps.bRows().isContiguous(elementBytes)
        && maps.bColumns().isStrided()
        && maps.bColumns().strideBytes() >= elementBytes
        && maps.cColumns().isContiguous(elementBytes);
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
      A x = workspace.packedA(PackedRows.PITCH);
      MemorySegment some = workspace.tile(BYTES);
      int most = BYTES / elementBytes;
      for (long i = range.batchFrom(); i < range.batchTo(); i++) {
        long matrix = bOffset + maps.bBatch().at(i);
        long result = cOffset + maps.cBatch().at(i);
        for (long j = range.columnFrom(); j < range.columnTo(); j += most) {
          int columns = (int) Math.min(most, range.columnTo() - j);
          for (long pc = 0; pc < maps.k(); pc += PackedRows.LENGTH) {
            int kc = (int) Math.min(PackedRows.LENGTH, maps.k() - pc);
            rowPacking.pack(a, aOffset + maps.aBatch().at(i), 0, 1, pc, kc, x, workspace);
            boolean add = accumulate || pc > 0;
            block(kc, x, b, matrix + maps.bRows().at(pc), c, result, j, columns, add, some);
          }
        }
      }
    } finally {
      workspaces.giveBack(workspace);
    }
  }

  /** Some columns of a block of the sum. */
  private void block(
      int kc,
      A x,
      MemorySegment b,
      long bOffset,
      MemorySegment c,
      long cOffset,
      long from,
      int columns,
      boolean add,
      MemorySegment some) {
    // Fewer than a vector are computed with some beside them, whose elements are left alone.
    int count = Math.max(columns, gemv.lanes());
    long first = Math.min(from, maps.n() - count);
    boolean direct = !add && count == columns;
    long column = bOffset + maps.bColumns().at(first);
    long stride = maps.bColumns().strideBytes();
    MemorySegment out = direct ? c : some;
    long result = direct ? cOffset + maps.cColumns().at(from) : 0;
    int together = readsAhead ? gemv.lanes() : count;
    int read = 0;
    for (int i = 0; i < count; i += together) {
      // The last ones are moved back to end with the matrix.
      int at = Math.min(i, count - together);
      long start = column + at * stride;
      if (readsAhead) {
        read ^= ReadAhead.rows(b, start, together, (long) kc * elementBytes, stride);
      }
      gemv.multiply(together, kc, b, start, stride, x, out, result + (long) at * elementBytes);
    }
    if (readsAhead) {
      ReadAhead.keep(read);
    }
    if (direct) {
      return;
    }
    long own = (from - first) * elementBytes;
    output.store(some, own, 0, 1, columns, c, cOffset, 0, from, add);
  }

  @Override
  public String toString() {
    return "one row times the columns of a matrix";
  }
}
