package dev.lanewise.internal.gemm;

import dev.lanewise.internal.kernel.ContractionKernels;
import dev.lanewise.internal.kernel.ProductKernels;
import java.lang.foreign.MemorySegment;
import java.util.Locale;

/** Products of operands that are read where they lie. Needs no scratch memory. */
final class RowProductsProgram implements MatrixProgram {
  private final ProductMaps maps;
  private final ProductKernels kernels;
  private final Columns columns;

  /** How the elements of a row lie. */
  private enum Columns {
    /** Side by side in all three. */
    CONTIGUOUS,
    /** Side by side in the first operand and the output, one number in the second operand. */
    SCALED,
    /** Side by side in the output, one number in each operand. */
    CONSTANT,
    /** A stride apart. */
    STRIDED
  }

  RowProductsProgram(ProductMaps maps, ContractionKernels<?> kernels) {
    this.maps = maps;
    this.kernels = kernels.products();
    this.columns = columns(maps.columns(), kernels.type().sizeBytes());
  }

  private static Columns columns(Loop loop, long size) {
    if (loop.cStride() != size) {
      return Columns.STRIDED;
    }
    if (loop.aStride() == size) {
      return loop.bStride() == size
          ? Columns.CONTIGUOUS
          : loop.bStride() == 0 ? Columns.SCALED : Columns.STRIDED;
    }
    return loop.aStride() == 0 && loop.bStride() == 0 ? Columns.CONSTANT : Columns.STRIDED;
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
    Loop row = maps.rows();
    Loop column = maps.columns();
    long aPart = aOffset + range.rowFrom() * row.aStride() + range.columnFrom() * column.aStride();
    long bPart = bOffset + range.rowFrom() * row.bStride() + range.columnFrom() * column.bStride();
    long cPart = cOffset + range.rowFrom() * row.cStride() + range.columnFrom() * column.cStride();
    for (long i = range.batchFrom(); i < range.batchTo(); i++) {
      matrix(
          a,
          aPart + maps.aBatch().at(i),
          b,
          bPart + maps.bBatch().at(i),
          c,
          cPart + maps.cBatch().at(i),
          accumulate,
          range);
    }
  }

  /** One matrix, in blocks that an int can count. */
  private void matrix(
      MemorySegment a,
      long aOffset,
      MemorySegment b,
      long bOffset,
      MemorySegment c,
      long cOffset,
      boolean accumulate,
      Range range) {
    Loop row = maps.rows();
    Loop column = maps.columns();
    long rows = range.rowTo() - range.rowFrom();
    long columnsLeft = range.columnTo() - range.columnFrom();
    for (long i = 0; i < rows; i += Blocking.MOST) {
      for (long j = 0; j < columnsLeft; j += Blocking.MOST) {
        block(
            (int) Math.min(Blocking.MOST, rows - i),
            (int) Math.min(Blocking.MOST, columnsLeft - j),
            a,
            aOffset + i * row.aStride() + j * column.aStride(),
            b,
            bOffset + i * row.bStride() + j * column.bStride(),
            c,
            cOffset + i * row.cStride() + j * column.cStride(),
            accumulate);
      }
    }
  }

  private void block(
      int rows,
      int count,
      MemorySegment a,
      long aOffset,
      MemorySegment b,
      long bOffset,
      MemorySegment c,
      long cOffset,
      boolean accumulate) {
    long aRow = maps.rows().aStride();
    long bRow = maps.rows().bStride();
    long cRow = maps.rows().cStride();
    switch (columns) {
      case CONTIGUOUS ->
          kernels.multiply(
              rows, count, a, aOffset, aRow, b, bOffset, bRow, c, cOffset, cRow, accumulate);
      case SCALED ->
          kernels.scale(
              rows, count, a, aOffset, aRow, b, bOffset, bRow, c, cOffset, cRow, accumulate);
      case CONSTANT ->
          kernels.fill(
              rows, count, a, aOffset, aRow, b, bOffset, bRow, c, cOffset, cRow, accumulate);
      case STRIDED ->
          kernels.strided(
              rows,
              count,
              a,
              aOffset,
              aRow,
              maps.columns().aStride(),
              b,
              bOffset,
              bRow,
              maps.columns().bStride(),
              c,
              cOffset,
              cRow,
              maps.columns().cStride(),
              accumulate);
    }
  }

  @Override
  public String toString() {
    return "products, columns " + columns.name().toLowerCase(Locale.ROOT) + ", " + maps;
  }
}
