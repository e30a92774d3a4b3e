package dev.lanewise.internal.gemm;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The product of small matrices, without packing: the very order of operations of {@link Gemm}, one
 * element at a time. It also serves a K of 0, whose sum is 0.
 */
final class SmallGemm implements MatrixProgram {
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

  private final MatrixMaps maps;

  SmallGemm(MatrixMaps maps) {
    this.maps = maps;
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
    boolean strided = maps.aColumns().isStrided() && maps.bRows().isStrided();
    long k = maps.k();
    for (long i = 0; i < maps.m(); i++) {
      long aRow = aOffset + maps.aRows().at(i);
      long cRow = cOffset + maps.cRows().at(i);
      for (long j = 0; j < maps.n(); j++) {
        long bColumn = bOffset + maps.bColumns().at(j);
        long at = cRow + maps.cColumns().at(j);
        boolean add = accumulate;
        long block = 0;
        do {
          int kc = (int) Math.min(Gemm.KC, k - block);
          float sum =
              strided
                  ? stridedChain(a, aRow, b, bColumn, block, kc)
                  : chain(a, aRow, b, bColumn, block, kc);
          c.set(FLOAT, at, add ? c.get(FLOAT, at) + sum : sum);
          add = true;
          block += Gemm.KC;
        } while (block < k);
      }
    }
  }

  private float stridedChain(
      MemorySegment a, long aRow, MemorySegment b, long bColumn, long block, int kc) {
    long aStride = maps.aColumns().strideBytes();
    long bStride = maps.bRows().strideBytes();
    long aAt = aRow + block * aStride;
    long bAt = bColumn + block * bStride;
    float sum = 0;
    for (int p = 0; p < kc; p++) {
      sum = Math.fma(a.get(FLOAT, aAt + p * aStride), b.get(FLOAT, bAt + p * bStride), sum);
    }
    return sum;
  }

  private float chain(
      MemorySegment a, long aRow, MemorySegment b, long bColumn, long block, int kc) {
    float sum = 0;
    for (int p = 0; p < kc; p++) {
      float x = a.get(FLOAT, aRow + maps.aColumns().at(block + p));
      float y = b.get(FLOAT, bColumn + maps.bRows().at(block + p));
      sum = Math.fma(x, y, sum);
    }
    return sum;
  }
}
