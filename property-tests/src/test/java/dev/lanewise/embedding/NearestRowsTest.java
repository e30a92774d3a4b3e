package dev.lanewise.embedding;

import static dev.lanewise.Refusals.refused;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.MappedFiles;
import dev.lanewise.einsum.Contraction;
import dev.lanewise.parallel.Parallelism;
import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import dev.lanewise.verification.ErrorBounds;
import dev.lanewise.verification.FloatClass;
import dev.lanewise.verification.LanewiseArbitraries;
import dev.lanewise.verification.OracleNearestRows;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.concurrent.ForkJoinPool;
import java.util.function.BiConsumer;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tag;

/**
 * The nearest rows are those of a plain sort by the documented scores, bit for bit: alone, in a
 * batch, from several threads, at every lane width.
 */
@Tag("lanes")
class NearestRowsTest {
  private static final int[] WIDTHS = {
    0, 1, 2, 3, 4, 5, 7, 16, 31, 64, 67, 100, 255, 256, 257, 530
  };

  @Provide
  Arbitrary<Long> seeds() {
    return LanewiseArbitraries.seeds();
  }

  @Provide
  Arbitrary<Similarity> similarities() {
    return net.jqwik.api.Arbitraries.of(Similarity.class);
  }

  private static OracleNearestRows.Kind kind(Similarity similarity) {
    return OracleNearestRows.Kind.valueOf(similarity.name());
  }

  /** Of every row's numbers. */
  private static float[][] rows(Tensor tensor) {
    float[] all = tensor.toFloatArray();
    int width = (int) tensor.size(1);
    float[][] rows = new float[(int) tensor.size(0)][];
    Arrays.setAll(rows, i -> Arrays.copyOfRange(all, i * width, (i + 1) * width));
    return rows;
  }

  /** Few numbers that repeat, so that scores are equal, or all kinds of numbers. */
  private static float[] numbers(SplittableRandom random, int count) {
    return switch (random.nextInt(3)) {
      case 0 -> FloatClass.tame(random.nextLong(), count);
      case 1 -> FloatClass.wild(random.nextLong(), count);
      default -> {
        float[] few = new float[count];
        for (int i = 0; i < count; i++) {
          few[i] = random.nextInt(-1, 2);
        }
        yield few;
      }
    };
  }

  private static void assertFound(
      String what,
      Similarity similarity,
      float[][] table,
      float[] query,
      int excluded,
      Tensor rows,
      Tensor scores) {
    float[] keys = new float[table.length];
    for (int i = 0; i < keys.length; i++) {
      keys[i] = OracleNearestRows.key(kind(similarity), table[i], query);
    }
    int[] order = OracleNearestRows.order(keys, excluded);
    long[] foundRows = longs(rows);
    float[] foundScores = scores.toFloatArray();
    for (int i = 0; i < foundRows.length; i++) {
      assertEquals(order[i], foundRows[i], what + ", row " + i);
      float expected = OracleNearestRows.score(kind(similarity), keys[order[i]], query);
      assertEquals(
          Float.floatToIntBits(expected),
          Float.floatToIntBits(foundScores[i]),
          what + ", score " + i + ": expected " + expected + ", got " + foundScores[i]);
    }
  }

  private static void assertSame(
      String what, Tensor expectedRows, Tensor expectedScores, Tensor rows, Tensor scores) {
    assertArrayEquals(longs(expectedRows), longs(rows), what + ", rows");
    assertArrayEquals(bits(expectedScores), bits(scores), what + ", scores");
  }

  private static long[] longs(Tensor rows) {
    long[] found = new long[(int) rows.size(0)];
    for (int i = 0; i < found.length; i++) {
      found[i] =
          rows.segment()
              .get(
                  ValueLayout.JAVA_LONG_UNALIGNED,
                  rows.offsetBytes() + i * rows.stride(0) * Long.BYTES);
    }
    return found;
  }

