package dev.lanewise.bench.contraction.report;

import dev.lanewise.bench.contraction.cases.ContractionCase;
import dev.lanewise.bench.contraction.cases.Data;
import dev.lanewise.bench.contraction.engine.Contenders;
import dev.lanewise.bench.engine.Contender;
import dev.lanewise.bench.machine.Limits;
import dev.lanewise.bench.report.Chart;
import dev.lanewise.bench.report.Figures;
import java.awt.BasicStroke;
import java.awt.Color;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.Styler.ChartTheme;
import org.knowm.xchart.style.Styler.LegendPosition;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** The report's charts. */
final class Charts {
  private static final String SQUARES = "squares";

  private Charts() {}

  /** The charts that the figures suffice for. */
  static List<Chart> of(Figures<ContractionCase> figures, Limits limits) {
    return figures.casesOf(SQUARES).size() > 1 ? List.of(squares(figures, limits)) : List.of();
  }

  private static Chart squares(Figures<ContractionCase> figures, Limits limits) {
    String title = "n x n x n, GFLOP/s of one core";
    XYChart chart =
        new XYChartBuilder()
            .width(900)
            .height(500)
            .theme(ChartTheme.Matlab)
            .title(title)
            .xAxisTitle("n")
            .build();
    chart.getStyler().setXAxisLogarithmic(true);
    chart.getStyler().setLegendPosition(LegendPosition.OutsideE);
    chart.getStyler().setYAxisMin(0.0);
    List<ContractionCase> cases = figures.casesOf(SQUARES);
    for (Contender<ContractionCase, Data> contender : figures.contenders(Contenders.all(), cases)) {
      List<Double> sizes = new ArrayList<>();
      List<Double> rates = new ArrayList<>();
      for (ContractionCase contraction : cases) {
        figures
            .of(contraction.name(), contender.name())
            .ifPresent(measurement -> {
              sizes.add((double) contraction.output().sizes()[0]);
              rates.add(contraction.flops() / measurement.nanos());
            });
      }
      XYSeries series = chart.addSeries(contender.name(), sizes, rates);
      if (contender.name().equals(Contender.OURS)) {
        series.setLineStyle(new BasicStroke(4f));
      }
    }
    List<Double> sizes =
        cases.stream().map(contraction -> (double) contraction.output().sizes()[0]).toList();
    XYSeries peak =
        chart.addSeries("FMA peak", sizes, Collections.nCopies(sizes.size(), limits.float32()));
    peak.setMarker(SeriesMarkers.NONE);
    peak.setLineColor(Color.GRAY);
    return new Chart(title, "contraction-squares.svg", chart);
  }
}
