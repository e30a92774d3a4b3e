package dev.lanewise.bench.embedding.cases;

import dev.lanewise.bench.embedding.cases.Reference.RowSum;
import dev.lanewise.verification.ErrorBounds;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Map;

/**
 * The definition of an optimizer's first step on a table, in double, with all that float32 may do
 * to it as an interval; rows that the batch has not touched must be as they were, bit for bit.
 */
final class UpdateReference {
  /** Roundings of a quotient, a product and a sum with the rate, and of the rate itself. */
  private static final int ROUNDINGS_OF_A_STEP = 5;

  private UpdateReference() {}

  static void check(EmbeddingCase asked, Data data) {
    Map<Integer, RowSum> sums = Reference.rowSums(asked, data);
    for (int row = 0; row < asked.rows(); row++) {
      RowSum sum = sums.get(row);
      double[][] steps = sum == null ? new double[2][asked.dim()] : steps(data.rule(), sum);
      for (int d = 0; d < asked.dim(); d++) {
        double before = data.tableAt(row, d);
        float now = data.table().getAtIndex(ValueLayout.JAVA_FLOAT, (long) row * asked.dim() + d);
        double slack = sum == null ? 0 : slack(sum, before, steps[1][d]);
        if (!(now >= before - steps[1][d] - slack && now <= before - steps[0][d] + slack)) {
          throw new AssertionError(
              "%s at [%d, %d]: expected %s less %s to %s within %s, got %s"
                  .formatted(asked.name(), row, d, before, steps[0][d], steps[1][d], slack, now));
        }
      }
    }
  }

  /** A row may be moved once for each of its entries: as many sums are rounded. */
  private static double slack(RowSum sum, double before, double step) {
    double gamma = ErrorBounds.gamma(sum.count);
    double largest = Arrays.stream(sum.magnitude).max().orElse(0) * Task.LEARNING_RATE;
    return gamma * (Math.abs(before) + Math.max(largest, Math.abs(step))) + ErrorBounds.ETA;
  }

  /** The smallest and the largest step of each column. */
  private static double[][] steps(Task rule, RowSum sum) {
    int dim = sum.sum.length;
    double[] errors = new double[dim];
    Arrays.setAll(errors, sum::error);
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
      double gamma = rule == Task.SGD ? 0 : ErrorBounds.gamma(dim + 4);
      low *= 1 - gamma;
      high *= 1 + gamma;
      double down = sum.sum[d] - errors[d];
      double up = sum.sum[d] + errors[d];
      double eps = rule == Task.SGD ? 0 : rule == Task.ADAGRAD ? 1e-10 : 1e-8;
      double widened = ErrorBounds.gamma(ROUNDINGS_OF_A_STEP);
      steps[0][d] = rounded(down / ((down < 0 ? low : high) + eps), -widened);
      steps[1][d] = rounded(up / ((up < 0 ? high : low) + eps), widened);
    }
    return steps;
  }

  private static double rounded(double quotient, double widened) {
    double step = quotient * Task.LEARNING_RATE;
    return step + widened * Math.abs(step);
  }

  private static double norm(double... values) {
    return Math.sqrt(Arrays.stream(values).map(value -> value * value).sum());
  }
}
