package dev.lanewise.bench.embedding.engine;

import dev.lanewise.bench.embedding.cases.Data;
import dev.lanewise.bench.embedding.cases.EmbeddingCase;
import dev.lanewise.bench.embedding.cases.TableFormat;
import dev.lanewise.bench.embedding.cases.Task;
import dev.lanewise.bench.engine.Engine;
import dev.lanewise.bench.engine.Libtorch;
import dev.lanewise.bench.engine.Trial;
import dev.lanewise.bench.engine.UntrackedWork;
import dev.lanewise.bench.engine.Work;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.InferenceMode;
import org.bytedeco.pytorch.T_TensorTensorTensorTensor_T;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** libtorch by its C++ interface; of calls that do the same, the quickest. */
final class LibtorchEngine implements Engine<EmbeddingCase, Data> {
  @Override
  public boolean supports(EmbeddingCase asked) {
    return true;
  }

  @Override
  public Work prepare(EmbeddingCase asked, Data data) {
    Libtorch.useThreads(1);
    InferenceMode untracked = new InferenceMode(true);
    Work work =
        switch (asked.task()) {
          case LOOKUP -> lookup(asked, data);
          case SUM, MEAN, MAX, WEIGHTED_SUM -> bags(asked, data);
          case NEAREST -> nearest(asked, data);
          case SGD, ADAGRAD, ROWWISE_ADAGRAD -> new LibtorchUpdate(asked, data);
        };
    return new UntrackedWork(work, untracked);
  }

  @Override
  public Map<String, String> facts() {
    return Libtorch.facts();
  }

  private static Work lookup(EmbeddingCase asked, Data data) {
    Tensor table = table(asked, data);
    Tensor out = floats(data.output(), asked.results(), asked.dim());
    IndexTensors ints = new IndexTensors(asked, data, IndexTensors.Width.INT32);
    IndexTensors longs = new IndexTensors(asked, data, IndexTensors.Width.INT64);
    return Trial.quickest(List.of(selected(out, table, ints), selected(out, table, longs)));
  }

  private static Work selected(Tensor out, Tensor table, IndexTensors batch) {
    Tensor indices = batch.indices();
    return () -> {
      batch.advance();
      torch.index_select_out(out, table, 0, indices);
    };
  }

  /** All scores into a given matrix, or of one query a vector, then the largest. */
  private static Work nearest(EmbeddingCase asked, Data data) {
    Tensor table = table(asked, data);
    Tensor queries = floats(data.queries(), asked.bags(), asked.dim());
    Tensor scores = floats(data.output(), asked.results(), asked.resultDim());
    Tensor rows = torch.zeros(asked.results(), asked.resultDim()).to(ScalarType.Long);
    Tensor all = torch.empty(asked.bags(), asked.rows());
    Tensor transposed = table.t();
    Work matrix =
        () -> {
          torch.mm_out(all, queries, transposed);
          torch.topk_out(scores, rows, all, asked.resultDim());
        };
    if (asked.bags() > 1) {
      return matrix;
    }
    Tensor query = queries.flatten();
    Tensor flat = all.flatten();
    Work vector =
        () -> {
          torch.mv_out(flat, table, query);
          torch.topk_out(scores, rows, all, asked.resultDim());
        };
    return Trial.quickest(List.of(matrix, vector));
  }

  private static Work bags(EmbeddingCase asked, Data data) {
    if (asked.format() == TableFormat.BFLOAT16) {
      // They are returned as such.
      data.roundResults(TableFormat.BFLOAT16_ROUNDOFF);
    }
    return Trial.quickest(
        Arrays.stream(IndexTensors.Width.values())
            .map(width -> bags(asked, data, new IndexTensors(asked, data, width)))
            .toList());
  }

  private static Work bags(EmbeddingCase asked, Data data, IndexTensors batch) {
    Tensor table = table(asked, data);
    Tensor out = floats(data.output(), asked.results(), asked.dim());
    Tensor weights = weights(asked, data);
    if (asked.format() == TableFormat.INT8) {
      return new LibtorchQuantizedBags(table, batch, weights, out);
    }
    int mode =
        switch (asked.task()) {
          case MEAN -> 1;
          case MAX -> 2;
          default -> 0;
        };
    return new Bags(table, batch, mode, new TensorOptional(weights), out);
  }

  /** The weights, of the table's type unless that is quantised; an undefined tensor if none. */
  private static Tensor weights(EmbeddingCase asked, Data data) {
    if (asked.task() != Task.WEIGHTED_SUM) {
      return new Tensor();
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment memory = arena.allocateFrom(ValueLayout.JAVA_FLOAT, data.weights());
      Tensor weights =
          torch.from_blob(Libtorch.pointer(memory), new long[] {asked.indices()}).clone();
      return asked.format() == TableFormat.BFLOAT16 ? weights.to(ScalarType.BFloat16) : weights;
    }
  }

  static Tensor table(EmbeddingCase asked, Data data) {
    long[] sizes = {asked.rows(), asked.dim()};
    ScalarType type =
        switch (asked.format()) {
          case FLOAT32 -> ScalarType.Float;
          case BFLOAT16 -> ScalarType.BFloat16;
          case INT8 -> {
            sizes[1] = asked.format().rowBytes(asked.dim());
            yield ScalarType.Byte;
          }
        };
    return torch.from_blob(Libtorch.pointer(data.table()), sizes, new TensorOptions(type));
  }

  static Tensor floats(MemorySegment memory, long... sizes) {
    return torch.from_blob(Libtorch.pointer(memory), sizes);
  }

  /** Bags as new tensors, which are freed at once: it is part of the price. */
  private record Bags(
      Tensor table, IndexTensors batch, int mode, TensorOptional weights, Tensor out)
      implements Work {
    @Override
    public void run() {
      batch.advance();
      call().close();
    }

    @Override
    public void publish() {
      try (T_TensorTensorTensorTensor_T results = call()) {
        out.copy_(results.get0());
      }
    }

    private T_TensorTensorTensorTensor_T call() {
      return torch.embedding_bag(
          table, batch.indices(), batch.offsets(), false, mode, false, weights, false);
    }
  }
}
