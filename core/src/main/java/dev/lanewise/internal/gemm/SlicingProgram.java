package dev.lanewise.internal.gemm;

import dev.lanewise.internal.kernel.ContractionKernels;
import dev.lanewise.internal.memory.ScratchPool;
import java.lang.foreign.MemorySegment;

/**
 * A program whose kernels slice one of its operands. They cannot where it is mapped: then {@link
 * Gemm}, which packs it, computes the same.
 */
final class SlicingProgram implements MatrixProgram {
  /** The operand that is sliced. */
  enum Operand {
    /** The first. */
    A,
    /** The second. */
    B
  }

  private final Operand sliced;
  private final MatrixProgram program;
  private final MatrixProgram packing;

  <A> SlicingProgram(
      Operand sliced,
      MatrixProgram program,
      MatrixMaps maps,
      ContractionKernels<A> kernels,
      ScratchPool<Workspace<A>> workspaces) {
    this.sliced = sliced;
    this.program = program;
    this.packing = new Gemm<>(maps, kernels, workspaces);
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
    boolean mapped = (sliced == Operand.A ? a : b).isMapped();
    (mapped ? packing : program).run(a, aOffset, b, bOffset, c, cOffset, accumulate, range);
  }

  @Override
  public String toString() {
    return program.toString();
  }
}
