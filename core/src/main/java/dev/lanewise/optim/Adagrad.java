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
 * Adagrad: each weight has a rate of its own, which falls with the squares of its gradients.
 *
 * <p>For each weight w with gradient g (negated to maximize): {@code d = g + weightDecay w; s = s +
 * d^2; w = w - rate d / (sqrt(s) + eps)}, where {@code rate = learningRate / (1 + (t - 1) lrDecay)}
 * in step t and s starts at {@code initialAccumulator}. Order and roundings: docs/numerics.md.
 *
 * <p>Without weight decay only the rows that the batch touched are visited (of a dense gradient,
 * when going down); others do not change. With weight decay every row moves, also of a sparse
 * gradient, as if it were dense (PyTorch refuses that). With an eps of 0 and {@code
 * initialAccumulator} 0, a weight whose gradient was always 0 becomes NaN where it is visited.
 *
 * <p>State: s, of the parameter's size, and t.
 *
 * <p>Semantics: <a
 * href="https://docs.pytorch.org/docs/stable/generated/torch.optim.Adagrad.html">torch.optim.Adagrad</a>
 * (J. Duchi, E. Hazan, Y. Singer, <i>Adaptive subgradient methods</i>, JMLR 12, 2011).
 */
public final class Adagrad extends Optimizer {
  private static final ElementwiseKernels KERNELS = KernelSet.active().elementwise();

  private Settings settings;

  /** The rate of this step, negated. */
  private float negativeRate;

  /**
   * The settings of {@link Adagrad}.
   *
   * @param learningRate how far a step goes, at least 0
   * @param lrDecay how fast the rate falls with the number of steps, at least 0
   * @param weightDecay how much of the weight is added to its gradient, at least 0
   * @param initialAccumulator where the sums of squares start, at least 0
   * @param eps what is added to the denominator, at least 0
   * @param direction whether to go down or up
   */
  public record Settings(
      float learningRate,
      float lrDecay,
      float weightDecay,
      float initialAccumulator,
      float eps,
      Direction direction) {
    /** PyTorch's defaults: a learning rate of 0.01, an eps of 1e-10, and no decay. */
    public static final Settings DEFAULT = new Settings(1e-2f, 0, 0, 0, 1e-10f, Direction.MINIMIZE);

    /**
     * Checks the settings.
     *
     * @throws IllegalArgumentException if a number is negative or not finite
     */
    public Settings {
      Objects.requireNonNull(direction, "direction");
      SettingCheck.atLeastZero("learningRate", learningRate);
      SettingCheck.atLeastZero("lrDecay", lrDecay);
      SettingCheck.atLeastZero("weightDecay", weightDecay);
      SettingCheck.atLeastZero("initialAccumulator", initialAccumulator);
      SettingCheck.atLeastZero("eps", eps);
    }

    /**
     * The same with another learning rate.
     *
     * @param value how far a step goes
     * @return other settings
     */
    public Settings withLearningRate(float value) {
      return new Settings(value, lrDecay, weightDecay, initialAccumulator, eps, direction);
    }

    /**
     * The same with another lrDecay.
     *
     * @param value how fast the rate falls
     * @return other settings
     */
    public Settings withLrDecay(float value) {
      return new Settings(learningRate, value, weightDecay, initialAccumulator, eps, direction);
    }

    /**
     * The same with another weight decay.
     *
     * @param value how much of the weight is added to its gradient
     * @return other settings
     */
    public Settings withWeightDecay(float value) {
      return new Settings(learningRate, lrDecay, value, initialAccumulator, eps, direction);
    }

    /**
     * The same with another start of the sums of squares.
     *
     * @param value where they start
     * @return other settings
     */
    public Settings withInitialAccumulator(float value) {
      return new Settings(learningRate, lrDecay, weightDecay, value, eps, direction);
    }

    /**
     * The same with another eps.
     *
     * @param value what is added to the denominator
     * @return other settings
     */
    public Settings withEps(float value) {
      return new Settings(learningRate, lrDecay, weightDecay, initialAccumulator, value, direction);
    }

    /**
     * The same with another direction.
     *
     * @param value whether to go down or up
     * @return other settings
     */
    public Settings withDirection(Direction value) {
      return new Settings(learningRate, lrDecay, weightDecay, initialAccumulator, eps, value);
    }
  }