  /** Rows with gaps between them or none, in memory or a mapped file, or one row many times. */
  private static Tensor table(Arena arena, SplittableRandom random, int count, int width) {
    int gap = random.nextInt(2) * 3;
    float[] numbers = numbers(random, count * (width + gap));
    Arena memory = numbers.length > 0 && random.nextInt(3) == 0 ? new MappedFiles(arena) : arena;
    Tensor rows =
        Tensor.copyOf(memory, numbers, count, width + gap).slice(1, gap / 3, width + gap / 3);
    boolean repeats = random.nextInt(10) == 0;
    return (repeats ? rows.asStrided(rows.shape(), new long[] {0, 1}, 0) : rows).asReadOnly();
  }

  @Property(tries = 200)
  void theBestOfAllRowsBySortingThem(
      @ForAll("seeds") long seed, @ForAll("similarities") Similarity similarity) {
    SplittableRandom random = new SplittableRandom(seed);
    int width = WIDTHS[random.nextInt(WIDTHS.length)];
    int count = random.nextInt(2, random.nextInt(3) > 0 ? 40 : 400);
    int batch = random.nextInt(0, random.nextInt(4) > 0 ? 6 : 40);
    try (Arena arena = Arena.ofConfined()) {
      Tensor table = table(arena, random, count, width);
      Tensor queries =
          Tensor.copyOf(arena, numbers(random, width * batch), width, batch).transpose(0, 1);
      int excluded = random.nextInt(3) == 0 ? random.nextInt(count) : -1;
      int most = count - (excluded < 0 ? 0 : 1);
      int k = random.nextBoolean() ? most : random.nextInt(1, most + 1);
      NearestRows nearest = NearestRows.of(table, similarity, Math.min(k, most));
      if (excluded >= 0) {
        nearest = nearest.excludingRow(random.nextBoolean() ? excluded : excluded - count);
      }
      Tensor rows = Tensor.allocate(arena, DType.INT64, Shape.of(k, batch)).transpose(0, 1);
      Tensor scores = Tensor.full(arena, 7, batch, 2 * k + 1).slice(1, 1, 2 * k + 1, 2);
      nearest.search(queries, rows, scores);
      Tensor rowsAlone = Tensor.allocate(arena, DType.INT64, Shape.of(k));
      Tensor scoresAlone = Tensor.zeros(arena, k);
      float[][] numbers = rows(table);
      float[][] asked = rows(queries);
      for (int query = 0; query < batch; query++) {
        String what = nearest + ", query " + query + " of " + batch;
        assertFound(
            what,
            similarity,
            numbers,
            asked[query],
            excluded,
            rows.select(0, query),
            scores.select(0, query));
        nearest.search(queries.select(0, query), rowsAlone, scoresAlone);
        assertSame(
            what + " alone",
            rows.select(0, query),
            scores.select(0, query),
            rowsAlone,
            scoresAlone);
      }
    }
  }

  private static int[] bits(Tensor scores) {
    float[] values = scores.toFloatArray();
    int[] bits = new int[values.length];
    Arrays.setAll(bits, i -> Float.floatToIntBits(values[i]));
    return bits;
  }

  @Property(tries = 8)
  void threadsFindTheSame(
      @ForAll("seeds") long seed, @ForAll("similarities") Similarity similarity) {
    SplittableRandom random = new SplittableRandom(seed);
    int width = 64;
    int count = random.nextInt(10_000, 12_000);
    int k = random.nextInt(1, 30);
    int batch = random.nextBoolean() ? 1 : 40;
    try (Arena arena = Arena.ofShared();
        ForkJoinPool pool = new ForkJoinPool(3)) {
      Tensor table = Tensor.copyOf(arena, numbers(random, count * width), count, width);
      Tensor queries = Tensor.copyOf(arena, numbers(random, batch * width), batch, width);
      NearestRows nearest = NearestRows.of(table, similarity, k);
      Tensor rows = Tensor.allocate(arena, DType.INT64, Shape.of(batch, k));
      Tensor scores = Tensor.zeros(arena, batch, k);
      nearest.search(queries, rows, scores);
      Tensor rowsShared = Tensor.allocate(arena, DType.INT64, Shape.of(batch, k));
      Tensor scoresShared = Tensor.zeros(arena, batch, k);
      for (int threads = 2; threads <= 4; threads++) {
        nearest
            .withParallelism(Parallelism.of(pool, threads))
            .search(queries, rowsShared, scoresShared);
        for (int query = 0; query < batch; query++) {
          assertSame(
              threads + " threads, query " + query,
              rows.select(0, query),
              scores.select(0, query),
              rowsShared.select(0, query),
              scoresShared.select(0, query));
        }
      }
      assertFound(
          nearest.toString(),
          similarity,
          rows(table),
          rows(queries)[0],
          -1,
          rows.select(0, 0),
          scores.select(0, 0));
    }
  }

