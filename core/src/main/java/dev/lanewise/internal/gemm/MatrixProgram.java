package dev.lanewise.internal.gemm;

import java.lang.foreign.MemorySegment;

/**
 * One product of matrices, {@code C (+)= A B}, over maps that were given when the program was made.
 * Offsets are in bytes.
 */
interface MatrixProgram {
  void run(
      MemorySegment a,
      long aOffset,
      MemorySegment b,
      long bOffset,
      MemorySegment c,
      long cOffset,
      boolean accumulate,
      Workspace workspace);
}
