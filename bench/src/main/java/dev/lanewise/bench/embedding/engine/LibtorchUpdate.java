package dev.lanewise.bench.embedding.engine;

import dev.lanewise.bench.embedding.cases.Data;
import dev.lanewise.bench.embedding.cases.EmbeddingCase;
import dev.lanewise.bench.embedding.cases.TableFormat;
import dev.lanewise.bench.embedding.cases.Task;
import dev.lanewise.bench.engine.Work;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * A lookup's sparse backward pass and an optimizer's step: the calls that {@code torch.optim} makes
 * for a sparse gradient, without the graph and the optimizer object around them. The gradient of a
 * lookup of bfloat16 is bfloat16, and so is all that is done with it: each product and sum is
 * rounded to nearest, by which steps smaller than half of a weight's last place are lost.
 */
final class LibtorchUpdate implements Work {
  private static final Scalar STEP = new Scalar(-Task.LEARNING_RATE);
  private static final Scalar EPS = new Scalar(1e-10);
  private static final Scalar TWO = new Scalar(2.0);

  private final EmbeddingCase asked;
  private final Tensor weight;
  private final Tensor gradient;
  private final Tensor squares;
  private final IndexTensors batch;

  LibtorchUpdate(EmbeddingCase asked, Data data) {
    this.asked = asked;
    weight = LibtorchEngine.table(asked, data);
    Tensor floats = LibtorchEngine.floats(data.gradient(), asked.results(), asked.dim());
    if (asked.format() == TableFormat.BFLOAT16) {
      gradient = floats.to(ScalarType.BFloat16);
      data.computeWith(TableFormat.BFLOAT16_ROUNDOFF);
    } else {
      gradient = floats;
    }
    // Sparse tensors have indices of 64 bits.
    batch = new IndexTensors(asked, data, IndexTensors.Width.INT64);
    if (asked.task() == Task.SGD) {
      squares = new Tensor();
    } else {
      squares = torch.zeros(asked.rows(), asked.dim());
      data.follow(Task.ADAGRAD);
    }
  }

  @Override
  public void run() {
    batch.advance();
    try (PointerScope _ = new PointerScope()) {
      Tensor sparse =
          torch.embedding_sparse_backward(gradient, batch.indices(), asked.rows(), -1, false);
      if (asked.task() == Task.SGD) {
        weight.add_(sparse, STEP);
      } else {
        adagrad(sparse.coalesce());
      }
    }
  }

  private void adagrad(Tensor sparse) {
    Tensor indices = sparse._indices();
    Tensor values = sparse._values();
    long[] sizes = {asked.rows(), asked.dim()};
    squares.add_(torch.sparse_coo_tensor(indices, values.pow(TWO), sizes));
    Tensor deviations = squares.sparse_mask(sparse)._values().sqrt_().add_(EPS);
    weight.add_(torch.sparse_coo_tensor(indices, values.div(deviations), sizes), STEP);
  }
}
