package dev.lanewise.bench.contraction;

import dev.lanewise.bench.contraction.cases.ContractionCase;
import dev.lanewise.bench.contraction.cases.ContractionCases;
import dev.lanewise.bench.contraction.cases.Data;
import dev.lanewise.bench.contraction.engine.Contenders;
import dev.lanewise.bench.contraction.report.ContractionReport;
import dev.lanewise.bench.engine.Contender;
import dev.lanewise.bench.machine.Limits;
import dev.lanewise.bench.report.Facts;
import dev.lanewise.bench.report.Figures;
import dev.lanewise.bench.report.Report;
import dev.lanewise.bench.suite.Suite;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The contraction suite. */
@Command(
    name = "contraction",
    mixinStandardHelpOptions = true,
    description = "Runs contractions on Lanewise and its peers.",
    footer = "All other options are JMH's own, such as -f 3 -wi 5 -i 5.")
public final class ContractionSuite extends Suite<ContractionCase, Data> {
  private ContractionSuite() {
    super("contraction", ContractionBenchmark.class);
  }

  /** The program. */
  public static void main(String... arguments) {
    System.exit(new CommandLine(new ContractionSuite()).execute(arguments));
  }

  @Override
  protected List<ContractionCase> cases() {
    return ContractionCases.all();
  }

  @Override
  protected List<Contender<ContractionCase, Data>> contenders() {
    return Contenders.all();
  }

  @Override
  protected Report<ContractionCase> report(
      Figures<ContractionCase> figures, Limits limits, Facts facts) {
    return new ContractionReport(figures, limits, facts);
  }
}
