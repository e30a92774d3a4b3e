package dev.lanewise.internal.kernel;

import java.lang.foreign.MemorySegment;

/**
 * Programs that compare rows of a float32 table with queries: sums of products, and sums of squared
 * differences, of which the negative is stored, so that the larger is always the nearer.
 *
 * <p>Order of operations: {@code p[0..3] = +0}; column t enters partial sum {@code t mod 4}, in
 * order of t, by {@code fma(x, q, p)}, or by {@code e = x - q; fma(e, e, p)}; both operands are
 * padded with +0 to a multiple of 4 columns; the sum is {@code (p[0] + p[2]) + (p[1] + p[3])}, and
 * of squared differences 0 minus that is stored.
 *
 * <p>One query is compared by the methods for rows, whose lanes are the partial sums of some rows;
 * a panel of as many queries as a vector has lanes by tiles, whose lanes run across the queries.
 * Both give the same bits. Offsets and strides are in bytes and need no alignment.
 */
public interface SimilarityKernels {
  /** How many partial sums a score has. */
  int PARTIALS = 4;

  /** The queries of a panel, and the scores of a vector. */
  int lanes();

  /** How often a query that is compared with rows has every four numbers. */
  default int copies() {
    return Math.max(1, lanes() / PARTIALS);
  }

  /** The most rows of a tile, without a spilled register. */
  int tileRows();

  /**
   * The partial sums of products of some rows with one query: those of row r are {@code partials[4
   * r .. 4 r + 3]}.
   *
   * @param rows how many rows
   * @param k the columns
   * @param table the rows
   * @param tableOffset where the first row starts
   * @param tableStride the distance of rows
   * @param query k numbers, every four of which, and the last fewer, come {@link #copies} times
   *     before the next: {@code q[0..3] q[0..3] .. q[4..7] ..}
   * @param queryOffset where they start
   * @param partials where the partial sums go
   * @param partialsOffset where those of the first row start
   */
  void dotRows(
      int rows,
      int k,
      MemorySegment table,
      long tableOffset,
      long tableStride,
      MemorySegment query,
      long queryOffset,
      MemorySegment partials,
      long partialsOffset);

  /** The same of squared differences. */
  void distanceRows(
      int rows,
      int k,
      MemorySegment table,
      long tableOffset,
      long tableStride,
      MemorySegment query,
      long queryOffset,
      MemorySegment partials,
      long partialsOffset);

  /**
   * The scores of some rows from their partial sums; both are read and written up to the next
   * multiple of {@link #lanes} rows.
   */
  void dotFold(
      int rows,
      MemorySegment partials,
      long partialsOffset,
      MemorySegment scores,
      long scoresOffset);

  /** The same of squared differences. */
  void distanceFold(
      int rows,
      MemorySegment partials,
      long partialsOffset,
      MemorySegment scores,
      long scoresOffset);

  /**
   * {@code to[r] = scores[r] * scales[r]}; all are read and written up to the next multiple of
   * {@link #lanes} rows.
   */
  void scale(
      int rows,
      MemorySegment scores,
      long scoresOffset,
      MemorySegment scales,
      long scalesOffset,
      MemorySegment to);

  /**
   * The scores of some rows with a panel of queries.
   *
   * @param rows from 1 to {@link #tileRows}
   * @param k the columns, at most {@link PackedRows#LENGTH}; up to the next multiple of 4, rows and
   *     panel are padded with +0
   * @param a the rows, as {@link PackedRows} lays them out
   * @param aIndex where the first row starts
   * @param b the panel: the queries' numbers of column t start t vectors behind the first
   * @param bOffset where the first column starts
   * @param c where the scores go, a vector for each row
   * @param cOffset where those of the first row start
   */
  void dotTile(
      int rows,
      int k,
      float[] a,
      int aIndex,
      MemorySegment b,
      long bOffset,
      MemorySegment c,
      long cOffset);

  /** The same of squared differences. */
  void distanceTile(
      int rows,
      int k,
      float[] a,
      int aIndex,
      MemorySegment b,
      long bOffset,
      MemorySegment c,
      long cOffset);

  /**
   * The next vector of scores of which one is not at most its lane's threshold; NaN never is.
   *
   * @param from the first vector to look at
   * @param count the vectors
   * @param scores the vectors of scores
   * @param scoresOffset where the first starts
   * @param thresholds one vector
   * @param thresholdsOffset where it starts
   * @return the vector's number, or count
   */
  int next(
      int from,
      int count,
      MemorySegment scores,
      long scoresOffset,
      MemorySegment thresholds,
      long thresholdsOffset);
}