  /**
   * The bounds of docs/numerics.md, and so that the scores are those of the definition: products
   * pass at most {@code n = min(D, 256) + ceil(D / 256)} roundings. A difference has one, twice in
   * its square; the root halves a relative error and adds a rounding. A cosine has three roundings
   * of inverse norms and products more on each side.
   */
  @Property(tries = 200)
  void scoresAreWithinTheBoundOfTheDefinition(
      @ForAll("seeds") long seed, @ForAll("similarities") Similarity similarity) {
    SplittableRandom random = new SplittableRandom(seed);
    int width = random.nextInt(1, 600);
    float[] row = FloatClass.fill(random.nextLong(), width, FloatClass.NORMAL);
    float[] query = FloatClass.fill(random.nextLong(), width, FloatClass.NORMAL);
    int roundings = Math.min(width, 256) + (width + 255) / 256;
    double magnitude = 0;
    double rowSquare = 0;
    double querySquare = 0;
    for (int d = 0; d < width; d++) {
      magnitude += Math.abs((double) row[d] * query[d]);
      rowSquare += (double) row[d] * row[d];
      querySquare += (double) query[d] * query[d];
    }
    double expected = OracleNearestRows.definition(kind(similarity), row, query);
    double ofOracle = ErrorBounds.gammaOfDouble(width + 4L);
    double bound =
        switch (similarity) {
          case DOT -> (ErrorBounds.gamma(roundings) + ofOracle) * magnitude;
          case COSINE ->
              (ErrorBounds.gamma(roundings + 4) + 3 * ofOracle)
                  * magnitude
                  / Math.sqrt(rowSquare)
                  / Math.sqrt(querySquare);
          case EUCLIDEAN -> (ErrorBounds.gamma(roundings + 3) + ofOracle) * expected;
        };
    try (Arena arena = Arena.ofConfined()) {
      Tensor rows = Tensor.allocate(arena, DType.INT64, Shape.of(1));
      Tensor scores = Tensor.zeros(arena, 1);
      NearestRows.of(Tensor.copyOf(arena, row, 1, width), similarity, 1)
          .search(Tensor.copyOf(arena, query, width), rows, scores);
      double error = Math.abs(scores.toFloatArray()[0] - expected);
      assertTrue(error <= bound, () -> similarity + ": error " + error + " above " + bound);
    }
  }

  /** Which are sums in the same order. */
  @Property(tries = 30)
  void scoresOfProductsAreThoseOfEinsum(@ForAll("seeds") long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    int width = WIDTHS[random.nextInt(WIDTHS.length)];
    int count = random.nextInt(1, 60);
    int batch = random.nextInt(1, 40);
    try (Arena arena = Arena.ofConfined()) {
      Tensor table = Tensor.copyOf(arena, numbers(random, count * width), count, width);
      Tensor queries = Tensor.copyOf(arena, numbers(random, batch * width), batch, width);
      Tensor rows = Tensor.allocate(arena, DType.INT64, Shape.of(batch, count));
      Tensor scores = Tensor.zeros(arena, batch, count);
      NearestRows.of(table, Similarity.DOT, count).search(queries, rows, scores);
      Tensor products = Tensor.zeros(arena, batch, count);
      Contraction.compile("qk,rk->qr", queries.shape(), table.shape())
          .execute(queries, table, products);
      for (int query = 0; query < batch; query++) {
        long[] order = longs(rows.select(0, query));
        int[] found = bits(scores.select(0, query));
        int[] all = bits(products.select(0, query));
        int[] expected = Arrays.stream(order).mapToInt(row -> all[(int) row]).toArray();
        assertArrayEquals(expected, found, "query " + query);
      }
    }
  }

