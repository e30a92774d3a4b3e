package dev.lanewise.optim;

import dev.lanewise.checkpoint.Value;
import dev.lanewise.internal.kernel.ElementwiseKernels;
import dev.lanewise.internal.kernel.KernelSet;
import dev.lanewise.internal.rows.Runs;
import dev.lanewise.tensor.Parameter;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Objects;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/**
 * Adam, AdamW and AMSGrad: steps by the mean of past gradients over the root of the mean of their
 * squares.
 *
 * <p>For each weight w with gradient g (negated to maximize), in step t: {@code d = g}, with
 * coupled weight decay {@code + weightDecay w}; {@code m = beta1 m + (1 - beta1) d; v = beta2 v +
 * (1 - beta2) d^2; w = w - learningRate / (1 - beta1^t) m / (sqrt(v / (1 - beta2^t)) + eps)}. With
 * decoupled weight decay (AdamW) w is first multiplied by {@code 1 - learningRate weightDecay}.
 * With AMSGrad the largest v so far stands in place of v. Order and roundings: docs/numerics.md.
 *
 * <p>Every weight moves in every step, so a sparse gradient is refused: {@link SparseAdam} has a
 * rule for it.
 *
 * <p>State: m and v of the parameter's size, with AMSGrad the largest v, and t.
 *
 * <p>Semantics: <a
 * href="https://docs.pytorch.org/docs/stable/generated/torch.optim.Adam.html">torch.optim.Adam</a>
 * and <a href="https://docs.pytorch.org/docs/stable/generated/torch.optim.AdamW.html">AdamW</a> (D.
 * Kingma, J. Ba, <i>Adam: a method for stochastic optimization</i>, arXiv:1412.6980; I. Loshchilov,
 * F. Hutter, <i>Decoupled weight decay regularization</i>, arXiv:1711.05101).
 */
public final class Adam extends Optimizer {
  private static final ElementwiseKernels KERNELS = KernelSet.active().elementwise();

  private Settings settings;
  private final AdamRates rates = new AdamRates();

  /** How weight decay enters the step. */
  public enum DecayKind {
    /** Added to the gradient, as in Adam. */
    COUPLED,
    /** Multiplies the weight, as in AdamW. */
    DECOUPLED
  }

  /** What the step is divided by. */
  public enum Variant {
    /** The root of the mean square. */
    ADAM,
    /** The root of the largest mean square so far. */
    AMSGRAD
  }

