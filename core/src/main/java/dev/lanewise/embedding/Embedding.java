package dev.lanewise.embedding;

import dev.lanewise.einsum.GatheredRows;
import dev.lanewise.internal.check.Check;
import dev.lanewise.internal.memory.ScratchPool;
import dev.lanewise.internal.rows.Lookup;
import dev.lanewise.internal.rows.RowNumbers;
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
 * <p>Lookup is thread-safe as long as nobody writes the weight, and allocates nothing once scratch
 * memory has grown to the batch.
 *
 * <p>Semantics: <a
 * href="https://docs.pytorch.org/docs/stable/generated/torch.nn.Embedding.html">torch.nn.Embedding</a>
 * (maxNorm, scaleGradByFreq and sparse gradients are not supported yet).
 */
public final class Embedding {
  /** What {@link #paddingIdx} says where no row is padding. */
  public static final long NO_PADDING = -1;

  private static final ScratchPool<RowNumbers> ROWS = new ScratchPool<>(RowNumbers::new);

  private final Parameter weight;
  private final long paddingIdx;

  private Embedding(Parameter weight, long paddingIdx) {
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
    this.paddingIdx = paddingIdx;
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
    return new Embedding(Parameter.trainable(arena, table), NO_PADDING);
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
    return new Embedding(Parameter.frozen(weight), NO_PADDING);
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
    return new Embedding(weight, NO_PADDING);
  }

  /**
   * The same table with a padding row, which is left as it is.
   *
   * @param index the padding row, from -numEmbeddings to numEmbeddings - 1
   * @return an embedding that shares the weight
   * @throws IndexOutOfBoundsException if there is no such row
   */
  public Embedding withPaddingIdx(long index) {
    return new Embedding(weight, checkedPadding(index, numEmbeddings()));
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
    return paddingIdx;
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
    return paddingIdx == NO_PADDING ? rows : rows.withPaddingIdx(paddingIdx);
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
   * @return for example {@code Embedding(10000, 128)}
   */
  @Override
  public String toString() {
    String padding = paddingIdx == NO_PADDING ? "" : ", paddingIdx=" + paddingIdx;
    return "Embedding(" + numEmbeddings() + ", " + embeddingDim() + padding + ")";
  }
}
