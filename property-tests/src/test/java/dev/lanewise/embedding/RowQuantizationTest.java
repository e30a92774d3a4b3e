package dev.lanewise.embedding;

import static dev.lanewise.Refusals.refused;
import static dev.lanewise.verification.TensorAssertions.assertSameBits;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import dev.lanewise.verification.ErrorBounds;
import dev.lanewise.verification.FloatClass;
import dev.lanewise.verification.LanewiseArbitraries;
import java.lang.foreign.Arena;
import java.util.List;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.function.Executable;

/** Rows of 8 bits and back. */
class RowQuantizationTest {
  @Provide
  Arbitrary<Long> seeds() {
    return LanewiseArbitraries.seeds();
  }

  @Property(tries = 300)
  void rowsComeBackWithinHalfAStep(
      @ForAll @IntRange(max = 5) int rows,
      @ForAll @IntRange(max = 70) int width,
      @ForAll("seeds") long seed) {
    try (Arena arena = Arena.ofConfined()) {
      float[] numbers = FloatClass.fill(seed, rows * width, FloatClass.NORMAL);
      // Columns first, so that strides count.
      Tensor table = Tensor.zeros(arena, width, rows).transpose(0, 1);
      table.copyFrom(Tensor.copyOf(arena, numbers, rows, width));
      Tensor quantized = RowQuantization.quantize(arena, table);
      assertEquals(Shape.of(rows, width + 8), quantized.shape());
      Tensor back = Tensor.full(arena, Float.NaN, rows, width);
      RowQuantization.dequantize(quantized, back);
      for (int row = 0; row < rows; row++) {
        double min = Double.POSITIVE_INFINITY;
        double max = Double.NEGATIVE_INFINITY;
        for (int d = 0; d < width; d++) {
          min = Math.min(min, table.get(row, d));
          max = Math.max(max, table.get(row, d));
        }
        // Half a step, and what rounding may add to q before it is rounded (the range, its inverse,
        // the difference and their product: 5 units of q, which is at most 255) and to the result.
        double step = (max - min) / 255;
        double largest = Math.max(Math.abs(min), Math.abs(max));
        double rounding = ErrorBounds.U * (5 * 255 * step + 3 * (255 * step + largest));
        // The 1e-8 that is added to the range moves q by this much of it.
        double shift = max > min ? 255 * step * 1e-8 / (max - min) : 0;
        for (int d = 0; d < width; d++) {
          double off = Math.abs(back.get(row, d) - table.get(row, d));
          assertTrue(off <= step / 2 + rounding + shift, "off by " + off + " of step " + step);
        }
      }
      Tensor looked = Tensor.full(arena, Float.NaN, rows, width);
      int[] all = new int[rows];
      java.util.Arrays.setAll(all, row -> row);
      Embedding.fromQuantized(quantized).forward(all, looked);
      assertSameBits("lookup", back, looked);
    }
  }

  @Example
  void layoutIsThatOfFbgemm() {
    try (Arena arena = Arena.ofConfined()) {
      Tensor table = Tensor.copyOf(arena, new float[] {-1, 0, 1.55f, 4.1f}, 1, 4);
      Tensor rows = RowQuantization.quantize(arena, table);
      assertEquals(0, rows.get(0, 0));
      assertEquals(50, rows.get(0, 1));
      assertEquals(Math.rint((1.55f + 1f) * (255f / (4.1f + 1f + 1e-8f))), rows.get(0, 2));
      assertEquals(255, rows.get(0, 3));
      var layout = java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
      assertEquals((4.1f + 1f) / 255f, rows.segment().get(layout, rows.offsetBytes() + 4));
      assertEquals(-1f, rows.segment().get(layout, rows.offsetBytes() + 8));
    }
  }

  @Example
  void rowsOfOneNumberComeBackExactly() {
    try (Arena arena = Arena.ofConfined()) {
      Tensor table = Tensor.full(arena, 3.7f, 2, 5);
      Tensor back = Tensor.zeros(arena, 2, 5);
      RowQuantization.dequantize(RowQuantization.quantize(arena, table), back);
      assertSameBits("constant", table, back);
    }
  }

