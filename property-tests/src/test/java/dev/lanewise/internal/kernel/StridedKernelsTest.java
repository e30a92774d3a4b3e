package dev.lanewise.internal.kernel;

import static dev.lanewise.verification.TensorAssertions.assertSameBits;

import dev.lanewise.verification.FloatClass;
import dev.lanewise.verification.FloatFormat;
import dev.lanewise.verification.GuardedRun;
import java.lang.foreign.Arena;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Loops over any strides against the definition, to the bit; a backend has one lane here, too, but
 * may have its own class.
 */
@Tag("lanes")
class StridedKernelsTest {
  private static final int FIRST = 2;

  @ParameterizedTest
  @EnumSource(FloatFormat.class)
  void chainsOfAnyStrides(FloatFormat format) {
    SplittableRandom random = new SplittableRandom(1);
    for (int m = 0; m <= 4; m++) {
      for (int n = 0; n <= 9; n++) {
        for (int kc : new int[] {0, 1, 2, 17, PackedRows.LENGTH}) {
          for (boolean accumulate : new boolean[] {false, true}) {
            chain(format, m, n, kc, accumulate, random);
          }
        }
      }
    }
  }

  /** A matrix in a run of numbers: element (i, j) at place {@code first + i rows + j columns}. */
  private record Matrix(int first, int rows, int columns, int length) {
    /** Of any order of strides, with gaps, and for operands backwards or with stride 0. */
    static Matrix of(int m, int n, boolean operand, SplittableRandom random) {
      boolean columnsFirst = random.nextBoolean();
      int inner = random.nextInt(1, 3);
      int outer = inner * Math.max(columnsFirst ? m : n, 1) + random.nextInt(2);
      int rows = columnsFirst ? inner : outer;
      int columns = columnsFirst ? outer : inner;
      if (operand && random.nextInt(4) == 0) {
        columns = 0;
      }
      boolean backwards = operand && random.nextInt(4) == 0;
      int first = backwards ? Math.max(m - 1, 0) * rows : 0;
      int length = Math.max(m - 1, 0) * rows + Math.max(n - 1, 0) * columns + 1;
      return new Matrix(first, backwards ? -rows : rows, columns, length);
    }

    int at(int i, int j) {
      return first + i * rows + j * columns;
    }
  }

  private static void chain(
      FloatFormat format, int m, int n, int kc, boolean accumulate, SplittableRandom random) {
    Matrix a = Matrix.of(m, kc, true, random);
    Matrix b = Matrix.of(kc, n, true, random);
    Matrix c = Matrix.of(m, n, false, random);
    double[] x = FloatClass.tame(format, random.nextLong(), a.length);
    double[] y = FloatClass.tame(format, random.nextLong(), b.length);
    double[] before = FloatClass.tame(format, random.nextLong(), c.length);
    double[] expected = before.clone();
    for (int i = 0; i < m; i++) {
      for (int j = 0; j < n; j++) {
        double sum = 0;
        for (int p = 0; p < kc; p++) {
          sum = format.fma(x[a.at(i, p)], y[b.at(p, j)], sum);
        }
        expected[c.at(i, j)] = accumulate ? format.add(before[c.at(i, j)], sum) : sum;
      }
    }
    long size = format.sizeBytes();
    for (KernelSet set : Kernels.BACKENDS) {
      try (Arena arena = Arena.ofConfined()) {
        GuardedRun runA = GuardedRun.of(arena, format, x, random.nextInt(64));
        GuardedRun runB = GuardedRun.of(arena, format, y, random.nextInt(64));
        GuardedRun runC = GuardedRun.of(arena, format, before, random.nextInt(64));
        set.contraction(Kernels.type(format))
            .strided()
            .chain(
                m,
                n,
                kc,
                runA.segment(),
                runA.offsetBytes() + a.first * size,
                a.rows * size,
                a.columns * size,
                runB.segment(),
                runB.offsetBytes() + b.first * size,
                b.rows * size,
                b.columns * size,
                runC.segment(),
                runC.offsetBytes() + c.first * size,
                c.rows * size,
                c.columns * size,
                accumulate);
        String what = set.description() + " " + format + " " + m + " x " + n + " x " + kc;
        assertSameBits(what, expected, runC.numbers());
        runC.assertGuardsUnchanged(what);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(FloatFormat.class)
  void gathersAndScatters(FloatFormat format) {
    SplittableRandom random = new SplittableRandom(2);
    for (KernelSet set : Kernels.BACKENDS) {
      StridedKernels kernels = set.contraction(Kernels.type(format)).strided();
      for (int n = 0; n <= 20; n++) {
        for (int stride = 1; stride <= 3; stride++) {
          String what = set.description() + " " + format + ", " + n + " with stride " + stride;
          gather(what, kernels, format, n, stride, random);
          scatter(what, kernels, format, n, stride, false, random);
          scatter(what, kernels, format, n, stride, true, random);
        }
      }
    }
  }

  /** A table of places, in bytes, behind entries that are not to be used. */
  private static long[] table(FloatFormat format, int n, int stride) {
    long[] table = new long[FIRST + n];
    for (int i = 0; i < n; i++) {
      table[FIRST + i] = (long) i * stride * format.sizeBytes();
    }
    return table;
  }

  private static void gather(
      String what,
      StridedKernels kernels,
      FloatFormat format,
      int n,
      int stride,
      SplittableRandom random) {
    // One more than is taken, which would be seen behind the output.
    double[] values = FloatClass.wild(format, random.nextLong(), n * stride + 1);
    double[] expected = new double[n];
    for (int i = 0; i < n; i++) {
      expected[i] = values[i * stride];
    }
    try (Arena arena = Arena.ofConfined()) {
      GuardedRun from = GuardedRun.of(arena, format, values, random.nextInt(64));
      GuardedRun to = GuardedRun.poisoned(arena, format, n, random.nextInt(64));
      kernels.gather(
          n,
          from.segment(),
          from.offsetBytes(),
          table(format, n, stride),
          FIRST,
          to.segment(),
          to.offsetBytes());
      assertSameBits(what + ", gather", expected, to.numbers());
      to.assertGuardsUnchanged(what);
    }
  }

  private static void scatter(
      String what,
      StridedKernels kernels,
      FloatFormat format,
      int n,
      int stride,
      boolean accumulate,
      SplittableRandom random) {
    double[] values = FloatClass.wild(format, random.nextLong(), n);
    double[] before = FloatClass.wild(format, random.nextLong(), n * stride);
    double[] expected = before.clone();
    for (int i = 0; i < n; i++) {
      expected[i * stride] = accumulate ? format.add(before[i * stride], values[i]) : values[i];
    }
    try (Arena arena = Arena.ofConfined()) {
      GuardedRun from = GuardedRun.of(arena, format, values, random.nextInt(64));
      for (boolean byTable : new boolean[] {false, true}) {
        GuardedRun to = GuardedRun.of(arena, format, before, random.nextInt(64));
        if (byTable) {
          kernels.scatter(
              n,
              from.segment(),
              from.offsetBytes(),
              to.segment(),
              to.offsetBytes(),
              table(format, n, stride),
              FIRST,
              accumulate);
        } else {
          kernels.scatter(
              n,
              from.segment(),
              from.offsetBytes(),
              to.segment(),
              to.offsetBytes(),
              (long) stride * format.sizeBytes(),
              accumulate);
        }
        assertSameBits(what + ", scatter, table " + byTable, expected, to.numbers());
        to.assertGuardsUnchanged(what);
      }
    }
  }
}
