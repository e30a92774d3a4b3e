package dev.lanewise.bench.embedding;

import dev.lanewise.bench.embedding.EmbeddingCase.Operation;
import dev.lanewise.bench.embedding.EmbeddingData.Batch;
import dev.lanewise.bench.engine.Engine;
import dev.lanewise.bench.engine.Libtorch;
import dev.lanewise.bench.engine.Trial;
import dev.lanewise.bench.engine.Work;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.InferenceMode;
import org.bytedeco.pytorch.T_TensorTensorTensorTensor_T;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/** libtorch by its C++ interface, with int64 indices; the table and the output are views. */
final class LibtorchEngine implements Engine<EmbeddingCase, EmbeddingData> {
  @Override
  public boolean supports(EmbeddingCase asked) {
    return true;
  }

  @Override
  public Work prepare(EmbeddingCase asked, EmbeddingData data) {
    Libtorch.useThreads(1);
    InferenceMode untracked = new InferenceMode(true);
    Tensor table = view(data.table);
    Tensor out = view(data.out);
    Tensor[] indices =
        data.batches.stream().map(batch -> longs(batch.indices())).toArray(Tensor[]::new);
    if (asked.operation() == Operation.LOOKUP) {
      return new Guarded(
          Trial.quickest(
              List.of(
                  () -> torch.index_select_out(out, table, 0, indices[data.next()]),
                  () -> torch.embedding_out(out, table, indices[data.next()]))),
          untracked);
    }
    Tensor[] offsets =
        data.batches.stream().map(batch -> longs(batch.offsets())).toArray(Tensor[]::new);
    TensorOptional[] weights =
        data.batches.stream().map(LibtorchEngine::weights).toArray(TensorOptional[]::new);
    long mode =
        switch (asked.operation()) {
          case MEAN -> 1;
          case MAX -> 2;
          default -> 0;
        };
    return new Bags(table, out, indices, offsets, weights, mode, data, untracked);
  }

  @Override
  public Map<String, String> facts() {
    return Libtorch.facts();
  }

  private static Tensor view(dev.lanewise.tensor.Tensor tensor) {
    return torch.from_blob(Libtorch.pointer(tensor.segment()), tensor.size(0), tensor.size(1));
  }

  private static Tensor longs(int[] values) {
    return torch.tensor(Arrays.stream(values).asLongStream().toArray());
  }

  private static TensorOptional weights(Batch batch) {
    float[] weights = batch.weights();
    return weights.length == 0 ? new TensorOptional() : new TensorOptional(torch.tensor(weights));
  }

  /** Bags, which come as new tensors, freed at once: that is part of the price. */
  private record Bags(
      Tensor table,
      Tensor out,
      Tensor[] indices,
      Tensor[] offsets,
      TensorOptional[] weights,
      long mode,
      EmbeddingData data,
      InferenceMode untracked)
      implements Work {
    @Override
    public void run() {
      reduce(data.next()).close();
    }

    @Override
    public void publish() {
      try (T_TensorTensorTensorTensor_T result = reduce(data.lastIndex())) {
        out.copy_(result.get0());
      }
    }

    private T_TensorTensorTensorTensor_T reduce(int batch) {
      return torch.embedding_bag(
          table, indices[batch], offsets[batch], false, mode, false, weights[batch], false);
    }
  }

  /** Work while gradients are off, which they are for as long as the guard exists. */
  private record Guarded(Work work, InferenceMode untracked) implements Work {
    @Override
    public void run() {
      work.run();
    }
  }
}
