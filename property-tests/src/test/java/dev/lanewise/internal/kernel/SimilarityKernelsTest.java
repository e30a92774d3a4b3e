package dev.lanewise.internal.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.function.IntUnaryOperator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Rows of a table compared with one query and with a panel of them, on both backends, against the
 * documented order of operations: every number of rows and columns, with gaps between the rows.
 */
@Tag("lanes")
class SimilarityKernelsTest {
  private static final ElementType TYPE = ElementType.FLOAT32;
  private static final int PARTIALS = SimilarityKernels.PARTIALS;
  private static final int MOST_COLUMNS = 70;

  /** Where a tile's rows start, so that an index that is left out is found. */
  private static final int FIRST = 3;

  /** {@link SimilarityKernels#dotRows} or its twin. */
  private interface RowsKernel {
    void run(
        SimilarityKernels kernels,
        int rows,
        int k,
        MemorySegment table,
        long tableOffset,
        long tableStride,
        MemorySegment query,
        long queryOffset,
        MemorySegment partials,
        long partialsOffset);
  }

  /** {@link SimilarityKernels#dotFold} or its twin. */
  private interface FoldKernel {
    void run(
        SimilarityKernels kernels,
        int rows,
        MemorySegment partials,
        long partialsOffset,
        MemorySegment scores,
        long scoresOffset);
  }

  /** {@link SimilarityKernels#dotTile} or its twin. */
  private interface TileKernel {
    void run(
        SimilarityKernels kernels,
        int rows,
        int k,
        float[] a,
        int aIndex,
        MemorySegment b,
        long bOffset,
        MemorySegment c,
        long cOffset);
  }

  /** What rows and queries are compared by. */
  private enum Measure {
    DOT(SimilarityKernels::dotRows, SimilarityKernels::dotFold, SimilarityKernels::dotTile),
    DISTANCE(
        SimilarityKernels::distanceRows,
        SimilarityKernels::distanceFold,
        SimilarityKernels::distanceTile);

    final RowsKernel rows;
    final FoldKernel fold;
    final TileKernel tile;

    Measure(RowsKernel rows, FoldKernel fold, TileKernel tile) {
      this.rows = rows;
      this.fold = fold;
      this.tile = tile;
    }

    double enter(double partial, double x, double q) {
      double difference = Numbers.add(TYPE, x, -q);
      return this == DOT
          ? Numbers.fma(TYPE, x, q, partial)
          : Numbers.fma(TYPE, difference, difference, partial);
    }

    /** The four partial sums of a row. */
    double[] partials(double[] row, double[] query) {
      double[] partials = new double[PARTIALS];
      int padded = padded(row.length);
      for (int t = 0; t < padded; t++) {
        double x = t < row.length ? row[t] : 0;
        double q = t < row.length ? query[t] : 0;
        partials[t % PARTIALS] = enter(partials[t % PARTIALS], x, q);
      }
      return partials;
    }

    double score(double... partials) {
      double sum =
          Numbers.add(
              TYPE,
              Numbers.add(TYPE, partials[0], partials[2]),
              Numbers.add(TYPE, partials[1], partials[3]));
      return this == DOT ? sum : Numbers.add(TYPE, 0, -sum);
    }
  }

  private static int padded(int columns) {
    return roundedUp(columns, PARTIALS);
  }

  private static int roundedUp(int count, int unit) {
    return (count + unit - 1) / unit * unit;
  }

  private static double[][] rows(SplittableRandom random, int count, int columns) {
    double[][] rows = new double[count][];
    Arrays.setAll(rows, i -> Numbers.tame(random.nextLong(), columns));
    return rows;
  }

  private static double[] poison(int count) {
    double[] poison = new double[count];
    Arrays.fill(poison, Double.NaN);
    return poison;
  }

  /** Rows at places of their own, in elements, with NaN between them. */
  private static double[] laid(double[][] rows, IntUnaryOperator place, int length) {
    double[] laid = poison(length);
    for (int i = 0; i < rows.length; i++) {
      System.arraycopy(rows[i], 0, laid, place.applyAsInt(i), rows[i].length);
    }
    return laid;
  }

  @ParameterizedTest
  @EnumSource(Measure.class)
  void rowsAndOneQuery(Measure measure) {
    SplittableRandom random = new SplittableRandom(measure.ordinal());
    for (KernelSet set : Kernels.BACKENDS) {
      for (int columns = 1; columns <= MOST_COLUMNS; columns++) {
        int count = random.nextInt(1, 20);
        int distance = columns + random.nextInt(3);
        double[][] rows = rows(random, count, columns);
        double[] query = Numbers.tame(random.nextLong(), columns);
        double[] partials = new double[count * PARTIALS];
        double[] scores = new double[count];
        for (int i = 0; i < count; i++) {
          double[] own = measure.partials(rows[i], query);
          System.arraycopy(own, 0, partials, i * PARTIALS, PARTIALS);
          scores[i] = measure.score(own);
        }
        String what = set.description() + ", " + count + " rows of " + columns;
        try (Arena arena = Arena.ofConfined()) {
          SimilarityKernels kernels = set.similarity();
          Numbers table =
              Numbers.of(
                  TYPE, arena, laid(rows, i -> i * distance, count * distance), random.nextInt(64));
          Numbers repeated = Numbers.of(TYPE, arena, repeated(query, kernels.copies()), 4);
          Numbers out = Numbers.of(TYPE, arena, poison(count * PARTIALS), 8);
          measure.rows.run(
              kernels,
              count,
              columns,
              table.segment(),
              table.offsetBytes(),
              (long) distance * TYPE.sizeBytes(),
              repeated.segment(),
              repeated.offsetBytes(),
              out.segment(),
              out.offsetBytes());
          out.assertHolds(what + ", partial sums", partials);
          fold(kernels, measure, arena, what, partials, scores);
        }
      }
    }
  }

