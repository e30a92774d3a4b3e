package dev.lanewise.bench.embedding;

import dev.lanewise.bench.embedding.cases.Data;
import dev.lanewise.bench.embedding.cases.EmbeddingCase;
import dev.lanewise.bench.embedding.cases.EmbeddingCases;
import dev.lanewise.bench.embedding.cases.Reference;
import dev.lanewise.bench.embedding.engine.Contenders;
import dev.lanewise.bench.engine.Contender;
import dev.lanewise.bench.suite.PairBenchmark;
import java.lang.foreign.Arena;
import java.util.List;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** One case on one engine. */
@State(Scope.Thread)
public class EmbeddingBenchmark extends PairBenchmark<EmbeddingCase, Data> {
  @Override
  protected List<EmbeddingCase> cases() {
    return EmbeddingCases.all();
  }

  @Override
  protected List<Contender<EmbeddingCase, Data>> contenders() {
    return Contenders.all();
  }

  @Override
  protected Data data(EmbeddingCase asked, Contender<EmbeddingCase, Data> contender, Arena memory) {
    return Data.of(asked, memory);
  }

  @Override
  protected void restore(Data data) {
    data.restore();
  }

  @Override
  protected void check(EmbeddingCase asked, Data data) {
    Reference.check(asked, data);
  }
}
