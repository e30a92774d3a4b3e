package dev.lanewise.bench.embedding;

import dev.lanewise.bench.embedding.cases.Data;
import dev.lanewise.bench.embedding.cases.EmbeddingCase;
import dev.lanewise.bench.embedding.cases.EmbeddingCases;
import dev.lanewise.bench.embedding.engine.Contenders;
import dev.lanewise.bench.embedding.report.EmbeddingReport;
import dev.lanewise.bench.engine.Contender;
import dev.lanewise.bench.machine.Limits;
import dev.lanewise.bench.report.Facts;
import dev.lanewise.bench.report.Figures;
import dev.lanewise.bench.report.Report;
import dev.lanewise.bench.suite.Suite;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The embedding suite. */
@Command(
    name = "embedding",
    mixinStandardHelpOptions = true,
    description = "Runs lookups, bags and updates of tables on Lanewise and its peers.",
    footer = "All other options are JMH's own, such as -f 3 -wi 5 -i 5.")
public final class EmbeddingSuite extends Suite<EmbeddingCase, Data> {
  private EmbeddingSuite() {
    super("embedding", EmbeddingBenchmark.class);
  }

  /** The program. */
  public static void main(String... arguments) {
    System.exit(new CommandLine(new EmbeddingSuite()).execute(arguments));
  }

  @Override
  protected List<EmbeddingCase> cases() {
    return EmbeddingCases.all();
  }

  @Override
  protected List<Contender<EmbeddingCase, Data>> contenders() {
    return Contenders.all();
  }

  @Override
  protected Report<EmbeddingCase> report(
      Figures<EmbeddingCase> figures, Limits limits, Facts facts) {
    return new EmbeddingReport(figures, limits, facts);
  }
}
