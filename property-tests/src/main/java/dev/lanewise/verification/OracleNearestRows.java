package dev.lanewise.verification;

import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * The nearest rows of a table by their definition: every score by the documented order of
 * operations, all rows sorted.
 */
public final class OracleNearestRows {
  /** What rows are compared by. */
  public enum Kind {
    /** The sum of products. */
    DOT,
    /** The sum of products divided by both norms. */
    COSINE,
    /** The root of the sum of squared differences. */
    EUCLIDEAN
  }

  private static final int BLOCK = 256;
  private static final double EPSILON = 1e-8;

  private OracleNearestRows() {}

  /**
   * What a row is ordered by: the larger, the nearer.
   *
   * @param kind what rows are compared by
   * @param row the row
   * @param query as many numbers
   * @return the key
   */
  public static float key(Kind kind, float[] row, float[] query) {
    float key = 0;
    for (int from = 0; from < row.length || from == 0; from += BLOCK) {
      float sum = 0;
      for (int t = from; t < Math.min(from + BLOCK, row.length); t++) {
        float e = row[t] - query[t];
        sum = kind == Kind.EUCLIDEAN ? Math.fma(e, e, sum) : Math.fma(row[t], query[t], sum);
      }
      float block = kind == Kind.EUCLIDEAN ? 0 - sum : sum;
      key = from == 0 ? block : key + block;
    }
    return kind == Kind.COSINE ? key * inverseNorm(row) : key;
  }

  /**
   * The score that is given for a key.
   *
   * @param kind what rows are compared by
   * @param key the row's key
   * @param query the query
   * @return the score
   */
  public static float score(Kind kind, float key, float[] query) {
    return switch (kind) {
      case DOT -> key;
      case COSINE -> key * inverseNorm(query);
      case EUCLIDEAN -> (float) Math.sqrt(Math.abs(key));
    };
  }

  private static float inverseNorm(float[] x) {
    double sum = 0;
    for (float value : x) {
      sum += (double) value * value;
    }
    return (float) (1 / Math.max(Math.sqrt(sum), EPSILON));
  }

  /**
   * All rows but one, best first: by key, NaN last, equal ones by number.
   *
   * @param keys the rows' keys
   * @param excluded a row that is left out, or -1
   * @return row numbers
   */
  public static int[] order(float[] keys, int excluded) {
    Comparator<Integer> nanLast = Comparator.comparing(i -> Float.isNaN(keys[i]));
    // Adding +0 makes +0 of -0, which Float.compare would tell apart.
    return IntStream.range(0, keys.length)
        .filter(i -> i != excluded)
        .boxed()
        .sorted(
            nanLast
                .thenComparing((i, j) -> Float.compare(keys[j] + 0f, keys[i] + 0f))
                .thenComparing(Comparator.naturalOrder()))
        .mapToInt(Integer::intValue)
        .toArray();
  }

  /**
   * The definition of a score in double, without its last rounding's order: for bounds.
   *
   * @param kind what rows are compared by
   * @param row the row
   * @param query as many numbers
   * @return the score
   */
  public static double definition(Kind kind, float[] row, float[] query) {
    double sum = 0;
    double rowSquare = 0;
    double querySquare = 0;
    for (int d = 0; d < row.length; d++) {
      double e = (double) row[d] - query[d];
      sum += kind == Kind.EUCLIDEAN ? e * e : (double) row[d] * query[d];
      rowSquare += (double) row[d] * row[d];
      querySquare += (double) query[d] * query[d];
    }
    return switch (kind) {
      case DOT -> sum;
      case COSINE ->
          sum / Math.max(Math.sqrt(rowSquare), EPSILON) / Math.max(Math.sqrt(querySquare), EPSILON);
      case EUCLIDEAN -> Math.sqrt(sum);
    };
  }
}