  private Adagrad(Settings settings, Parameter... parameters) {
    super(parameters);
    this.settings = Objects.requireNonNull(settings, "settings");
    start(form());
  }

  /**
   * Adagrad, with the defaults but for the learning rate.
   *
   * @param learningRate how far a step goes
   * @param parameters what is trained
   * @return the optimizer
   * @throws IllegalArgumentException if the learning rate is negative or a parameter is frozen
   */
  public static Adagrad of(float learningRate, Parameter... parameters) {
    return of(Settings.DEFAULT.withLearningRate(learningRate), parameters);
  }

  /**
   * Adagrad, with settings.
   *
   * @param settings how steps are made
   * @param parameters what is trained
   * @return the optimizer
   * @throws IllegalArgumentException if a parameter is frozen
   */
  public static Adagrad of(Settings settings, Parameter... parameters) {
    return new Adagrad(settings, parameters);
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
    return new StateForm(
        List.of(new StateForm.Slot("sum", StateForm.Extent.ELEMENT, settings.initialAccumulator)),
        StateForm.Steps.TENSOR,
        StateForm.Presence.ALWAYS);
  }

  @Override
  SequencedMap<String, Value> group() {
    SequencedMap<String, Value> group = new LinkedHashMap<>();
    group.put("lr", SavedState.real(settings.learningRate));
    group.put("lr_decay", SavedState.real(settings.lrDecay));
    group.put("eps", SavedState.real(settings.eps));
    group.put("weight_decay", SavedState.real(settings.weightDecay));
    group.put("initial_accumulator_value", SavedState.real(settings.initialAccumulator));
    // How PyTorch is to run its step: its defaults.
    group.put("foreach", new Value.None());
    group.put("maximize", Value.of(settings.direction == Direction.MAXIMIZE));
    group.put("differentiable", Value.of(false));
    group.put("fused", new Value.None());
    return group;
  }

  @Override
  void restore(SavedState saved) {
    Settings loaded =
        new Settings(
            saved.number("lr"),
            saved.number("lr_decay"),
            saved.number("weight_decay"),
            saved.number("initial_accumulator_value"),
            saved.number("eps"),
            Direction.of(saved.flag("maximize", false)));
    adopt(saved, form(loaded));
    settings = loaded;
  }

  @Override
  boolean movesUntouchedRows() {
    return settings.weightDecay != 0;
  }

  @Override
  boolean visitsAllRows() {
    return movesUntouchedRows() || settings.direction == Direction.MAXIMIZE;
  }

  @Override
  @Nullable String obstacleToFusing() {
    return movesUntouchedRows() ? "weight decay moves every row of the table in every step" : null;
  }

  @Override
  void requireGradientKind(Parameter parameter) {
    // Both kinds are understood.
  }

  @Override
  void begin(ParameterState state) {
    double slower = 1 + (state.steps() - 1.0) * settings.lrDecay;
    negativeRate = (float) (-settings.learningRate / slower);
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
    Tensor s = state.buffer(0);
    if (settings.weightDecay == 0) {
      KERNELS.adagrad(
          g,
          gOffset,
          s.segment(),
          Runs.bytes(s, element),
          w,
          wOffset,
          settings.direction.sign() * negativeRate,
          settings.eps,
          n);
    } else {
      KERNELS.adagradDecay(
          g,
          gOffset,
          s.segment(),
          Runs.bytes(s, element),
          w,
          wOffset,
          settings.direction.sign(),
          settings.weightDecay,
          negativeRate,
          settings.eps,
          n);
    }
  }
}
