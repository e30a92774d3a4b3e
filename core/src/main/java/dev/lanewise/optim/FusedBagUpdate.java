package dev.lanewise.optim;

import dev.lanewise.embedding.Bags;
import dev.lanewise.embedding.EmbeddingBag;
import dev.lanewise.internal.check.Check;
import dev.lanewise.internal.rows.Contributions;
import dev.lanewise.parallel.Parallelism;
import dev.lanewise.tensor.Tensor;

/**
 * The backward pass of bags and an optimizer's step in one: {@link FusedUpdate} for an {@link
 * EmbeddingBag}, in every mode, with weights or without.
 *
 * <p>A row's gradient is the sum of what each of its entries gets, in the order of the entries,
 * starting from +0: its bag's gradient (SUM), times its weight, by a fused multiply-add, where
 * there are weights; that gradient divided by the bag's number of entries (MEAN); or those elements
 * of it in which the row was the bag's first largest, and 0 elsewhere (MAX; the maxima are found
 * again from the table as it is now, so it must not have changed since the forward pass).
 *
 * <p>Padding, {@code scaleGradByFreq} (by the number of entries in the batch), threads, allocation
 * and errors as there. An object serves one thread at a time.
 *
 * <p>Source: Mudigere et al., ISCA 2022 (FBGEMM).
 */
public final class FusedBagUpdate {
  private final FusedUpdate update;
  private final EmbeddingBag bag;
  private final Bags ownBags;
  private final Contributions batch = new Contributions();

  private FusedBagUpdate(FusedUpdate update, EmbeddingBag bag) {
    this.update = update;
    this.bag = bag;
    this.ownBags = bag.bags();
  }

  /**
   * An update of a table under bags by an optimizer.
   *
   * @param optimizer whose rule and state are used
   * @param bag over an embedding whose weight is one of the optimizer's parameters
   * @return the update, on the calling thread
   * @throws IllegalArgumentException if the weight is none of the parameters, or the optimizer's
   *     rule needs more than the touched rows; the message says why
   */
  public static FusedBagUpdate of(Optimizer optimizer, EmbeddingBag bag) {
    return new FusedBagUpdate(FusedUpdate.of(optimizer, bag.embedding()), bag);
  }

  /**
   * The same, on several threads, between which the distinct rows are divided: the same bits.
   *
   * @param helpers who takes part
   * @return another update of the same weights and state
   */
  public FusedBagUpdate withParallelism(Parallelism helpers) {
    return new FusedBagUpdate(update.withParallelism(helpers), bag);
  }

  /**
   * Adds up the bags' gradient by row and moves the rows.
   *
   * @param bags what was reduced, loaded from an {@link EmbeddingBag} over the same table
   * @param gradient the gradient of the result: float32 [bags, embeddingDim], whose rows lie
   *     without gaps inside, and may be one and the same (a stride of 0)
   * @throws IllegalArgumentException if the bags are not over the same embedding, the gradient has
   *     another shape or type or overlaps the weight, or the optimizer has loaded settings that
   *     cannot be fused
   * @throws IllegalStateException if an arena is closed; neither weight nor state has changed in
   *     any of these cases
   * @throws WrongThreadException if, on several threads, weight or gradient belong to a confined
   *     arena
   */
  public void backward(Bags bags, Tensor gradient) {
    bags.requireFor(bag);
    try {
      batch.load(gradient, bags.count(), bag.embedding().embeddingDim());
      Check.disjoint("gradient", gradient, "weight", bag.embedding().weight().value());
      update.requireReady();
      apply(bags);
    } finally {
      batch.release();
    }
  }

  /** Updating by a gradient can begin. */
  void requireReady(Tensor gradient) {
    update.requireReady();
    update.requireShareable(gradient.segment());
  }

  /** As {@link #backward(Bags, Tensor)}, by some columns of a gradient; all is checked. */
  void applyColumns(Bags bags, Tensor gradient, long column) {
    try {
      batch.loadColumns(gradient, column, (int) bag.embedding().embeddingDim());
      apply(bags);
    } finally {
      batch.release();
    }
  }

  private void apply(Bags bags) {
    Tensor table = bag.embedding().weight().value();
    switch (bag.mode()) {
      case SUM -> {
        double[] weights = bags.isWeighted() ? bags.weights() : null;
        batch.ofSums(bags.rows(), bags.starts(), bags.count(), weights);
      }
      case MEAN -> batch.ofMeans(bags.rows(), bags.starts(), bags.count());
      case MAX -> batch.ofMaxima(table, bags.rows(), bags.starts(), bags.count());
    }
    update.apply(batch);
  }

  /**
   * As {@link #backward(Bags, Tensor)}, for bags as lists.
   *
   * @param indices the bags' row numbers, one bag behind the other
   * @param offsets where in indices each bag starts
   * @param gradient float32 [bags, embeddingDim]
   * @throws IndexOutOfBoundsException if an index is outside the table
   * @throws IllegalArgumentException if the offsets are not in order, or as there
   */
  public void backward(int[] indices, int[] offsets, Tensor gradient) {
    backward(ownBags.load(indices, offsets), gradient);
  }

  /**
   * The optimizer and the bag.
   *
   * @return for example {@code FusedBagUpdate(FusedUpdate(Adagrad, Embedding(10000, 64)), SUM)}
   */
  @Override
  public String toString() {
    return "FusedBagUpdate(" + update + ", " + bag.mode() + ")";
  }
}
