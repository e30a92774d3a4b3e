package dev.lanewise.internal.kernel;

import static dev.lanewise.verification.TensorAssertions.assertSameBits;

import dev.lanewise.verification.FloatClass;
import dev.lanewise.verification.GuardedRun;
import java.lang.foreign.Arena;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Every kernel that adds to rows: both backends agree bit for bit with plain loops in the
 * documented order; gaps between rows and all guards stay as they are.
 */
@Tag("lanes")
class ScatterKernelsTest {
  private static final int ROWS = 5;
  private static final int FROM = 2;
  private static final float DIVISOR = 3f;
  private static final long SKIP = 1;
  private static final double[] WEIGHTS = {9, 9, 0.3f, -1.7f, 0, 1e-3f, 5, -0.1f, 2};

  /**
   * What a kernel works on: a table and another matrix, each with rows of a width and a stride of
   * width + 1 floats.
   */
  private record Work(GuardedRun table, GuardedRun other, long[] rows, int count, int width) {
    long stride() {
      return (width + 1L) * Float.BYTES;
    }
  }

  private interface Call {
    void run(ScatterKernels kernels, Work w);
  }

  private interface Loops {
    void run(float[] table, float[] other, long[] rows, int count, int width);
  }

  /** A kernel with its loops. */
  enum Kernel {
    SCATTER_ADD(
        (k, w) ->
            k.scatterAdd(
                w.table.segment(),
                w.table.offsetBytes(),
                w.stride(),
                w.rows,
                FROM,
                w.count,
                w.other.segment(),
                w.other.offsetBytes(),
                w.stride(),
                w.width,
                SKIP),
        (table, other, rows, count, width) -> {
          for (int i = 0; i < count; i++) {
            for (int d = 0; d < width && rows[FROM + i] != SKIP; d++) {
              table[(int) rows[FROM + i] * (width + 1) + d] += other[i * (width + 1) + d];
            }
          }
        }),
    BAG_SCATTER_ADD(
        (k, w) ->
            k.bagScatterAdd(
                w.table.segment(),
                w.table.offsetBytes(),
                w.stride(),
                w.rows,
                FROM,
                w.count,
                w.other.segment(),
                w.other.offsetBytes(),
                w.width,
                DIVISOR),
        (table, other, rows, count, width) -> {
          for (int i = 0; i < count; i++) {
            for (int d = 0; d < width; d++) {
              table[(int) rows[FROM + i] * (width + 1) + d] += other[d] / DIVISOR;
            }
          }
        }),
    BAG_WEIGHTED_SCATTER_ADD(
        (k, w) ->
            k.bagWeightedScatterAdd(
                w.table.segment(),
                w.table.offsetBytes(),
                w.stride(),
                w.rows,
                FROM,
                w.count,
                WEIGHTS,
                w.other.segment(),
                w.other.offsetBytes(),
                w.width),
        (table, other, rows, count, width) -> {
          for (int i = 0; i < count; i++) {
            for (int d = 0; d < width; d++) {
              int at = (int) rows[FROM + i] * (width + 1) + d;
              table[at] = Math.fma((float) WEIGHTS[FROM + i], other[d], table[at]);
            }
          }
        });

    private final Call call;
    private final Loops loops;

    Kernel(Call call, Loops loops) {
      this.call = call;
      this.loops = loops;
    }
  }

  @ParameterizedTest
  @EnumSource(Kernel.class)
  void backendsAgreeOnEveryWidth(Kernel kernel) {
    SplittableRandom random = new SplittableRandom(kernel.ordinal());
    for (int width = 0; width <= 200; width++) {
      for (int count : new int[] {0, 1, 7}) {
        check(kernel, width, count, random);
      }
    }
    check(kernel, 1031, 3, random);
  }

