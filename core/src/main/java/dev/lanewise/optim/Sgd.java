package dev.lanewise.optim;

import dev.lanewise.checkpoint.Value;
import dev.lanewise.internal.kernel.ElementwiseKernels;
import dev.lanewise.internal.kernel.KernelSet;
import dev.lanewise.internal.rows.Runs;
import dev.lanewise.tensor.Parameter;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Objects;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/**
 * Stochastic gradient descent with optional momentum, weight decay and Nesterov's step.
 *
 * <p>For each parameter w with gradient g: {@code d = g} (negated to maximize) {@code + weightDecay
 * w}; with momentum {@code b = d} in the first step and {@code b = momentum b + (1 - dampening) d}
 * afterwards, then {@code d = b}, or {@code d + momentum b} with Nesterov; {@code w = w -
 * learningRate d}. Each product and sum is one fused multiply-add; see docs/numerics.md.
 *
 * <p>Going down without momentum and weight decay, only the rows that the batch touched are
 * visited, which gives the same bits as visiting all. With momentum or weight decay every row moves
 * in every step, also of a sparse gradient: the momentum is a dense buffer, which does not grow,
 * and the bits are those of the dense gradient (PyTorch's sparse momentum grows without bound, and
 * its weight decay refuses sparse gradients). Going up on a sparse gradient visits touched rows
 * only; on a dense one all, so that a weight of -0 becomes +0 there.
 *
 * <p>Semantics: <a
 * href="https://docs.pytorch.org/docs/stable/generated/torch.optim.SGD.html">torch.optim.SGD</a>.
 */
public final class Sgd extends Optimizer {
  private static final ElementwiseKernels KERNELS = KernelSet.active().elementwise();
  private static final StateForm PLAIN =
      new StateForm(List.of(), StateForm.Steps.NOT, StateForm.Presence.AFTER_FIRST_STEP);
  private static final StateForm WITH_MOMENTUM =
      new StateForm(
          List.of(new StateForm.Slot("momentum_buffer", StateForm.Extent.ELEMENT, 0)),
          StateForm.Steps.NOT,
          StateForm.Presence.AFTER_FIRST_STEP);

  private Settings settings;

  /** What the gradient enters the momentum with in this step. */
  private float scale;

  /**
   * The settings of {@link Sgd}.
   *
   * @param learningRate how far a step goes, at least 0
   * @param momentum how much of the last step is kept, at least 0; 0 for none
   * @param dampening how much of the gradient is left out of the momentum
   * @param weightDecay how much of the weight is added to its gradient, at least 0
   * @param momentumKind plain or Nesterov's
   * @param direction whether to go down or up
   */
  public record Settings(
      float learningRate,
      float momentum,
      float dampening,
      float weightDecay,
      MomentumKind momentumKind,
      Direction direction) {
    /**
     * Checks the settings.
     *
     * @throws IllegalArgumentException if a number is negative or not finite, or Nesterov's step
     *     has no momentum or some dampening
     */
    public Settings {
      Objects.requireNonNull(momentumKind, "momentumKind");
      Objects.requireNonNull(direction, "direction");
      SettingCheck.atLeastZero("learningRate", learningRate);
      SettingCheck.atLeastZero("momentum", momentum);
      SettingCheck.atLeastZero("weightDecay", weightDecay);
      if (!Float.isFinite(dampening)) {
        throw new IllegalArgumentException("dampening must be finite, got " + dampening);
      }
      if (momentumKind == MomentumKind.NESTEROV && (momentum == 0 || dampening != 0)) {
        throw new IllegalArgumentException(
            "Nesterov's step needs momentum and no dampening, got momentum "
                + momentum
                + " and dampening "
                + dampening);
      }
    }

    /**
     * Plain descent.
     *
     * @param learningRate how far a step goes
     * @return settings without momentum and weight decay
     */
    public static Settings of(float learningRate) {
      return new Settings(learningRate, 0, 0, 0, MomentumKind.PLAIN, Direction.MINIMIZE);
    }

    /**
     * The same with another learning rate.
     *
     * @param value how far a step goes
     * @return other settings
     */
    public Settings withLearningRate(float value) {
      return new Settings(value, momentum, dampening, weightDecay, momentumKind, direction);
    }

    /**
     * The same with momentum.
     *
     * @param value how much of the last step is kept
     * @return other settings
     */
    public Settings withMomentum(float value) {
      return new Settings(learningRate, value, dampening, weightDecay, momentumKind, direction);
    }

    /**
     * The same with another direction.
     *
     * @param value whether to go down or up
     * @return other settings
     */
    public Settings withDirection(Direction value) {
      return new Settings(learningRate, momentum, dampening, weightDecay, momentumKind, value);
    }

    /**
     * The same with weight decay.
     *
     * @param value how much of the weight is added to its gradient
     * @return other settings
     */
    public Settings withWeightDecay(float value) {
      return new Settings(learningRate, momentum, dampening, value, momentumKind, direction);
    }
  }

