package dev.lanewise.optim;

import dev.lanewise.checkpoint.StateDict;
import dev.lanewise.internal.check.Check;
import dev.lanewise.internal.kernel.ElementwiseKernels;
import dev.lanewise.internal.kernel.KernelSet;
import dev.lanewise.internal.rows.Runs;
import dev.lanewise.tensor.Gradient;
import dev.lanewise.tensor.Parameter;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/**
 * Stochastic gradient descent with optional momentum, weight decay and Nesterov's step.
 *
 * <p>For each parameter w with gradient g: {@code d = g} (negated to maximize) {@code + weightDecay
 * w}; with momentum {@code b = d} in the first step and {@code b = momentum b + (1 - dampening) d}
 * afterwards, then {@code d = b}, or {@code d + momentum b} with Nesterov; {@code w = w -
 * learningRate d}. Each product and sum is one fused multiply-add; see docs/numerics.md.
 *
 * <p>Going down without momentum and weight decay, only the rows that the batch touched are
 * visited, which gives the same bits as visiting all. Parameters that have no gradient yet are left
 * alone. Not thread-safe; a step allocates nothing.
 *
 * <p>Semantics: <a
 * href="https://docs.pytorch.org/docs/stable/generated/torch.optim.SGD.html">torch.optim.SGD</a>.
 */
public final class Sgd {
  private static final ElementwiseKernels KERNELS = KernelSet.active().elementwise();

  private final List<Parameter> parameters;
  private Settings settings;

  /** Of each parameter the momentum buffer; empty without momentum. */
  private List<Tensor> buffers;

  private final boolean[] started;

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
      requireAtLeastZero("learningRate", learningRate);
      requireAtLeastZero("momentum", momentum);
      requireAtLeastZero("weightDecay", weightDecay);
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

