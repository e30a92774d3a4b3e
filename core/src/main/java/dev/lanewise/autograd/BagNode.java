package dev.lanewise.autograd;

import dev.lanewise.embedding.BagMode;
import dev.lanewise.embedding.EmbeddingBag;
import dev.lanewise.internal.check.Check;
import dev.lanewise.internal.rows.Bags;
import dev.lanewise.internal.rows.Lookup;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** The sums or means of bags of rows. */
final class BagNode extends Node {
  private final Bags bags = new Bags();
  private @Nullable EmbeddingBag bag;
  private Shape shape = Shape.of(0, 0);

  BagNode(Tape tape) {
    super(tape);
  }

  Variable record(EmbeddingBag reducer, int[] indices, int[] offsets) {
    bags.load(
        indices,
        offsets,
        reducer.embedding().numEmbeddings(),
        reducer.embedding().paddingIdx(),
        reducer.mode() == BagMode.MEAN);
    return reduce(reducer);
  }

  Variable record(EmbeddingBag reducer, Tensor indices) {
    bags.load(
        indices,
        reducer.embedding().numEmbeddings(),
        reducer.embedding().paddingIdx(),
        reducer.mode() == BagMode.MEAN);
    return reduce(reducer);
  }

  private Variable reduce(EmbeddingBag reducer) {
    Tensor table = reducer.embedding().weight().value();
    Check.accessible("weight", table);
    if (shape.size(0) != bags.count() || shape.size(1) != table.size(1)) {
      shape = Shape.of(bags.count(), table.size(1));
    }
    bag = reducer;
    Tensor out = begin(shape, tape.isRecording() && reducer.embedding().weight().isTrainable());
    Lookup.bagForward(table, bags, out);
    return output;
  }

  @Override
  void requireReady() {
    super.requireReady();
    if (bag != null && output.requiresGradient()) {
      Check.accessible("the weight's gradient", bag.embedding().weight().gradient().tensor());
    }
  }

  @Override
  void backward() {
    if (bag != null) {
      Lookup.bagBackward(bag.embedding().weight().gradient(), bags, output.computedGradient());
    }
  }
}
