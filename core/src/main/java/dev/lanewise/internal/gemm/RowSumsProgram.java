package dev.lanewise.internal.gemm;

import dev.lanewise.internal.kernel.ContractionKernels;
import dev.lanewise.internal.kernel.DotKernels;
import java.lang.foreign.MemorySegment;
import java.util.Locale;

/**
 * Sums whose terms are read where they lie, each a stride from the last in both operands. Needs no
 * scratch memory.
 */
final class RowSumsProgram<A> implements MatrixProgram {
  private final SumMaps maps;
  private final DotKernels<A> kernels;
  private final Terms terms;

  /** How the terms of a sum lie. */
  private enum Terms {
    /** Side by side in both operands. */
    CONTIGUOUS,
    /** Side by side in the first operand, one number in the second. */
    SCALED,
    /** A stride apart. */
    STRIDED
  }

  RowSumsProgram(SumMaps maps, ContractionKernels<A> kernels) {
    this.maps = maps;
    this.kernels = kernels.dots();
    int size = kernels.type().sizeBytes();
    this.terms =
        !maps.aTerms().isContiguous(size)
            ? Terms.STRIDED
            : maps.bTerms().isContiguous(size)
                ? Terms.CONTIGUOUS
                : maps.bTerms().strideBytes() == 0 ? Terms.SCALED : Terms.STRIDED;
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
    Loop rows = maps.rows();
    for (long i = range.batchFrom(); i < range.batchTo(); i++) {
      long first = aOffset + maps.aBatch().at(i);
      long second = bOffset + maps.bBatch().at(i);
      long out = cOffset + maps.cBatch().at(i);
      for (long row = range.rowFrom(); row < range.rowTo(); row += Blocking.MOST) {
        sums(
            a,
            first + row * rows.aStride(),
            b,
            second + row * rows.bStride(),
            c,
            out + row * rows.cStride(),
            accumulate,
            (int) Math.min(Blocking.MOST, range.rowTo() - row));
      }
    }
  }

  private void sums(
      MemorySegment a,
      long aOffset,
      MemorySegment b,
      long bOffset,
      MemorySegment c,
      long cOffset,
      boolean accumulate,
      int count) {
    Loop rows = maps.rows();
    int k = (int) maps.k();
    switch (terms) {
      case CONTIGUOUS ->
          kernels.dot(
              count,
              k,
              a,
              aOffset,
              rows.aStride(),
              b,
              bOffset,
              rows.bStride(),
              c,
              cOffset,
              rows.cStride(),
              accumulate);
      case SCALED ->
          kernels.scaledSum(
              count,
              k,
              a,
              aOffset,
              rows.aStride(),
              b,
              bOffset,
              rows.bStride(),
              c,
              cOffset,
              rows.cStride(),
              accumulate);
      case STRIDED ->
          kernels.strided(
              count,
              k,
              a,
              aOffset,
              rows.aStride(),
              maps.aTerms().strideBytes(),
              b,
              bOffset,
              rows.bStride(),
              maps.bTerms().strideBytes(),
              c,
              cOffset,
              rows.cStride(),
              accumulate);
    }
  }

  @Override
  public String toString() {
    return "partial sums, terms " + terms.name().toLowerCase(Locale.ROOT) + ", " + maps;
  }
}
