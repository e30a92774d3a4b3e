package dev.lanewise.internal.kernel;

import static dev.lanewise.verification.TensorAssertions.assertSameBits;

import dev.lanewise.verification.FloatClass;
import dev.lanewise.verification.FloatFormat;
import dev.lanewise.verification.GuardedRun;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Every kernel that reads rows, of every format, and the gradient of maxima of float32: both
 * backends agree bit for bit with plain loops over the numbers in the documented order; gaps
 * between rows and all guards stay as they are.
 */
@Tag("lanes")
class RowKernelsTest {
  private static final int ROWS = 5;
  private static final int FROM = 2;
  private static final double DIVISOR = 3;
  private static final double[] WEIGHTS = {9, 9, 0.3f, -1.7f, 0, 1e-3f, 5, -0.1f, 2};

  /** A table of random bits: each number of a row as it is read, and the memory. */
  private record Table(
      RowFormat format, int width, double[][] numbers, MemorySegment segment, long offsetBytes) {
    static Table random(Arena arena, RowFormat format, int width, SplittableRandom random) {
      FloatFormat type = type(format);
      long stride = strideBytes(format, width);
      long offset = random.nextInt(64);
      // The kernels must not read beyond the last row, where there may be no memory.
      MemorySegment segment =
          arena.allocate(offset + stride * (ROWS - 1) + rowBytes(format, width));
      double[][] numbers = new double[ROWS][width];
      for (int row = 0; row < ROWS; row++) {
        long at = offset + row * stride;
        float scale = FloatClass.NORMAL.draw(random);
        float bias = FloatClass.NORMAL.draw(random);
        double[] floats = FloatClass.wild(type, random.nextLong(), width);
        for (int d = 0; d < width; d++) {
          long here = at + (long) d * format.elementBytes();
          int bits = random.nextInt();
          numbers[row][d] =
              switch (format) {
                case FLOAT32, FLOAT64 -> {
                  type.set(segment, here, floats[d]);
                  yield floats[d];
                }
                case BFLOAT16 -> {
                  segment.set(ValueLayout.JAVA_SHORT_UNALIGNED, here, (short) bits);
                  yield Float.intBitsToFloat(bits << 16);
                }
                case FLOAT16 -> {
                  segment.set(ValueLayout.JAVA_SHORT_UNALIGNED, here, (short) bits);
                  yield Float.float16ToFloat((short) bits);
                }
                case INT8 -> {
                  segment.set(ValueLayout.JAVA_BYTE, here, (byte) bits);
                  yield Math.fma(scale, bits & 0xff, bias);
                }
              };
        }
        if (format == RowFormat.INT8) {
          segment.set(ValueLayout.JAVA_FLOAT_UNALIGNED, at + width, scale);
          segment.set(ValueLayout.JAVA_FLOAT_UNALIGNED, at + width + Float.BYTES, bias);
        }
      }
      return new Table(format, width, numbers, segment, offset);
    }

    private static long rowBytes(RowFormat format, int width) {
      return (long) width * format.elementBytes() + format.trailerBytes();
    }

    private static long strideBytes(RowFormat format, int width) {
      return rowBytes(format, width) + 3;
    }

    long stride() {
      return strideBytes(format, width);
    }
  }

  private static FloatFormat type(RowFormat format) {
    return format == RowFormat.FLOAT64 ? FloatFormat.BINARY64 : FloatFormat.BINARY32;
  }

  @ParameterizedTest
  @EnumSource(RowFormat.class)
  void backendsAgreeOnEveryWidth(RowFormat format) {
    SplittableRandom random = new SplittableRandom(format.ordinal());
    for (int width = 0; width <= 200; width++) {
      for (int count : new int[] {0, 1, 7}) {
        check(format, width, count, random);
      }
    }
    check(format, 1031, 3, random);
  }

  /**
   * Maxima of numbers of either sign, zeros and infinities included, with and without a NaN of
   * either sign among them: numbers of all classes have a NaN in nearly every vector.
   */
  @ParameterizedTest
  @EnumSource(names = {"FLOAT32", "FLOAT64"})
  void maximaWithFewNans(RowFormat format) {
    SplittableRandom random = new SplittableRandom(format.ordinal());
    double[] sizes = {0, Double.MIN_VALUE, 0x1p-149, 1, 1.5, 0x1p100, Double.POSITIVE_INFINITY};
    for (int width = 1; width <= 140; width++) {
      for (int nans = 0; nans <= 2; nans++) {
        for (boolean negative : new boolean[] {false, true}) {
          double[][] numbers = new double[ROWS][width];
          for (double[] row : numbers) {
            Arrays.setAll(
                row,
                d -> {
                  double size = type(format).round(sizes[random.nextInt(sizes.length)]);
                  return negative || random.nextBoolean() ? -size : size;
                });
          }
          checkMaxima(format, numbers, nans, random);
        }
      }
    }
  }