    private static void requireAtLeastZero(String name, float value) {
      if (!(value >= 0) || value == Float.POSITIVE_INFINITY) {
        throw new IllegalArgumentException(name + " must be finite and at least 0, got " + value);
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
     * The same with momentum.
     *
     * @param value how much of the last step is kept
     * @return other settings
     */
    public Settings withMomentum(float value) {
      return new Settings(learningRate, value, dampening, weightDecay, momentumKind, direction);
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

  /** Which way a step goes. */
  public enum Direction {
    /** Against the gradient. */
    MINIMIZE,
    /** With the gradient. */
    MAXIMIZE
  }

  private Sgd(Settings settings, List<Parameter> parameters) {
    this.settings = settings;
    this.parameters = parameters;
    this.started = new boolean[parameters.size()];
    for (Parameter parameter : parameters) {
      if (!parameter.isTrainable()) {
        throw new IllegalArgumentException(
            "a frozen parameter of shape " + parameter.value().shape() + " cannot be optimized");
      }
    }
    this.buffers = settings.momentum == 0 ? List.of() : newBuffers();
  }

  private List<Tensor> newBuffers() {
    // Momentum lives as long as the optimizer, whichever arenas the parameters are from.
    return parameters.stream()
        .map(p -> Tensor.zeros(Arena.ofAuto(), p.value().shape().toArray()))
        .toList();
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
    return new Sgd(settings, List.of(parameters));
  }

  /**
   * How steps are made.
   *
   * @return the settings given, or those of the state that was loaded last
   */
  public Settings settings() {
    return settings;
  }

  /**
   * Settings and momentum, as {@code torch.optim.SGD.state_dict()} gives them: {@code
   * param_groups}, a list of one dict with the settings and the parameters' numbers, and {@code
   * state}, a dict from each number to its {@code momentum_buffer}, if it has one yet. Saved
   * (perhaps as {@code put("optimizer", sgd.stateDict())} beside the model), it is what {@code
   * torch.optim.SGD.load_state_dict} takes.
   *
   * @return a new state dict, whose tensors are the buffers themselves, not copies
   */
  public StateDict stateDict() {
    SequencedMap<Integer, Tensor> momentum = new LinkedHashMap<>();
    for (int i = 0; i < buffers.size(); i++) {
      if (started[i]) {
        momentum.put(i, buffers.get(i));
      }
    }
    return SgdState.of(settings, parameters.size(), momentum);
  }

  /**
   * Takes over settings and momentum that {@link #stateDict} or {@code
   * torch.optim.SGD.state_dict()} gave, the buffers copied. As there, parameters are matched by
   * their number, so they must be given to the optimizer in the order in which they were when the
   * state was saved. Everything is checked before anything is changed.
   *
   * @param state the state
   * @throws IllegalArgumentException if the state is not one of SGD with a single group of as many
   *     parameters, a setting is out of range, or a buffer is not float32 of its parameter's shape
   * @throws IllegalStateException if the memory of a buffer is closed
   * @throws WrongThreadException if a buffer belongs to a confined arena of another thread
   */
  public void loadStateDict(StateDict state) {
    SgdState saved = SgdState.of(state, parameters);
    settings = saved.settings();
    buffers = settings.momentum == 0 ? List.of() : newBuffers();
    for (int i = 0; i < started.length; i++) {
      Tensor momentum = saved.momentum().get(i);
      started[i] = momentum != null && settings.momentum != 0;
      if (momentum != null && settings.momentum != 0) {
        buffers.get(i).copyFrom(momentum);
      }
    }
  }

  /** Sets the gradients of all parameters to zero. */
  public void zeroGrad() {
    for (int i = 0; i < parameters.size(); i++) {
      parameters.get(i).zeroGradient();
    }
  }

  /**
   * Moves all parameters that have a gradient.
   *
   * @throws IllegalStateException if an arena is closed; no parameter has been changed then
   */
  public void step() {
    for (int i = 0; i < parameters.size(); i++) {
      Parameter parameter = parameters.get(i);
      Check.writable("parameter", parameter.value());
      if (parameter.hasGradient()) {
        Check.accessible("gradient", parameter.gradient().tensor());
      }
    }
    for (int i = 0; i < parameters.size(); i++) {
      Parameter parameter = parameters.get(i);
      if (!parameter.hasGradient()) {
        continue;
      }
      if (settings.momentum != 0) {
        momentumStep(parameter, buffers.get(i), !started[i]);
        started[i] = true;
      } else {
        plainStep(parameter);
      }
    }
  }

  private void plainStep(Parameter parameter) {
    Gradient gradient = parameter.gradient();
    Tensor w = parameter.value();
    // A step up adds +0 where the gradient is 0, which turns a weight of -0 into +0: all rows are
    // visited then.
    if (gradient.allRowsTouched()
        || settings.weightDecay != 0
        || settings.direction == Direction.MAXIMIZE) {
      plainRun(gradient.tensor(), w, 0, w.shape().elementCount());
      return;
    }
    long width =
        w.shape().elementCount() == 0
            ? 0
            : w.shape().elementCount() / (w.rank() == 0 ? 1 : w.size(0));
    for (int i = 0; i < gradient.touchedRowCount(); i++) {
      plainRun(gradient.tensor(), w, gradient.touchedRow(i) * width, width);
    }
  }

  private void plainRun(Tensor g, Tensor w, long first, long count) {
    float negativeRate = -settings.learningRate * sign();
    for (long at = 0; at < count; at += Runs.LONGEST) {
      int n = Runs.length(at, count);
      long gAt = Runs.bytes(g, first + at);
      long wAt = Runs.bytes(w, first + at);
      if (settings.weightDecay == 0) {
        KERNELS.axpy(g.segment(), gAt, w.segment(), wAt, negativeRate, n);
      } else {
        KERNELS.sgdDecay(
            g.segment(),
            gAt,
            w.segment(),
            wAt,
            sign(),
            settings.weightDecay,
            -settings.learningRate,
            n);
      }
    }
  }

  private void momentumStep(Parameter parameter, Tensor b, boolean first) {
    Tensor g = parameter.gradient().tensor();
    Tensor w = parameter.value();
    long count = w.shape().elementCount();
    float scale = first ? 1f : 1f - settings.dampening;
    for (long at = 0; at < count; at += Runs.LONGEST) {
      int n = Runs.length(at, count);
      long gAt = Runs.bytes(g, at);
      long bAt = Runs.bytes(b, at);
      long wAt = Runs.bytes(w, at);
      if (settings.momentumKind == MomentumKind.NESTEROV) {
        KERNELS.sgdNesterov(
            g.segment(),
            gAt,
            b.segment(),
            bAt,
            w.segment(),
            wAt,
            sign(),
            settings.weightDecay,
            settings.momentum,
            scale,
            -settings.learningRate,
            n);
      } else {
        KERNELS.sgdMomentum(
            g.segment(),
            gAt,
            b.segment(),
            bAt,
            w.segment(),
            wAt,
            sign(),
            settings.weightDecay,
            settings.momentum,
            scale,
            -settings.learningRate,
            n);
      }
    }
  }

  private float sign() {
    return settings.direction == Direction.MAXIMIZE ? -1f : 1f;
  }
}
