package dev.lanewise.internal.gemm;

import dev.lanewise.internal.kernel.ProductKernels;
import java.lang.foreign.MemorySegment;

/** The product of a column and a row: each row of the output is stored from end to end. */
final class OuterProductProgram implements MatrixProgram {
  private final MatrixMaps maps;
  private final ProductKernels kernels;
  private final MatrixProgram adding;
  private final int elementBytes;

  /**
   * A program.
   *
   * @param maps the operands, whose K is 1 and whose rows of B and C lie side by side
   * @param kernels the backend
   * @param adding computes the same and adds it
   * @param elementBytes the size of an element
   */
  OuterProductProgram(
      MatrixMaps maps, ProductKernels kernels, MatrixProgram adding, int elementBytes) {
    this.maps = maps;
    this.kernels = kernels;
    this.adding = adding;
    this.elementBytes = elementBytes;
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
    if (accumulate) {
      adding.run(a, aOffset, b, bOffset, c, cOffset, true, range);
      return;
    }
    int rows = (int) (range.rowTo() - range.rowFrom());
    int columns = (int) (range.columnTo() - range.columnFrom());
    long first = range.columnFrom() * elementBytes;
    for (long i = range.batchFrom(); i < range.batchTo(); i++) {
      kernels.term(
          rows,
          columns,
          b,
          bOffset + maps.bBatch().at(i) + first,
          0,
          a,
          aOffset + maps.aBatch().at(i) + maps.aRows().at(range.rowFrom()),
          maps.aRows().strideBytes(),
          c,
          cOffset + maps.cBatch().at(i) + maps.cRows().at(range.rowFrom()) + first,
          maps.cRows().strideBytes());
    }
  }

  @Override
  public String toString() {
    return "outer product";
  }
}
