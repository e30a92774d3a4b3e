package dev.lanewise.optim;

import dev.lanewise.embedding.Embedding;
import dev.lanewise.internal.check.Check;
import dev.lanewise.internal.parallel.Parts;
import dev.lanewise.internal.rows.Contributions;
import dev.lanewise.internal.rows.RowNumbers;
import dev.lanewise.internal.rows.RowSums;
import dev.lanewise.parallel.Parallelism;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.Objects;

/**
 * Backward pass and optimizer step of an embedding in one: the batch is sorted by row, the
 * gradients of each distinct row are summed once, into scratch memory for a few rows where a row
 * has several, and the row and what the optimizer remembers of it are updated at once. No gradient
 * is ever made, neither dense nor sparse, and each touched row is read and written once.
 *
 * <p>The bits are those of the two steps: {@link Embedding#backward} of a sparse embedding, then
 * {@link Optimizer#step} on that gradient alone. A call counts as one step of the parameter; what
 * its gradient holds is neither used nor changed. Padding is left out, and {@linkplain
 * Embedding#withScaleGradByFreq scaling by frequency} is applied.
 *
 * <p>For optimizers that move the rows of the batch only: {@link Sgd} without momentum and weight
 * decay, {@link Adagrad} without weight decay, {@link RowwiseAdagrad} and {@link SparseAdam}.
 *
 * <p>Not thread-safe, and not to be used while the optimizer steps. Allocates nothing in steady
 * state on one thread; with a {@linkplain #withParallelism parallelism}, some hundred bytes a call.
 *
 * <p>Source: FBGEMM's fused table-batched embeddings (D. Khudia et al., arXiv:2101.05615; D.
 * Mudigere et al., ISCA 2022).
 */
public final class FusedUpdate {
  /** Fewer rows are not worth another thread. */
  private static final int LEAST_ROWS_OF_A_PART = 256;

  private final Optimizer optimizer;
  private final Embedding embedding;
  private final int index;
  private final Parallelism parallelism;
  private final RowNumbers numbers = new RowNumbers();
  private final Contributions batch = new Contributions();
  private final RowSums sums = new RowSums();

  private FusedUpdate(
      Optimizer optimizer, Embedding embedding, int index, Parallelism parallelism) {
    this.optimizer = optimizer;
    this.embedding = embedding;
    this.index = index;
    this.parallelism = parallelism;
  }

  /**
   * An update of an embedding by an optimizer.
   *
   * @param optimizer whose rule and state are used
   * @param embedding whose weight is one of the optimizer's parameters
   * @return the update, on the calling thread
   * @throws IllegalArgumentException if the weight is none of the parameters, or the optimizer's
   *     rule needs more than the touched rows; the message says why
   */
  public static FusedUpdate of(Optimizer optimizer, Embedding embedding) {
    int index = optimizer.indexOf(embedding.weight());
    if (index < 0) {
      throw new IllegalArgumentException(
          "the weight of " + embedding + " is none of the optimizer's parameters");
    }
    requireFusable(optimizer);
    return new FusedUpdate(optimizer, embedding, index, Parallelism.NONE);
  }

  private static void requireFusable(Optimizer optimizer) {
    String obstacle = optimizer.obstacleToFusing();
    if (obstacle != null) {
      throw new IllegalArgumentException(
          optimizer.getClass().getSimpleName()
              + " cannot be fused with the backward pass: "
              + obstacle);
    }
  }

  /**
   * The same, on several threads, between which the distinct rows are divided: the same bits.
   *
   * @param helpers who takes part
   * @return another update of the same weights and state
   */
  public FusedUpdate withParallelism(Parallelism helpers) {
    return new FusedUpdate(optimizer, embedding, index, Objects.requireNonNull(helpers, "helpers"));
  }

