package dev.lanewise.internal.gemm;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Contractions that sum nothing: outer and elementwise products, transposed copies. Each element is
 * one product; one loop is run here.
 */
final class ProductProgram implements MatrixProgram {
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

  private final Loop loop;

  ProductProgram(Loop loop) {
    this.loop = loop;
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
      Workspace workspace) {
    for (long i = 0; i < loop.size(); i++) {
      float product =
          a.get(FLOAT, aOffset + i * loop.aStride()) * b.get(FLOAT, bOffset + i * loop.bStride());
      long at = cOffset + i * loop.cStride();
      c.set(FLOAT, at, accumulate ? c.get(FLOAT, at) + product : product);
    }
  }
}
