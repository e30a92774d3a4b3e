package dev.lanewise.embedding;

import dev.lanewise.internal.check.Check;
import dev.lanewise.internal.kernel.ReadAhead;
import dev.lanewise.internal.memory.ScratchPool;
import dev.lanewise.internal.parallel.Parts;
import dev.lanewise.internal.rows.Contributions;
import dev.lanewise.internal.rows.Lookup;
import dev.lanewise.internal.rows.Lookup.Pooling;
import dev.lanewise.internal.rows.RowTouch;
import dev.lanewise.parallel.Parallelism;
import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Tensor;
import java.util.Objects;

/**
 * The sum, mean or maximum of the rows of each bag, without materialising the rows: {@code out[b,
 * :] = reduce over i in bag b of weight[indices[i], :]}, in a sum times {@code perSampleWeights[i]}
 * where there are weights.
 *
 * <p>How bags are given: see {@link Bags}. An empty bag, and one of padding only, gives zeros. Rows
 * are added in the order of the indices, starting from +0, weighted ones by fused multiply-adds; a
 * mean is the sum divided by the number of entries that are not padding. A maximum is that of
 * {@code Math.max}: NaN where a row of the bag is, +0 above -0. Tables may be of any format that
 * {@link Embedding} names; numbers are widened as they are read, and all arithmetic is in the type
 * of the result. Errors are found before anything is written.
 *
 * <p>Thread-safe as long as nobody writes the weight (which {@link Embedding#withMaxNorm} does);
 * backward passes are not, as they write gradients. Allocates nothing once scratch memory has grown
 * to the batch, on several threads a few hundred bytes a call.
 *
 * <p>Semantics: <a
 * href="https://docs.pytorch.org/docs/stable/generated/torch.nn.EmbeddingBag.html">torch.nn.EmbeddingBag</a>,
 * but that offsets are checked, the modes agree on them, and {@code scaleGradByFreq} divides by the
 * true number of entries.
 */
public final class EmbeddingBag {
  private static final ScratchPool<Contributions> CONTRIBUTIONS =
      new ScratchPool<>(Contributions::new);

  /**
   * How many rows are read ahead where they take work to be widened, so that their cache misses
   * overlap: up to twice the rows a second out of cache. Float32 rows are slower with it.
   */
  private static final int ENTRIES_AT_A_TIME = 256;

  private final Embedding embedding;
  private final BagMode mode;
  private final boolean lastOffset;
  private final Parallelism parallelism;
  private final ScratchPool<Bags> pool = new ScratchPool<>(this::bags);

  private EmbeddingBag(
      Embedding embedding, BagMode mode, boolean lastOffset, Parallelism parallelism) {
    this.embedding = embedding;
    this.mode = mode;
    this.lastOffset = lastOffset;
    this.parallelism = parallelism;
  }

  /**
   * Bags over an embedding's table.
   *
   * @param embedding the table, shared
   * @param mode how a bag's rows become one
   * @return the bag
   */
  public static EmbeddingBag of(Embedding embedding, BagMode mode) {
    return new EmbeddingBag(
        Objects.requireNonNull(embedding, "embedding"),
        Objects.requireNonNull(mode, "mode"),
        false,
        Parallelism.NONE);
  }

  /**
   * The same, with offsets that have one element more: the end of the last bag.
   *
   * @return bags over the same embedding
   */
  public EmbeddingBag withIncludeLastOffset() {
    return new EmbeddingBag(embedding, mode, true, parallelism);
  }

  /**
   * The same, reducing on several threads, between which the bags are divided: the same bits.
   *
   * @param helpers who takes part
   * @return bags over the same embedding
   */
  public EmbeddingBag withParallelism(Parallelism helpers) {
    return new EmbeddingBag(
        embedding, mode, lastOffset, Objects.requireNonNull(helpers, "helpers"));
  }

  /**
   * The table.
   *
   * @return the embedding whose weight this shares
   */
  public Embedding embedding() {
    return embedding;
  }

  /**
   * How a bag's rows become one.
   *
   * @return the mode
   */
  public BagMode mode() {
    return mode;
  }

  /**
   * Whether offsets have one element more than there are bags.
   *
   * @return false unless {@link #withIncludeLastOffset}
   */
  public boolean includesLastOffset() {
    return lastOffset;
  }

  /** The type of results and weights. */
  DType resultType() {
    return Lookup.resultType(embedding.weight().value());
  }

  /**
   * An object to load bags into, for those who use the same bags several times.
   *
   * @return new, empty bags
   */
  public Bags bags() {
    return new Bags(this);
  }

  // -------------------------------------------------------------------------------------------------------- forward

