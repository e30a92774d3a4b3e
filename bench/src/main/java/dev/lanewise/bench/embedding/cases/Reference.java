package dev.lanewise.bench.embedding.cases;

import dev.lanewise.verification.ErrorBounds;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/** The definition, in double, of what a call does, and how far from it a result may be. */
public final class Reference {
  /** Roundings of a term beside those of the sum: weight times scale, times number, plus bias. */
  private static final int ROUNDINGS_OF_A_TERM = 3;

  private final EmbeddingCase asked;
  private final Data data;

  private Reference(EmbeddingCase asked, Data data) {
    this.asked = asked;
    this.data = data;
  }

  /**
   * Checks the result of the call on the current batch; of an update, the first call of all.
   *
   * @throws AssertionError if a number is farther off than its bound
   */
  public static void check(EmbeddingCase asked, Data data) {
    Reference reference = new Reference(asked, data);
    if (asked.task().updates()) {
      UpdateReference.check(asked, data);
    } else if (asked.task() == Task.NEAREST) {
      reference.checkNearest();
    } else if (asked.task().reduces()) {
      reference.checkBags();
    } else {
      reference.checkLookup();
    }
  }

  private void checkLookup() {
    for (int i = 0; i < asked.indices(); i++) {
      long row = data.batches().index(i);
      for (int d = 0; d < asked.dim(); d++) {
        expect(i, d, data.tableAt(row, d), 0);
      }
    }
  }

  /** The k-th largest of numbers that are each within a bound is within the largest bound. */
  private void checkNearest() {
    for (int query = 0; query < asked.bags(); query++) {
      double[] scores = new double[asked.rows()];
      double bound = 0;
      for (int row = 0; row < scores.length; row++) {
        double magnitude = 0;
        for (int d = 0; d < asked.dim(); d++) {
          double product = (double) data.queryAt(query, d) * data.tableAt(row, d);
          scores[row] += product;
          magnitude += Math.abs(product);
        }
        bound = Math.max(bound, bound(asked.dim(), magnitude));
      }
      Arrays.sort(scores);
      for (int k = 0; k < Task.NEAREST_ROWS; k++) {
        expect(query, k, scores[scores.length - 1 - k], bound);
      }
    }
  }

  private void checkBags() {
    for (int bag = 0; bag < asked.bags(); bag++) {
      int from = data.batches().start(bag);
      int to = bag + 1 == asked.bags() ? asked.indices() : data.batches().start(bag + 1);
      for (int d = 0; d < asked.dim(); d++) {
        checkElement(bag, d, from, to);
      }
    }
  }

  private void checkElement(int bag, int column, int from, int to) {
    double sum = 0;
    double magnitude = 0;
    double max = Double.NEGATIVE_INFINITY;
    for (int i = from; i < to; i++) {
      long row = data.batches().index(i);
      double weight = asked.task() == Task.WEIGHTED_SUM ? data.weights()[i] : 1;
      double value;
      double size;
      if (asked.format() == TableFormat.INT8) {
        value = (double) data.scaledAt(row, column) + Data.bias(row);
        size = Math.abs(data.scaledAt(row, column)) + Math.abs((double) Data.bias(row));
      } else {
        value = data.tableAt(row, column);
        size = Math.abs(value);
      }
      sum += weight * value;
      magnitude += Math.abs(weight) * size;
      max = Math.max(max, value);
    }
    int count = to - from;
    switch (asked.task()) {
      case MAX -> expect(bag, column, count == 0 ? 0 : max, 0);
      case MEAN -> {
        int divisor = Math.max(count, 1);
        // The reciprocal may be rounded, too, and then the product.
        expect(bag, column, sum / divisor, bound(count + 2, magnitude / divisor));
      }
      default -> expect(bag, column, sum, bound(count + ROUNDINGS_OF_A_TERM, magnitude));
    }
  }

  private double bound(int roundings, double magnitude) {
    double sum = ErrorBounds.sumOfProducts(roundings, magnitude);
    return sum + data.resultRoundoff() * (magnitude + sum);
  }

  private void expect(int row, int column, double expected, double bound) {
    long position = (long) row * asked.resultDim() + column;
    float actual = data.output().getAtIndex(ValueLayout.JAVA_FLOAT, position);
    if (!(Math.abs(actual - expected) <= bound)) {
      throw new AssertionError(
          "%s at [%d, %d]: expected %s within %s, got %s"
              .formatted(asked.name(), row, column, expected, bound, actual));
    }
  }

  /** The sums of a batch's gradients, by row. */
  static Map<Integer, RowSum> rowSums(EmbeddingCase asked, Data data) {
    Map<Integer, RowSum> sums = new LinkedHashMap<>();
    for (int i = 0; i < asked.indices(); i++) {
      sums.computeIfAbsent(data.batches().index(i), row -> new RowSum(asked.dim()))
          .add((long) i * asked.dim());
    }
    return sums;
  }

  /** The gradient of a row. */
  static final class RowSum {
    final double[] sum;
    final double[] magnitude;
    int count;

    RowSum(int dim) {
      sum = new double[dim];
      magnitude = new double[dim];
    }

    private void add(long position) {
      for (int d = 0; d < sum.length; d++) {
        double value = Data.gradientAt(position + d);
        sum[d] += value;
        magnitude[d] += Math.abs(value);
      }
      count++;
    }

    /** How far off a float32 sum may be, in any order. */
    double error(int column) {
      return ErrorBounds.sumOfProducts(count, magnitude[column]);
    }
  }
}
