package dev.lanewise.bench.contraction;

import dev.lanewise.bench.contraction.cases.ContractionCase;
import dev.lanewise.bench.contraction.cases.ContractionCases;
import dev.lanewise.bench.contraction.cases.Data;
import dev.lanewise.bench.contraction.cases.Reference;
import dev.lanewise.bench.contraction.engine.Contenders;
import dev.lanewise.bench.engine.Contender;
import dev.lanewise.bench.suite.PairBenchmark;
import java.lang.foreign.Arena;
import java.util.List;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** One contraction on one engine. */
@State(Scope.Thread)
public class ContractionBenchmark extends PairBenchmark<ContractionCase, Data> {
  @Override
  protected List<ContractionCase> cases() {
    return ContractionCases.all();
  }

  @Override
  protected List<Contender<ContractionCase, Data>> contenders() {
    return Contenders.all();
  }

  @Override
  protected Data data(
      ContractionCase asked, Contender<ContractionCase, Data> contender, Arena memory) {
    return Data.of(asked, memory);
  }

  @Override
  protected void restore(Data data) {
    data.poisonOutput();
  }

  @Override
  protected void check(ContractionCase asked, Data data) {
    Reference.check(asked, data);
  }
}