  /** Tables that are read ahead, of rows that need it for one query only and of longer ones. */
  @Example
  void theBestOfALargeTable() {
    SplittableRandom random = new SplittableRandom(8);
    for (int[] size : new int[][] {{40_000, 60}, {24_000, 100}, {8_200, 300}, {2_200, 1000}}) {
      int count = size[0];
      int width = size[1];
      int gap = random.nextInt(2) * 5;
      Similarity similarity = Similarity.values()[random.nextInt(Similarity.values().length)];
      try (Arena arena = Arena.ofConfined()) {
        Tensor table =
            Tensor.copyOf(arena, numbers(random, count * (width + gap)), count, width + gap)
                .slice(1, 0, width);
        Tensor queries = Tensor.copyOf(arena, numbers(random, 2 * width), 2, width);
        NearestRows nearest = NearestRows.of(table, similarity, 20);
        Tensor rows = Tensor.allocate(arena, DType.INT64, Shape.of(2, 20));
        Tensor scores = Tensor.zeros(arena, 2, 20);
        nearest.search(queries, rows, scores);
        assertFound(
            nearest + " of two",
            similarity,
            rows(table),
            rows(queries)[1],
            -1,
            rows.select(0, 1),
            scores.select(0, 1));
        nearest.search(queries.select(0, 1), rows.select(0, 0), scores.select(0, 0));
        assertSame(
            nearest + " alone",
            rows.select(0, 1),
            scores.select(0, 1),
            rows.select(0, 0),
            scores.select(0, 0));
      }
    }
  }

  /** So many candidates that the queries do not fit one pass, and more queries than a pass has. */
  @Example
  void moreQueriesThanOnePassFindTheSame() {
    SplittableRandom random = new SplittableRandom(5);
    for (int[] size : new int[][] {{140_000, 33}, {20, 300}}) {
      int count = size[0];
      int batch = size[1];
      try (Arena arena = Arena.ofConfined()) {
        Tensor table = Tensor.copyOf(arena, numbers(random, count), count, 1);
        Tensor queries = Tensor.copyOf(arena, numbers(random, batch), batch, 1);
        NearestRows nearest = NearestRows.of(table, Similarity.DOT, count);
        Tensor rows = Tensor.allocate(arena, DType.INT64, Shape.of(batch, count));
        Tensor scores = Tensor.zeros(arena, batch, count);
        nearest.search(queries, rows, scores);
        Tensor rowsAlone = Tensor.allocate(arena, DType.INT64, Shape.of(count));
        Tensor scoresAlone = Tensor.zeros(arena, count);
        for (int query : new int[] {0, 28, 29, batch - 1}) {
          nearest.search(queries.select(0, query), rowsAlone, scoresAlone);
          assertSame(
              "query " + query,
              rowsAlone,
              scoresAlone,
              rows.select(0, query),
              scores.select(0, query));
        }
      }
    }
  }

  @Example
  void aTrainedTableNeedsARefreshForCosineOnly() {
    try (Arena arena = Arena.ofConfined()) {
      Tensor table = Tensor.copyOf(arena, new float[] {1, 0, 3, 4}, 2, 2);
      NearestRows nearest = NearestRows.of(table, Similarity.COSINE, 2);
      table.copyFrom(Tensor.copyOf(arena, new float[] {0, 0, 8, 6}, 2, 2));
      nearest.refresh();
      Tensor rows = Tensor.allocate(arena, DType.INT64, Shape.of(2));
      Tensor scores = Tensor.zeros(arena, 2);
      nearest.search(Tensor.copyOf(arena, new float[] {0, 2}, 2), rows, scores);
      assertArrayEquals(new long[] {1, 0}, longs(rows));
      assertArrayEquals(new float[] {0.6f, 0}, scores.toFloatArray(), Math.ulp(0.6f));
    }
  }

