package dev.lanewise.embedding;

import dev.lanewise.internal.check.Check;
import dev.lanewise.internal.rows.RowSearch;
import dev.lanewise.internal.rows.RowTable;
import dev.lanewise.parallel.Parallelism;
import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The k rows of a table that are nearest to a query, or to each of a batch of queries, by a {@link
 * Similarity}. Exact: every row is compared, in one pass over the table for up to 256 queries.
 *
 * <p>Rows come best first, by a key: {@link Similarity#DOT}'s score, {@link Similarity#COSINE}'s
 * before it is multiplied with the query's inverse norm, {@link Similarity#EUCLIDEAN}'s before its
 * root is taken. Of equal keys (-0 and +0 are equal) the smaller row number comes first. NaN is
 * worse than any number, infinities included; rows whose key is NaN come last, by row number. Rows
 * of one score may have different keys, from before that last rounding, and are then in the order
 * of the keys.
 *
 * <p>Numerics: docs/numerics.md, "Nearest rows". A score has the same bits whether its query comes
 * alone or in a batch, whatever the lane width, the backend and the parallelism. Distances are
 * summed from differences, not from norms, so that near rows keep their relative precision. Where a
 * sum overflows, the score is infinite, or NaN where infinities of both signs meet; the distance of
 * two equal infinities is NaN. Under {@link Similarity#COSINE} a row that has an infinity has the
 * score NaN and comes last; a query that has one has only scores that are NaN.
 *
 * <p>Thread-safe as long as nobody writes the table or calls {@link #refresh}. Without parallelism
 * a search allocates nothing on the heap once scratch memory has grown; with it, what the division
 * among threads takes.
 */
public final class NearestRows {
  private static final double EPSILON = 1e-8;

  /** A kernel may read so many numbers behind the last: more than the lanes of any vector. */
  private static final int BEHIND = 64;

  /** Some rows at a time are copied to the heap. */
  private static final int MOST_COLUMNS = 1 << 20;

  private final Tensor table;
  private final Similarity similarity;
  private final int k;
  private final long excluded;
  private final @Nullable MemorySegment inverseNorms;
  private final Parallelism parallelism;
  private final RowSearch search;
  private final RowSearch.Finish finish;

  private NearestRows(
      Tensor table,
      Similarity similarity,
      int k,
      long excluded,
      @Nullable MemorySegment inverseNorms,
      Parallelism parallelism) {
    long candidates = table.size(0) - (excluded == Embedding.NO_PADDING ? 0 : 1);
    if (k < 1 || k > candidates) {
      throw new IllegalArgumentException(
          "k: expected 1 to " + candidates + ", the rows that are compared, got " + k);
    }
    this.table = table;
    this.similarity = similarity;
    this.k = k;
    this.excluded = excluded;
    this.inverseNorms = inverseNorms;
    this.parallelism = parallelism;
    boolean distance = similarity == Similarity.EUCLIDEAN;
    this.search =
        new RowSearch(new RowTable(table, distance, inverseNorms, excluded), k, parallelism);
    this.finish =
        switch (similarity) {
          case DOT -> (stored, squaredNorm) -> stored;
          case COSINE -> (stored, squaredNorm) -> stored * inverse(squaredNorm);
          case EUCLIDEAN -> (stored, squaredNorm) -> (float) Math.sqrt(Math.abs(stored));
        };
  }

  /**
   * A search in a table. The tensor is used as it is, not copied; its rows may be written between
   * searches, after which {@link Similarity#COSINE} needs {@link #refresh}.
   *
   * @param table float32 [rows, width] with a width of at most 1,048,576, whose rows lie without
   *     gaps inside, at any distance; may be read-only or mapped
   * @param similarity what rows are compared by; {@link Similarity#COSINE} reads the table once
   *     here and keeps a number for each row
   * @param k how many rows are found, from 1 to the table's rows
   * @return the search
   * @throws IllegalArgumentException if the tensor is not such a table or has fewer than k rows
   */
  public static NearestRows of(Tensor table, Similarity similarity, int k) {
    return of(table, similarity, k, Embedding.NO_PADDING);
  }

  /**
   * A search in an embedding's table, without its padding row if it has one.
   *
   * @param embedding whose weight is searched, as it is, not copied
   * @param similarity what rows are compared by
   * @param k how many rows are found, from 1 to the rows that are not padding
   * @return the search
   * @throws IllegalArgumentException if there are fewer than k such rows
   */
  public static NearestRows of(Embedding embedding, Similarity similarity, int k) {
    return of(embedding.weight().value(), similarity, k, embedding.paddingIdx());
  }

  private static NearestRows of(Tensor table, Similarity similarity, int k, long excluded) {
    Check.readable("table", table);
    if (table.rank() != 2 || table.size(1) > MOST_COLUMNS) {
      throw new IllegalArgumentException(
          "table: expected shape [rows, width] of at most "
              + MOST_COLUMNS
              + " columns, got "
              + table.shape());
    }
    Check.denseRows("table", table);
    MemorySegment norms =
        similarity == Similarity.COSINE
            ? Arena.ofAuto().allocate((table.size(0) + BEHIND) * Float.BYTES, 64)
            : null;
    NearestRows nearest = new NearestRows(table, similarity, k, excluded, norms, Parallelism.NONE);
    nearest.refresh();
    return nearest;
  }

  /**
   * The same search, which leaves out a row.
   *
   * @param row the row, from -rows to rows - 1; a negative one counts from the end
   * @return a search that shares the table
   * @throws IndexOutOfBoundsException if there is no such row
   * @throws IllegalArgumentException if fewer than k rows are left
   */
  public NearestRows excludingRow(long row) {
    if (row < -table.size(0) || row >= table.size(0)) {
      throw new IndexOutOfBoundsException(
          "row " + row + " is outside the table's " + table.size(0) + " rows");
    }
    long number = row < 0 ? row + table.size(0) : row;
    return new NearestRows(table, similarity, k, number, inverseNorms, parallelism);
  }

  /**
   * The same search, with the rows divided among threads. A table of a confined arena can then not
   * be searched.
   *
   * @param threads who helps
   * @return a search that shares the table
   */
  public NearestRows withParallelism(Parallelism threads) {
    return new NearestRows(
        table, similarity, k, excluded, inverseNorms, Objects.requireNonNull(threads, "threads"));
  }

  /**
   * Reads the rows' norms again, for {@link Similarity#COSINE}, after rows have been written; does
   * nothing for the others. Searches that share this one's table and norms see them, too. Not while
   * another thread searches.
   *
   * @throws IllegalStateException if the table's arena is closed
   */
  public void refresh() {
    Check.accessible("table", table);
    if (inverseNorms == null) {
      return;
    }
    for (long row = 0; row < table.size(0); row++) {
      long at = table.offsetBytes() + row * table.stride(0) * Float.BYTES;
      double sum = 0;
      for (long column = 0; column < table.size(1); column++) {
        double x = table.segment().get(ValueLayout.JAVA_FLOAT_UNALIGNED, at + column * Float.BYTES);
        sum += x * x;
      }
      inverseNorms.setAtIndex(ValueLayout.JAVA_FLOAT, row, inverse(sum));
    }
  }

  private static float inverse(double squaredNorm) {
    return (float) (1 / Math.max(Math.sqrt(squaredNorm), EPSILON));
  }

  /**
   * Finds the nearest rows.
   *
   * @param queries float32 [width] or [batch, width], with any strides; batch may be 0
   * @param rows int64 [k] or [batch, k], with any strides; receives row numbers, best first
   * @param scores float32 of the same shape; receives the scores. Neither output may overlap the
   *     table, the queries or the other
   * @throws IllegalArgumentException if a tensor has another shape or type, or an output cannot be
   *     written or overlaps another tensor
   * @throws IllegalStateException if an arena is closed
   * @throws WrongThreadException if a tensor belongs to a confined arena of another thread, or the
   *     table to one of this thread while other threads are to help
   */
  public void search(Tensor queries, Tensor rows, Tensor scores) {
    Check.readable("queries", queries);
    int rank = queries.rank();
    if (rank < 1 || rank > 2 || queries.size(-1) != table.size(1)) {
      throw new IllegalArgumentException(
          "queries: expected shape ["
              + table.size(1)
              + "] or [batch, "
              + table.size(1)
              + "], got "
              + queries.shape());
    }
    checkOutput("rows", rows, DType.INT64, queries);
    checkOutput("scores", scores, DType.FLOAT32, queries);
    Check.disjoint("scores", scores, "rows", rows);
    Check.accessible("table", table);
    if (search.parts() > 1) {
      Check.shareable("table", table);
    }
    search.run(queries, rows, scores, finish);
  }

  private void checkOutput(String name, Tensor out, DType dtype, Tensor queries) {
    Check.writable(name, out, dtype);
    int rank = queries.rank();
    if (out.rank() != rank || out.size(-1) != k || (rank == 2 && out.size(0) != queries.size(0))) {
      Shape expected = rank == 1 ? Shape.of(k) : Shape.of(queries.size(0), k);
      throw new IllegalArgumentException(
          name + ": expected shape " + expected + ", got " + out.shape());
    }
    Check.disjoint(name, out, "table", table);
    Check.disjoint(name, out, "queries", queries);
  }

  /**
   * What rows are compared by.
   *
   * @return the similarity
   */
  public Similarity similarity() {
    return similarity;
  }

  /**
   * How many rows are found.
   *
   * @return at least 1
   */
  public int k() {
    return k;
  }

  /**
   * The similarity, k and the table's size.
   *
   * @return for example {@code NearestRows(COSINE, k=10, [10000, 128])}
   */
  @Override
  public String toString() {
    return "NearestRows(" + similarity + ", k=" + k + ", " + table.shape() + ")";
  }
}
