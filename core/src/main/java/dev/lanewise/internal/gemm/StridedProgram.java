package dev.lanewise.internal.gemm;

import dev.lanewise.internal.kernel.PackedRows;
import dev.lanewise.internal.kernel.StridedKernels;
import java.lang.foreign.MemorySegment;

/** The product of matrices too small for vectors, read where they lie, one element at a time. */
final class StridedProgram implements MatrixProgram {
  private final MatrixMaps maps;
  private final StridedKernels kernels;

  /** One matrix and one block of the sum: nothing to loop over on the way to the kernel. */
  private final boolean single;

  private final int m;
  private final int n;
  private final int k;
  private final long aRowStride;
  private final long aColumnStride;
  private final long bRowStride;
  private final long bColumnStride;
  private final long cRowStride;
  private final long cColumnStride;

  StridedProgram(MatrixMaps maps, StridedKernels kernels) {
    this.maps = maps;
    this.kernels = kernels;
    this.single = maps.batch() == 1 && maps.k() <= PackedRows.LENGTH;
    this.m = (int) maps.m();
    this.n = (int) maps.n();
    this.k = (int) maps.k();
    this.aRowStride = maps.aRows().strideBytes();
    this.aColumnStride = maps.aColumns().strideBytes();
    this.bRowStride = maps.bRows().strideBytes();
    this.bColumnStride = maps.bColumns().strideBytes();
    this.cRowStride = maps.cRows().strideBytes();
    this.cColumnStride = maps.cColumns().strideBytes();
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
    if (single) {
      block(a, aOffset, b, bOffset, k, c, cOffset, accumulate);
    } else {
      blocks(a, aOffset, b, bOffset, c, cOffset, accumulate, range);
    }
  }

  private void blocks(
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
      int pc = 0;
      do {
        int kc = Math.min(PackedRows.LENGTH, k - pc);
        block(
            a,
            first + pc * aColumnStride,
            b,
            second + pc * bRowStride,
            kc,
            c,
            out,
            accumulate || pc > 0);
        pc += PackedRows.LENGTH;
      } while (pc < k);
    }
  }

  private void block(
      MemorySegment a,
      long aOffset,
      MemorySegment b,
      long bOffset,
      int kc,
      MemorySegment c,
      long cOffset,
      boolean add) {
    kernels.chain(
        m,
        n,
        kc,
        a,
        aOffset,
        aRowStride,
        aColumnStride,
        b,
        bOffset,
        bRowStride,
        bColumnStride,
        c,
        cOffset,
        cRowStride,
        cColumnStride,
        add);
  }

  @Override
  public String toString() {
    return "strided product";
  }
}
