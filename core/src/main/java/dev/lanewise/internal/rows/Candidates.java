package dev.lanewise.internal.rows;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * The best k rows so far for each of some queries: a heap a query, the worst at its root.
 *
 * <p>A larger score is better (a distance is kept as its negative), any score is better than NaN,
 * and of equal ones (-0 and +0 are equal, and so are NaN) the smaller row number. No two rows are
 * equal, so what is kept depends on neither the order in which rows are offered nor on how they
 * were divided.
 */
final class Candidates {
  /** For each query a vector of its threshold, or for each panel one of its queries' thresholds. */
  private MemorySegment thresholds = MemorySegment.NULL;

  private float[] scores = {};
  private long[] rows = {};
  private int[] counts = {};
  private int k;
  private int lanes;

  /** -1 where scores are negatives of distances, which thresholds are not; else 1. */
  private int sign;

  /**
   * Forgets all candidates.
   *
   * @param queries how many queries
   * @param most how many candidates each keeps
   * @param width the lanes of a vector
   * @param panels whether lanes of thresholds are queries, or repeat one query's
   * @param distance whether scores are negatives of distances; thresholds are distances then
   */
  void reset(int queries, int most, int width, boolean panels, boolean distance) {
    this.sign = distance ? -1 : 1;
    this.k = most;
    this.lanes = panels ? 1 : width;
    int entries = Math.multiplyExact(queries, most);
    if (scores.length < entries) {
      scores = new float[entries];
      rows = new long[entries];
    }
    if (counts.length < queries) {
      counts = new int[queries];
    }
    Arrays.fill(counts, 0, queries, 0);
    int places = panels ? (queries + width - 1) / width * width : queries * width;
    if (thresholds.byteSize() < (long) places * Float.BYTES) {
      thresholds = Arena.ofAuto().allocate((long) places * Float.BYTES, 64);
    }
    for (int i = 0; i < places; i++) {
      // Nothing is in order with NaN: all rows are offered. To a lane without a query, only NaN.
      float threshold = panels && i >= queries ? sign * Float.POSITIVE_INFINITY : Float.NaN;
      thresholds.setAtIndex(ValueLayout.JAVA_FLOAT, i, threshold);
    }
  }

  MemorySegment thresholds() {
    return thresholds;
  }

  int count(int query) {
    return counts[query];
  }

  float score(int query, int i) {
    return scores[query * k + i];
  }

  long row(int query, int i) {
    return rows[query * k + i];
  }

  /** Keeps a row if it is one of the best. */
  void offer(int query, float score, long row) {
    int base = query * k;
    int count = counts[query];
    if (count < k) {
      rise(base, count, score, row);
      counts[query] = count + 1;
      if (count + 1 < k) {
        return;
      }
    } else if (isBetter(score, row, scores[base], rows[base])) {
      sink(base, count, score, row);
    } else {
      return;
    }
    for (int lane = 0; lane < lanes; lane++) {
      thresholds.setAtIndex(
          ValueLayout.JAVA_FLOAT, (long) query * lanes + lane, sign * scores[base]);
    }
  }

  /** Offers all candidates that were found elsewhere. */
  void offerAll(Candidates other, int queries) {
    for (int query = 0; query < queries; query++) {
      for (int i = 0; i < other.counts[query]; i++) {
        offer(query, other.score(query, i), other.row(query, i));
      }
    }
  }

  /** Puts a query's candidates in order, the best first; nothing can be offered afterwards. */
  void sort(int query) {
    int base = query * k;
    for (int left = counts[query] - 1; left > 0; left--) {
      float worst = scores[base];
      long row = rows[base];
      sink(base, left, scores[base + left], rows[base + left]);
      scores[base + left] = worst;
      rows[base + left] = row;
    }
  }

  private static boolean isBetter(float score, long row, float other, long otherRow) {
    if (score > other || score < other) {
      return score > other;
    }
    boolean otherIsNan = Float.isNaN(other);
    return Float.isNaN(score) == otherIsNan ? row < otherRow : otherIsNan;
  }

  /** Adds an entry behind the last of a heap. */
  private void rise(int base, int end, float score, long row) {
    int at = end;
    while (at > 0) {
      int parent = (at - 1) / 2;
      if (!isBetter(scores[base + parent], rows[base + parent], score, row)) {
        break;
      }
      move(base, parent, at);
      at = parent;
    }
    scores[base + at] = score;
    rows[base + at] = row;
  }

  /** Replaces the root of a heap of so many entries. */
  private void sink(int base, int count, float score, long row) {
    int at = 0;
    for (int child = 1; child < count; child = 2 * at + 1) {
      if (child + 1 < count
          && isBetter(
              scores[base + child],
              rows[base + child],
              scores[base + child + 1],
              rows[base + child + 1])) {
        child++;
      }
      if (!isBetter(score, row, scores[base + child], rows[base + child])) {
        break;
      }
      move(base, child, at);
      at = child;
    }
    scores[base + at] = score;
    rows[base + at] = row;
  }

  private void move(int base, int from, int to) {
    scores[base + to] = scores[base + from];
    rows[base + to] = rows[base + from];
  }
}
