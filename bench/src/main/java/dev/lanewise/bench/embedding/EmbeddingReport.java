package dev.lanewise.bench.embedding;

import dev.lanewise.bench.report.Chart;
import dev.lanewise.bench.report.Facts;
import dev.lanewise.bench.report.Figures;
import dev.lanewise.bench.report.Formats;
import dev.lanewise.bench.report.Measurement;
import dev.lanewise.bench.report.Report;
import java.util.List;

/** The embedding suite's page. */
final class EmbeddingReport extends Report<EmbeddingCase> {
  EmbeddingReport(Figures<EmbeddingCase> figures, Facts facts) {
    super("embedding", figures, EmbeddingSuite.CONTENDERS, facts);
  }

  @Override
  protected String introduction() {
    return "# Embeddings, beside the peers\n\nOne thread; medians of the time that the thread was"
        + " running. A ratio above 1 means that Lanewise is faster. Each result was checked against"
        + " the definition in double. Each call takes the next batch of a ring.";
  }

  @Override
  protected String units(String group) {
    return "Time of a call; (nanoseconds an index).";
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
    return List.of();
  }
}
