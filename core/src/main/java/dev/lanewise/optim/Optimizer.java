package dev.lanewise.optim;

import dev.lanewise.checkpoint.StateDict;
import dev.lanewise.checkpoint.Value;
import dev.lanewise.embedding.Embedding;
import dev.lanewise.embedding.EmbeddingBag;
import dev.lanewise.embedding.TableBatchedBags;
import dev.lanewise.internal.check.Check;
import dev.lanewise.internal.memory.Zeros;
import dev.lanewise.internal.rows.RowSums;
import dev.lanewise.internal.rows.Runs;
import dev.lanewise.tensor.Gradient;
import dev.lanewise.tensor.Parameter;
import dev.lanewise.tensor.SparseGradient;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/**
 * What all optimizers have in common: parameters, a step that moves them by their gradients, and
 * state that can be saved and restored in the layout of {@code torch.optim}.
 *
 * <p>A parameter's gradient is dense, sparse, or the sum of both (see {@link Parameter}): where
 * both hold something, a step first adds the sparse one's row sums to the dense one. Parameters
 * that have no gradient yet are left alone.
 *
 * <p>Whether a row that the batch did not touch moves depends on the optimizer and its settings;
 * each says so. Where it does not, a step visits touched rows only, whatever the size of the table,
 * and dense and sparse gradients give the same bits.
 *
 * <p>A step on parameters of bfloat16 or float16 is that of float32, on their numbers widened, with
 * float32 state and gradients; the result is rounded stochastically: up or down by chance, so that
 * its mean is the float32 result, and steps smaller than half of a weight's last place are not
 * lost. A weight that the step leaves as it is stays so. The chances follow from a {@linkplain
 * #setRoundingSeed seed}, the parameter's number, the number of its steps and the element's number:
 * the same bits in every run, on every machine, from dense, sparse and fused gradients. Plain SGD
 * does not save the number of steps; what has been reloaded begins with the first chances again.
 *
 * <p>State memory is allocated when the optimizer is made and belongs to no arena. A step checks
 * everything before it changes anything, allocates nothing in steady state, and is not thread-safe.
 * Where memory runs out in a step, the parameter that needed it and those behind it have not moved.
 */
public abstract sealed class Optimizer permits Sgd, Adagrad, RowwiseAdagrad, Adam, SparseAdam {
  private final List<Parameter> parameters;
  private final ParameterState[] states;
  private long roundingSeed;

  Optimizer(Parameter... parameters) {
    this.parameters = List.of(parameters);
    this.states = new ParameterState[parameters.length];
    for (Parameter parameter : parameters) {
      if (!parameter.isTrainable()) {
        throw new IllegalArgumentException(
            "a frozen parameter of shape " + parameter.value().shape() + " cannot be optimized");
      }
    }
  }

  /** Makes the memory of all states, before the first step. */
  final void start(StateForm form) {
    for (int i = 0; i < states.length; i++) {
      states[i] = form.fresh(parameters.get(i));
    }
  }

  // ------------------------------------------------------------------------------------------------------ what differs

  /** What is remembered of a parameter, by the present settings. */
  abstract StateForm form();

  /** The settings, as PyTorch writes them. */
  abstract SequencedMap<String, Value> group();

  /** Takes over settings and, by {@link #adopt}, states; checks all before it changes any. */
  abstract void restore(SavedState saved);

  /**
   * Whether rows whose gradient is 0 move, if the gradient is sparse: every row is visited then.
   */
  abstract boolean movesUntouchedRows();

  /**
   * As {@link #movesUntouchedRows}, if the gradient is dense. A step up adds +0 where the gradient
   * is 0, which turns a weight of -0 into +0.
   */
  abstract boolean visitsAllRows();

  /** Why the update cannot be made row by row with the backward pass; null if it can. */
  abstract @Nullable String obstacleToFusing();

  /** Refuses gradients that the optimizer has no rule for. */
  abstract void requireGradientKind(Parameter parameter);

  /** Computes what is the same for all elements of a parameter in this step. */
  abstract void begin(ParameterState state);

