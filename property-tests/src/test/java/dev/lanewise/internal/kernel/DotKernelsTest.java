package dev.lanewise.internal.kernel;

import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Sums by 64 partial sums: both backends and the documented order of operations agree bit for bit;
 * gaps between outputs and all guards stay as they are.
 */
@Tag("lanes")
class DotKernelsTest {
  private static final int[] ROWS = {0, 1, 2, 3, 4, 5, 8, 11};

  /** Which kernel, and whether the rows of the second operand are one. */
  private enum Form {
    DOT,
    DOT_SHARED,
    SCALED,
    SCALED_SHARED,
    STRIDED
  }

  @ParameterizedTest
  @EnumSource(ElementType.class)
  void everyLengthAndNumberOfRows(ElementType type) {
    SplittableRandom random = new SplittableRandom(type.ordinal());
    for (int k = 0; k <= 200; k++) {
      for (Form form : Form.values()) {
        check(type, form, ROWS[random.nextInt(ROWS.length)], k, random);
      }
    }
    for (int k : new int[] {255, 256, 257, 640, 1000, 2047}) {
      for (Form form : Form.values()) {
        for (int rows : ROWS) {
          check(type, form, rows, k, random);
        }
      }
    }
  }

  private static void check(ElementType type, Form form, int rows, int k, SplittableRandom random) {
    boolean tame = random.nextBoolean();
    boolean accumulate = random.nextBoolean();
    boolean scaled = form == Form.SCALED || form == Form.SCALED_SHARED;
    int step = form == Form.STRIDED ? random.nextInt(1, 4) : 1;
    int aRow = k * step + random.nextInt(3);
    int bRow = form == Form.DOT_SHARED || form == Form.SCALED_SHARED ? 0 : scaled ? 2 : aRow;
    int cRow = random.nextInt(1, 4);
    double[] x = values(tame, random, Math.max(1, rows * aRow + 1));
    double[] y = values(tame, random, Math.max(1, rows * bRow + (scaled ? 1 : k * step)) + 1);
    double[] old = values(tame, random, Math.max(1, rows * cRow));
    double[] expected = old.clone();
    for (int i = 0; i < rows; i++) {
      double[] left = new double[k];
      double[] right = new double[k];
      for (int t = 0; t < k; t++) {
        left[t] = x[i * aRow + t * step];
        right[t] = y[i * bRow + (scaled ? 0 : t * step)];
      }
      double sum = Numbers.dot(type, left, right);
      expected[i * cRow] = accumulate ? Numbers.add(type, old[i * cRow], sum) : sum;
    }
    long size = type.sizeBytes();
    for (KernelSet set : new KernelSet[] {KernelSet.scalar(), KernelSet.vector()}) {
      try (Arena arena = Arena.ofConfined()) {
        Numbers a = Numbers.of(type, arena, x, random.nextInt(64));
        Numbers b = Numbers.of(type, arena, y, random.nextInt(64));
        Numbers c = Numbers.of(type, arena, old, random.nextInt(64));
        DotKernels<?> kernels = set.contraction(type).dots();
        if (form == Form.STRIDED) {
          kernels.strided(
              rows,
              k,
              a.segment(),
              a.offsetBytes(),
              aRow * size,
              step * size,
              b.segment(),
              b.offsetBytes(),
              bRow * size,
              step * size,
              c.segment(),
              c.offsetBytes(),
              cRow * size,
              accumulate);
        } else if (scaled) {
          kernels.scaledSum(
              rows,
              k,
              a.segment(),
              a.offsetBytes(),
              aRow * size,
              b.segment(),
              b.offsetBytes(),
              bRow * size,
              c.segment(),
              c.offsetBytes(),
              cRow * size,
              accumulate);
        } else {
          kernels.dot(
              rows,
              k,
              a.segment(),
              a.offsetBytes(),
              aRow * size,
              b.segment(),
              b.offsetBytes(),
              bRow * size,
              c.segment(),
              c.offsetBytes(),
              cRow * size,
              accumulate);
        }
        String what = set.description() + " " + form + " of " + rows + " x " + k;
        c.assertHolds(what, expected);
        a.assertHolds(what + ", first operand", x);
        b.assertHolds(what + ", second operand", y);
      }
    }
  }

  private static double[] values(boolean tame, SplittableRandom random, int count) {
    return tame ? Numbers.tame(random.nextLong(), count) : Numbers.wild(random.nextLong(), count);
  }

  @ParameterizedTest
  @EnumSource(ElementType.class)
  void aZeroKeepsTheSignOfTheDocumentedOrder(ElementType type) {
    // Products that round to -0: a sum of nothing else is -0 once every partial sum has one.
    double tiny = type == ElementType.FLOAT32 ? 0x1p-100 : 0x1p-600;
    for (int k = 1; k < 200; k++) {
      double[] x = new double[k];
      double[] y = new double[k];
      Arrays.fill(x, tiny);
      Arrays.fill(y, -tiny);
      double expected = Numbers.dot(type, x, y);
      for (KernelSet set : new KernelSet[] {KernelSet.scalar(), KernelSet.vector()}) {
        try (Arena arena = Arena.ofConfined()) {
          Numbers a = Numbers.of(type, arena, x, 0);
          Numbers b = Numbers.of(type, arena, y, 0);
          Numbers c = Numbers.of(type, arena, new double[2], 0);
          DotKernels<?> kernels = set.contraction(type).dots();
          kernels.dot(
              1,
              k,
              a.segment(),
              a.offsetBytes(),
              0,
              b.segment(),
              b.offsetBytes(),
              0,
              c.segment(),
              c.offsetBytes(),
              0,
              false);
          kernels.scaledSum(
              1,
              k,
              a.segment(),
              a.offsetBytes(),
              0,
              b.segment(),
              b.offsetBytes(),
              0,
              c.segment(),
              c.offsetBytes() + type.sizeBytes(),
              0,
              false);
          c.assertHolds(set.description() + ", " + k, new double[] {expected, expected});
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource(ElementType.class)
  void aSumInPartsIsTheWholeSum(ElementType type) {
    for (KernelSet set : new KernelSet[] {KernelSet.scalar(), KernelSet.vector()}) {
      inParts(type, set.contraction(type));
    }
  }

  private static <A> void inParts(ElementType type, ContractionKernels<A> kernels) {
    A partials = kernels.arrays().apply(Partials.COUNT);
    for (int last = 0; last < 130; last++) {
      int k = 3 * Partials.COUNT + last;
      double[] x = Numbers.tame(last, k);
      double[] y = Numbers.tame(last + 1, k);
      try (Arena arena = Arena.ofConfined()) {
        Numbers a = Numbers.of(type, arena, x, 4);
        Numbers b = Numbers.of(type, arena, y, 12);
        Numbers c = Numbers.of(type, arena, new double[] {1}, 0);
        kernels.dots().reset(partials);
        for (int from = 0; from < k; from += Partials.COUNT) {
          long at = (long) from * type.sizeBytes();
          kernels
              .dots()
              .accumulate(
                  partials,
                  a.segment(),
                  a.offsetBytes() + at,
                  b.segment(),
                  b.offsetBytes() + at,
                  Math.min(Partials.COUNT, k - from));
        }
        kernels.dots().finish(partials, c.segment(), c.offsetBytes(), true);
        double expected = Numbers.add(type, 1, Numbers.dot(type, x, y));
        c.assertHolds(type + " in parts, " + k, new double[] {expected});
      }
    }
  }
}