  /**
   * Reduces bags.
   *
   * @param indices the bags' row numbers, one bag behind the other
   * @param offsets where in indices each bag starts; the last bag ends with the indices
   * @param out float32 (float64 of a float64 table) [bags, embeddingDim], whose rows lie without
   *     gaps inside; must not overlap the table
   * @throws IndexOutOfBoundsException if an index is outside the table
   * @throws IllegalArgumentException if the offsets are not in order, or out has another shape or
   *     type, or cannot be written
   */
  public void forward(int[] indices, int[] offsets, Tensor out) {
    Bags bags = pool.take();
    try {
      forward(bags.load(indices, offsets), out);
    } finally {
      pool.giveBack(bags);
    }
  }

  /**
   * Reduces weighted bags.
   *
   * @param indices the bags' row numbers, one bag behind the other
   * @param offsets where in indices each bag starts
   * @param perSampleWeights a factor for each index
   * @param out as in {@link #forward(int[], int[], Tensor)}
   * @throws IndexOutOfBoundsException if an index is outside the table
   * @throws IllegalArgumentException if the offsets are not in order, there are more or fewer
   *     weights than indices, the mode is not {@link BagMode#SUM}, or out has another shape or
   *     type, or cannot be written
   */
  public void forward(int[] indices, int[] offsets, float[] perSampleWeights, Tensor out) {
    Bags bags = pool.take();
    try {
      forward(bags.loadWeighted(indices, offsets, perSampleWeights), out);
    } finally {
      pool.giveBack(bags);
    }
  }

  /**
   * Reduces bags of equal length. For weights, load {@link Bags}.
   *
   * @param indices row numbers, int32 or int64 [bags, entries], one bag a row
   * @param out as in {@link #forward(int[], int[], Tensor)}; must not overlap the indices
   * @throws IndexOutOfBoundsException if an index is outside the table
   * @throws IllegalArgumentException if the indices are no matrix, or out has another shape or
   *     type, or cannot be written
   */
  public void forward(Tensor indices, Tensor out) {
    Bags bags = pool.take();
    try {
      bags.load(indices);
      Check.disjoint("out", out, "indices", indices);
      forward(bags, out);
    } finally {
      pool.giveBack(bags);
    }
  }

  /**
   * Reduces bags. For weights, load {@link Bags}.
   *
   * @param indices row numbers, int32 or int64 [n], one bag behind the other
   * @param offsets where in indices each bag starts, int32 or int64 [bags]
   * @param out as in {@link #forward(int[], int[], Tensor)}; must not overlap any of the others
   * @throws IndexOutOfBoundsException if an index is outside the table
   * @throws IllegalArgumentException if a tensor has another shape or type, the offsets are not in
   *     order, or out cannot be written
   * @throws IllegalStateException if an arena is closed
   */
  public void forward(Tensor indices, Tensor offsets, Tensor out) {
    Bags bags = pool.take();
    try {
      bags.load(indices, offsets);
      Check.disjoint("out", out, "indices", indices);
      Check.disjoint("out", out, "offsets", offsets);
      forward(bags, out);
    } finally {
      pool.giveBack(bags);
    }
  }

  /**
   * Reduces bags.
   *
   * @param bags loaded from this, or from bags over the same embedding and of the same mode
   * @param out as in {@link #forward(int[], int[], Tensor)}
   * @throws IllegalArgumentException if the bags are others, or out has another shape or type, or
   *     cannot be written
   * @throws IllegalStateException if an arena is closed
   * @throws WrongThreadException if, on several threads, weight or out belong to a confined arena
   */
  public void forward(Bags bags, Tensor out) {
    bags.requireFor(this);
    Tensor table = embedding.weight().value();
    Check.matrix("out", out, bags.count(), embedding.embeddingDim());
    Lookup.requireReady(table, out, parallelism);
    embedding.limitNorms(bags.rows(), bags.entries());
    long bytes = (bags.entries() + (long) bags.count()) * embedding.embeddingDim() * Float.BYTES;
    int count = bags.count();
    int parts = Lookup.parts(parallelism, count, bytes);
    if (parts <= 1) {
      reduce(bags, 0, count, out, 0);
      return;
    }
    Parts.run(
        parallelism,
        parts,
        part ->
            reduce(
                bags,
                (int) Parts.start(count, part, parts),
                (int) Parts.start(count, part + 1, parts),
                out,
                0));
  }

  /** Reduces some of the bags into rows of out, each from a column on. */
  void reduce(Bags bags, int from, int to, Tensor out, long column) {
    Tensor table = embedding.weight().value();
    if (table.dtype().sizeBytes() >= Float.BYTES) {
      reduceBags(bags, from, to, out, column);
      return;
    }
    // A few bags at a time, whose rows are read ahead.
    int[] starts = bags.starts();
    int read = 0;
    int first = from;
    while (first < to) {
      int end = first + 1;
      while (end < to && starts[end + 1] - starts[first] <= ENTRIES_AT_A_TIME) {
        end++;
      }
      read ^= RowTouch.touch(table, bags.rows(), starts[first], starts[end] - starts[first]);
      reduceBags(bags, first, end, out, column);
      first = end;
    }
    ReadAhead.keep(read);
  }