  /**
   * The elements that {@link #run} takes at once, which runs start at multiples of: at most as many
   * as given, unless the rule needs more together.
   */
  long longestRun(ParameterState state, long most) {
    return most;
  }

  /**
   * Updates n elements, from an element on, by as many numbers of a gradient.
   *
   * @param w where the elements' weights lie, as float32
   */
  abstract void run(
      ParameterState state,
      long element,
      MemorySegment w,
      long wOffset,
      MemorySegment g,
      long gOffset,
      int n,
      UpdateScratch scratch);

  /** Whether there is a rule for many rows in one call. */
  boolean movesRowsTogether() {
    return false;
  }

  /**
   * Moves rows of float32, as {@link #run} does one, where {@link #movesRowsTogether} and no row
   * moves that the batch does not touch.
   */
  void moveTogether(ParameterState state, RowMoves moves, UpdateScratch scratch) {
    throw new UnsupportedOperationException("one row at a time");
  }

  // --------------------------------------------------------------------------------------------------------- front door

  /**
   * What is trained.
   *
   * @return the parameters, in the order in which they were given
   */
  public final List<Parameter> parameters() {
    return parameters;
  }

  /**
   * How far a step goes.
   *
   * @return the learning rate
   */
  public abstract float learningRate();

  /**
   * Changes how far steps go from now on, as a schedule does; state is kept.
   *
   * @param value at least 0
   * @throws IllegalArgumentException if it is negative or not finite
   */
  public abstract void setLearningRate(float value);

  /**
   * What chooses how parameters of 16 bits are rounded.
   *
   * @return the seed, 0 at first
   */
  public final long roundingSeed() {
    return roundingSeed;
  }

  /**
   * Changes how parameters of 16 bits are rounded from now on. It is no part of the state dict.
   *
   * @param seed any number
   */
  public final void setRoundingSeed(long seed) {
    roundingSeed = seed;
  }

  /** Sets the gradients of all parameters to zero, dense and sparse ones. */
  public final void zeroGrad() {
    for (int i = 0; i < parameters.size(); i++) {
      parameters.get(i).zeroGradient();
    }
  }

  /**
   * Moves all parameters that have a gradient.
   *
   * @throws IllegalArgumentException if a gradient is of a kind (dense or sparse) that the
   *     optimizer has no rule for
   * @throws IllegalStateException if an arena is closed; no parameter has been changed in either
   *     case
   */
  public final void step() {
    for (int i = 0; i < parameters.size(); i++) {
      Parameter parameter = parameters.get(i);
      Check.writable("parameter", parameter.value(), parameter.value().dtype());
      if (parameter.hasGradient()) {
        Check.accessible("gradient", parameter.gradient().tensor());
      }
      requireGradientKind(parameter);
    }
    UpdateScratch scratch = UpdateScratch.POOL.take();
    try {
      for (int i = 0; i < parameters.size(); i++) {
        step(i, scratch);
      }
    } finally {
      UpdateScratch.POOL.giveBack(scratch);
    }
  }

  private void step(int index, UpdateScratch scratch) {
    ParameterState state = states[index];
    Parameter parameter = state.parameter();
    parameter.mergeGradients();
    boolean sparse =
        parameter.hasSparseGradient()
            && (parameter.sparseGradient().nnz() > 0 || !parameter.hasGradient());
    if (sparse) {
      sparseStep(index, parameter.sparseGradient(), scratch);
    } else if (parameter.hasGradient()) {
      reserveWeights(state, scratch);
      beginStep(index);
      denseStep(state, parameter.gradient(), scratch);
    }
  }

  /** Counts a step of a parameter and computes its rates. */
  final void beginStep(int index) {
    ParameterState state = states[index];
    state.setSteps(state.steps() + 1);
    state.setRoundingKey(NarrowWeights.key(roundingSeed, index, state.steps()));
    begin(state);
  }