  /** How momentum enters the step. */
  public enum MomentumKind {
    /** The step is the momentum. */
    PLAIN,
    /** The step looks ahead: the gradient plus the momentum. */
    NESTEROV
  }

  private Sgd(Settings settings, Parameter... parameters) {
    super(parameters);
    this.settings = Objects.requireNonNull(settings, "settings");
    start(form());
  }

  /**
   * Plain gradient descent.
   *
   * @param learningRate how far a step goes
   * @param parameters what is trained
   * @return the optimizer
   * @throws IllegalArgumentException if the learning rate is negative or a parameter is frozen
   */
  public static Sgd of(float learningRate, Parameter... parameters) {
    return of(Settings.of(learningRate), parameters);
  }

  /**
   * Gradient descent with settings.
   *
   * @param settings how steps are made
   * @param parameters what is trained
   * @return the optimizer
   * @throws IllegalArgumentException if a parameter is frozen
   */
  public static Sgd of(Settings settings, Parameter... parameters) {
    return new Sgd(settings, parameters);
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
    return settings.momentum == 0 ? PLAIN : WITH_MOMENTUM;
  }

  @Override
  SequencedMap<String, Value> group() {
    SequencedMap<String, Value> group = new LinkedHashMap<>();
    group.put("lr", SavedState.real(settings.learningRate));
    group.put("momentum", SavedState.real(settings.momentum));
    group.put("dampening", SavedState.real(settings.dampening));
    group.put("weight_decay", SavedState.real(settings.weightDecay));
    group.put("nesterov", Value.of(settings.momentumKind == MomentumKind.NESTEROV));
    group.put("maximize", Value.of(settings.direction == Direction.MAXIMIZE));
    // How PyTorch is to run its step: its defaults.
    group.put("foreach", new Value.None());
    group.put("differentiable", Value.of(false));
    group.put("fused", new Value.None());
    return group;
  }

  @Override
  void restore(SavedState saved) {
    Settings loaded =
        new Settings(
            saved.number("lr"),
            saved.number("momentum"),
            saved.number("dampening"),
            saved.number("weight_decay"),
            saved.flag("nesterov") ? MomentumKind.NESTEROV : MomentumKind.PLAIN,
            Direction.of(saved.flag("maximize", false)));
    adopt(saved, form(loaded));
    settings = loaded;
  }

  @Override
  boolean movesUntouchedRows() {
    return settings.momentum != 0 || settings.weightDecay != 0;
  }

  @Override
  boolean visitsAllRows() {
    return movesUntouchedRows() || settings.direction == Direction.MAXIMIZE;
  }

  @Override
  @Nullable String obstacleToFusing() {
    return movesUntouchedRows()
        ? "momentum and weight decay move every row of the table in every step"
        : null;
  }

  @Override
  void requireGradientKind(Parameter parameter) {
    // Both kinds are understood.
  }

  @Override
  void begin(ParameterState state) {
    scale = state.steps() == 1 ? 1f : 1f - settings.dampening;
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
    float sign = settings.direction.sign();
    if (settings.momentum != 0) {
      runWithMomentum(state, element, w, wOffset, g, gOffset, n);
    } else if (settings.weightDecay != 0) {
      KERNELS.sgdDecay(
          g, gOffset, w, wOffset, sign, settings.weightDecay, -settings.learningRate, n);
    } else {
      KERNELS.axpy(g, gOffset, w, wOffset, -settings.learningRate * sign, n);
    }
  }

  @Override
  boolean movesRowsTogether() {
    return true;
  }

  @Override
  void moveTogether(ParameterState state, RowMoves moves, UpdateScratch scratch) {
    float factor = -settings.learningRate * settings.direction.sign();
    Arrays.fill(moves.factors(), 0, moves.count(), factor);
    moves.axpy(state);
  }

  private void runWithMomentum(
      ParameterState state,
      long element,
      MemorySegment w,
      long wOffset,
      MemorySegment g,
      long gOffset,
      int n) {
    Tensor b = state.buffer(0);
    if (settings.momentumKind == MomentumKind.NESTEROV) {
      KERNELS.sgdNesterov(
          g,
          gOffset,
          b.segment(),
          Runs.bytes(b, element),
          w,
          wOffset,
          settings.direction.sign(),
          settings.weightDecay,
          settings.momentum,
          scale,
          -settings.learningRate,
          n);
    } else {
      KERNELS.sgdMomentum(
          g,
          gOffset,
          b.segment(),
          Runs.bytes(b, element),
          w,
          wOffset,
          settings.direction.sign(),
          settings.weightDecay,
          settings.momentum,
          scale,
          -settings.learningRate,
          n);
    }
  }
}
