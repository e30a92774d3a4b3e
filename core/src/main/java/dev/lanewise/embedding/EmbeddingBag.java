package dev.lanewise.embedding;

import dev.lanewise.internal.check.Check;
import dev.lanewise.internal.memory.ScratchPool;
import dev.lanewise.internal.rows.Bags;
import dev.lanewise.internal.rows.Lookup;
import dev.lanewise.tensor.Tensor;

/**
 * The sum or mean of the rows of each bag, without materialising the rows: {@code out[b, :] =
 * reduce over i in bag b of weight[indices[i], :]}.
 *
 * <p>Bags are given as a list of indices with the offset at which each bag starts (the first 0,
 * none smaller than the one before, none behind the end), or as a matrix of indices with one bag a
 * row. An empty bag, and one of padding only, gives zeros. Rows are added in the order of the
 * indices, starting from +0; a mean is that sum divided by the number of entries that are not
 * padding. Errors are found before anything is written.
 *
 * <p>Thread-safe as long as nobody writes the weight; allocates nothing once scratch memory has
 * grown to the batch.
 *
 * <p>Semantics: <a
 * href="https://docs.pytorch.org/docs/stable/generated/torch.nn.EmbeddingBag.html">torch.nn.EmbeddingBag</a>
 * (max, perSampleWeights and includeLastOffset are not supported yet).
 */
public final class EmbeddingBag {
  private static final ScratchPool<Bags> BAGS = new ScratchPool<>(Bags::new);

  private final Embedding embedding;
  private final BagMode mode;

  private EmbeddingBag(Embedding embedding, BagMode mode) {
    this.embedding = embedding;
    this.mode = mode;
  }

  /**
   * Bags over an embedding's table.
   *
   * @param embedding the table, shared
   * @param mode how a bag's rows become one
   * @return the bag
   */
  public static EmbeddingBag of(Embedding embedding, BagMode mode) {
    return new EmbeddingBag(embedding, mode);
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
   * Reduces bags.
   *
   * @param indices the bags' row numbers, one bag behind the other
   * @param offsets where in indices each bag starts; the last bag ends with the indices
   * @param out float32 [offsets.length, embeddingDim], whose rows lie without gaps inside; must not
   *     overlap the table
   * @throws IndexOutOfBoundsException if an index is outside the table
   * @throws IllegalArgumentException if the offsets are not in order, or out has another shape or
   *     type, or cannot be written
   */
  public void forward(int[] indices, int[] offsets, Tensor out) {
    Bags bags = BAGS.take();
    try {
      bags.load(
          indices,
          offsets,
          embedding.numEmbeddings(),
          embedding.paddingIdx(),
          mode == BagMode.MEAN);
      reduce(bags, out);
    } finally {
      BAGS.giveBack(bags);
    }
  }

  /**
   * Reduces bags of equal length.
   *
   * @param indices row numbers, int32 or int64 [bags, entries], one bag a row
   * @param out float32 [bags, embeddingDim], whose rows lie without gaps inside; must not overlap
   *     the table
   * @throws IndexOutOfBoundsException if an index is outside the table
   * @throws IllegalArgumentException if the indices are no matrix, or out has another shape or
   *     type, or cannot be written
   */
  public void forward(Tensor indices, Tensor out) {
    Bags bags = BAGS.take();
    try {
      bags.load(indices, embedding.numEmbeddings(), embedding.paddingIdx(), mode == BagMode.MEAN);
      Check.disjoint("out", out, "indices", indices);
      reduce(bags, out);
    } finally {
      BAGS.giveBack(bags);
    }
  }

  private void reduce(Bags bags, Tensor out) {
    Tensor table = embedding.weight().value();
    if (out.rank() != 2 || out.size(0) != bags.count() || out.size(1) != embedding.embeddingDim()) {
      throw new IllegalArgumentException(
          "out: expected shape ["
              + bags.count()
              + ", "
              + embedding.embeddingDim()
              + "], got "
              + out.shape());
    }
    Check.accessible("weight", table);
    Check.writable("out", out);
    Check.disjoint("out", out, "weight", table);
    if (out.stride(1) != 1 && out.size(1) > 1) {
      throw new IllegalArgumentException(
          "out: the elements of a row must lie side by side, but have stride " + out.stride(1));
    }
    Lookup.bagForward(table, bags, out);
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
