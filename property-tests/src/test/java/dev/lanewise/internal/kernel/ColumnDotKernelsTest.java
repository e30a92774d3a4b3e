package dev.lanewise.internal.kernel;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Partial sums of many outputs: every number of vectors and of terms, in one piece and in several,
 * against the documented order of operations.
 */
@Tag("lanes")
class ColumnDotKernelsTest {
  @ParameterizedTest
  @EnumSource(ElementType.class)
  void everyNumberOfVectorsAndTerms(ElementType type) {
    SplittableRandom random = new SplittableRandom(type.ordinal());
    for (KernelSet set : new KernelSet[] {KernelSet.scalar(), KernelSet.vector()}) {
      ColumnDotKernels kernels = set.contraction(type).columnDots();
      for (int vectors = 1; vectors <= kernels.maxVectors(); vectors++) {
        for (int k : new int[] {1, 2, 31, 33, 63, 64, 65, 100, 128, 200}) {
          for (boolean scaled : new boolean[] {false, true}) {
            check(type, set.description(), kernels, vectors, k, scaled, random);
          }
        }
      }
    }
  }

  private static void check(
      ElementType type,
      String set,
      ColumnDotKernels kernels,
      int vectors,
      int k,
      boolean scaled,
      SplittableRandom random) {
    int lanes = kernels.lanes();
    int width = vectors * lanes;
    int last = vectors == 1 ? 0 : (vectors - 2) * lanes + random.nextInt(1, lanes + 1);
    int columns = last + lanes;
    int aRow = columns + random.nextInt(3);
    int bRow = scaled ? random.nextInt(3) : columns + random.nextInt(3);
    double[] x = Numbers.wild(random.nextLong(), k * aRow);
    double[] y = Numbers.wild(random.nextLong(), k * bRow + 1);
    int live = Math.min(k, Partials.COUNT);
    double[] expected = new double[live * width];
    for (int t = 0; t < k; t++) {
      for (int slot = 0; slot < width; slot++) {
        int column = slot < width - lanes ? slot : last + slot - (width - lanes);
        int at = t % Partials.COUNT * width + slot;
        expected[at] =
            Numbers.fma(
                type, x[t * aRow + column], y[t * bRow + (scaled ? 0 : column)], expected[at]);
      }
    }
    double[] old = Numbers.wild(random.nextLong(), expected.length);
    long size = type.sizeBytes();
    try (Arena arena = Arena.ofConfined()) {
      Numbers a = Numbers.of(type, arena, x, random.nextInt(64));
      Numbers b = Numbers.of(type, arena, y, random.nextInt(64));
      Numbers partials = Numbers.of(type, arena, old, 0);
      MemorySegment rows = partials.segment().asSlice(partials.offsetBytes());
      for (int from = 0; from < k; ) {
        int count = random.nextInt(1, k - from + 1);
        long aAt = a.offsetBytes() + from * aRow * size;
        long bAt = b.offsetBytes() + from * bRow * size;
        if (scaled) {
          kernels.scaledSum(
              vectors,
              last * size,
              from,
              count,
              a.segment(),
              aAt,
              aRow * size,
              b.segment(),
              bAt,
              bRow * size,
              rows);
        } else {
          kernels.dot(
              vectors,
              last * size,
              from,
              count,
              a.segment(),
              aAt,
              aRow * size,
              b.segment(),
              bAt,
              bRow * size,
              rows);
        }
        from += count;
      }
      partials.assertHolds(
          set + ", " + vectors + " vectors to " + last + ", " + k + " terms", expected);
    }
  }
}
