package dev.lanewise.bench.contraction.report;

import dev.lanewise.bench.contraction.cases.ContractionCase;
import dev.lanewise.bench.contraction.engine.Contenders;
import dev.lanewise.bench.machine.Limits;
import dev.lanewise.bench.report.Chart;
import dev.lanewise.bench.report.Facts;
import dev.lanewise.bench.report.Figures;
import dev.lanewise.bench.report.Formats;
import dev.lanewise.bench.report.Measurement;
import dev.lanewise.bench.report.Report;
import java.util.List;

/** The contraction suite's page. */
public final class ContractionReport extends Report<ContractionCase> {
  private final Limits limits;

  /**
   * @param figures what was measured
   * @param limits what the core can do
   * @param facts what the figures depend on
   */
  public ContractionReport(Figures<ContractionCase> figures, Limits limits, Facts facts) {
    super("contraction", figures, Contenders.all(), facts);
    this.limits = limits;
  }

  @Override
  protected String introduction() {
    return "# Contractions, beside the peers\n\nOne thread unless a case says otherwise; medians of"
        + " the time that the thread was running. A ratio above 1 means that Lanewise is faster."
        + " Each result was checked against the definition in double.";
  }

  @Override
  protected String units(String group) {
    return "Time of a call; (GFLOP/s).";
  }

  @Override
  protected String cell(Measurement<ContractionCase> measurement) {
    String text = Formats.time(measurement.nanos());
    return measurement.rate().isPresent()
        ? text + " (" + Formats.digits(measurement.rate().getAsDouble()) + ")"
        : text;
  }

  @Override
  protected List<Chart> charts() {
    return Charts.of(figures(), limits);
  }
}
