package dev.lanewise.internal.kernel;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Rows added to a row: every number of rows around those taken at a time, and every length, against
 * one chain of multiply-adds an element, to the bit; all guards stay as they are.
 */
@Tag("lanes")
class StreamKernelsTest {
  private static final int MOST_ROWS = 19;
  private static final int MOST_COLUMNS = 70;

  @ParameterizedTest
  @EnumSource(ElementType.class)
  void everyNumberOfRowsAndColumns(ElementType type) {
    SplittableRandom random = new SplittableRandom(type.ordinal());
    for (int rows = 0; rows <= MOST_ROWS; rows++) {
      for (int columns = 0; columns <= MOST_COLUMNS; columns++) {
        check(type, rows, columns, false, random);
        check(type, rows, columns, true, random);
      }
    }
  }

  private static void check(
      ElementType type, int rows, int columns, boolean products, SplittableRandom random) {
    int aRow = products ? columns + random.nextInt(3) : random.nextInt(4);
    int bRow = columns + random.nextInt(3);
    double[] x = Numbers.wild(random.nextLong(), rows * aRow + 1);
    double[] y = Numbers.wild(random.nextLong(), rows * bRow + 1);
    double[] old = Numbers.wild(random.nextLong(), columns);
    double[] expected = old.clone();
    for (int r = 0; r < rows; r++) {
      for (int j = 0; j < columns; j++) {
        double factor = x[r * aRow + (products ? j : 0)];
        expected[j] = Numbers.fma(type, factor, y[r * bRow + j], expected[j]);
      }
    }
    for (KernelSet set : Kernels.BACKENDS) {
      try (Arena arena = Arena.ofConfined()) {
        Numbers a = Numbers.of(type, arena, x, random.nextInt(64));
        Numbers b = Numbers.of(type, arena, y, random.nextInt(64));
        Numbers sum = Numbers.of(type, arena, old, random.nextInt(64));
        StreamKernels stream = set.contraction(type).stream();
        Update update = products ? stream::updateProducts : stream::update;
        update.run(
            rows,
            columns,
            a.segment(),
            a.offsetBytes(),
            (long) aRow * type.sizeBytes(),
            b.segment(),
            b.offsetBytes(),
            (long) bRow * type.sizeBytes(),
            sum.segment(),
            sum.offsetBytes());
        String what =
            set.description() + ", " + rows + " rows of " + columns + ", products " + products;
        sum.assertHolds(what, expected);
        a.assertHolds(what + ", factors", x);
        b.assertHolds(what + ", rows", y);
      }
    }
  }

  private interface Update {
    void run(
        int rows,
        int n,
        MemorySegment a,
        long aOffset,
        long aStride,
        MemorySegment b,
        long bOffset,
        long bRowStride,
        MemorySegment y,
        long yOffset);
  }
}
