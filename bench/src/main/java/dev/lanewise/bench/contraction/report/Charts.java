package dev.lanewise.bench.contraction.report;

import dev.lanewise.bench.contraction.cases.ContractionCase;
import dev.lanewise.bench.contraction.engine.Contender;
import dev.lanewise.bench.contraction.engine.Contenders;
import dev.lanewise.bench.machine.Limits;
import java.awt.BasicStroke;
import java.awt.Color;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;
import org.knowm.xchart.CategorySeries;
import org.knowm.xchart.CategorySeries.CategorySeriesRenderStyle;
import org.knowm.xchart.VectorGraphicsEncoder;
import org.knowm.xchart.VectorGraphicsEncoder.VectorGraphicsFormat;
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

  /**
   * A chart as a file.
   *
   * @param title what it shows
   * @param fileName where, beside the page
   * @param content the chart
   */
  record Chart(
      String title, String fileName, org.knowm.xchart.internal.chartpart.Chart<?, ?> content) {
    void write(Path folder) throws IOException {
      VectorGraphicsEncoder.saveVectorGraphic(
          content, folder.resolve(fileName).toString(), VectorGraphicsFormat.SVG);
    }
  }

  /** The charts that the figures suffice for. */
  static List<Chart> of(Figures figures, Limits limits) {
    List<Chart> charts = new ArrayList<>();
    if (figures.casesOf(SQUARES).size() > 1) {
      charts.add(squares(figures, limits));
    }
    List<String> names = new ArrayList<>();
    List<Double> ratios = new ArrayList<>();
    for (ContractionCase contraction : figures.cases()) {
      Optional<Measurement> ours = figures.of(contraction.name(), Figures.OURS);
      OptionalDouble ratio = ours.map(figures::ratioToBest).orElse(OptionalDouble.empty());
      if (ratio.isPresent()) {
        names.add(contraction.name());
        ratios.add(ratio.getAsDouble());
      }
    }
    if (!ratios.isEmpty()) {
      charts.add(ratios(names, ratios));
    }
    return charts;
  }

  private static Chart squares(Figures figures, Limits limits) {
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
    for (Contender contender : figures.contenders(Contenders.all(), cases)) {
      List<Double> sizes = new ArrayList<>();
      List<Double> rates = new ArrayList<>();
      for (ContractionCase contraction : cases) {
        figures
            .of(contraction.name(), contender.name())
            .ifPresent(measurement -> {
              sizes.add((double) contraction.output().sizes()[0]);
              rates.add(measurement.gigaflops());
            });
      }
      XYSeries series = chart.addSeries(contender.name(), sizes, rates);
      if (contender.name().equals(Figures.OURS)) {
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

  private static Chart ratios(List<String> names, List<Double> ratios) {
    String title = "Lanewise, times as fast as the best peer";
    CategoryChart chart =
        new CategoryChartBuilder()
            .width(Math.max(500, 120 + 18 * names.size()))
            .height(500)
            .theme(ChartTheme.Matlab)
            .title(title)
            .build();
    chart.getStyler().setLegendVisible(false);
    chart.getStyler().setXAxisLabelRotation(90);
    chart.getStyler().setOverlapped(true);
    chart.addSeries("ratio", names, ratios);
    CategorySeries even = chart.addSeries("as fast", names, Collections.nCopies(names.size(), 1.0));
    even.setChartCategorySeriesRenderStyle(CategorySeriesRenderStyle.Line);
    even.setMarker(SeriesMarkers.NONE);
    even.setLineColor(Color.RED);
    return new Chart(title, "contraction-ratios.svg", chart);
  }
}
