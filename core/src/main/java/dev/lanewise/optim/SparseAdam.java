package dev.lanewise.optim;

import dev.lanewise.checkpoint.Value;
import dev.lanewise.internal.kernel.ElementwiseKernels;
import dev.lanewise.internal.kernel.KernelSet;
import dev.lanewise.tensor.Parameter;
import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Objects;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/**
 * Adam for tables: the step and its means change in the rows that the batch touched, and nowhere
 * else.
 *
 * <p>For each weight w of a touched row with gradient g (negated to maximize), in step t, which
 * counts all steps: {@code m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2; w = w -
 * learningRate sqrt(1 - beta2^t) / (1 - beta1^t) m / (sqrt(v) + eps)}. Order and roundings:
 * docs/numerics.md.
 *
 * <p>A dense gradient is taken as long as its touched rows are known (PyTorch refuses every dense
 * one); one that may differ from zero anywhere is refused: {@link Adam} has a rule for it.
 *
 * <p>State: m and v of the parameter's size, and t.
 *
 * <p>Semantics: <a
 * href="https://docs.pytorch.org/docs/stable/generated/torch.optim.SparseAdam.html">torch.optim.SparseAdam</a>.
 */
public final class SparseAdam extends Optimizer {
  private static final ElementwiseKernels KERNELS = KernelSet.active().elementwise();
  private static final StateForm FORM =
      new StateForm(
          List.of(
              new StateForm.Slot("exp_avg", StateForm.Extent.ELEMENT, 0),
              new StateForm.Slot("exp_avg_sq", StateForm.Extent.ELEMENT, 0)),
          StateForm.Steps.INTEGER,
          StateForm.Presence.AFTER_FIRST_STEP);

  private Settings settings;
  private final AdamRates rates = new AdamRates();

  /**
   * The settings of {@link SparseAdam}.
   *
   * @param learningRate how far a step goes, at least 0
   * @param beta1 how much of the mean gradient is kept, from 0 to less than 1
   * @param beta2 how much of the mean square is kept, from 0 to less than 1
   * @param eps what is added to the denominator, at least 0
   * @param direction whether to go down or up
   */
  public record Settings(
      float learningRate, double beta1, double beta2, float eps, Direction direction) {
    /** PyTorch's defaults: a learning rate of 0.001, betas of 0.9 and 0.999, an eps of 1e-8. */
    public static final Settings DEFAULT =
        new Settings(1e-3f, 0.9, 0.999, 1e-8f, Direction.MINIMIZE);

    /**
     * Checks the settings.
     *
     * @throws IllegalArgumentException if a number is negative or not finite, or a beta not below 1
     */
    public Settings {
      Objects.requireNonNull(direction, "direction");
      SettingCheck.atLeastZero("learningRate", learningRate);
      SettingCheck.decayRate("beta1", beta1);
      SettingCheck.decayRate("beta2", beta2);
      SettingCheck.atLeastZero("eps", eps);
    }

    /**
     * The same with another learning rate.
     *
     * @param value how far a step goes
     * @return other settings
     */
    public Settings withLearningRate(float value) {
      return new Settings(value, beta1, beta2, eps, direction);
    }

    /**
     * The same with other decay rates.
     *
     * @param first how much of the mean gradient is kept
     * @param second how much of the mean square is kept
     * @return other settings
     */
    public Settings withBetas(double first, double second) {
      return new Settings(learningRate, first, second, eps, direction);
    }

    /**
     * The same with another eps.
     *
     * @param value what is added to the denominator
     * @return other settings
     */
    public Settings withEps(float value) {
      return new Settings(learningRate, beta1, beta2, value, direction);
    }

    /**
     * The same with another direction.
     *
     * @param value whether to go down or up
     * @return other settings
     */
    public Settings withDirection(Direction value) {
      return new Settings(learningRate, beta1, beta2, eps, value);
    }
  }

  private SparseAdam(Settings settings, Parameter... parameters) {
    super(parameters);
    this.settings = Objects.requireNonNull(settings, "settings");
    start(form());
  }

  /**
   * Adam for tables, with the defaults but for the learning rate.
   *
   * @param learningRate how far a step goes
   * @param parameters what is trained
   * @return the optimizer
   * @throws IllegalArgumentException if the learning rate is negative or a parameter is frozen
   */
  public static SparseAdam of(float learningRate, Parameter... parameters) {
    return of(Settings.DEFAULT.withLearningRate(learningRate), parameters);
  }

  /**
   * Adam for tables, with settings.
   *
   * @param settings how steps are made
   * @param parameters what is trained
   * @return the optimizer
   * @throws IllegalArgumentException if a parameter is frozen
   */
  public static SparseAdam of(Settings settings, Parameter... parameters) {
    return new SparseAdam(settings, parameters);
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
    group.put(
        "betas", new Value.Tuple(List.of(Value.of(settings.beta1), Value.of(settings.beta2))));
    group.put("eps", SavedState.real(settings.eps));
    group.put("maximize", Value.of(settings.direction == Direction.MAXIMIZE));
    return group;
  }

  @Override
  void restore(SavedState saved) {
    double[] betas = saved.pair("betas");
    Settings loaded =
        new Settings(
            saved.number("lr"),
            betas[0],
            betas[1],
            saved.number("eps"),
            Direction.of(saved.flag("maximize", false)));
    adopt(saved, FORM);
    settings = loaded;
  }

  @Override
  boolean movesUntouchedRows() {
    return false;
  }

  @Override
  boolean visitsAllRows() {
    return false;
  }

  @Override
  @Nullable String obstacleToFusing() {
    return null;
  }

  @Override
  void requireGradientKind(Parameter parameter) {
    if (parameter.hasGradient() && parameter.gradient().allRowsTouched()) {
      throw new IllegalArgumentException(
          "SparseAdam has no rule for a dense gradient whose touched rows are not known, as that of a parameter of shape "
              + parameter.value().shape()
              + ": use Adam");
    }
  }

  @Override
  void begin(ParameterState state) {
    rates.sparseAdam(settings, state.steps());
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
    rates.run(
        KERNELS,
        g,
        gOffset,
        state.buffer(0),
        state.buffer(1),
        element,
        w,
        wOffset,
        settings.direction,
        settings.eps,
        n);
  }
}