  @Example
  void whatIsNotFiniteIsRefused() {
    try (Arena arena = Arena.ofConfined()) {
      Tensor table = Tensor.copyOf(arena, new float[] {1, 2, 3, Float.NaN}, 2, 2);
      Tensor out = Tensor.allocate(arena, DType.UINT8, Shape.of(2, 10));
      var thrown =
          assertThrows(IllegalArgumentException.class, () -> RowQuantization.quantize(table, out));
      assertEquals(
          "table: row 1 cannot be quantised, as it spans from NaN to NaN", thrown.getMessage());
      assertEquals(0, out.get(0, 1));
      Tensor wide = Tensor.copyOf(arena, new float[] {-3e38f, 3e38f}, 1, 2);
      assertThrows(IllegalArgumentException.class, () -> RowQuantization.quantize(arena, wide));
    }
  }

  @Example
  void whatIsNoMatrixIsRefused() {
    try (Arena arena = Arena.ofConfined()) {
      Tensor rows = Tensor.allocate(arena, DType.UINT8, Shape.of(2, 11));
      for (Tensor table : List.of(Tensor.zeros(arena, 3), Tensor.zeros(arena, 2, 3, 1))) {
        String why = "table: expected shape [n, d], got " + table.shape();
        refused(IllegalArgumentException.class, why, () -> RowQuantization.quantize(table, rows));
        refused(IllegalArgumentException.class, why, () -> RowQuantization.dequantize(rows, table));
      }
    }
  }

  @Example
  void whatDoesNotFitIsRefusedBothWays() {
    try (Arena arena = Arena.ofConfined()) {
      Tensor table = Tensor.zeros(arena, 2, 3);
      Tensor rows = Tensor.allocate(arena, DType.UINT8, Shape.of(2, 11));
      Tensor wide = Tensor.allocate(arena, DType.FLOAT64, Shape.of(2, 3));
      Tensor inTable = Tensor.wrap(table.segment(), DType.UINT8, Shape.of(2, 11));
      Tensor narrow = Tensor.allocate(arena, DType.UINT8, Shape.of(2, 10));
      Tensor apart = Tensor.allocate(arena, DType.UINT8, Shape.of(11, 2)).transpose(0, 1);
      refusedRows(
          "table: expected float32, got float64", () -> RowQuantization.quantize(wide, rows));
      refusedRows(
          "table: expected float32, got float64", () -> RowQuantization.quantize(arena, wide));
      refusedRows(
          "table: expected shape [n, d], got [3]",
          () -> RowQuantization.quantize(arena, Tensor.zeros(arena, 3)));
      refusedRows(
          "out: a read-only tensor of shape [2, 11] cannot be written",
          () -> RowQuantization.quantize(table, rows.asReadOnly()));
      refusedRows(
          "out: expected shape [2, 3 + 8], got [2, 10]",
          () -> RowQuantization.quantize(table, narrow));
      refusedRows(
          "out: the elements of a row must lie side by side, but have stride 2",
          () -> RowQuantization.quantize(table, apart));
      refusedRows(
          "out must not overlap table in memory", () -> RowQuantization.quantize(table, inTable));
      refusedRows(
          "rows: expected uint8, got float32", () -> RowQuantization.dequantize(table, table));
      refusedRows(
          "out: a read-only tensor of shape [2, 3] cannot be written",
          () -> RowQuantization.dequantize(rows, table.asReadOnly()));
      refusedRows(
          "rows: expected shape [2, 3 + 8], got [2, 10]",
          () -> RowQuantization.dequantize(narrow, table));
      refusedRows(
          "out must not overlap rows in memory", () -> RowQuantization.dequantize(inTable, table));
    }
  }

  private static void refusedRows(String message, Executable call) {
    refused(IllegalArgumentException.class, message, call);
  }
}
