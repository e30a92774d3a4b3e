package dev.lanewise.bench.embedding;

import dev.lanewise.bench.embedding.EmbeddingCase.Operation;
import dev.lanewise.bench.embedding.EmbeddingData.Batch;
import dev.lanewise.bench.engine.Engine;
import dev.lanewise.bench.engine.Work;
import dev.lanewise.embedding.BagMode;
import dev.lanewise.embedding.Embedding;
import dev.lanewise.embedding.EmbeddingBag;
import java.util.Map;

/** This project's engine, by its calls that take arrays. */
final class LanewiseEngine implements Engine<EmbeddingCase, EmbeddingData> {
  @Override
  public boolean supports(EmbeddingCase asked) {
    return true;
  }

  @Override
  public Work prepare(EmbeddingCase asked, EmbeddingData data) {
    Embedding embedding = Embedding.fromPretrained(data.table);
    Batch[] batches = data.batches.toArray(Batch[]::new);
    if (asked.operation() == Operation.LOOKUP) {
      return () -> embedding.forward(batches[data.next()].indices(), data.out);
    }
    BagMode mode =
        switch (asked.operation()) {
          case MEAN -> BagMode.MEAN;
          case MAX -> BagMode.MAX;
          default -> BagMode.SUM;
        };
    EmbeddingBag bag = EmbeddingBag.of(embedding, mode);
    if (asked.operation() == Operation.WEIGHTED_SUM) {
      return () -> {
        Batch batch = batches[data.next()];
        bag.forward(batch.indices(), batch.offsets(), batch.weights(), data.out);
      };
    }
    return () -> {
      Batch batch = batches[data.next()];
      bag.forward(batch.indices(), batch.offsets(), data.out);
    };
  }

  @Override
  public Map<String, String> facts() {
    return Map.of();
  }
}