  private static void check(Kernel kernel, int width, int count, SplittableRandom random) {
    long[] rows = random.longs(FROM + count, 0, ROWS).toArray();
    float[] table = FloatClass.wild(random.nextLong(), ROWS * (width + 1));
    float[] other = FloatClass.wild(random.nextLong(), Math.max(count, 1) * (width + 1));
    int tableAt = random.nextInt(64);
    int otherAt = random.nextInt(64);
    float[] expectedTable = table.clone();
    float[] expectedOther = other.clone();
    kernel.loops.run(expectedTable, expectedOther, rows, count, width);
    for (KernelSet set : new KernelSet[] {KernelSet.scalar(), KernelSet.vector()}) {
      try (Arena arena = Arena.ofConfined()) {
        Work work =
            new Work(
                GuardedRun.of(arena, table, tableAt),
                GuardedRun.of(arena, other, otherAt),
                rows.clone(),
                count,
                width);
        kernel.call.run(set.scatter(), work);
        String what = set.description() + " " + kernel + " of " + count + " rows of " + width;
        assertSameBits(what + ", table", expectedTable, work.table.values());
        assertSameBits(what + ", other", expectedOther, work.other.values());
        work.table.assertGuardsUnchanged(what);
        work.other.assertGuardsUnchanged(what);
        org.junit.jupiter.api.Assertions.assertArrayEquals(rows, work.rows);
      }
    }
  }

  /** Few numbers, so that several rows have the largest. */
  private static float[] ties(SplittableRandom random, int count) {
    float[] some = {0f, -0f, 1f, 1f, -3f, Float.NaN, Float.NEGATIVE_INFINITY};
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = some[random.nextInt(some.length)];
    }
    return values;
  }

  @Test
  void gradientsOfMaximaAreTheFirstLargestRows() {
    SplittableRandom random = new SplittableRandom(7);
    for (int width = 0; width <= 200; width++) {
      for (int count : new int[] {0, 1, 7}) {
        checkMaxima(width, count, random);
      }
    }
    checkMaxima(1031, 3, random);
  }

  private static void checkMaxima(int width, int count, SplittableRandom random) {
    int stride = width + 1;
    long[] rows = random.longs(FROM + count, 0, ROWS).toArray();
    float[] table = ties(random, ROWS * stride);
    float[] out = new float[width];
    float[] g = FloatClass.wild(random.nextLong(), width);
    float[] gaps = FloatClass.wild(random.nextLong(), count * (width + 2));
    float[] expected = gaps.clone();
    for (int d = 0; d < width; d++) {
      out[d] = Float.NEGATIVE_INFINITY;
      for (int i = 0; i < count; i++) {
        out[d] = Math.max(out[d], table[(int) rows[FROM + i] * stride + d]);
      }
      boolean given = false;
      for (int i = 0; i < count; i++) {
        float x = table[(int) rows[FROM + i] * stride + d];
        boolean isLargest = x == out[d] || (Float.isNaN(x) && Float.isNaN(out[d]));
        expected[i * (width + 2) + d] = isLargest && !given ? g[d] : 0f;
        given |= isLargest;
      }
    }
    for (KernelSet set : new KernelSet[] {KernelSet.scalar(), KernelSet.vector()}) {
      try (Arena arena = Arena.ofConfined()) {
        GuardedRun from = GuardedRun.of(arena, table, random.nextInt(64));
        GuardedRun largest = GuardedRun.of(arena, out, random.nextInt(64));
        GuardedRun gradient = GuardedRun.of(arena, g, random.nextInt(64));
        GuardedRun values = GuardedRun.of(arena, gaps, random.nextInt(64));
        set.scatter()
            .bagMaxGradient(
                from.segment(),
                from.offsetBytes(),
                (long) stride * Float.BYTES,
                rows,
                FROM,
                count,
                largest.segment(),
                largest.offsetBytes(),
                gradient.segment(),
                gradient.offsetBytes(),
                values.segment(),
                values.offsetBytes(),
                (width + 2L) * Float.BYTES,
                width);
        String what = set.description() + ", maxima of " + count + " rows of " + width;
        assertSameBits(what, expected, values.values());
        assertSameBits(what + ", table", table, from.values());
        values.assertGuardsUnchanged(what);
        from.assertGuardsUnchanged(what);
      }
    }
  }
}
