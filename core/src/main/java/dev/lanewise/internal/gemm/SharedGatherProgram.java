package dev.lanewise.internal.gemm;

import dev.lanewise.internal.kernel.ContractionKernels;
import dev.lanewise.internal.memory.ScratchPool;
import java.lang.foreign.MemorySegment;

/**
 * Sums of rows of the first operand, whose terms lie side by side, with one row of the second,
 * whose terms do not: that row is laid side by side once.
 */
final class SharedGatherProgram<A> implements MatrixProgram {
  private final SumMaps maps;
  private final ContractionKernels<A> kernels;
  private final ScratchPool<Workspace<A>> workspaces;

  SharedGatherProgram(
      SumMaps maps, ContractionKernels<A> kernels, ScratchPool<Workspace<A>> workspaces) {
    this.maps = maps;
    this.kernels = kernels;
    this.workspaces = workspaces;
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
    int k = (int) maps.k();
    Loop rows = maps.rows();
    Workspace<A> workspace = workspaces.take();
    try {
      MemorySegment row = workspace.staging((long) k * kernels.type().sizeBytes());
      for (long i = range.batchFrom(); i < range.batchTo(); i++) {
        maps.bTerms().gather(kernels, b, bOffset + maps.bBatch().at(i), 0, k, row, 0);
        kernels
            .dots()
            .dot(
                (int) (range.rowTo() - range.rowFrom()),
                k,
                a,
                aOffset + maps.aBatch().at(i) + range.rowFrom() * rows.aStride(),
                rows.aStride(),
                row,
                0,
                0,
                c,
                cOffset + maps.cBatch().at(i) + range.rowFrom() * rows.cStride(),
                rows.cStride(),
                accumulate);
      }
    } finally {
      workspaces.giveBack(workspace);
    }
  }

  @Override
  public String toString() {
    return "partial sums, the shared row gathered, " + maps;
  }
}
