package dev.lanewise.bench.embedding.engine;

import dev.lanewise.bench.embedding.cases.Batches;
import dev.lanewise.bench.embedding.cases.Data;
import dev.lanewise.bench.embedding.cases.EmbeddingCase;
import dev.lanewise.bench.embedding.cases.TableFormat;
import dev.lanewise.bench.embedding.cases.Task;
import dev.lanewise.bench.engine.Engine;
import dev.lanewise.bench.engine.Work;
import dev.lanewise.embedding.BagMode;
import dev.lanewise.embedding.Embedding;
import dev.lanewise.embedding.EmbeddingBag;
import dev.lanewise.embedding.NearestRows;
import dev.lanewise.embedding.Similarity;
import dev.lanewise.optim.Adagrad;
import dev.lanewise.optim.FusedUpdate;
import dev.lanewise.optim.Optimizer;
import dev.lanewise.optim.RowwiseAdagrad;
import dev.lanewise.optim.Sgd;
import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Parameter;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Map;

/** This project's engine. */
final class LanewiseEngine implements Engine<EmbeddingCase, Data> {
  /** How an update is done. */
  enum Way {
    /** Backward pass and step in one; all that is no update. */
    FUSED,
    /** A sparse gradient first, then the optimizer's step. */
    TWO_STEPS
  }

  /** Chooses the chances by which weights of 16 bits are rounded. */
  private static final long ROUNDING_SEED = 42;

  private final Way way;

  LanewiseEngine(Way way) {
    this.way = way;
  }

  @Override
  public boolean supports(EmbeddingCase asked) {
    return way == Way.FUSED || asked.task().updates();
  }

  @Override
  public Work prepare(EmbeddingCase asked, Data data) {
    return switch (asked.task()) {
      case LOOKUP -> lookup(asked, data);
      case SUM, MEAN, MAX, WEIGHTED_SUM -> bags(asked, data);
      case NEAREST -> nearest(asked, data);
      case SGD, ADAGRAD, ROWWISE_ADAGRAD -> update(asked, data);
    };
  }

  @Override
  public Map<String, String> facts() {
    return Map.of();
  }

  private static Work lookup(EmbeddingCase asked, Data data) {
    Embedding embedding = embedding(asked, data);
    Tensor out = floats(data.output(), asked);
    int[] indices = new int[asked.indices()];
    Batches batches = data.batches();
    return () -> {
      batches.advance();
      batches.copyTo(indices);
      embedding.forward(indices, out);
    };
  }

  private static Work bags(EmbeddingCase asked, Data data) {
    BagMode mode =
        switch (asked.task()) {
          case MEAN -> BagMode.MEAN;
          case MAX -> BagMode.MAX;
          default -> BagMode.SUM;
        };
    EmbeddingBag bag = EmbeddingBag.of(embedding(asked, data), mode);
    Tensor out = floats(data.output(), asked);
    int[] indices = new int[asked.indices()];
    int[] offsets = new int[asked.bags()];
    float[] weights = data.weights();
    Batches batches = data.batches();
    if (asked.task() == Task.WEIGHTED_SUM) {
      return () -> {
        batches.advance();
        batches.copyTo(indices);
        batches.copyOffsetsTo(offsets);
        bag.forward(indices, offsets, weights, out);
      };
    }
    return () -> {
      batches.advance();
      batches.copyTo(indices);
      batches.copyOffsetsTo(offsets);
      bag.forward(indices, offsets, out);
    };
  }

  private static Work nearest(EmbeddingCase asked, Data data) {
    NearestRows search = NearestRows.of(embedding(asked, data), Similarity.DOT, Task.NEAREST_ROWS);
    Tensor queries =
        Tensor.wrap(data.queries(), DType.FLOAT32, Shape.of(asked.bags(), asked.dim()));
    Tensor scores = floats(data.output(), asked);
    Tensor rows = Tensor.allocate(Arena.ofAuto(), DType.INT64, scores.shape());
    return () -> search.search(queries, rows, scores);
  }

  private Work update(EmbeddingCase asked, Data data) {
    Parameter weight = Parameter.trainable(Arena.ofAuto(), table(asked, data));
    Embedding embedding = Embedding.of(weight).withSparseGradient();
    Optimizer optimizer =
        switch (asked.task()) {
          case SGD -> Sgd.of(Task.LEARNING_RATE, weight);
          case ADAGRAD -> Adagrad.of(Task.LEARNING_RATE, weight);
          default -> RowwiseAdagrad.of(Task.LEARNING_RATE, weight);
        };
    optimizer.setRoundingSeed(ROUNDING_SEED);
    Tensor gradient = floats(data.gradient(), asked);
    int[] indices = new int[asked.indices()];
    Batches batches = data.batches();
    if (way == Way.TWO_STEPS) {
      return () -> {
        batches.advance();
        batches.copyTo(indices);
        embedding.backward(indices, gradient);
        optimizer.step();
        optimizer.zeroGrad();
      };
    }
    FusedUpdate fused = optimizer.fused(embedding);
    return () -> {
      batches.advance();
      batches.copyTo(indices);
      fused.backward(indices, gradient);
    };
  }

  private static Embedding embedding(EmbeddingCase asked, Data data) {
    if (asked.format() == TableFormat.INT8) {
      Shape shape = Shape.of(asked.rows(), asked.format().rowBytes(asked.dim()));
      return Embedding.fromQuantized(Tensor.wrap(data.table(), DType.UINT8, shape));
    }
    return Embedding.fromPretrained(table(asked, data));
  }

  /** A table of float32 or bfloat16. */
  private static Tensor table(EmbeddingCase asked, Data data) {
    DType type = asked.format() == TableFormat.FLOAT32 ? DType.FLOAT32 : DType.BFLOAT16;
    return Tensor.wrap(data.table(), type, Shape.of(asked.rows(), asked.dim()));
  }

  private static Tensor floats(MemorySegment memory, EmbeddingCase asked) {
    return Tensor.wrap(memory, DType.FLOAT32, Shape.of(asked.results(), asked.resultDim()));
  }
}
