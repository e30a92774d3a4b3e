package dev.lanewise.internal.kernel;

import static dev.lanewise.verification.TensorAssertions.assertSameBits;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.lanewise.verification.FloatClass;
import dev.lanewise.verification.GuardedRun;
import java.lang.foreign.Arena;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * The kernel that moves rows: both backends, and rows that are read from slices, agree bit for bit
 * with plain loops; other rows, gaps between rows and all guards stay as they are.
 */
@Tag("lanes")
class UpdateKernelsTest {
  private static final int ROWS = 9;

  @Test
  void backendsAgreeOnEveryWidth() {
    SplittableRandom random = new SplittableRandom(0);
    for (int width = 0; width <= 200; width++) {
      for (int count : new int[] {0, 1, 7}) {
        check(width, count, random);
      }
    }
    check(1031, 3, random);
  }

  private static void check(int width, int count, SplittableRandom random) {
    double start = random.nextBoolean() ? 0.0 : -0.0;
    int gStride = width + 1;
    int wStride = width + 2;
    long[] sources = random.longs(count, 0, ROWS).toArray();
    long[] rows = random.longs(0, ROWS).distinct().limit(count).toArray();
    double[] factors = random.doubles(count, -1, 1).toArray();
    float[] g = FloatClass.wild(random.nextLong(), ROWS * gStride);
    float[] w = FloatClass.wild(random.nextLong(), ROWS * wStride);
    // Where a sum of nothing but -0 tells.
    for (int i = 0; i < count; i++) {
      for (int d = 0; d < width; d += 3) {
        g[(int) sources[i] * gStride + d] = -0f;
        w[(int) rows[i] * wStride + d] = -0f;
      }
    }
    float[] expected = w.clone();
    for (int i = 0; i < count; i++) {
      for (int d = 0; d < width; d++) {
        int at = (int) rows[i] * wStride + d;
        float sum = (float) start + g[(int) sources[i] * gStride + d];
        expected[at] = Math.fma((float) factors[i], sum, w[at]);
      }
    }
    KernelSet vector = KernelSet.vector();
    UpdateKernels[] all = {KernelSet.scalar().updates(), vector.updates(), vector.slicedUpdates()};
    for (UpdateKernels kernels : all) {
      try (Arena arena = Arena.ofConfined()) {
        GuardedRun gradient = GuardedRun.of(arena, g, random.nextInt(64));
        GuardedRun table = GuardedRun.of(arena, w, random.nextInt(64));
        long[] givenSources = sources.clone();
        long[] givenRows = rows.clone();
        kernels.axpy(
            gradient.segment(),
            gradient.offsetBytes(),
            (long) gStride * Float.BYTES,
            givenSources,
            table.segment(),
            table.offsetBytes(),
            (long) wStride * Float.BYTES,
            givenRows,
            factors.clone(),
            count,
            width,
            start);
        String what =
            "%s, %d rows of %d from %s"
                .formatted(kernels.getClass().getSimpleName(), count, width, start);
        assertSameBits(what, expected, table.values());
        assertSameBits(what + ", gradient", g, gradient.values());
        table.assertGuardsUnchanged(what);
        gradient.assertGuardsUnchanged(what);
        assertArrayEquals(rows, givenRows, what);
        assertArrayEquals(sources, givenSources, what);
      }
    }
  }
}
