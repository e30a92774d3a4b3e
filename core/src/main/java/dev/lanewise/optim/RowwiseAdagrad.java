package dev.lanewise.optim;

import dev.lanewise.checkpoint.Value;
import dev.lanewise.internal.kernel.ElementwiseKernels;
import dev.lanewise.internal.kernel.KernelSet;
import dev.lanewise.internal.kernel.Partials;
import dev.lanewise.internal.kernel.ReadAhead;
import dev.lanewise.internal.kernel.ReductionKernels;
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
 * Row-wise Adagrad, for tables: one rate for each row, so that the state is one number a row
 * instead of one a weight.
 *
 * <p>For each row w with gradient g (negated to maximize): {@code h = h + mean(g^2); w = w -
 * learningRate / (sqrt(h) + eps) g}, where h starts at 0. The mean is over the row's elements, by
 * 64 partial sums and a fixed tree; see docs/numerics.md. Rows are the positions of dimension 0.
 *
 * <p>Only the rows that the batch touched are visited (of a dense gradient, when going down);
 * others do not change. With an eps of 0, a visited row whose gradients were all 0 becomes NaN.
 *
 * <p>State: h, float32 [rows], which {@link #stateDict} names {@code sum}. PyTorch has no such
 * optimizer; the state's structure is as that of its others.
 *
 * <p>Semantics: FBGEMM's {@code EXACT_ROWWISE_ADAGRAD} (D. Mudigere et al., <i>Software-hardware
 * co-design for fast and scalable training of deep learning recommendation models</i>, ISCA 2022).
 */
public final class RowwiseAdagrad extends Optimizer {
  private static final ElementwiseKernels KERNELS = KernelSet.active().elementwise();
  private static final ReductionKernels REDUCTIONS = KernelSet.active().reductions();
  private static final StateForm FORM =
      new StateForm(
          List.of(new StateForm.Slot("sum", StateForm.Extent.ROW, 0)),
          StateForm.Steps.NOT,
          StateForm.Presence.AFTER_FIRST_STEP);

  private Settings settings;

  /**
   * The settings of {@link RowwiseAdagrad}.
   *
   * @param learningRate how far a step goes, at least 0
   * @param eps what is added to the denominator, at least 0
   * @param direction whether to go down or up
   */
  public record Settings(float learningRate, float eps, Direction direction) {
    /** FBGEMM's defaults: a learning rate of 0.01 and an eps of 1e-8. */
    public static final Settings DEFAULT = new Settings(1e-2f, 1e-8f, Direction.MINIMIZE);

    /**
     * Checks the settings.
     *
     * @throws IllegalArgumentException if a number is negative or not finite
     */
    public Settings {
      Objects.requireNonNull(direction, "direction");
      SettingCheck.atLeastZero("learningRate", learningRate);
      SettingCheck.atLeastZero("eps", eps);
    }

    /**
     * The same with another learning rate.
     *
     * @param value how far a step goes
     * @return other settings
     */
    public Settings withLearningRate(float value) {
      return new Settings(value, eps, direction);
    }

    /**
     * The same with another eps.
     *
     * @param value what is added to the denominator
     * @return other settings
     */
    public Settings withEps(float value) {
      return new Settings(learningRate, value, direction);
    }

    /**
     * The same with another direction.
     *
     * @param value whether to go down or up
     * @return other settings
     */
    public Settings withDirection(Direction value) {
      return new Settings(learningRate, eps, value);
    }
  }

  private RowwiseAdagrad(Settings settings, Parameter... parameters) {
    super(parameters);
    for (Parameter parameter : parameters) {
      long width = new ParameterState(parameter, 0).width();
      if (width > Integer.MAX_VALUE) {
        throw new IllegalArgumentException(
            "a parameter of shape "
                + parameter.value().shape()
                + " has rows of more than "
                + Integer.MAX_VALUE
                + " elements");
      }
    }
    this.settings = Objects.requireNonNull(settings, "settings");
    start(form());
  }

  /**
   * Row-wise Adagrad, with the defaults but for the learning rate.
   *
   * @param learningRate how far a step goes
   * @param parameters what is trained
   * @return the optimizer
   * @throws IllegalArgumentException if the learning rate is negative or a parameter is frozen
   */
  public static RowwiseAdagrad of(float learningRate, Parameter... parameters) {
    return of(Settings.DEFAULT.withLearningRate(learningRate), parameters);
  }

  /**
   * Row-wise Adagrad, with settings.
   *
   * @param settings how steps are made
   * @param parameters what is trained
   * @return the optimizer
   * @throws IllegalArgumentException if a parameter is frozen, or its rows have more elements than
   *     an int can count
   */
  public static RowwiseAdagrad of(Settings settings, Parameter... parameters) {
    return new RowwiseAdagrad(settings, parameters);
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
    return FORM;
  }

  @Override
  SequencedMap<String, Value> group() {
    SequencedMap<String, Value> group = new LinkedHashMap<>();
    group.put("lr", SavedState.real(settings.learningRate));
    group.put("eps", SavedState.real(settings.eps));
    group.put("maximize", Value.of(settings.direction == Direction.MAXIMIZE));
    return group;
  }

  @Override
  void restore(SavedState saved) {
    Settings loaded =
        new Settings(
            saved.number("lr"), saved.number("eps"), Direction.of(saved.flag("maximize", false)));
    adopt(saved, FORM);
    settings = loaded;
  }

  @Override
  boolean movesUntouchedRows() {
    return false;
  }

  @Override
  boolean visitsAllRows() {
    return settings.direction == Direction.MAXIMIZE;
  }

  @Override
  @Nullable String obstacleToFusing() {
    return null;
  }

  @Override
  void requireGradientKind(Parameter parameter) {
    // Both kinds are understood.
  }

  @Override
  void begin(ParameterState state) {
    // The rate is each row's own.
  }

  /** One row at a time. */
  @Override
  long longestRun(ParameterState state, long most) {
    return state.width();
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
    float factor = factor(state, element / n, g, gOffset, n, scratch);
    KERNELS.axpy(g, gOffset, w, wOffset, factor, n);
  }

  @Override
  boolean movesRowsTogether() {
    return true;
  }

  @Override
  void moveTogether(ParameterState state, RowMoves moves, UpdateScratch scratch) {
    ReadAhead.keep(moves.touchBuffer(state, 0) ^ moves.touch(state));
    int n = (int) state.width();
    for (int i = 0; i < moves.count(); i++) {
      long g = moves.gradientBytes(i);
      moves.factors()[i] = factor(state, moves.rows()[i], moves.segment(), g, n, scratch);
    }
    moves.axpy(state);
  }

  /** Adds to a row's mean of squares; what its gradient is multiplied by. */
  private float factor(
      ParameterState state, long row, MemorySegment g, long gOffset, int n, UpdateScratch scratch) {
    Tensor h = state.buffer(0);
    Partials.reset(scratch.partials, 0f);
    REDUCTIONS.dot(scratch.partials, g, gOffset, g, gOffset, n);
    long at = Runs.bytes(h, row);
    float sum = Runs.get(h, at) + Partials.sum(scratch.partials) / n;
    Runs.set(h, at, sum);
    float rate = settings.learningRate / ((float) Math.sqrt(sum) + settings.eps);
    return -rate * settings.direction.sign();
  }
}
