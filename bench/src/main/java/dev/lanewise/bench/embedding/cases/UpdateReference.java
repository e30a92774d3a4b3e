package dev.lanewise.bench.embedding.cases;

import dev.lanewise.bench.embedding.cases.Reference.RowSum;
import dev.lanewise.verification.ErrorBounds;
import java.util.Arrays;
import java.util.Map;

/**
 * The definition of an optimizer's first step on a table, in double, with all that float32 may do
 * to it as an interval; rows that the batch has not touched must be as they were, bit for bit.
 *
 * <p>A table of bfloat16 is rounded stochastically: a weight is one of the two neighbours of a
 * number of that interval, and all of them together go as far as they should (see {@link Drift}).
 * An engine that computes in bfloat16 has a wider interval instead, by the same derivation.
 */
final class UpdateReference {
  /** Roundings of a quotient, a product and a sum with the rate, and of the rate itself. */
  private static final int ROUNDINGS_OF_A_STEP = 5;

  /** What a computation in 16 bits rounds for each entry: its gradient, the rate, their product. */
  private static final int ROUNDINGS_OF_A_NARROW_TERM = 3;

  private final EmbeddingCase asked;
  private final Data data;
  private final boolean computesNarrow;
  private final boolean roundsByChance;

  private UpdateReference(EmbeddingCase asked, Data data) {
    this.asked = asked;
    this.data = data;
    this.computesNarrow = data.unitRoundoff() > ErrorBounds.U;
    this.roundsByChance = asked.format() == TableFormat.BFLOAT16 && !computesNarrow;
  }

  static void check(EmbeddingCase asked, Data data) {
    new UpdateReference(asked, data).check();
  }

  private void check() {
    Map<Integer, RowSum> sums = Reference.rowSums(asked, data);
    Drift drift = new Drift();
    for (int row = 0; row < asked.rows(); row++) {
      RowSum sum = sums.get(row);
      double[][] steps = sum == null ? new double[2][asked.dim()] : steps(data.rule(), sum);
      for (int d = 0; d < asked.dim(); d++) {
        double before = data.tableAt(row, d);
        float now = data.weightAt(row, d);
        double slack = sum == null ? 0 : slack(sum, before, steps[1][d]);
        double low = before - steps[1][d] - slack;
        double high = before - steps[0][d] + slack;
        if (roundsByChance) {
          drift.add(before, low, high, now);
          low = bfloat16Below(low);
          high = bfloat16Above(high);
        }
        if (!(now >= low && now <= high)) {
          throw new AssertionError(
              "%s at [%d, %d]: expected %s to become %s to %s, got %s"
                  .formatted(asked.name(), row, d, before, low, high, now));
        }
      }
    }
    drift.check(asked);
  }

  /** A row may be moved once for each of its entries: as many sums are rounded. */
  private double slack(RowSum sum, double before, double step) {
    double gamma = gamma(sum.count + (computesNarrow ? ROUNDINGS_OF_A_NARROW_TERM : 0));
    double largest = Arrays.stream(sum.magnitude).max().orElse(0) * Task.LEARNING_RATE;
    return gamma * (Math.abs(before) + Math.max(largest, Math.abs(step))) + ErrorBounds.ETA;
  }

  /** The smallest and the largest step of each column. */
  private double[][] steps(Task rule, RowSum sum) {
    int dim = sum.sum.length;
    double[] errors = new double[dim];
    Arrays.setAll(errors, column -> error(sum, column));
    double rowMean = norm(sum.sum) / Math.sqrt(dim);
    double rowError = norm(errors) / Math.sqrt(dim);
    double[][] steps = new double[2][dim];
    for (int d = 0; d < dim; d++) {
      double low = 1;
      double high = 1;
      if (rule == Task.ADAGRAD) {
        low = Math.max(0, Math.abs(sum.sum[d]) - errors[d]);
        high = Math.abs(sum.sum[d]) + errors[d];
      } else if (rule == Task.ROWWISE_ADAGRAD) {
        // The root of a sum of squares is a norm: it is off by the errors' norm at most.
        low = Math.max(0, rowMean - rowError);
        high = rowMean + rowError;
      }
      double gamma = rule == Task.SGD ? 0 : gamma(dim + 4);
      low *= 1 - gamma;
      high *= 1 + gamma;
      double down = sum.sum[d] - errors[d];
      double up = sum.sum[d] + errors[d];
      double eps = rule == Task.SGD ? 0 : rule == Task.ADAGRAD ? 1e-10 : 1e-8;
      double widened = gamma(ROUNDINGS_OF_A_STEP);
      steps[0][d] = rounded(down / ((down < 0 ? low : high) + eps), -widened);
      steps[1][d] = rounded(up / ((up < 0 ? high : low) + eps), widened);
    }
    return steps;
  }

  /** How far off a row's sum may be; without a sum, the terms that are added in its place. */
  private double error(RowSum sum, int column) {
    return computesNarrow
        ? sum.error(column) + gamma(sum.count + ROUNDINGS_OF_A_NARROW_TERM) * sum.magnitude[column]
        : sum.error(column);
  }

  private double gamma(int roundings) {
    return ErrorBounds.gamma(roundings, data.unitRoundoff());
  }

  private static double rounded(double quotient, double widened) {
    double step = quotient * Task.LEARNING_RATE;
    return step + widened * Math.abs(step);
  }

  private static double norm(double... values) {
    return Math.sqrt(Arrays.stream(values).map(value -> value * value).sum());
  }

  /** The largest number of bfloat16 that is not above. */
  private static double bfloat16Below(double value) {
    double place = bfloat16Place(value);
    return Math.floor(value / place) * place;
  }

  /** The smallest number of bfloat16 that is not below. */
  private static double bfloat16Above(double value) {
    return -bfloat16Below(-value);
  }

  /** The distance of the two numbers of bfloat16 beside a number. */
  private static double bfloat16Place(double value) {
    return Math.scalb(1.0, Math.max(Math.getExponent(value), Float.MIN_EXPONENT) - 7);
  }

  /**
   * What stochastic rounding owes all weights together. As both neighbours are right for each of
   * them, a table that few steps have moved could pass; but on average the results must be those of
   * float32. The error of a weight, as a part of the distance of its neighbours, is a chance from
   * an interval of length 1, with mean 0 and taken as independent of the others. Counted along the
   * weight's step, lost steps add up and chances do not: by Hoeffding's inequality the sum of n is
   * beyond {@code sqrt(n ln(2 / p) / 2)} with a probability of at most p. Rounding to nearest is
   * beyond it by far.
   */
  private static final class Drift {
    private static final double PROBABILITY = 1e-12;

    private long weights;
    private double sum;
    private double uncertainty;

    void add(double before, double low, double high, double now) {
      double expected = (low + high) / 2;
      double place = bfloat16Place(expected);
      if (expected != before) {
        weights++;
        sum += Math.signum(expected - before) * (now - expected) / place;
        uncertainty += (high - low) / 2 / place;
      }
    }

    void check(EmbeddingCase asked) {
      double most = Math.sqrt(weights * Math.log(2 / PROBABILITY) / 2) + uncertainty;
      if (!(Math.abs(sum) <= most)) {
        throw new AssertionError(
            "%s: %d weights are together %s last places off along their steps, expected within %s"
                .formatted(asked.name(), weights, sum, most));
      }
    }
  }
}