  /**
   * Adds up a lookup's gradient by row and moves the rows.
   *
   * @param indices the row numbers that were looked up
   * @param gradientOfRows the gradient of the result: float32 [indices.length, embeddingDim], whose
   *     rows lie without gaps inside, and may be one and the same (a stride of 0)
   * @throws IndexOutOfBoundsException if an index is outside the table
   * @throws IllegalArgumentException if the gradient has another shape or type or overlaps the
   *     weight, or the optimizer has loaded settings that cannot be fused
   * @throws IllegalStateException if an arena is closed; neither weight nor state has changed in
   *     any of these cases
   * @throws WrongThreadException if, on several threads, weight or gradient belong to a confined
   *     arena
   */
  public void backward(int[] indices, Tensor gradientOfRows) {
    numbers.load(indices, embedding.numEmbeddings());
    batch.load(gradientOfRows, indices.length, embedding.embeddingDim());
    applyChecked(gradientOfRows);
  }

  /**
   * As {@link #backward(int[], Tensor)}, for indices of any shape.
   *
   * @param indices the row numbers that were looked up, int32 or int64, of any shape and strides
   * @param gradientOfRows the gradient of the result: float32 of the indices' shape with
   *     embeddingDim behind it, whose rows lie without gaps inside
   * @throws IndexOutOfBoundsException if an index is outside the table
   * @throws IllegalArgumentException if the gradient has another shape or type or overlaps the
   *     weight, or the indices are not integers, or the optimizer has loaded settings that cannot
   *     be fused
   * @throws IllegalStateException if an arena is closed; neither weight nor state has changed in
   *     any of these cases
   * @throws WrongThreadException if, on several threads, weight or gradient belong to a confined
   *     arena
   */
  public void backward(Tensor indices, Tensor gradientOfRows) {
    numbers.load(indices, embedding.numEmbeddings());
    batch.load(gradientOfRows, indices.shape(), embedding.embeddingDim());
    applyChecked(gradientOfRows);
  }

  private void applyChecked(Tensor gradientOfRows) {
    try {
      Check.disjoint("gradient", gradientOfRows, "weight", embedding.weight().value());
      batch.ofRows(numbers.rows(), numbers.count());
      apply(batch);
    } finally {
      batch.release();
    }
  }

  /** Makes the step for what a batch adds to the gradient. */
  void apply(Contributions contributions) {
    requireReady();
    ParameterState state = optimizer.state(index);
    requireShareable(contributions.segment());
    sums.group(contributions, embedding.paddingIdx());
    RowSums.Kind kind =
        embedding.scalesGradByFreq() ? RowSums.Kind.BY_FREQUENCY : RowSums.Kind.PLAIN;
    int distinct = sums.count();
    int parts = Parts.count(parallelism, distinct / LEAST_ROWS_OF_A_PART);
    if (parts == 1) {
      UpdateScratch scratch = UpdateScratch.POOL.take();
      try {
        optimizer.reserve(state, scratch);
        optimizer.beginStep(index);
        BatchUpdate.run(optimizer, state, sums, kind, 0, distinct, scratch);
      } finally {
        UpdateScratch.POOL.giveBack(scratch);
      }
      return;
    }
    optimizer.beginStep(index);
    Parts.run(
        parallelism,
        parts,
        part ->
            part(
                state,
                kind,
                (int) Parts.start(distinct, part, parts),
                (int) Parts.start(distinct, part + 1, parts)));
  }

  /** The rule can be fused and the weight can be written. */
  void requireReady() {
    requireFusable(optimizer);
    Tensor weight = embedding.weight().value();
    Check.writable("weight", weight, weight.dtype());
  }

  /** All threads that take part can use the weight and the gradient's memory. */
  void requireShareable(MemorySegment gradient) {
    if (parallelism.width() > 1) {
      Tensor weight = embedding.weight().value();
      Check.shareable("weight", weight);
      Check.shareable("gradient", gradient, "a tensor", weight.shape());
    }
  }

  private void part(ParameterState state, RowSums.Kind kind, int from, int to) {
    UpdateScratch scratch = UpdateScratch.POOL.take();
    try {
      BatchUpdate.run(optimizer, state, sums, kind, from, to, scratch);
    } finally {
      UpdateScratch.POOL.giveBack(scratch);
    }
  }

  /**
   * The optimizer and the embedding.
   *
   * @return for example {@code FusedUpdate(Adagrad, Embedding(10000, 64))}
   */
  @Override
  public String toString() {
    return "FusedUpdate(" + optimizer.getClass().getSimpleName() + ", " + embedding + ")";
  }
}
