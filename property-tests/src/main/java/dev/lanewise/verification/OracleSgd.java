package dev.lanewise.verification;

import org.jspecify.annotations.Nullable;

/**
 * One weight under stochastic gradient descent, by the formulae of PyTorch's SGD: {@code d = g}
 * (negated to maximize) {@code + weightDecay w}; {@code b = d} at first and {@code momentum b + (1
 * - dampening) d} afterwards; the step is {@code d} without momentum, {@code b} with it, {@code d +
 * momentum b} with Nesterov's; {@code w -= learningRate step}. The state carries its error along,
 * so that the bound holds after many steps.
 */
public final class OracleSgd {
  private final float learningRate;
  private final float momentum;
  private final float dampening;
  private final float weightDecay;
  private final boolean nesterov;
  private final boolean maximize;
  private Rounded weight;
  private @Nullable Rounded buffer;

  /**
   * A weight before its first step.
   *
   * @param start the weight
   * @param learningRate how far a step goes
   * @param momentum how much of the last step is kept
   * @param dampening how much of the gradient is left out of the momentum
   * @param weightDecay how much of the weight is added to its gradient
   * @param nesterov whether the step looks ahead
   * @param maximize whether the step goes up
   */
  public OracleSgd(
      double start,
      float learningRate,
      float momentum,
      float dampening,
      float weightDecay,
      boolean nesterov,
      boolean maximize) {
    this.weight = Rounded.exact(start);
    this.learningRate = learningRate;
    this.momentum = momentum;
    this.dampening = dampening;
    this.weightDecay = weightDecay;
    this.nesterov = nesterov;
    this.maximize = maximize;
  }

  /**
   * Makes a step.
   *
   * @param gradient the weight's gradient
   * @return the new weight, with the bound of all steps so far
   */
  public Rounded step(double gradient) {
    Rounded d = Rounded.exact(maximize ? -gradient : gradient);
    if (weightDecay != 0) {
      d = d.plus(Rounded.exact(weightDecay).times(weight));
    }
    if (momentum != 0) {
      Rounded mu = Rounded.exact(momentum);
      Rounded last = buffer;
      Rounded scale = Rounded.exact(1).minus(Rounded.exact(dampening));
      Rounded next = last == null ? d : mu.times(last).plus(scale.times(d));
      buffer = next;
      d = nesterov ? d.plus(mu.times(next)) : next;
    }
    weight = weight.minus(Rounded.exact(learningRate).times(d));
    return weight;
  }
}