  private void denseStep(ParameterState state, Gradient gradient, UpdateScratch scratch) {
    MemorySegment g = gradient.tensor().segment();
    long offset = gradient.tensor().offsetBytes();
    if (gradient.allRowsTouched() || visitsAllRows()) {
      elements(state, 0, state.rows() * state.width(), g, offset, scratch);
      return;
    }
    long width = state.width();
    for (int i = 0; i < gradient.touchedRowCount(); i++) {
      long first = gradient.touchedRow(i) * width;
      elements(state, first, width, g, offset + first * Float.BYTES, scratch);
    }
  }

  private void sparseStep(int index, SparseGradient gradient, UpdateScratch scratch) {
    ParameterState state = states[index];
    if (!movesUntouchedRows()) {
      scratch.batch.of(gradient);
      scratch.sums.group(scratch.batch, -1);
      reserve(state, scratch);
      beginStep(index);
      BatchUpdate.run(
          this, state, scratch.sums, RowSums.Kind.PLAIN, 0, scratch.sums.count(), scratch);
      scratch.batch.release();
      return;
    }
    gradient.coalesce();
    reserveWeights(state, scratch);
    beginStep(index);
    long rowBytes = state.width() * Float.BYTES;
    long next = 0;
    for (int i = 0; i < gradient.nnz(); i++) {
      long row = gradient.row(i);
      untouched(state, next, row, scratch);
      elements(
          state, row * state.width(), state.width(), gradient.segment(), i * rowBytes, scratch);
      next = row + 1;
    }
    untouched(state, next, state.rows(), scratch);
  }

  /** Updates rows by a gradient of zeros. */
  private void untouched(ParameterState state, long from, long to, UpdateScratch scratch) {
    long end = to * state.width();
    int chunk = Zeros.CHUNK_BYTES / Float.BYTES;
    for (long at = from * state.width(); at < end; at += chunk) {
      apply(state, at, Zeros.SEGMENT, 0, (int) Math.min(chunk, end - at), scratch);
    }
  }

  /** Makes the memory for a {@link BatchUpdate}. */
  final void reserve(ParameterState state, UpdateScratch scratch) {
    BatchUpdate.reserve(this, state, scratch);
    reserveWeights(state, scratch);
  }

  /** Makes the memory in which {@link #apply} widens weights of 16 bits. */
  private void reserveWeights(ParameterState state, UpdateScratch scratch) {
    if (state.isNarrow()) {
      long longest = longestRun(state, NarrowWeights.LONGEST_RUN);
      scratch.weights.atLeast(Math.max(longest * Float.BYTES, Zeros.CHUNK_BYTES));
    }
  }

  /** Moves rows by rows of a gradient, one after the other. */
  final void moveEach(ParameterState state, RowMoves moves, UpdateScratch scratch) {
    long width = state.width();
    for (int i = 0; i < moves.count(); i++) {
      long first = moves.rows()[i] * width;
      elements(state, first, width, moves.segment(), moves.gradientBytes(i), scratch);
    }
  }

  private void elements(
      ParameterState state,
      long first,
      long count,
      MemorySegment g,
      long gOffset,
      UpdateScratch scratch) {
    long longest = longestRun(state, state.isNarrow() ? NarrowWeights.LONGEST_RUN : Runs.LONGEST);
    for (long at = 0; at < count; at += longest) {
      int n = (int) Math.min(longest, count - at);
      apply(state, first + at, g, gOffset + at * Float.BYTES, n, scratch);
    }
  }

  /** Updates n elements where they lie, or, if they are of 16 bits, beside. */
  private void apply(
      ParameterState state,
      long element,
      MemorySegment g,
      long gOffset,
      int n,
      UpdateScratch scratch) {
    Tensor w = state.value();
    if (state.isNarrow()) {
      MemorySegment wide = scratch.weights.atLeast((long) n * Float.BYTES);
      NarrowWeights.widen(w, element, wide, n);
      run(state, element, wide, 0, g, gOffset, n, scratch);
      NarrowWeights.round(wide, w, element, n, state.roundingKey());
    } else {
      run(state, element, w.segment(), Runs.bytes(w, element), g, gOffset, n, scratch);
    }
  }

