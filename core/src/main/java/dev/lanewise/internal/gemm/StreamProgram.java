package dev.lanewise.internal.gemm;

import dev.lanewise.internal.kernel.ContractionKernels;
import dev.lanewise.internal.kernel.PackedRows;
import dev.lanewise.internal.memory.ScratchPool;
import dev.lanewise.internal.memory.Zeros;
import java.lang.foreign.MemorySegment;

/**
 * The product of one row and a large matrix whose columns lie side by side: the matrix is read as
 * it lies, some rows at a time, and the result stays in the L1 cache.
 *
 * @param <A> the array of packed rows
 */
final class StreamProgram<A> implements MatrixProgram {
  /** The columns of the result at a time: a third of an L1 cache. */
  private static final int BYTES = 16 << 10;

  private final MatrixMaps maps;
  private final ContractionKernels<A> kernels;
  private final ScratchPool<Workspace<A>> workspaces;
  private final int elementBytes;

  StreamProgram(
      MatrixMaps maps, ContractionKernels<A> kernels, ScratchPool<Workspace<A>> workspaces) {
    this.maps = maps;
    this.kernels = kernels;
    this.workspaces = workspaces;
    this.elementBytes = kernels.type().sizeBytes();
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
      MemorySegment row = workspace.tile(BYTES);
      for (long i = range.batchFrom(); i < range.batchTo(); i++) {
        for (long j = range.columnFrom(); j < range.columnTo(); j += BYTES / elementBytes) {
          int columns = (int) Math.min(BYTES / elementBytes, range.columnTo() - j);
          columns(
              a,
              aOffset + maps.aBatch().at(i),
              b,
              bOffset + maps.bBatch().at(i) + j * elementBytes,
              c,
              cOffset + maps.cBatch().at(i) + j * elementBytes,
              columns,
              accumulate,
              row);
        }
      }
    } finally {
      workspaces.giveBack(workspace);
    }
  }

  private void columns(
      MemorySegment a,
      long aOffset,
      MemorySegment b,
      long bOffset,
      MemorySegment c,
      long cOffset,
      int columns,
      boolean accumulate,
      MemorySegment row) {
    long bytes = (long) columns * elementBytes;
    long pc = 0;
    do { // a sum over nothing is 0
      int kc = (int) Math.min(PackedRows.LENGTH, maps.k() - pc);
      boolean add = accumulate || pc > 0;
      MemorySegment y = add ? row : c;
      long yOffset = add ? 0 : cOffset;
      Zeros.fill(y, yOffset, bytes);
      kernels.stream()
          .update(
              kc,
              columns,
              a,
              aOffset + maps.aColumns().at(pc),
              maps.aColumns().strideBytes(),
              b,
              bOffset + maps.bRows().at(pc),
              maps.bRows().strideBytes(),
              y,
              yOffset);
      if (add) {
        kernels.blocks().add(1, columns, row, 0, 0, c, cOffset, 0);
      }
      pc += PackedRows.LENGTH;
    } while (pc < maps.k());
  }

  @Override
  public String toString() {
    return "one row times a matrix as it lies";
  }
}