  /**
   * The settings of {@link Adam}.
   *
   * @param learningRate how far a step goes, at least 0
   * @param beta1 how much of the mean gradient is kept, from 0 to less than 1
   * @param beta2 how much of the mean square is kept, from 0 to less than 1
   * @param eps what is added to the denominator, at least 0
   * @param weightDecay how strong the weight decay is, at least 0
   * @param decayKind how it enters the step
   * @param variant what the step is divided by
   * @param direction whether to go down or up
   */
  public record Settings(
      float learningRate,
      double beta1,
      double beta2,
      float eps,
      float weightDecay,
      DecayKind decayKind,
      Variant variant,
      Direction direction) {
    /** PyTorch's defaults of Adam: a learning rate of 0.001, betas of 0.9 and 0.999, eps 1e-8. */
    public static final Settings DEFAULT =
        new Settings(
            1e-3f, 0.9, 0.999, 1e-8f, 0, DecayKind.COUPLED, Variant.ADAM, Direction.MINIMIZE);

    /** PyTorch's defaults of AdamW: the same with a decoupled weight decay of 0.01. */
    public static final Settings ADAMW =
        DEFAULT.withWeightDecay(1e-2f).withDecayKind(DecayKind.DECOUPLED);

    /**
     * Checks the settings.
     *
     * @throws IllegalArgumentException if a number is negative or not finite, or a beta not below 1
     */
    public Settings {
      Objects.requireNonNull(decayKind, "decayKind");
      Objects.requireNonNull(variant, "variant");
      Objects.requireNonNull(direction, "direction");
      SettingCheck.atLeastZero("learningRate", learningRate);
      SettingCheck.decayRate("beta1", beta1);
      SettingCheck.decayRate("beta2", beta2);
      SettingCheck.atLeastZero("eps", eps);
      SettingCheck.atLeastZero("weightDecay", weightDecay);
    }

    /**
     * The same with another learning rate.
     *
     * @param value how far a step goes
     * @return other settings
     */
    public Settings withLearningRate(float value) {
      return new Settings(value, beta1, beta2, eps, weightDecay, decayKind, variant, direction);
    }

    /**
     * The same with other decay rates.
     *
     * @param first how much of the mean gradient is kept
     * @param second how much of the mean square is kept
     * @return other settings
     */
    public Settings withBetas(double first, double second) {
      return new Settings(
          learningRate, first, second, eps, weightDecay, decayKind, variant, direction);
    }

    /**
     * The same with another eps.
     *
     * @param value what is added to the denominator
     * @return other settings
     */
    public Settings withEps(float value) {
      return new Settings(
          learningRate, beta1, beta2, value, weightDecay, decayKind, variant, direction);
    }

    /**
     * The same with another weight decay.
     *
     * @param value how strong it is
     * @return other settings
     */
    public Settings withWeightDecay(float value) {
      return new Settings(learningRate, beta1, beta2, eps, value, decayKind, variant, direction);
    }

    /**
     * The same with another kind of weight decay.
     *
     * @param value how it enters the step
     * @return other settings
     */
    public Settings withDecayKind(DecayKind value) {
      return new Settings(learningRate, beta1, beta2, eps, weightDecay, value, variant, direction);
    }

    /**
     * The same with another variant.
     *
     * @param value what the step is divided by
     * @return other settings
     */
    public Settings withVariant(Variant value) {
      return new Settings(
          learningRate, beta1, beta2, eps, weightDecay, decayKind, value, direction);
    }

    /**
     * The same with another direction.
     *
     * @param value whether to go down or up
     * @return other settings
     */
    public Settings withDirection(Direction value) {
      return new Settings(learningRate, beta1, beta2, eps, weightDecay, decayKind, variant, value);
    }
  }

  private Adam(Settings settings, Parameter... parameters) {
    super(parameters);
    this.settings = Objects.requireNonNull(settings, "settings");
    start(form());
  }

  /**
   * Adam, with the defaults but for the learning rate.
   *
   * @param learningRate how far a step goes
   * @param parameters what is trained
   * @return the optimizer
   * @throws IllegalArgumentException if the learning rate is negative or a parameter is frozen
   */
  public static Adam of(float learningRate, Parameter... parameters) {
    return of(Settings.DEFAULT.withLearningRate(learningRate), parameters);
  }

  /**
   * Adam, with settings.
   *
   * @param settings how steps are made
   * @param parameters what is trained
   * @return the optimizer
   * @throws IllegalArgumentException if a parameter is frozen
   */
  public static Adam of(Settings settings, Parameter... parameters) {
    return new Adam(settings, parameters);
  }

  /**
   * How steps are made.
   *
   * @return the settings given, or those of the state that was loaded last
   */
  public Settings settings() {
    return settings;
  }

  @Override
  public float learningRate() {
    return settings.learningRate;
  }

  @Override
  public void setLearningRate(float value) {
    settings = settings.withLearningRate(value);
  }

  @Override
  StateForm form() {
    return form(settings);
  }

  private static StateForm form(Settings settings) {
    StateForm.Slot mean = new StateForm.Slot("exp_avg", StateForm.Extent.ELEMENT, 0);
    StateForm.Slot square = new StateForm.Slot("exp_avg_sq", StateForm.Extent.ELEMENT, 0);
    StateForm.Slot largest = new StateForm.Slot("max_exp_avg_sq", StateForm.Extent.ELEMENT, 0);
    return new StateForm(
        settings.variant == Variant.AMSGRAD
            ? List.of(mean, square, largest)
            : List.of(mean, square),
        StateForm.Steps.TENSOR,
        StateForm.Presence.AFTER_FIRST_STEP);
  }

