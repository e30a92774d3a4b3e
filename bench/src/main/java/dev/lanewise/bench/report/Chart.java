package dev.lanewise.bench.report;

import java.awt.Color;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;
import org.knowm.xchart.CategorySeries;
import org.knowm.xchart.CategorySeries.CategorySeriesRenderStyle;
import org.knowm.xchart.VectorGraphicsEncoder;
import org.knowm.xchart.VectorGraphicsEncoder.VectorGraphicsFormat;
import org.knowm.xchart.style.Styler.ChartTheme;
import org.knowm.xchart.style.markers.SeriesMarkers;

/**
 * A chart as a file.
 *
 * @param title what it shows
 * @param fileName where, beside the page
 * @param content the chart
 */
public record Chart(
    String title, String fileName, org.knowm.xchart.internal.chartpart.Chart<?, ?> content) {
  void write(Path folder) throws IOException {
    VectorGraphicsEncoder.saveVectorGraphic(
        content, folder.resolve(fileName).toString(), VectorGraphicsFormat.SVG);
  }

  /**
   * Our engine's ratio to the best peer in every case that has both.
   *
   * @return the chart; nothing if there is no such case
   */
  static Optional<Chart> ofRatios(Figures<?> figures, String fileName) {
    List<String> names = new ArrayList<>();
    List<Double> ratios = new ArrayList<>();
    figures
        .ratiosToBest()
        .forEach((name, ratio) -> {
          names.add(name);
          ratios.add(ratio);
        });
    return names.isEmpty() ? Optional.empty() : Optional.of(ratios(names, ratios, fileName));
  }

  private static Chart ratios(List<String> names, List<Double> ratios, String fileName) {
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
    return new Chart(title, fileName, chart);
  }
}