  /**
   * A backward pass and step in one for an embedding over one of the parameters, which never makes
   * a gradient.
   *
   * @param embedding whose weight is one of the parameters
   * @return the update
   * @throws IllegalArgumentException if the weight is none of the parameters, or the optimizer's
   *     rule needs more than the touched rows; the message says why
   */
  public final FusedUpdate fused(Embedding embedding) {
    return FusedUpdate.of(this, embedding);
  }

  /**
   * A backward pass and step in one for bags over one of the parameters, which never makes a
   * gradient.
   *
   * @param bag over an embedding whose weight is one of the parameters
   * @return the update
   * @throws IllegalArgumentException if the weight is none of the parameters, or the optimizer's
   *     rule needs more than the touched rows; the message says why
   */
  public final FusedBagUpdate fused(EmbeddingBag bag) {
    return FusedBagUpdate.of(this, bag);
  }

  /**
   * A backward pass and step in one for bags over many tables.
   *
   * @param tables whose weights are among the parameters, each once
   * @return the update
   * @throws IllegalArgumentException if a weight is none of the parameters or that of two tables,
   *     or the optimizer's rule needs more than the touched rows; the message says why
   */
  public final FusedTableUpdate fused(TableBatchedBags tables) {
    return FusedTableUpdate.of(this, tables);
  }

  /** The place of a parameter; negative if it is none of them. */
  @SuppressWarnings("ReferenceEquality") // It is the same or it is not.
  final int indexOf(Parameter parameter) {
    for (int i = 0; i < parameters.size(); i++) {
      if (parameters.get(i) == parameter) {
        return i;
      }
    }
    return -1;
  }

  /** The present state of a parameter. */
  final ParameterState state(int index) {
    return states[index];
  }

  /**
   * Settings and state, as the {@code state_dict()} of PyTorch's optimizer of the same name gives
   * them: {@code param_groups}, a list of one dict with the settings and the parameters' numbers,
   * and {@code state}, a dict from each number to what is remembered, where there is something yet.
   * Saved (perhaps as {@code put("optimizer", optimizer.stateDict())} beside the model), it is what
   * PyTorch's {@code load_state_dict} takes.
   *
   * @return a new state dict, whose tensors are the state itself, not copies, but for the number of
   *     steps
   */
  public final StateDict stateDict() {
    StateForm form = form();
    SequencedMap<Integer, Value.Dict> written = new LinkedHashMap<>();
    for (int i = 0; i < states.length; i++) {
      if (form.isWritten(states[i])) {
        written.put(i, form.write(states[i]));
      }
    }
    return SavedState.write(group(), parameters.size(), written);
  }

  /**
   * Takes over settings and state that {@link #stateDict} or PyTorch's {@code state_dict()} gave,
   * the tensors copied. As there, parameters are matched by their number, so they must be given to
   * the optimizer in the order in which they were when the state was saved. Everything is checked
   * before anything is changed.
   *
   * @param state the state
   * @throws IllegalArgumentException if the state is not one of this kind of optimizer with a
   *     single group of as many parameters, a setting is out of range, or a tensor is missing, not
   *     float32, or not of its parameter's shape
   * @throws IllegalStateException if the memory of a tensor is closed
   * @throws WrongThreadException if a tensor belongs to a confined arena of another thread
   */
  public final void loadStateDict(StateDict state) {
    restore(SavedState.read(state, getClass().getSimpleName(), parameters.size()));
  }

  /** Takes over the saved states, once all are sound. */
  final void adopt(SavedState saved, StateForm form) {
    ParameterState[] loaded = new ParameterState[states.length];
    for (int i = 0; i < loaded.length; i++) {
      Value.Dict ofParameter = saved.states().get(i);
      loaded[i] =
          ofParameter == null
              ? form.fresh(parameters.get(i))
              : form.read(i, parameters.get(i), ofParameter);
    }
    System.arraycopy(loaded, 0, states, 0, loaded.length);
  }
}