  /**
   * A query as kernels of rows want it: every four numbers some times, before the next. What fills
   * the last four up is NaN, which enters no sum.
   */
  private static double[] repeated(double[] query, int copies) {
    double[] repeated = poison(padded(query.length) * copies);
    for (int t = 0; t < query.length; t++) {
      int inFour = t % PARTIALS;
      for (int copy = 0; copy < copies; copy++) {
        repeated[(t - inFour) * copies + copy * PARTIALS + inFour] = query[t];
      }
    }
    return repeated;
  }

  private static void fold(
      SimilarityKernels kernels,
      Measure measure,
      Arena arena,
      String what,
      double[] partials,
      double[] scores) {
    int whole = roundedUp(scores.length, kernels.lanes());
    Numbers from = Numbers.of(TYPE, arena, Arrays.copyOf(partials, whole * PARTIALS), 12);
    Numbers to = Numbers.of(TYPE, arena, poison(whole), 20);
    measure.fold.run(
        kernels, scores.length, from.segment(), from.offsetBytes(), to.segment(), to.offsetBytes());
    // Behind the rows are the scores of partial sums of +0.
    to.assertHolds(what + ", scores", Arrays.copyOf(scores, whole));
  }

  @ParameterizedTest
  @EnumSource(Measure.class)
  void tilesOfAPanel(Measure measure) {
    SplittableRandom random = new SplittableRandom(measure.ordinal());
    for (KernelSet set : Kernels.BACKENDS) {
      SimilarityKernels kernels = set.similarity();
      assertTrue(kernels.tileRows() > 0, set.description() + " has no tile");
      for (int count = 1; count <= kernels.tileRows(); count++) {
        for (int columns = 1; columns <= MOST_COLUMNS; columns++) {
          tile(set.description(), kernels, measure, count, columns, random);
        }
        tile(set.description(), kernels, measure, count, PackedRows.LENGTH, random);
      }
    }
  }

  private static void tile(
      String backend,
      SimilarityKernels kernels,
      Measure measure,
      int count,
      int columns,
      SplittableRandom random) {
    int lanes = kernels.lanes();
    int padded = padded(columns);
    double[][] rows = rows(random, count, columns);
    double[][] queries = rows(random, lanes, columns);
    double[] panel = new double[padded * lanes];
    double[] scores = new double[count * lanes];
    for (int lane = 0; lane < lanes; lane++) {
      for (int t = 0; t < columns; t++) {
        panel[t * lanes + lane] = queries[lane][t];
      }
      for (int i = 0; i < count; i++) {
        scores[i * lanes + lane] = measure.score(measure.partials(rows[i], queries[lane]));
      }
    }
    // Rows are padded with +0; what is behind them is NaN, and so would a score be that reads it.
    double[][] paddedRows =
        Arrays.stream(rows).map(row -> Arrays.copyOf(row, padded)).toArray(double[][]::new);
    double[] packed =
        laid(paddedRows, i -> FIRST + i * PackedRows.PITCH, FIRST + count * PackedRows.PITCH);
    float[] a = Kernels.array(KernelSet.scalar().float32(), packed);
    try (Arena arena = Arena.ofConfined()) {
      Numbers b = Numbers.of(TYPE, arena, panel, random.nextInt(64));
      Numbers c = Numbers.of(TYPE, arena, poison(count * lanes), random.nextInt(64));
      measure.tile.run(
          kernels,
          count,
          columns,
          a,
          FIRST,
          b.segment(),
          b.offsetBytes(),
          c.segment(),
          c.offsetBytes());
      c.assertHolds(backend + ", tile of " + count + " rows of " + columns, scores);
    }
  }

  @Test
  void scoresAreScaled() {
    SplittableRandom random = new SplittableRandom(1);
    for (KernelSet set : Kernels.BACKENDS) {
      SimilarityKernels kernels = set.similarity();
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

  @Test
  void theNextIsTheFirstThatIsNotAtMostItsThreshold() {
    SplittableRandom random = new SplittableRandom(2);
    for (KernelSet set : Kernels.BACKENDS) {
      SimilarityKernels kernels = set.similarity();
      int lanes = kernels.lanes();
      for (int count = 0; count <= 12; count++) {
        for (int found = 0; found <= count; found++) {
          for (double above : new double[] {0.5, Double.NaN, Double.POSITIVE_INFINITY}) {
            double[] scores = new double[count * lanes];
            double[] thresholds = new double[lanes];
            Arrays.setAll(thresholds, lane -> lane + 1);
            Arrays.setAll(scores, i -> random.nextBoolean() ? thresholds[i % lanes] : -i);
            int lane = random.nextInt(lanes);
            if (found < count) {
              scores[found * lanes + lane] = thresholds[lane] + above;
            }
            int from = random.nextInt(count + 1);
            int expected = found < from ? count : found;
            String what = set.description() + ": " + above + " in vector " + found + " of " + count;
            assertEquals(expected, next(kernels, from, count, scores, thresholds), what);
          }
        }
      }
    }
  }

  private static int next(
      SimilarityKernels kernels, int from, int count, double[] scores, double[] thresholds) {
    try (Arena arena = Arena.ofConfined()) {
      Numbers own = Numbers.of(TYPE, arena, scores, 8);
      Numbers limits = Numbers.of(TYPE, arena, thresholds, 4);
      return kernels.next(
          from, count, own.segment(), own.offsetBytes(), limits.segment(), limits.offsetBytes());
    }
  }
}
