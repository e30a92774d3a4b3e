package dev.lanewise.verification;

/**
 * One weight under Adam, AdamW, AMSGrad or SparseAdam, by the formulae of PyTorch: {@code m = beta1
 * m + (1 - beta1) d; v = beta2 v + (1 - beta2) d^2; w -= learningRate / (1 - beta1^t) m / (sqrt(v)
 * / sqrt(1 - beta2^t) + eps)}, or, in the sparse form, {@code learningRate sqrt(1 - beta2^t) / (1 -
 * beta1^t) m / (sqrt(v) + eps)}. The state carries its error along, so that the bound holds after
 * many steps.
 */
public final class OracleAdam {
  private final Settings settings;
  private Rounded weight;
  private Rounded mean = Rounded.exact(0);
  private Rounded square = Rounded.exact(0);
  private Rounded largest = Rounded.exact(0);
  private long steps;

  /**
   * How steps are made.
   *
   * @param learningRate how far a step goes
   * @param beta1 how much of the mean gradient is kept
   * @param beta2 how much of the mean square is kept
   * @param eps what is added to the denominator
   * @param weightDecay how strong the weight decay is
   * @param decoupled whether it multiplies the weight, as in AdamW
   * @param amsgrad whether the largest mean square counts
   * @param maximize whether the step goes up
   * @param sparse whether eps is added to the uncorrected root, as in SparseAdam
   */
  public record Settings(
      double learningRate,
      double beta1,
      double beta2,
      double eps,
      double weightDecay,
      boolean decoupled,
      boolean amsgrad,
      boolean maximize,
      boolean sparse) {}

  /**
   * A weight before its first step.
   *
   * @param settings how steps are made
   * @param start the weight
   */
  public OracleAdam(Settings settings, float start) {
    this.settings = settings;
    this.weight = Rounded.exact(start);
  }

  /** Counts a step that does not touch this weight. */
  public void skip() {
    steps++;
  }

  /**
   * Makes a step.
   *
   * @param gradient the weight's gradient
   * @return the new weight, with the bound of all steps so far
   */
  public Rounded step(Rounded gradient) {
    steps++;
    Rounded d = settings.maximize ? gradient.negated() : gradient;
    Rounded decay = Rounded.constant(settings.weightDecay);
    if (settings.weightDecay != 0 && settings.decoupled) {
      Rounded lost = Rounded.constant(settings.learningRate).times(decay);
      weight = weight.times(Rounded.exact(1).minus(lost));
    } else if (settings.weightDecay != 0) {
      d = d.plus(decay.times(weight));
    }
    mean =
        Rounded.constant(settings.beta1)
            .times(mean)
            .plus(Rounded.constant(1 - settings.beta1).times(d));
    square =
        Rounded.constant(settings.beta2)
            .times(square)
            .plus(Rounded.constant(1 - settings.beta2).times(d).times(d));
    largest =
        new Rounded(
            Math.max(largest.value(), square.value()), Math.max(largest.error(), square.error()));
    Rounded root = (settings.amsgrad ? largest : square).sqrt();
    double first = 1 - Math.pow(settings.beta1, (double) steps);
    double second = Math.sqrt(1 - Math.pow(settings.beta2, (double) steps));
    Rounded denominator =
        (settings.sparse ? root : root.times(Rounded.constant(1 / second)))
            .plus(Rounded.constant(settings.eps));
    Rounded rate =
        Rounded.constant(settings.learningRate)
            .times(Rounded.constant((settings.sparse ? second : 1) / first));
    weight = weight.minus(rate.times(mean.dividedBy(denominator)));
    return weight;
  }
}
