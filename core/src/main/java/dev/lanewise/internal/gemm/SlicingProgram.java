package dev.lanewise.internal.gemm;

import java.lang.foreign.MemorySegment;

/**
 * A program whose kernels slice one of its operands. They cannot where it is mapped: then another
 * program computes the same.
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
  private final MatrixProgram ofMapped;

  SlicingProgram(Operand sliced, MatrixProgram program, MatrixProgram ofMapped) {
    this.sliced = sliced;
    this.program = program;
    this.ofMapped = ofMapped;
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
    (mapped ? ofMapped : program).run(a, aOffset, b, bOffset, c, cOffset, accumulate, range);
  }

  @Override
  public String toString() {
    return program.toString();
  }
}