  private static void checkMaxima(
      RowFormat format, double[][] numbers, int nans, SplittableRandom random) {
    FloatFormat type = type(format);
    int width = numbers[0].length;
    long stride = (long) width * type.sizeBytes();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment table = arena.allocate(stride * ROWS);
      for (int row = 0; row < ROWS; row++) {
        for (int d = 0; d < width; d++) {
          type.set(table, row * stride + (long) d * type.sizeBytes(), numbers[row][d]);
        }
      }
      for (int i = 0; i < nans; i++) {
        int row = random.nextInt(ROWS);
        int d = random.nextInt(width);
        numbers[row][d] = Double.NaN;
        setNan(format, table, row * stride + (long) d * type.sizeBytes(), i % 2 == 1);
      }
      double[] expected = new double[width];
      for (int d = 0; d < width; d++) {
        double max = Double.NEGATIVE_INFINITY;
        for (double[] row : numbers) {
          max = Math.max(max, row[d]);
        }
        expected[d] = max;
      }
      long[] rows = {3, 0, 4, 2, 1};
      for (KernelSet set : new KernelSet[] {KernelSet.scalar(), KernelSet.vector()}) {
        for (RowKernels kernels : List.of(set.rows(format), set.slicedRows(format))) {
          GuardedRun out = GuardedRun.of(arena, type, new double[width], random.nextInt(64));
          kernels.bagMax(table, 0, stride, rows, 0, ROWS, out.segment(), out.offsetBytes(), width);
          String what = set.description() + " " + format + " max of " + width;
          assertSameBits(what, expected, out.numbers());
          assertNansAreCanonical(format, out, width);
          out.assertGuardsUnchanged(what);
        }
      }
    }
  }

  private static void setNan(RowFormat format, MemorySegment table, long at, boolean negative) {
    if (format == RowFormat.FLOAT32) {
      table.set(ValueLayout.JAVA_INT_UNALIGNED, at, negative ? 0xff800001 : 0x7fc12345);
    } else {
      table.set(
          ValueLayout.JAVA_LONG_UNALIGNED,
          at,
          negative ? 0xfff8000000000001L : 0x7ff0000000000001L);
    }
  }

  private static void assertNansAreCanonical(RowFormat format, GuardedRun out, int width) {
    for (int d = 0; d < width; d++) {
      if (format == RowFormat.FLOAT32) {
        long at = out.offsetBytes() + (long) d * Float.BYTES;
        int bits = out.segment().get(ValueLayout.JAVA_INT_UNALIGNED, at);
        Assertions.assertEquals(Float.floatToIntBits(Float.intBitsToFloat(bits)), bits);
      } else {
        long at = out.offsetBytes() + (long) d * Double.BYTES;
        long bits = out.segment().get(ValueLayout.JAVA_LONG_UNALIGNED, at);
        Assertions.assertEquals(Double.doubleToLongBits(Double.longBitsToDouble(bits)), bits);
      }
    }
  }

  private static void check(RowFormat format, int width, int count, SplittableRandom random) {
    long[] rows = random.longs(FROM + count, 0, ROWS).toArray();
    try (Arena arena = Arena.ofConfined()) {
      Table table = Table.random(arena, format, width, random);
      double[][] x = new double[count][];
      Arrays.setAll(x, i -> table.numbers[(int) rows[FROM + i]]);
      double[] g = FloatClass.wild(type(format), random.nextLong(), width);
      for (KernelSet set : new KernelSet[] {KernelSet.scalar(), KernelSet.vector()}) {
        String what = set.description() + " " + format + " " + count + " rows of " + width;
        new Check(
                what,
                set.rows(format),
                set.scatter(),
                table,
                rows.clone(),
                count,
                random.nextInt(64))
            .all(arena, x, g);
        new Check(
                "sliced " + what,
                set.slicedRows(format),
                set.scatter(),
                table,
                rows.clone(),
                count,
                random.nextInt(64))
            .all(arena, x, g);
      }
    }
  }

  /** The kernels of one backend on one table. */
  private record Check(
      String what,
      RowKernels kernels,
      ScatterKernels gradients,
      Table table,
      long[] rows,
      int count,
      int misalignment) {

    void all(Arena arena, double[][] x, double[] g) {
      FloatFormat type = type(table.format);
      int width = table.width;
      gather(arena, x);
      double[] sum = new double[width];
      double[] weighted = new double[width];
      double[] max = new double[width];
      for (int d = 0; d < width; d++) {
        double m = count == 0 ? 0 : Double.NEGATIVE_INFINITY;
        for (int i = 0; i < count; i++) {
          sum[d] = type.add(sum[d], x[i][d]);
          weighted[d] = type.fma(type.round(WEIGHTS[FROM + i]), x[i][d], weighted[d]);
          m = Math.max(m, x[i][d]);
        }
        max[d] = m;
        sum[d] = type.round(sum[d] / DIVISOR);
      }
      bag(
          arena,
          "sum",
          sum,
          (out, at) ->
              kernels.bagSum(
                  table.segment,
                  table.offsetBytes,
                  table.stride(),
                  rows,
                  FROM,
                  count,
                  out,
                  at,
                  width,
                  DIVISOR));
      bag(
          arena,
          "weighted sum",
          weighted,
          (out, at) ->
              kernels.bagWeightedSum(
                  table.segment,
                  table.offsetBytes,
                  table.stride(),
                  rows,
                  FROM,
                  count,
                  WEIGHTS,
                  out,
                  at,
                  width));
      bag(
          arena,
          "max",
          max,
          (out, at) ->
              kernels.bagMax(
                  table.segment,
                  table.offsetBytes,
                  table.stride(),
                  rows,
                  FROM,
                  count,
                  out,
                  at,
                  width));
      if (table.format == RowFormat.FLOAT32) {
        maxGradient(arena, x, max, g);
      }
    }

    private void gather(Arena arena, double[][] x) {
      FloatFormat type = type(table.format);
      int gap = table.width + 1;
      double[] expected = new double[count * gap];
      Arrays.fill(expected, 5);
      GuardedRun out = GuardedRun.of(arena, type, expected, misalignment);
      for (int i = 0; i < count; i++) {
        System.arraycopy(x[i], 0, expected, i * gap, table.width);
      }
      kernels.gather(
          table.segment,
          table.offsetBytes,
          table.stride(),
          rows,
          FROM,
          count,
          out.segment(),
          out.offsetBytes(),
          (long) gap * type.sizeBytes(),
          table.width);
      assertSameBits(what + ", gather", expected, out.numbers());
      out.assertGuardsUnchanged(what + ", gather");
    }

    private interface BagCall {
      void run(MemorySegment out, long outOffset);
    }

    private void bag(Arena arena, String name, double[] expected, BagCall call) {
      FloatFormat type = type(table.format);
      double[] poison = new double[expected.length];
      Arrays.fill(poison, 5);
      GuardedRun out = GuardedRun.of(arena, type, poison, misalignment);
      call.run(out.segment(), out.offsetBytes());
      assertSameBits(what + ", " + name, expected, out.numbers());
      out.assertGuardsUnchanged(what + ", " + name);
    }

    private void maxGradient(Arena arena, double[][] x, double[] max, double[] g) {
      FloatFormat type = type(table.format);
      int width = table.width;
      int gap = width + 1;
      double[] expected = new double[count * gap];
      Arrays.fill(expected, 5);
      GuardedRun values = GuardedRun.of(arena, type, expected, misalignment);
      for (int d = 0; d < width; d++) {
        boolean taken = false;
        for (int i = 0; i < count; i++) {
          boolean takes =
              !taken && (x[i][d] == max[d] || Double.isNaN(x[i][d]) && Double.isNaN(max[d]));
          expected[i * gap + d] = takes ? g[d] : 0;
          taken |= takes;
        }
        Assertions.assertTrue(taken || count == 0, "a maximum that no row has");
      }
      GuardedRun out = GuardedRun.of(arena, type, max, 0);
      GuardedRun gradient = GuardedRun.of(arena, type, g, 0);
      gradients.bagMaxGradient(
          table.segment,
          table.offsetBytes,
          table.stride(),
          rows,
          FROM,
          count,
          out.segment(),
          out.offsetBytes(),
          gradient.segment(),
          gradient.offsetBytes(),
          values.segment(),
          values.offsetBytes(),
          (long) gap * type.sizeBytes(),
          width);
      assertSameBits(what + ", max gradient", expected, values.numbers());
      values.assertGuardsUnchanged(what + ", max gradient");
    }
  }
}
