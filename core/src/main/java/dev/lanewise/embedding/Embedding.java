package dev.lanewise.embedding;

import dev.lanewise.einsum.GatheredRows;
import dev.lanewise.internal.check.Check;
import dev.lanewise.internal.memory.ScratchPool;
import dev.lanewise.internal.rows.Contributions;
import dev.lanewise.internal.rows.Lookup;
import dev.lanewise.internal.rows.RowNorms;
import dev.lanewise.internal.rows.RowNumbers;
import dev.lanewise.internal.rows.TableGradient;
import dev.lanewise.parallel.Parallelism;
import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Parameter;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Objects;
import java.util.random.RandomGenerator;

/**
 * A table of vectors, looked up by row number: {@code out[..., :] = weight[indices[...], :]}.
 *
 * <p>The weight is [numEmbeddings, embeddingDim]; where it is trained, float32, bfloat16 or float16
 * (of 16 bits by {@link #of}; optimizers round them {@linkplain dev.lanewise.optim.Optimizer
 * stochastically}). <a id="format"></a>Tables that are only served may also be float64 ({@link
 * #fromPretrained}) or 8-bit rows ({@link #fromQuantized}); rows are widened as they are read, to
 * float32, of a float64 table to float64, which is exact but for 8-bit rows, one fused multiply-add
 * each. Indices are int32 or int64 of any shape, also empty or a scalar; an index outside the table
 * is an error that names it and its position, and nothing is written. The result of a float32 or
 * float64 table is an exact copy of the rows (NaN and all).
 *
 * <p>The padding row, where there is one, is looked up like any other; its gradient is always 0.
 * Its index may be given from the end, as in PyTorch.
 *
 * <p>The gradient of a lookup adds row i of the result's gradient to row {@code indices[i]} of the
 * weight's, in the order of the batch. It goes into a dense tensor of the table's shape, of which
 * only the touched rows are ever visited, or, {@linkplain #withSparseGradient sparse}, into a list
 * of rows. {@linkplain #withScaleGradByFreq By frequency}, each row's sum over one batch is divided
 * by how often the batch asks for the row. Both may be combined.
 *
 * <p>Lookup is thread-safe as long as nobody writes the weight (which a lookup {@linkplain
 * #withMaxNorm with a largest norm} does), and allocates nothing once scratch memory has grown to
 * the batch, on {@linkplain #withParallelism several threads} a few hundred bytes a call. Backward
 * passes are not thread-safe, as they write the gradient.
 *
 * <p>Semantics: <a
 * href="https://docs.pytorch.org/docs/stable/generated/torch.nn.Embedding.html">torch.nn.Embedding</a>
 * (which refuses scaleGradByFreq with sparse gradients).
 */
public final class Embedding {
  /** What {@link #paddingIdx} says where no row is padding. */
  public static final long NO_PADDING = -1;

  private static final ScratchPool<RowNumbers> ROWS = new ScratchPool<>(RowNumbers::new);
  private static final ScratchPool<Contributions> CONTRIBUTIONS =
      new ScratchPool<>(Contributions::new);

  private final Parameter weight;
  private final Options options;

  /**
   * What distinguishes embeddings that share a weight.
   *
   * @param paddingIdx the row without a gradient, or {@link #NO_PADDING}
   * @param sparse whether the gradient is a list of rows
   * @param byFrequency whether a row's gradient is divided by its count
   * @param maxNorm what rows are shortened to, or {@link RowNorms#UNLIMITED}
   * @param normType p of the norm
   * @param parallelism who helps to look up
   */
  private record Options(
      long paddingIdx,
      boolean sparse,
      boolean byFrequency,
      double maxNorm,
      double normType,
      Parallelism parallelism) {
    static final Options DEFAULT =
        new Options(NO_PADDING, false, false, RowNorms.UNLIMITED, 2, Parallelism.NONE);

    Options withPaddingIdx(long index) {
      return new Options(index, sparse, byFrequency, maxNorm, normType, parallelism);
    }

    Options withSparse() {
      return new Options(paddingIdx, true, byFrequency, maxNorm, normType, parallelism);
    }

    Options withByFrequency() {
      return new Options(paddingIdx, sparse, true, maxNorm, normType, parallelism);
    }

    Options withMaxNorm(double limit, double p) {
      return new Options(paddingIdx, sparse, byFrequency, limit, p, parallelism);
    }

    Options withParallelism(Parallelism helpers) {
      return new Options(paddingIdx, sparse, byFrequency, maxNorm, normType, helpers);
    }
  }

