package dev.lanewise.internal.kernel;

import java.lang.foreign.Arena;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A matrix and a vector: every number of rows from a vector on, and every length around the columns
 * taken at a time, against one chain of operations an element, to the bit. Nothing outside of the
 * matrix is read, though its rows are read beyond their ends, and no guard changes.
 */
@Tag("lanes")
class GemvKernelsTest {
  private static final int MOST_ROWS = 50;
  private static final int MOST_COLUMNS = 27;

  @ParameterizedTest
  @EnumSource(ElementType.class)
  void everyNumberOfRowsAndColumns(ElementType type) {
    SplittableRandom random = new SplittableRandom(type.ordinal());
    for (KernelSet set : Kernels.BACKENDS) {
      everyNumberOfRowsAndColumns(Comparison.PRODUCTS, set.contraction(type), random);
    }
  }

  private static <A> void everyNumberOfRowsAndColumns(
      Comparison comparison, ContractionKernels<A> kernels, SplittableRandom random) {
    kernels
        .gemv()
        .ifPresent(gemv -> everyNumberOfRowsAndColumns(comparison, kernels, gemv, random));
  }

  @Test
  void distances() {
    KernelSet set = KernelSet.vector();
    everyNumberOfRowsAndColumns(
        Comparison.DISTANCES,
        set.float32(),
        set.distances().gemv().orElseThrow(),
        new SplittableRandom(3));
  }

  private static <A> void everyNumberOfRowsAndColumns(
      Comparison comparison,
      ContractionKernels<A> kernels,
      GemvKernels<A> gemv,
      SplittableRandom random) {
    for (int rows = gemv.lanes(); rows <= MOST_ROWS; rows++) {
      for (int columns = 1; columns <= MOST_COLUMNS; columns++) {
        // Also rows that overlap.
        for (int stride : new int[] {1, columns, columns + random.nextInt(3)}) {
          check(comparison, kernels, gemv, rows, columns, stride, random);
        }
      }
      check(comparison, kernels, gemv, rows, PackedRows.LENGTH, PackedRows.LENGTH, random);
    }
  }

  private static <A> void check(
      Comparison comparison,
      ContractionKernels<A> kernels,
      GemvKernels<A> gemv,
      int rows,
      int columns,
      int stride,
      SplittableRandom random) {
    ElementType type = kernels.type();
    int before = Math.max(0, gemv.lanes() / 2 - columns);
    double[] matrix = Numbers.wild(random.nextLong(), before + (rows - 1) * stride + columns);
    double[] vector = Numbers.wild(random.nextLong(), columns);
    double[] expected = new double[rows];
    for (int i = 0; i < rows; i++) {
      double sum = 0;
      for (int p = 0; p < columns; p++) {
        sum = comparison.add(type, matrix[before + i * stride + p], vector[p], sum);
      }
      expected[i] = sum;
    }
    try (Arena arena = Arena.ofConfined()) {
      Numbers a = Numbers.of(type, arena, matrix, random.nextInt(64));
      Numbers y =
          Numbers.of(type, arena, Numbers.wild(random.nextLong(), rows), random.nextInt(64));
      long rowBytes = (long) stride * type.sizeBytes();
      A x = Kernels.array(kernels, vector);
      gemv.multiply(
          rows,
          columns,
          a.exact(),
          (long) before * type.sizeBytes(),
          rowBytes,
          x,
          y.segment(),
          y.offsetBytes());
      String what =
          comparison
              + " of "
              + type
              + ", "
              + rows
              + " rows of "
              + columns
              + ", "
              + stride
              + " apart";
      y.assertHolds(what, expected);
      a.assertHolds(what + ", matrix", matrix);
    }
  }
}
