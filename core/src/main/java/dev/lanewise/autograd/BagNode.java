package dev.lanewise.autograd;

import dev.lanewise.embedding.Bags;
import dev.lanewise.embedding.EmbeddingBag;
import dev.lanewise.internal.check.Check;
import dev.lanewise.internal.kernel.ElementwiseKernels;
import dev.lanewise.internal.kernel.KernelSet;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** Bags of rows reduced. The bags are copied, so that the caller may change the indices. */
final class BagNode extends Node {
  private static final ElementwiseKernels KERNELS = KernelSet.active().elementwise();

  private @Nullable Bags bags;
  private @Nullable EmbeddingBag bag;
  private @Nullable Variable weights;

  /** Where the gradient of the weights is computed before it is added to what they have. */
  private final Buffer weightGradient = new Buffer();

  private Shape shape = Shape.of(0, 0);

  BagNode(Tape tape) {
    super(tape);
  }

  Variable record(EmbeddingBag reducer, int[] indices, int[] offsets) {
    return reduce(reducer, bagsOf(reducer).load(indices, offsets), null);
  }

  Variable record(EmbeddingBag reducer, Tensor indices) {
    return reduce(reducer, bagsOf(reducer).load(indices), null);
  }

  Variable record(EmbeddingBag reducer, Tensor indices, Tensor offsets) {
    return reduce(reducer, bagsOf(reducer).load(indices, offsets), null);
  }

  Variable recordWeighted(EmbeddingBag reducer, Tensor indices, Variable factors) {
    return reduce(reducer, bagsOf(reducer).loadWeighted(indices, factors.recordedValue()), factors);
  }

  Variable recordWeighted(EmbeddingBag reducer, Tensor indices, Tensor offsets, Variable factors) {
    return reduce(
        reducer, bagsOf(reducer).loadWeighted(indices, offsets, factors.recordedValue()), factors);
  }

  /** Kept while the bag is the same. */
  @SuppressWarnings("ReferenceEquality") // It is the same or it is not.
  private Bags bagsOf(EmbeddingBag reducer) {
    Bags known = bags;
    if (known == null || bag != reducer) {
      known = reducer.bags();
      bags = known;
      bag = reducer;
    }
    return known;
  }

  private Variable reduce(EmbeddingBag reducer, Bags loaded, @Nullable Variable factors) {
    long width = reducer.embedding().embeddingDim();
    requireFloat32(reducer.embedding());
    if (shape.size(0) != loaded.count() || shape.size(1) != width) {
      shape = Shape.of(loaded.count(), width);
    }
    weights = factors;
    boolean trained = tape.isRecording() && reducer.embedding().weight().isTrainable();
    Tensor out = begin(shape, trained || (factors != null && factors.requiresGradient()));
    reducer.forward(loaded, out);
    return output;
  }

  @Override
  void requireReady() {
    super.requireReady();
    if (bag == null || !output.requiresGradient()) {
      return;
    }
    Check.accessible("weight", bag.embedding().weight().value());
    if (isTrained(bag) && !bag.embedding().hasSparseGradient()) {
      Check.accessible("the weight's gradient", bag.embedding().weight().gradient().tensor());
    }
  }

  private boolean isTrained(EmbeddingBag reducer) {
    return tape.isRecording() && reducer.embedding().weight().isTrainable();
  }

  @Override
  void backward() {
    if (bag == null || bags == null) {
      return;
    }
    if (weights != null && weights.requiresGradient()) {
      addWeightGradient(bag, bags, weights);
    }
    if (isTrained(bag)) {
      bag.backward(bags, output.computedGradient());
    }
  }

  private void addWeightGradient(EmbeddingBag reducer, Bags loaded, Variable to) {
    Tensor gradient = weightGradient.shaped(to.shape());
    reducer.backwardOfWeights(loaded, output.computedGradient(), gradient);
    Tensor sum = to.sumTarget();
    int n = Math.toIntExact(sum.shape().elementCount());
    KERNELS.axpy(
        gradient.segment(), gradient.offsetBytes(), sum.segment(), sum.offsetBytes(), 1f, n);
  }

  @Override
  void close() {
    super.close();
    weightGradient.close();
  }
}