  private Embedding(Parameter weight, Options options) {
    this.weight = weight;
    this.options = options;
  }

  private static Embedding checked(Parameter weight) {
    Tensor table = weight.value();
    Check.accessible("weight", table);
    if (!table.dtype().isFloatingPoint()) {
      throw new IllegalArgumentException(
          "weight: expected float32, float64, bfloat16 or float16, got " + table.dtype());
    }
    requireTable("[numEmbeddings, embeddingDim]", table);
    return new Embedding(weight, Options.DEFAULT);
  }

  private static void requireTable(String form, Tensor table) {
    if (table.rank() != 2 || table.size(1) > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "weight: expected shape " + form + ", got " + table.shape());
    }
    Check.denseRows("weight", table);
  }

  /**
   * A table of independent draws from N(0, 1), to be trained.
   *
   * @param arena whose memory the table and its gradient are
   * @param random the source of randomness
   * @param numEmbeddings rows, at least 0
   * @param embeddingDim the length of a row
   * @return the embedding
   */
  public static Embedding randn(
      Arena arena, RandomGenerator random, long numEmbeddings, long embeddingDim) {
    Tensor table = Tensor.randn(arena, random, numEmbeddings, embeddingDim);
    return checked(Parameter.trainable(arena, table));
  }

  /**
   * A table of independent draws from N(0, 1), to be trained, whose padding row is 0 and stays so.
   *
   * @param arena whose memory the table and its gradient are
   * @param random the source of randomness
   * @param numEmbeddings rows
   * @param embeddingDim the length of a row
   * @param paddingIdx the padding row, from -numEmbeddings to numEmbeddings - 1
   * @return the embedding
   * @throws IndexOutOfBoundsException if there is no such row
   */
  public static Embedding randn(
      Arena arena, RandomGenerator random, long numEmbeddings, long embeddingDim, long paddingIdx) {
    long padding = checkedPadding(paddingIdx, numEmbeddings);
    Embedding embedding = randn(arena, random, numEmbeddings, embeddingDim).withPaddingIdx(padding);
    embedding.weight.value().select(0, padding).fill(0);
    return embedding;
  }

  /**
   * An embedding over a table that is not trained, for serving. The tensor is used as it is, not
   * copied.
   *
   * @param weight float32, float64, bfloat16 or float16 [numEmbeddings, embeddingDim], whose rows
   *     lie without gaps inside; may be read-only or mapped
   * @return the embedding
   * @throws IllegalArgumentException if the tensor is not such a table
   */
  public static Embedding fromPretrained(Tensor weight) {
    return checked(Parameter.frozen(weight));
  }

  /**
   * An embedding over rows of 8-bit numbers, each row with its own scale and bias, for serving: a
   * quarter of the memory of float32. {@link RowQuantization} makes such tables. The tensor is used
   * as it is, not copied.
   *
   * @param rows uint8 [numEmbeddings, embeddingDim + 8]: FBGEMM's fused 8-bit row-wise format, in
   *     which element d of a row is {@code fma(scale, q[d], bias)}, and scale and bias are the two
   *     float32 behind the row's bytes; may be read-only or mapped
   * @return the embedding
   * @throws IllegalArgumentException if the tensor is not such a table
   */
  public static Embedding fromQuantized(Tensor rows) {
    Check.readable("rows", rows, DType.UINT8);
    requireTable("[numEmbeddings, embeddingDim + 8]", rows);
    if (rows.size(1) < RowQuantization.TRAILER_BYTES) {
      throw new IllegalArgumentException(
          "weight: expected shape [numEmbeddings, embeddingDim + 8], got " + rows.shape());
    }
    return new Embedding(Parameter.frozen(rows), Options.DEFAULT);
  }

  /**
   * An embedding over a parameter, which decides whether it is trained. The parameter is used as it
   * is, not copied.
   *
   * @param weight [numEmbeddings, embeddingDim] of a type that can be trained; if it is frozen, of
   *     any that {@link #fromPretrained} takes
   * @return the embedding
   * @throws IllegalArgumentException if the parameter is not such a table
   */
  public static Embedding of(Parameter weight) {
    return checked(weight);
  }

  /**
   * The same table with a padding row, which is left as it is.
   *
   * @param index the padding row, from -numEmbeddings to numEmbeddings - 1
   * @return an embedding that shares the weight
   * @throws IndexOutOfBoundsException if there is no such row
   */
  public Embedding withPaddingIdx(long index) {
    return new Embedding(weight, options.withPaddingIdx(checkedPadding(index, numEmbeddings())));
  }

  /**
   * The same table with a sparse gradient: backward passes add to the weight's {@link
   * Parameter#sparseGradient}, and no tensor of the table's size is made.
   *
   * @return an embedding that shares the weight
   */
  public Embedding withSparseGradient() {
    return new Embedding(weight, options.withSparse());
  }

  /**
   * The same table with a gradient by frequency: what a batch adds to a row is divided by how often
   * the batch asks for it, once, after it has been summed.
   *
   * @return an embedding that shares the weight
   */
  public Embedding withScaleGradByFreq() {
    return new Embedding(weight, options.withByFrequency());
  }

  /**
   * The same table, whose rows are shortened when they are looked up: before a lookup, each row it
   * names whose norm is larger than a limit is multiplied by {@code maxNorm / (norm + 1e-7)}, in
   * the table itself. Lookups then write the table, so they are not thread-safe. Operands that
   * {@link #rows(int...)} makes leave the table as it is.
   *
   * @param maxNorm the largest norm, at least 0
   * @param normType p of the p-norm, above 0; 2 for the Euclidean norm, infinity for the largest
   *     absolute value. The Euclidean norm is float32 in 64 partial sums (see docs/numerics.md),
   *     others are summed in float64 in order
   * @return an embedding that shares the weight
   * @throws IllegalArgumentException if a number is out of range, or the table is read-only or not
   *     float32
   */
  public Embedding withMaxNorm(double maxNorm, double normType) {
    if (!(maxNorm >= 0 && maxNorm < Double.POSITIVE_INFINITY)) {
      throw new IllegalArgumentException("maxNorm: expected at least 0, got " + maxNorm);
    }
    if (!(normType > 0)) {
      throw new IllegalArgumentException("normType: expected more than 0, got " + normType);
    }
    Check.writable("weight", weight.value());
    return new Embedding(weight, options.withMaxNorm(maxNorm, normType));
  }

  /**
   * The same table, looked up on several threads, between which the rows of a batch are divided:
   * the same bits. Batches of less than some hundred kilobytes are looked up by the caller alone.
   *
   * @param helpers who takes part
   * @return an embedding that shares the weight
   */
  public Embedding withParallelism(Parallelism helpers) {
    return new Embedding(
        weight, options.withParallelism(Objects.requireNonNull(helpers, "helpers")));
  }

  private static long checkedPadding(long index, long numEmbeddings) {
    if (index < -numEmbeddings || index >= numEmbeddings) {
      throw new IndexOutOfBoundsException(
          "paddingIdx " + index + " is outside the embedding's " + numEmbeddings + " rows");
    }
    return index < 0 ? index + numEmbeddings : index;
  }

  /**
   * The table.
   *
   * @return the parameter, [numEmbeddings, embeddingDim]
   */
  public Parameter weight() {
    return weight;
  }

  /**
   * The number of rows.
   *
   * @return rows
   */
  public long numEmbeddings() {
    return weight.value().size(0);
  }

  /**
   * The length of a row.
   *
   * @return elements
   */
  public long embeddingDim() {
    return Lookup.width(weight.value());
  }

  /**
   * The padding row.
   *
   * @return its index from 0, or {@link #NO_PADDING}
   */
  public long paddingIdx() {
    return options.paddingIdx;
  }

  /**
   * Whether backward passes add to the weight's sparse gradient.
   *
   * @return false if to the dense one
   */
  public boolean hasSparseGradient() {
    return options.sparse;
  }

  /**
   * Whether what a batch adds to a row is divided by how often the batch asks for it.
   *
   * @return false unless {@link #withScaleGradByFreq}
   */
  public boolean scalesGradByFreq() {
    return options.byFrequency;
  }

  /**
   * What rows are shortened to.
   *
   * @return the largest norm; infinity unless {@link #withMaxNorm}
   */
  public double maxNorm() {
    return options.maxNorm;
  }

  /**
   * Which norm that is.
   *
   * @return p of the p-norm
   */
  public double normType() {
    return options.normType;
  }

  /**
   * Who helps to look up.
   *
   * @return {@link Parallelism#NONE} unless {@link #withParallelism}
   */
  public Parallelism parallelism() {
    return options.parallelism;
  }

  /**
   * Looks up rows.
   *
   * @param indices row numbers
   * @param out float32 (float64 of a float64 table) [indices.length, embeddingDim], whose rows lie
   *     without gaps inside; must not overlap the table
   * @throws IndexOutOfBoundsException if an index is outside the table
   * @throws IllegalArgumentException if out has another shape or type, or cannot be written
   */
  public void forward(int[] indices, Tensor out) {
    if (indices.length == 1 && looksUpAlone()) {
      long row = RowNumbers.only(indices, numEmbeddings());
      Check.matrix("out", out, 1, embeddingDim());
      lookup(row, out);
      return;
    }
    RowNumbers rows = ROWS.take();
    try {
      rows.load(indices, numEmbeddings());
      Check.matrix("out", out, indices.length, embeddingDim());
      lookup(rows, out);
    } finally {
      ROWS.giveBack(rows);
    }
  }

  /**
   * Looks up rows.
   *
   * @param indices row numbers, int32 or int64, of any shape and strides
   * @param out float32 (float64 of a float64 table) of the indices' shape with embeddingDim behind
   *     it, whose rows lie without gaps inside; must not overlap the table
   * @throws IndexOutOfBoundsException if an index is outside the table
   * @throws IllegalArgumentException if out has another shape or type, or cannot be written, or the
   *     indices are not integers
   */
  public void forward(Tensor indices, Tensor out) {
    if (RowNumbers.requireCountable(indices) == 1 && looksUpAlone()) {
      long row = RowNumbers.only(indices, numEmbeddings());
      requireOutput(indices, out);
      lookup(row, out);
      return;
    }
    RowNumbers rows = ROWS.take();
    try {
      rows.load(indices, numEmbeddings());
      requireOutput(indices, out);
      lookup(rows, out);
    } finally {
      ROWS.giveBack(rows);
    }
  }

  private void requireOutput(Tensor indices, Tensor out) {
    Check.rowsOf("out", out, indices.shape(), embeddingDim());
    Check.disjoint("out", out, "indices", indices);
  }

  /**
   * Whether a single row is looked up without a list of row numbers, which would have to be taken
   * and given back: that costs as much as the row.
   */
  private boolean looksUpAlone() {
    return options.maxNorm == RowNorms.UNLIMITED;
  }

  /**
   * Adds a lookup's gradient to the weight's, without a tape.
   *
   * @param indices the row numbers that were looked up
   * @param gradient the gradient of the result: float32 [indices.length, embeddingDim], whose rows
   *     lie without gaps inside, and may be one and the same (a stride of 0)
   * @throws IndexOutOfBoundsException if an index is outside the table
   * @throws IllegalArgumentException if the gradient has another shape or type, or overlaps the
   *     weight's gradient
   * @throws IllegalStateException if the weight is frozen, or an arena is closed; nothing has been
   *     added in any of these cases
   */
  public void backward(int[] indices, Tensor gradient) {
    RowNumbers rows = ROWS.take();
    Contributions batch = CONTRIBUTIONS.take();
    try {
      rows.load(indices, numEmbeddings());
      batch.load(gradient, indices.length, embeddingDim());
      requireGradientReady(gradient);
      batch.ofRows(rows.rows(), rows.count());
      addGradient(batch);
    } finally {
      batch.release();
      CONTRIBUTIONS.giveBack(batch);
      ROWS.giveBack(rows);
    }
  }

  /**
   * As {@link #backward(int[], Tensor)}, for indices of any shape.
   *
   * @param indices the row numbers that were looked up, int32 or int64, of any shape and strides
   * @param gradient the gradient of the result: float32 of the indices' shape with embeddingDim
   *     behind it, whose rows lie without gaps inside
   * @throws IndexOutOfBoundsException if an index is outside the table
   * @throws IllegalArgumentException if the gradient has another shape or type, or overlaps the
   *     weight's gradient, or the indices are not integers
   * @throws IllegalStateException if the weight is frozen, or an arena is closed; nothing has been
   *     added in any of these cases
   */
  public void backward(Tensor indices, Tensor gradient) {
    RowNumbers rows = ROWS.take();
    Contributions batch = CONTRIBUTIONS.take();
    try {
      rows.load(indices, numEmbeddings());
      batch.load(gradient, indices.shape(), embeddingDim());
      requireGradientReady(gradient);
      batch.ofRows(rows.rows(), rows.count());
      addGradient(batch);
    } finally {
      batch.release();
      CONTRIBUTIONS.giveBack(batch);
      ROWS.giveBack(rows);
    }
  }

  /** The weight's gradient can be added to, and is not the gradient that comes. */
  void requireGradientReady(Tensor gradient) {
    if (options.sparse) {
      // Memory of its own; a frozen weight has none.
      weight.sparseGradient();
      return;
    }
    Tensor dense = weight.gradient().tensor();
    Check.accessible("the weight's gradient", dense);
    Check.disjoint("the weight's gradient", dense, "gradient", gradient);
  }

  void addGradient(Contributions batch) {
    TableGradient.add(
        weight,
        options.paddingIdx,
        TableGradient.Kind.of(options.sparse, options.byFrequency),
        batch);
  }

  /** Shortens rows that are about to be read. */
  void limitNorms(long[] rows, int count) {
    RowNorms.limit(weight.value(), rows, count, options.maxNorm, options.normType);
  }

  /**
   * Rows of the table as an operand of a {@link dev.lanewise.einsum.Contraction}, which reads them
   * without a lookup. Loading other indices into it allocates nothing.
   *
   * @param indices row numbers, copied
   * @return an operand of shape [indices.length, embeddingDim]
   * @throws IndexOutOfBoundsException if an index is outside the table
   */
  public GatheredRows rows(int... indices) {
    return unloadedRows().load(indices);
  }

  /**
   * As {@link #rows(int...)}, for indices of any shape.
   *
   * @param indices row numbers, int32 or int64, of any shape and strides; copied
   * @return an operand of the indices' shape with embeddingDim behind it
   * @throws IndexOutOfBoundsException if an index is outside the table
   * @throws IllegalArgumentException if the indices are not integers
   */
  public GatheredRows rows(Tensor indices) {
    return unloadedRows().load(indices);
  }

  private GatheredRows unloadedRows() {
    GatheredRows rows = GatheredRows.of(weight.value());
    return paddingIdx() == NO_PADDING ? rows : rows.withPaddingIdx(paddingIdx());
  }

  private void lookup(RowNumbers rows, Tensor out) {
    Tensor table = weight.value();
    Lookup.requireReady(table, out, options.parallelism);
    limitNorms(rows.rows(), rows.count());
    Lookup.forward(table, rows, out, options.parallelism);
  }

  private void lookup(long row, Tensor out) {
    Tensor table = weight.value();
    Lookup.requireReady(table, out, options.parallelism);
    Lookup.forward(table, row, out);
  }

  /**
   * The table's size.
   *
   * @return for example {@code Embedding(10000, 128)}, with its padding row and kind of gradient
   */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder("Embedding(" + numEmbeddings() + ", " + embeddingDim());
    if (options.paddingIdx != NO_PADDING) {
      text.append(", paddingIdx=").append(options.paddingIdx);
    }
    if (options.byFrequency) {
      text.append(", scaleGradByFreq");
    }
    if (options.sparse) {
      text.append(", sparse");
    }
    if (options.maxNorm != RowNorms.UNLIMITED) {
      text.append(", maxNorm=").append(options.maxNorm);
    }
    return text.append(")").toString();
  }
}
