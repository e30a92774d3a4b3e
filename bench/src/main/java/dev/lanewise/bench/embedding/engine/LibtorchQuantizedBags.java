package dev.lanewise.bench.embedding.engine;

import dev.lanewise.bench.engine.Work;
import org.bytedeco.pytorch.Dispatcher;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.IValueVector;
import org.bytedeco.pytorch.OperatorHandle;
import org.bytedeco.pytorch.Tensor;

/**
 * Sums of bags of 8-bit rows, which libtorch has as an operator by name only: {@code
 * quantized::embedding_bag_byte_rowwise_offsets}.
 */
final class LibtorchQuantizedBags implements Work {
  private static final int SUM = 0;

  private final OperatorHandle operator =
      Dispatcher.singleton().findSchemaOrThrow("quantized::embedding_bag_byte_rowwise_offsets", "");
  private final IValueVector stack = new IValueVector();
  private final IndexTensors batch;
  private final Tensor out;
  private final IValue[] arguments;

  LibtorchQuantizedBags(Tensor table, IndexTensors batch, Tensor weights, Tensor out) {
    this.batch = batch;
    this.out = out;
    IValue none = new IValue();
    this.arguments =
        new IValue[] {
          new IValue(table),
          new IValue(batch.indices()),
          new IValue(batch.offsets()),
          new IValue(false),
          new IValue((long) SUM),
          new IValue(false),
          weights.defined() ? new IValue(weights) : none,
          none,
          new IValue(false)
        };
  }

  @Override
  public void run() {
    batch.advance();
    call();
    stack.clear();
  }

  @Override
  public void publish() {
    call();
    try (Tensor result = stack.get(0).toTensor()) {
      out.copy_(result);
    }
    stack.clear();
  }

  private void call() {
    for (IValue argument : arguments) {
      stack.push_back(argument);
    }
    operator.callBoxed(stack);
  }
}