  @Example
  void specialNumbersAsDocumented() {
    float inf = Float.POSITIVE_INFINITY;
    float nan = Float.NaN;
    float[] column = {nan, 2, -inf, -0f, inf, 0, -2};
    float[] one = {1};
    assertOrder(Similarity.DOT, column, one, new long[] {4, 1, 3, 5, 6, 2, 0});
    assertScores(Similarity.DOT, column, one, new float[] {inf, 2, 0, 0, -2, -inf, nan});
    // Infinite rows have no direction.
    assertOrder(Similarity.COSINE, column, one, new long[] {1, 3, 5, 6, 0, 2, 4});
    assertScores(Similarity.COSINE, column, one, new float[] {1, 0, 0, -1, nan, nan, nan});
    assertOrder(Similarity.COSINE, column, new float[] {0}, new long[] {1, 3, 5, 6, 0, 2, 4});
    assertScores(
        Similarity.COSINE,
        column,
        new float[] {inf},
        new float[] {nan, nan, nan, nan, nan, nan, nan});
    assertOrder(Similarity.EUCLIDEAN, column, one, new long[] {1, 3, 5, 6, 2, 4, 0});
    assertScores(Similarity.EUCLIDEAN, column, one, new float[] {1, 1, 1, 3, inf, inf, nan});
    assertScores(
        Similarity.EUCLIDEAN,
        column,
        new float[] {inf},
        new float[] {inf, inf, inf, inf, inf, nan, nan});
  }

  private static void assertOrder(
      Similarity similarity, float[] column, float[] query, long[] expected) {
    search(similarity, column, query, (rows, scores) -> assertArrayEquals(expected, longs(rows)));
  }

  private static void assertScores(
      Similarity similarity, float[] column, float[] query, float[] expected) {
    // Zeros of either sign are equal here.
    search(
        similarity,
        column,
        query,
        (rows, scores) -> {
          float[] found = scores.toFloatArray();
          for (int i = 0; i < expected.length; i++) {
            assertEquals(expected[i] + 0f, found[i] + 0f, similarity + ", score " + i);
          }
        });
  }

  private static void search(
      Similarity similarity, float[] column, float[] query, BiConsumer<Tensor, Tensor> check) {
    try (Arena arena = Arena.ofConfined()) {
      Tensor rows = Tensor.allocate(arena, DType.INT64, Shape.of(column.length));
      Tensor scores = Tensor.zeros(arena, column.length);
      NearestRows.of(Tensor.copyOf(arena, column, column.length, 1), similarity, column.length)
          .search(Tensor.copyOf(arena, query, 1), rows, scores);
      check.accept(rows, scores);
    }
  }

  @Example
  void thePaddingRowOfAnEmbeddingIsLeftOut() {
    try (Arena arena = Arena.ofConfined()) {
      Tensor table = Tensor.copyOf(arena, new float[] {5, 4, 3}, 3, 1);
      Embedding embedding = Embedding.fromPretrained(table).withPaddingIdx(0);
      Tensor rows = Tensor.allocate(arena, DType.INT64, Shape.of(2));
      Tensor scores = Tensor.zeros(arena, 2);
      NearestRows.of(embedding, Similarity.DOT, 2).search(Tensor.full(arena, 1, 1), rows, scores);
      assertArrayEquals(new long[] {1, 2}, longs(rows));
      refused(
          IllegalArgumentException.class,
          "k: expected 1 to 2, the rows that are compared, got 3",
          () -> NearestRows.of(embedding, Similarity.DOT, 3));
    }
  }

