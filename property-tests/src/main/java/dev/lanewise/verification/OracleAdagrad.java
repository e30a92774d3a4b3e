package dev.lanewise.verification;

import java.util.ArrayList;
import java.util.List;

/**
 * A row of weights under Adagrad, by the formulae of PyTorch's Adagrad ({@code s += d^2; w -= rate
 * d / (sqrt(s) + eps)}, {@code d = g + weightDecay w}, {@code rate = learningRate / (1 + (t - 1)
 * lrDecay)}), or of FBGEMM's row-wise form, in which s is one number and grows by the mean of the
 * squares. The state carries its error along, so that the bound holds after many steps.
 */
public final class OracleAdagrad {
  private final Settings settings;
  private final List<Rounded> weights = new ArrayList<>();
  private final List<Rounded> sums = new ArrayList<>();
  private long steps;

  /**
   * How steps are made.
   *
   * @param learningRate how far a step goes
   * @param lrDecay how fast the rate falls
   * @param weightDecay how much of the weight is added to its gradient
   * @param initialAccumulator where s starts
   * @param eps what is added to the denominator
   * @param maximize whether the step goes up
   * @param rowwise whether s is one number
   */
  public record Settings(
      double learningRate,
      double lrDecay,
      double weightDecay,
      double initialAccumulator,
      double eps,
      boolean maximize,
      boolean rowwise) {}

  /**
   * A row before its first step.
   *
   * @param settings how steps are made
   * @param start the weights
   */
  public OracleAdagrad(Settings settings, float... start) {
    this.settings = settings;
    for (float weight : start) {
      weights.add(Rounded.exact(weight));
      sums.add(Rounded.constant(settings.initialAccumulator));
    }
  }

  /** Counts a step that does not touch this row. */
  public void skip() {
    steps++;
  }

  /**
   * Makes a step.
   *
   * @param gradient the weights' gradient
   * @return the new weights, with the bound of all steps so far
   */
  public List<Rounded> step(List<Rounded> gradient) {
    steps++;
    Rounded rate =
        Rounded.constant(settings.learningRate)
            .dividedBy(
                Rounded.exact(1)
                    .plus(Rounded.constant(settings.lrDecay).times(Rounded.exact(steps - 1.0))));
    Rounded eps = Rounded.constant(settings.eps);
    List<Rounded> directions = new ArrayList<>();
    for (int i = 0; i < weights.size(); i++) {
      Rounded d = settings.maximize ? gradient.get(i).negated() : gradient.get(i);
      if (settings.weightDecay != 0) {
        d = d.plus(Rounded.constant(settings.weightDecay).times(weights.get(i)));
      }
      directions.add(d);
    }
    Rounded mean =
        Rounded.dot(directions, directions).dividedBy(Rounded.exact(Math.max(weights.size(), 1)));
    for (int i = 0; i < weights.size(); i++) {
      Rounded d = directions.get(i);
      sums.set(i, sums.get(i).plus(settings.rowwise ? mean : d.times(d)));
      Rounded denominator = sums.get(i).sqrt().plus(eps);
      Rounded move =
          settings.rowwise
              ? rate.dividedBy(denominator).times(d)
              : rate.times(d.dividedBy(denominator));
      weights.set(i, weights.get(i).minus(move));
    }
    return List.copyOf(weights);
  }
}
