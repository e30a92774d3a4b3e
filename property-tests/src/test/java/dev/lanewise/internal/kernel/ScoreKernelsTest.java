package dev.lanewise.internal.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Scores of rows, on both backends: every number of them, with gaps between their vectors. */
@Tag("lanes")
class ScoreKernelsTest {
  private static final ElementType TYPE = ElementType.FLOAT32;

  private static int roundedUp(int count, int unit) {
    return (count + unit - 1) / unit * unit;
  }

  private static double[] poison(int count) {
    double[] poison = new double[count];
    Arrays.fill(poison, Double.NaN);
    return poison;
  }

  @Test
  void scoresAreScaled() {
    SplittableRandom random = new SplittableRandom(1);
    for (KernelSet set : Kernels.BACKENDS) {
      ScoreKernels kernels = set.scores();
      for (int count = 1; count <= 40; count++) {
        int whole = roundedUp(count, kernels.lanes());
        double[] x = Numbers.wild(random.nextLong(), whole);
        double[] y = Numbers.wild(random.nextLong(), whole);
        double[] expected = new double[whole];
        Arrays.setAll(expected, i -> Numbers.multiply(TYPE, x[i], y[i]));
        try (Arena arena = Arena.ofConfined()) {
          Numbers scores = Numbers.of(TYPE, arena, x, random.nextInt(64));
          Numbers scales = Numbers.of(TYPE, arena, y, random.nextInt(64));
          Numbers to = Numbers.of(TYPE, arena, poison(whole), random.nextInt(64));
          kernels.scale(
              count,
              scores.segment(),
              scores.offsetBytes(),
              scales.segment(),
              scales.offsetBytes(),
              to.exact());
          to.assertHolds(set.description() + ", " + count + " scores", expected);
        }
      }
    }
  }

  /** Above the thresholds, and, with all signs changed, below them. */
  @ParameterizedTest
  @ValueSource(ints = {1, -1})
  void theNextIsTheFirstThatIsBeyondItsThreshold(int sign) {
    SplittableRandom random = new SplittableRandom(2);
    for (KernelSet set : Kernels.BACKENDS) {
      ScoreKernels kernels = set.scores();
      int lanes = kernels.lanes();
      for (int count = 0; count <= 12; count++) {
        for (int found = 0; found <= count; found++) {
          for (double above : new double[] {0.5, Double.NaN, Double.POSITIVE_INFINITY}) {
            // What lies between the vectors is NaN, which would be found.
            int stride = lanes + random.nextInt(3);
            double[] scores = new double[count * stride];
            Arrays.fill(scores, Double.NaN);
            double[] thresholds = new double[lanes];
            Arrays.setAll(thresholds, lane -> lane + 1);
            for (int i = 0; i < count * lanes; i++) {
              double low = random.nextBoolean() ? thresholds[i % lanes] : -i;
              scores[i / lanes * stride + i % lanes] = low;
            }
            int lane = random.nextInt(lanes);
            if (found < count) {
              scores[found * stride + lane] = thresholds[lane] + above;
            }
            int from = random.nextInt(count + 1);
            int expected = found < from ? count : found;
            String what = set.description() + ": " + above + " in vector " + found + " of " + count;
            assertEquals(
                expected, next(kernels, sign, from, count, scores, stride, thresholds), what);
          }
        }
      }
    }
  }

  private static int next(
      ScoreKernels kernels,
      int sign,
      int from,
      int count,
      double[] scores,
      int stride,
      double[] thresholds) {
    try (Arena arena = Arena.ofConfined()) {
      Numbers own = Numbers.of(TYPE, arena, times(sign, scores), 8);
      Numbers limits = Numbers.of(TYPE, arena, times(sign, thresholds), 4);
      long strideBytes = (long) stride * TYPE.sizeBytes();
      MemorySegment x = own.segment();
      MemorySegment y = limits.segment();
      return sign > 0
          ? kernels.nextAbove(
              from, count, x, own.offsetBytes(), strideBytes, y, limits.offsetBytes())
          : kernels.nextBelow(
              from, count, x, own.offsetBytes(), strideBytes, y, limits.offsetBytes());
    }
  }

  private static double[] times(int sign, double[] numbers) {
    return Arrays.stream(numbers).map(x -> sign * x).toArray();
  }
}
