package dev.lanewise.verification;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Losses and their gradients by their formulae, in double, each with the bound of a float32
 * computation of the same formula.
 */
public final class OracleLosses {
  private OracleLosses() {}

  /**
   * {@code sum of (x - t)^2}, or the mean.
   *
   * @param x the input, with its bounds
   * @param t the target, as long
   * @param mean whether the sum is divided by the number of elements
   * @return the loss
   */
  public static Rounded squaredError(List<Rounded> x, List<Rounded> t, boolean mean) {
    List<Rounded> differences =
        IntStream.range(0, x.size()).mapToObj(i -> x.get(i).minus(t.get(i))).toList();
    Rounded sum = Rounded.dot(differences, differences);
    return mean ? sum.dividedBy(Rounded.exact(x.size())) : sum;
  }

  /**
   * The gradient of {@link #squaredError}: {@code 2 (x - t)}, divided by the number of elements for
   * a mean.
   *
   * @param x the input, with its bounds
   * @param t the target, as long
   * @param mean whether the loss is the mean
   * @return of each element of x
   */
  public static List<Rounded> squaredErrorGradient(List<Rounded> x, List<Rounded> t, boolean mean) {
    Rounded one = Rounded.exact(1);
    Rounded each = mean ? one.dividedBy(Rounded.exact(x.size())) : one;
    Rounded factor = new Rounded(2 * each.value(), 2 * each.error());
    return IntStream.range(0, x.size())
        .mapToObj(i -> factor.times(x.get(i).minus(t.get(i))))
        .toList();
  }

  /**
   * The cross entropy of a batch of logits.
   *
   * <p>With {@code p = softmax(x)}: row loss {@code (1 - s) w[y] (-log p[y]) + s / C * sum over c
   * of w[c] (-log p[c])}; rows of class ignoreIndex are left out; the mean divides by the sum of
   * w[y] over the rows that are not.
   */
  public static final class CrossEntropyCase {
    private final List<List<Rounded>> logits;
    private final int[] classes;
    private final double @Nullable [] weights;
    private final int ignoreIndex;
    private final float smoothing;
    private final double expUlps;

    /**
     * A batch.
     *
     * @param logits rows of equal length, with their bounds
     * @param classes one of each row
     * @param weights of each class, or null for 1 each
     * @param ignoreIndex the class of rows to leave out
     * @param smoothing s, from 0 to 1
     * @param expUlps the bound of the exponential that is checked
     */
    public CrossEntropyCase(
        List<List<Rounded>> logits,
        int[] classes,
        double @Nullable [] weights,
        int ignoreIndex,
        float smoothing,
        double expUlps) {
      this.logits = List.copyOf(logits);
      this.classes = classes.clone();
      this.weights = weights == null ? null : weights.clone();
      this.ignoreIndex = ignoreIndex;
      this.smoothing = smoothing;
      this.expUlps = expUlps;
    }

    private Rounded weight(int label) {
      return Rounded.exact(weights == null ? 1 : weights[label]);
    }

    private List<Rounded> weightList(int count) {
      return IntStream.range(0, count).mapToObj(this::weight).toList();
    }

    /**
     * {@code max + log(sum of exp(x - max))}. The maximum that a float32 computation finds may be
     * another one, off by the largest error of the row.
     */
    private Rounded logSum(List<Rounded> row) {
      double max = row.stream().mapToDouble(Rounded::value).max().orElseThrow();
      Rounded shift =
          new Rounded(max, row.stream().mapToDouble(Rounded::error).max().orElseThrow());
      Rounded sum = Rounded.sum(row.stream().map(x -> x.minus(shift).exp(expUlps)).toList());
      return shift.plus(sum.logInDouble());
    }

    /**
     * The loss of a row.
     *
     * @param row its number
     * @return the loss, 0 for an ignored row
     */
    public Rounded rowLoss(int row) {
      if (classes[row] == ignoreIndex) {
        return Rounded.exact(0);
      }
      List<Rounded> x = logits.get(row);
      Rounded logSum = logSum(x);
      Rounded own =
          Rounded.exact(1)
              .minus(Rounded.exact(smoothing))
              .times(weight(classes[row]))
              .times(logSum.minus(x.get(classes[row])));
      if (smoothing == 0) {
        return own;
      }
      List<Rounded> weightList = weightList(x.size());
      Rounded all = Rounded.sum(weightList).times(logSum).minus(Rounded.dot(weightList, x));
      return own.plus(Rounded.exact(smoothing).dividedBy(Rounded.exact(x.size())).times(all));
    }

    /** The sum of w[y] over the rows that are not ignored; computed in double by the engine too. */
    private double totalWeight() {
      double total = 0;
      for (int label : classes) {
        total += label == ignoreIndex ? 0 : weight(label).value();
      }
      return total;
    }

    /**
     * The loss of the batch.
     *
     * @param mean whether the sum is divided by the weights
     * @return the loss; NaN for a mean over nothing
     */
    public Rounded loss(boolean mean) {
      Rounded sum =
          Rounded.sum(IntStream.range(0, classes.length).mapToObj(this::rowLoss).toList());
      return mean ? sum.dividedBy(Rounded.exact(totalWeight())) : sum;
    }

    /**
     * The gradient of {@link #loss} by a row's logits: {@code (1 - s) w[y] (p[c] - [c = y]) + s / C
     * (sum of w * p[c] - w[c])}, divided by the weights for a mean.
     *
     * @param row its number
     * @param mean whether the loss is the mean
     * @return of each logit of the row
     */
    public List<Rounded> gradient(int row, boolean mean) {
      List<Rounded> x = logits.get(row);
      List<Rounded> gradient = new ArrayList<>();
      Rounded scale =
          mean ? Rounded.exact(1).dividedBy(Rounded.exact(totalWeight())) : Rounded.exact(1);
      Rounded smoothed = Rounded.exact(smoothing).dividedBy(Rounded.exact(x.size()));
      for (int c = 0; c < x.size(); c++) {
        if (classes[row] == ignoreIndex) {
          gradient.add(Rounded.exact(0));
          continue;
        }
        Rounded own = Rounded.exact(1).minus(Rounded.exact(smoothing)).times(weight(classes[row]));
        Rounded p = x.get(c).minus(logSum(x)).exp(expUlps);
        Rounded factor = scale.times(own.plus(smoothed.times(Rounded.sum(weightList(x.size())))));
        Rounded result = factor.times(p);
        if (c == classes[row]) {
          result = result.minus(scale.times(own));
        }
        gradient.add(
            smoothing == 0 ? result : result.minus(scale.times(smoothed).times(weight(c))));
      }
      return gradient;
    }
  }
}
