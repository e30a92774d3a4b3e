package dev.lanewise.optim;

import dev.lanewise.embedding.Embedding;
import dev.lanewise.internal.check.Check;
import dev.lanewise.internal.kernel.ElementwiseKernels;
import dev.lanewise.internal.kernel.KernelSet;
import dev.lanewise.internal.kernel.RowKernels;
import dev.lanewise.internal.memory.Zeros;
import dev.lanewise.internal.parallel.Parts;
import dev.lanewise.internal.rows.GradientRows;
import dev.lanewise.internal.rows.RowNumbers;
import dev.lanewise.internal.rows.RowTouch;
import dev.lanewise.internal.sort.RowGroups;
import dev.lanewise.parallel.Parallelism;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Backward pass and optimizer step of an embedding in one: the batch is sorted by row, the
 * gradients of each distinct row are summed once into scratch memory for a few rows, and the row
 * and what the optimizer remembers of it are updated at once. No gradient is ever made, neither
 * dense nor sparse, and each touched row is read and written once.
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
  private static final RowKernels ROWS = KernelSet.active().rows();
  private static final ElementwiseKernels ELEMENTS = KernelSet.active().elementwise();

  /** The summed gradients of a block stay in a near cache. */
  private static final long MOST_BLOCK_BYTES = 1 << 17;

  /** Fewer rows are not worth another thread. */
  private static final int LEAST_ROWS_OF_A_PART = 256;

  /** More entries in a block are a few rows that are asked for often. */
  private static final int MOST_TOUCHED = 2 * Optimizer.BLOCK_ROWS;

  private static final int PARTS_OF_A_THREAD = 4;
  private static final long[] ONLY_ROW = {0};

  private final Optimizer optimizer;
  private final Embedding embedding;
  private final int index;
  private final Parallelism parallelism;
  private final int blockRows;
  private final RowNumbers numbers = new RowNumbers();
  private final GradientRows gradient = new GradientRows();
  private final RowGroups groups = new RowGroups();
  private float[] sortedWeights = new float[0];

  private FusedUpdate(
      Optimizer optimizer, Embedding embedding, int index, Parallelism parallelism) {
    this.optimizer = optimizer;
    this.embedding = embedding;
    this.index = index;
    this.parallelism = parallelism;
    long rowBytes = Math.max(embedding.embeddingDim() * Float.BYTES, 1);
    this.blockRows = Math.clamp(MOST_BLOCK_BYTES / rowBytes, 1, Optimizer.BLOCK_ROWS);
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
    return new FusedUpdate(optimizer, embedding, index, helpers);
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
    gradient.load(gradientOfRows, indices.length, embedding.embeddingDim());
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
    gradient.load(gradientOfRows, indices.shape(), embedding.embeddingDim());
    applyChecked(gradientOfRows);
  }

  private void applyChecked(Tensor gradientOfRows) {
    try {
      Check.disjoint("gradient", gradientOfRows, "weight", embedding.weight().value());
      apply(numbers.rows(), numbers.count(), null, null, gradient);
    } finally {
      gradient.release();
    }
  }

  /**
   * Makes the step for entries of a batch: entry e adds row {@code sources[e]} of a matrix, times
   * {@code weights[e]}, to the gradient of row {@code rows[e]}. What a lookup does with the rows as
   * they come, a bag does with its own row for each of its entries.
   *
   * @param rows the entries' rows, checked
   * @param count how many entries
   * @param sources the entries' rows of the matrix, or null for 0, 1, 2, ...
   * @param weights the entries' factors, or null for none; the sum is then a chain of fused
   *     multiply-adds
   * @param matrix the gradients
   */
  void apply(
      long[] rows,
      int count,
      long @Nullable [] sources,
      float @Nullable [] weights,
      GradientRows matrix) {
    requireFusable(optimizer);
    ParameterState state = optimizer.state(index);
    Check.writable("weight", state.value());
    if (parallelism.width() > 1) {
      Check.shareable("weight", state.value());
      Check.shareable("gradient", matrix.segment(), "a tensor", state.value().shape());
    }
    groups.group(rows, count, embedding.paddingIdx());
    float[] factors = weights == null ? null : sorted(weights);
    if (sources != null) {
      long[] positions = groups.positions();
      for (int i = 0; i < groups.start(groups.count()); i++) {
        positions[i] = sources[(int) positions[i]];
      }
    }
    optimizer.beginStep(state);
    int distinct = groups.count();
    if (parallelism.width() == 1 || distinct < 2 * LEAST_ROWS_OF_A_PART) {
      part(state, factors, matrix, 0, distinct);
      return;
    }
    int parts = Math.min(distinct / LEAST_ROWS_OF_A_PART, PARTS_OF_A_THREAD * parallelism.width());
    Parts.run(
        parallelism,
        parts,
        part ->
            part(
                state,
                factors,
                matrix,
                (int) ((long) distinct * part / parts),
                (int) ((long) distinct * (part + 1) / parts)));
  }

  private float[] sorted(float... weights) {
    int kept = groups.start(groups.count());
    if (sortedWeights.length < kept) {
      sortedWeights = new float[Math.max(kept, 2 * sortedWeights.length)];
    }
    for (int i = 0; i < kept; i++) {
      sortedWeights[i] = weights[(int) groups.positions()[i]];
    }
    return sortedWeights;
  }

  /** The groups from one to before another. */
  private void part(
      ParameterState state, float @Nullable [] factors, GradientRows matrix, int from, int to) {
    UpdateScratch scratch = UpdateScratch.POOL.take();
    try {
      long rowBytes = state.width() * Float.BYTES;
      MemorySegment block = scratch.block.atLeast(Math.max(blockRows * rowBytes, 1));
      for (int first = from; first < to; first += blockRows) {
        int count = Math.min(blockRows, to - first);
        optimizer.touch(state, groups.rows(), first, count, scratch);
        touchGradients(matrix, rowBytes, first, count, scratch);
        for (int i = 0; i < count; i++) {
          sum(first + i, factors, matrix, block, i * rowBytes, (int) state.width());
        }
        optimizer.rows(state, groups.rows(), first, count, block, 0, scratch);
      }
    } finally {
      UpdateScratch.POOL.giveBack(scratch);
    }
  }

  /** Reads ahead what will be summed, the first entries at least. */
  private void touchGradients(
      GradientRows matrix, long rowBytes, int first, int count, UpdateScratch scratch) {
    int entries = groups.start(first + count) - groups.start(first);
    scratch.swallow(
        RowTouch.touch(
            matrix.segment(),
            matrix.offsetBytes(),
            matrix.strideBytes(),
            rowBytes,
            groups.positions(),
            groups.start(first),
            Math.min(entries, MOST_TOUCHED)));
  }

  private void sum(
      int group,
      float @Nullable [] factors,
      GradientRows matrix,
      MemorySegment block,
      long offset,
      int width) {
    int size = groups.size(group);
    float divisor = embedding.scalesGradByFreq() ? size : 1f;
    if (factors == null) {
      ROWS.bagSum(
          matrix.segment(),
          matrix.offsetBytes(),
          matrix.strideBytes(),
          groups.positions(),
          groups.start(group),
          size,
          block,
          offset,
          width,
          divisor);
    } else {
      Zeros.fill(block, offset, (long) width * Float.BYTES);
      for (int entry = groups.start(group); entry < groups.start(group + 1); entry++) {
        ELEMENTS.axpy(
            matrix.segment(),
            matrix.offsetBytes() + groups.positions()[entry] * matrix.strideBytes(),
            block,
            offset,
            factors[entry],
            width);
      }
      if (divisor != 1f) {
        ROWS.bagSum(block, offset, 0, ONLY_ROW, 0, 1, block, offset, width, divisor);
      }
    }
    if (divisor != 1f) {
      // A gradient that is added to +0 is never -0, which a quotient may be.
      ELEMENTS.addScalar(block, offset, block, offset, 0f, width);
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
