package dev.lanewise.embedding;

import dev.lanewise.einsum.GatheredRows;
import dev.lanewise.internal.check.Check;
import dev.lanewise.internal.memory.ScratchPool;
import dev.lanewise.internal.rows.GradientRows;
import dev.lanewise.internal.rows.Lookup;
import dev.lanewise.internal.rows.RowNumbers;
import dev.lanewise.internal.rows.TableGradient;
import dev.lanewise.tensor.Parameter;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.random.RandomGenerator;

/**
 * A table of vectors, looked up by row number: {@code out[..., :] = weight[indices[...], :]}.
 *
 * <p>The weight is float32 [numEmbeddings, embeddingDim]. Indices are int32 or int64 of any shape,
 * also empty or a scalar; an index outside the table is an error that names it and its position,
 * and nothing is written. The result is an exact copy of the rows (NaN and all).
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
 * <p>Lookup is thread-safe as long as nobody writes the weight, and allocates nothing once scratch
 * memory has grown to the batch. Backward passes are not thread-safe, as they write the gradient.
 *
 * <p>Semantics: <a
 * href="https://docs.pytorch.org/docs/stable/generated/torch.nn.Embedding.html">torch.nn.Embedding</a>
 * (maxNorm is not supported yet; PyTorch refuses scaleGradByFreq with sparse gradients).
 */
public final class Embedding {
  /** What {@link #paddingIdx} says where no row is padding. */
  public static final long NO_PADDING = -1;

  private static final ScratchPool<RowNumbers> ROWS = new ScratchPool<>(RowNumbers::new);
  private static final ScratchPool<GradientRows> GRADIENTS = new ScratchPool<>(GradientRows::new);

  private final Parameter weight;
  private final Options options;

  /**
   * What distinguishes embeddings that share a weight.
   *
   * @param paddingIdx the row without a gradient, or {@link #NO_PADDING}
   * @param sparse whether the gradient is a list of rows
   * @param byFrequency whether a row's gradient is divided by its count
   */
  private record Options(long paddingIdx, boolean sparse, boolean byFrequency) {
    static final Options DEFAULT = new Options(NO_PADDING, false, false);

    Options withPaddingIdx(long index) {
      return new Options(index, sparse, byFrequency);
    }

    Options withSparse() {
      return new Options(paddingIdx, true, byFrequency);
    }

    Options withByFrequency() {
      return new Options(paddingIdx, sparse, true);
    }
  }

  private Embedding(Parameter weight, Options options) {
    Tensor table = weight.value();
    Check.readable("weight", table);
    if (table.rank() != 2 || table.size(1) > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "weight: expected shape [numEmbeddings, embeddingDim], got " + table.shape());
    }
    if (table.stride(1) != 1 && table.size(1) > 1) {
      throw new IllegalArgumentException(
          "weight: the elements of a row must lie side by side, but have stride "
              + table.stride(1)
              + "; copy it with contiguous(arena)");
    }
    this.weight = weight;
    this.options = options;
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
    return new Embedding(Parameter.trainable(arena, table), Options.DEFAULT);
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
   * @param weight float32 [numEmbeddings, embeddingDim], whose rows lie without gaps inside; may be
   *     read-only or mapped
   * @return the embedding
   * @throws IllegalArgumentException if the tensor is not such a table
   */
  public static Embedding fromPretrained(Tensor weight) {
    return new Embedding(Parameter.frozen(weight), Options.DEFAULT);
  }

  /**
   * An embedding over a parameter, which decides whether it is trained. The parameter is used as it
   * is, not copied.
   *
   * @param weight float32 [numEmbeddings, embeddingDim]
   * @return the embedding
   * @throws IllegalArgumentException if the parameter is not such a table
   */
  public static Embedding of(Parameter weight) {
    return new Embedding(weight, Options.DEFAULT);
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
    return weight.value().size(1);
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
   * Looks up rows.
   *
   * @param indices row numbers
   * @param out float32 [indices.length, embeddingDim], whose rows lie without gaps inside; must not
   *     overlap the table
   * @throws IndexOutOfBoundsException if an index is outside the table
   * @throws IllegalArgumentException if out has another shape or type, or cannot be written
   */
  public void forward(int[] indices, Tensor out) {
    RowNumbers rows = ROWS.take();
    try {
      rows.load(indices, numEmbeddings());
      if (out.rank() != 2 || out.size(0) != indices.length || out.size(1) != embeddingDim()) {
        throw new IllegalArgumentException(
            "out: expected shape ["
                + indices.length
                + ", "
                + embeddingDim()
                + "], got "
                + out.shape());
      }
      lookup(rows, out);
    } finally {
      ROWS.giveBack(rows);
    }
  }

  /**
   * Looks up rows.
   *
   * @param indices row numbers, int32 or int64, of any shape and strides
   * @param out float32 of the indices' shape with embeddingDim behind it, whose rows lie without
   *     gaps inside; must not overlap the table
   * @throws IndexOutOfBoundsException if an index is outside the table
   * @throws IllegalArgumentException if out has another shape or type, or cannot be written, or the
   *     indices are not integers
   */
  public void forward(Tensor indices, Tensor out) {
    RowNumbers rows = ROWS.take();
    try {
      rows.load(indices, numEmbeddings());
      if (!isLookupShape(indices.shape(), out.shape())) {
        throw new IllegalArgumentException(
            "out: expected shape "
                + indices.shape().append(embeddingDim())
                + ", got "
                + out.shape());
      }
      Check.disjoint("out", out, "indices", indices);
      lookup(rows, out);
    } finally {
      ROWS.giveBack(rows);
    }
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
    GradientRows g = GRADIENTS.take();
    try {
      rows.load(indices, numEmbeddings());
      g.load(gradient, indices.length, embeddingDim());
      addGradient(rows, gradient, g);
    } finally {
      g.release();
      GRADIENTS.giveBack(g);
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
    GradientRows g = GRADIENTS.take();
    try {
      rows.load(indices, numEmbeddings());
      g.load(gradient, indices.shape(), embeddingDim());
      addGradient(rows, gradient, g);
    } finally {
      g.release();
      GRADIENTS.giveBack(g);
      ROWS.giveBack(rows);
    }
  }

  private void addGradient(RowNumbers rows, Tensor gradient, GradientRows g) {
    if (!options.sparse) {
      Tensor dense = weight.gradient().tensor();
      Check.accessible("the weight's gradient", dense);
      Check.disjoint("the weight's gradient", dense, "gradient", gradient);
    }
    TableGradient.add(
        weight,
        rows,
        options.paddingIdx,
        TableGradient.Kind.of(options.sparse, options.byFrequency),
        g);
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

  private boolean isLookupShape(Shape indices, Shape out) {
    boolean equal = out.rank() == indices.rank() + 1 && out.size(-1) == embeddingDim();
    for (int dim = 0; equal && dim < indices.rank(); dim++) {
      equal = out.size(dim) == indices.size(dim);
    }
    return equal;
  }

  private void lookup(RowNumbers rows, Tensor out) {
    Tensor table = weight.value();
    Check.accessible("weight", table);
    Check.writable("out", out);
    Check.disjoint("out", out, "weight", table);
    if (out.stride(-1) != 1 && out.size(-1) > 1) {
      throw new IllegalArgumentException(
          "out: the elements of a row must lie side by side, but have stride " + out.stride(-1));
    }
    Lookup.forward(table, rows, out);
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
    return text.append(")").toString();
  }
}
