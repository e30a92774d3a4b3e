package dev.lanewise.internal.gemm;

import dev.lanewise.internal.kernel.PackedRows;
import dev.lanewise.internal.kernel.StridedKernels;
import java.lang.foreign.MemorySegment;

/**
 * The product of matrices too small for vectors, read where they lie, one element at a time. It
 * also serves a K of 0, whose sum is 0.
 */
final class StridedProgram implements MatrixProgram {
  private final MatrixMaps maps;
  private final StridedKernels kernels;

  StridedProgram(MatrixMaps maps, StridedKernels kernels) {
    this.maps = maps;
    this.kernels = kernels;
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
    int rows = (int) (range.rowTo() - range.rowFrom());
    int columns = (int) (range.columnTo() - range.columnFrom());
    for (long i = range.batchFrom(); i < range.batchTo(); i++) {
      long first = aOffset + maps.aBatch().at(i) + maps.aRows().at(range.rowFrom());
      long second = bOffset + maps.bBatch().at(i) + maps.bColumns().at(range.columnFrom());
      long out =
          cOffset
              + maps.cBatch().at(i)
              + maps.cRows().at(range.rowFrom())
              + maps.cColumns().at(range.columnFrom());
      long block = 0;
      do {
        kernels.chain(
            rows,
            columns,
            (int) Math.min(PackedRows.LENGTH, maps.k() - block),
            a,
            first + maps.aColumns().at(block),
            maps.aRows().strideBytes(),
            maps.aColumns().strideBytes(),
            b,
            second + maps.bRows().at(block),
            maps.bRows().strideBytes(),
            maps.bColumns().strideBytes(),
            c,
            out,
            maps.cRows().strideBytes(),
            maps.cColumns().strideBytes(),
            accumulate || block > 0);
        block += PackedRows.LENGTH;
      } while (block < maps.k());
    }
  }

  @Override
  public String toString() {
    return "strided product";
  }
}
