package dev.lanewise.internal.gemm;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Contractions that sum nothing: outer and elementwise products, transposed copies. Each element is
 * one product; one loop is run here.
 */
final class ProductProgram implements MatrixProgram {
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

  private final MatrixMaps maps;
  private final Loop loop;

  ProductProgram(MatrixMaps maps, Loop loop) {
    this.maps = maps;
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
      Range range) {
    for (long i = range.batchFrom(); i < range.batchTo(); i++) {
      long first = aOffset + maps.aBatch().at(i);
      long second = bOffset + maps.bBatch().at(i);
      long out = cOffset + maps.cBatch().at(i);
      for (long j = 0; j < loop.size(); j++) {
        float product =
            a.get(FLOAT, first + j * loop.aStride()) * b.get(FLOAT, second + j * loop.bStride());
        long at = out + j * loop.cStride();
        c.set(FLOAT, at, accumulate ? c.get(FLOAT, at) + product : product);
      }
    }
  }
}