  @Example
  void badInputIsRefusedAndNothingIsWritten() {
    Arena closed = Arena.ofConfined();
    try (Arena arena = Arena.ofConfined();
        ForkJoinPool pool = new ForkJoinPool(2)) {
      Tensor table = Tensor.zeros(arena, 4, 3);
      refused(
          IllegalArgumentException.class,
          "k: expected 1 to 4, the rows that are compared, got 5",
          () -> NearestRows.of(table, Similarity.DOT, 5));
      refused(
          IllegalArgumentException.class,
          "k: expected 1 to 4, the rows that are compared, got 0",
          () -> NearestRows.of(table, Similarity.DOT, 0));
      refused(
          IllegalArgumentException.class,
          "table: the elements of a row must lie side by side, but have stride 3; copy it with contiguous(arena)",
          () -> NearestRows.of(table.transpose(0, 1), Similarity.DOT, 1));
      refused(
          IllegalArgumentException.class,
          "table: expected shape [rows, width] of at most 1048576 columns, got [4]",
          () -> NearestRows.of(table.select(1, 0), Similarity.DOT, 1));
      refused(
          IllegalArgumentException.class,
          "table: expected shape [rows, width] of at most 1048576 columns, got [0, 1048577]",
          () -> NearestRows.of(Tensor.zeros(arena, 0, 1_048_577), Similarity.DOT, 1));
      refused(
          IllegalArgumentException.class,
          "table: expected float32, got float64",
          () ->
              NearestRows.of(
                  Tensor.allocate(arena, DType.FLOAT64, Shape.of(4, 3)), Similarity.DOT, 1));
      NearestRows nearest = NearestRows.of(table, Similarity.EUCLIDEAN, 2);
      refused(
          IndexOutOfBoundsException.class,
          "row 4 is outside the table's 4 rows",
          () -> nearest.excludingRow(4));
      Tensor query = Tensor.zeros(arena, 3);
      Tensor rows = Tensor.allocate(arena, DType.INT64, Shape.of(2));
      Tensor scores = Tensor.full(arena, 7, 2);
      refused(
          IllegalArgumentException.class,
          "queries: expected shape [3] or [batch, 3], got [2]",
          () -> nearest.search(Tensor.zeros(arena, 2), rows, scores));
      refused(
          IllegalArgumentException.class,
          "rows: expected shape [1, 2], got [2]",
          () -> nearest.search(Tensor.zeros(arena, 1, 3), rows, scores));
      assertEquals("NearestRows(EUCLIDEAN, k=2, [4, 3])", nearest.toString());
      assertEquals(2, nearest.k());
      refused(
          IllegalArgumentException.class,
          "queries: expected float32, got float64",
          () -> nearest.search(Tensor.allocate(arena, DType.FLOAT64, Shape.of(3)), rows, scores));
      refused(
          IllegalArgumentException.class,
          "scores must not overlap queries in memory",
          () -> nearest.search(query, rows, query.slice(0, 0, 2)));
      refused(
          IllegalArgumentException.class,
          "scores must not overlap rows in memory",
          () ->
              nearest.search(query, rows, Tensor.wrap(rows.segment(), DType.FLOAT32, Shape.of(2))));
      refused(
          IllegalArgumentException.class,
          "rows: expected int64, got float32",
          () -> nearest.search(query, Tensor.zeros(arena, 2), scores));
      refused(
          IllegalArgumentException.class,
          "scores: expected shape [2], got [3]",
          () -> nearest.search(query, rows, Tensor.zeros(arena, 3)));
      refused(
          IllegalArgumentException.class,
          "scores must not overlap table in memory",
          () -> nearest.search(query, rows, table.select(0, 1).slice(0, 0, 2)));
      refused(
          IllegalArgumentException.class,
          "scores: a read-only tensor of shape [2] cannot be written",
          () -> nearest.search(query, rows, scores.asReadOnly()));
      Tensor large = Tensor.zeros(closed, 10_000, 64);
      NearestRows shared =
          NearestRows.of(large, Similarity.DOT, 2).withParallelism(Parallelism.of(pool, 2));
      Tensor wide = Tensor.zeros(arena, 64);
      org.junit.jupiter.api.Assertions.assertThrows(
          WrongThreadException.class, () -> shared.search(wide, rows, scores));
      closed.close();
      refused(
          IllegalStateException.class,
          "table: the arena of this tensor of shape [10000, 64] is closed",
          () -> shared.search(wide, rows, scores));
      refused(
          IllegalStateException.class,
          "table: the arena of this tensor of shape [10000, 64] is closed",
          shared::refresh);
      assertArrayEquals(new float[] {7, 7}, scores.toFloatArray());
      assertArrayEquals(new long[] {0, 0}, longs(rows));
    }
  }
}