  private void reduceBags(Bags bags, int from, int to, Tensor out, long column) {
    Pooling pooling =
        switch (mode) {
          case SUM -> bags.isWeighted() ? Pooling.WEIGHTED_SUM : Pooling.SUM;
          case MEAN -> Pooling.MEAN;
          case MAX -> Pooling.MAX;
        };
    Tensor table = embedding.weight().value();
    Lookup.reduce(
        pooling, table, bags.rows(), bags.starts(), bags.weights(), from, to, out, column);
  }

  // ------------------------------------------------------------------------------------------------------- backward

  /**
   * Adds the bags' gradient to the weight's, without a tape; see {@link Embedding} for where it
   * goes. Of a MAX, the maxima are found again from the table as it is now.
   *
   * @param bags as in {@link #forward(Bags, Tensor)}
   * @param gradient the gradient of the result: float32 [bags, embeddingDim], whose rows lie
   *     without gaps inside, and may be one and the same (a stride of 0)
   * @throws IllegalArgumentException if the bags are others, or the gradient has another shape or
   *     type, or overlaps the weight's gradient
   * @throws IllegalStateException if the weight is frozen, or an arena is closed; nothing has been
   *     added in any of these cases
   */
  public void backward(Bags bags, Tensor gradient) {
    bags.requireFor(this);
    requireBackwardReady(gradient);
    Contributions batch = CONTRIBUTIONS.take();
    try {
      batch.load(gradient, bags.count(), embedding.embeddingDim());
      addGradient(bags, batch);
    } finally {
      batch.release();
      CONTRIBUTIONS.giveBack(batch);
    }
  }

  /** What a backward pass uses can be used. */
  void requireBackwardReady(Tensor gradient) {
    embedding.requireGradientReady(gradient);
    Check.accessible("weight", embedding.weight().value());
  }

  /** Makes room for all that a backward pass will need, before any of several begins. */
  void reserveGradient(Bags bags, Contributions batch) {
    switch (mode) {
      case SUM -> {}
      case MEAN -> batch.reserve(bags.count(), embedding.embeddingDim());
      case MAX -> batch.reserve(bags.entries() + 1L, embedding.embeddingDim());
    }
    if (embedding.hasSparseGradient()) {
      embedding.weight().sparseGradient().reserve(bags.entries());
    }
  }

  /** Adds what follows from the bags' gradient that is loaded. */
  void addGradient(Bags bags, Contributions batch) {
    Tensor table = embedding.weight().value();
    switch (mode) {
      case SUM -> {
        double[] weights = bags.isWeighted() ? bags.weights() : null;
        batch.ofSums(bags.rows(), bags.starts(), bags.count(), weights);
      }
      case MEAN -> batch.ofMeans(bags.rows(), bags.starts(), bags.count());
      case MAX -> batch.ofMaxima(table, bags.rows(), bags.starts(), bags.count());
    }
    embedding.addGradient(batch);
  }

  /**
   * The gradient of the weights of a sum: {@code out[i] = sum over d of gradient[b, d]
   * weight[indices[i], d]} for each index i of bag b, in 64 partial sums and a fixed tree (see
   * docs/numerics.md), and 0 for padding and for indices that belong to no bag.
   *
   * @param bags weighted bags
   * @param gradient the gradient of the result: float32 [bags, embeddingDim], whose rows lie
   *     without gaps inside
   * @param out float32 of as many elements as there are indices, contiguous; overwritten
   * @throws IllegalArgumentException if the bags have no weights, the table is not float32, or a
   *     tensor has another shape or type, or they overlap
   * @throws IllegalStateException if an arena is closed
   */
  public void backwardOfWeights(Bags bags, Tensor gradient, Tensor out) {
    bags.requireFor(this);
    if (!bags.isWeighted()) {
      throw new IllegalArgumentException("bags: " + bags + " have no weights");
    }
    Tensor table = embedding.weight().value();
    Check.readable("weight", table);
    Check.writable("out", out);
    Check.disjoint("out", out, "gradient", gradient);
    Check.disjoint("out", out, "weight", table);
    if (!out.isContiguous() || out.shape().elementCount() != bags.given()) {
      throw new IllegalArgumentException(
          "out: expected " + bags.given() + " contiguous elements, got shape " + out.shape());
    }
    Contributions batch = CONTRIBUTIONS.take();
    try {
      batch.load(gradient, bags.count(), embedding.embeddingDim());
      batch.ofSums(bags.rows(), bags.starts(), bags.count(), null);
      out.fill(0);
      batch.dotRows(table, bags.positions(), out);
    } finally {
      batch.release();
      CONTRIBUTIONS.giveBack(batch);
    }
  }

  /**
   * The table's size and the mode.
   *
   * @return for example {@code EmbeddingBag(10000, 128, MEAN)}
   */
  @Override
  public String toString() {
    return "EmbeddingBag("
        + embedding.numEmbeddings()
        + ", "
        + embedding.embeddingDim()
        + ", "
        + mode
        + ")";
  }
}