  @Override
  SequencedMap<String, Value> group() {
    SequencedMap<String, Value> group = new LinkedHashMap<>();
    group.put("lr", SavedState.real(settings.learningRate));
    group.put(
        "betas", new Value.Tuple(List.of(Value.of(settings.beta1), Value.of(settings.beta2))));
    group.put("eps", SavedState.real(settings.eps));
    group.put("weight_decay", SavedState.real(settings.weightDecay));
    group.put("amsgrad", Value.of(settings.variant == Variant.AMSGRAD));
    group.put("maximize", Value.of(settings.direction == Direction.MAXIMIZE));
    // How PyTorch is to run its step: its defaults.
    group.put("foreach", new Value.None());
    group.put("capturable", Value.of(false));
    group.put("differentiable", Value.of(false));
    group.put("fused", new Value.None());
    group.put("decoupled_weight_decay", Value.of(settings.decayKind == DecayKind.DECOUPLED));
    return group;
  }

  @Override
  void restore(SavedState saved) {
    double[] betas = saved.pair("betas");
    // PyTorch before 2.7 did not write which of Adam and AdamW it was: this optimizer's kind stays.
    boolean decoupled =
        saved.flag("decoupled_weight_decay", settings.decayKind == DecayKind.DECOUPLED);
    Settings loaded =
        new Settings(
            saved.number("lr"),
            betas[0],
            betas[1],
            saved.number("eps"),
            saved.number("weight_decay"),
            decoupled ? DecayKind.DECOUPLED : DecayKind.COUPLED,
            saved.flag("amsgrad") ? Variant.AMSGRAD : Variant.ADAM,
            Direction.of(saved.flag("maximize", false)));
    adopt(saved, form(loaded));
    settings = loaded;
  }

  @Override
  boolean movesUntouchedRows() {
    return true;
  }

  @Override
  boolean visitsAllRows() {
    return true;
  }

  @Override
  @Nullable String obstacleToFusing() {
    return "Adam moves every row of the table in every step; SparseAdam moves those of the batch";
  }

  @Override
  void requireGradientKind(Parameter parameter) {
    if (parameter.hasSparseGradient()
        && (parameter.sparseGradient().nnz() > 0 || !parameter.hasGradient())) {
      throw new IllegalArgumentException(
          "Adam has no rule for the sparse gradient of a parameter of shape "
              + parameter.value().shape()
              + ", as it moves every row in every step: use SparseAdam, or an embedding without withSparseGradient()");
    }
  }

  @Override
  void begin(ParameterState state) {
    rates.adam(settings, state.steps());
  }

  @Override
  void run(
      ParameterState state,
      long element,
      MemorySegment w,
      long wOffset,
      MemorySegment g,
      long gOffset,
      int n,
      UpdateScratch scratch) {
    Tensor m = state.buffer(0);
    Tensor v = state.buffer(1);
    if (settings.variant == Variant.AMSGRAD) {
      Tensor h = state.buffer(2);
      KERNELS.adamMax(
          g,
          gOffset,
          m.segment(),
          Runs.bytes(m, element),
          v.segment(),
          Runs.bytes(v, element),
          h.segment(),
          Runs.bytes(h, element),
          w,
          wOffset,
          settings.direction.sign(),
          rates.weightDecay,
          rates.keep,
          rates.beta1,
          rates.rest1,
          rates.beta2,
          rates.rest2,
          rates.scale,
          settings.eps,
          rates.negativeRate,
          n);
    } else {
      rates.run(
          KERNELS, g, gOffset, m, v, element, w, wOffset, settings.direction, settings.eps, n);
    }
  }
}
