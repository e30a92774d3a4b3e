package dev.lanewise.bench.embedding.report;

import dev.lanewise.bench.embedding.cases.Data;
import dev.lanewise.bench.embedding.cases.EmbeddingCase;
import dev.lanewise.bench.embedding.engine.Contenders;
import dev.lanewise.bench.engine.Contender;
import dev.lanewise.bench.machine.Limits;
import dev.lanewise.bench.report.Chart;
import dev.lanewise.bench.report.Facts;
import dev.lanewise.bench.report.Figures;
import dev.lanewise.bench.report.Formats;
import dev.lanewise.bench.report.Measurement;
import dev.lanewise.bench.report.Report;
import java.util.ArrayList;
import java.util.List;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;
import org.knowm.xchart.style.Styler.ChartTheme;

/** The embedding suite's page. */
public final class EmbeddingReport extends Report<EmbeddingCase> {
  /**
   * @param figures what was measured
   * @param limits what the core can do, which is also among the facts
   * @param facts what the figures depend on
   */
  public EmbeddingReport(Figures<EmbeddingCase> figures, Limits limits, Facts facts) {
    super("embedding", figures, Contenders.all(), facts);
  }

  @Override
  protected String introduction() {
    return "# Embeddings, beside the peers\n\nOne thread; medians of the time that the thread was"
        + " running. A ratio above 1 means that Lanewise is faster. Batches of row numbers come"
        + " from a ring, so that a table beyond the caches stays there. Each result was checked"
        + " against the definition. The loops in C are no peer: they check nothing, and show what"
        + " the memory allows.";
  }

  @Override
  protected String units(String group) {
    return "Time of a call; (10^6 rows of the table a second).";
  }

  @Override
  protected String cell(Measurement<EmbeddingCase> measurement) {
    return Formats.time(measurement.nanos())
        + " ("
        + Formats.digits(measurement.rate().orElseThrow())
        + ")";
  }

  @Override
  protected List<Chart> charts() {
    return figures().groups().stream().map(this::rates).toList();
  }

  private Chart rates(String group) {
    String title = "10^6 rows a second: " + group;
    List<EmbeddingCase> cases = figures().casesOf(group);
    List<String> names = cases.stream().map(EmbeddingCase::name).toList();
    CategoryChart chart =
        new CategoryChartBuilder()
            .width(Math.max(600, 200 + 60 * names.size()))
            .height(500)
            .theme(ChartTheme.Matlab)
            .title(title)
            .build();
    chart.getStyler().setXAxisLabelRotation(45);
    for (Contender<EmbeddingCase, Data> contender : figures().contenders(Contenders.all(), cases)) {
      List<Double> rates = new ArrayList<>();
      for (EmbeddingCase asked : cases) {
        rates.add(
            figures()
                .of(asked.name(), contender.name())
                .map(measurement -> measurement.rate().orElseThrow())
                .orElse(0.0));
      }
      chart.addSeries(contender.name(), names, rates);
    }
    return new Chart(title, "embedding-" + group.replace(' ', '-') + ".svg", chart);
  }
}
