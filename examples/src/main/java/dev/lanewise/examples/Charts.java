package dev.lanewise.examples;

import dev.lanewise.einsum.Einsum;
import dev.lanewise.embedding.Embedding;
import dev.lanewise.tensor.Tensor;
import java.awt.Color;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.ejml.data.DMatrixRMaj;
import org.ejml.dense.row.factory.DecompositionFactory_DDRM;
import org.ejml.interfaces.decomposition.EigenDecomposition_F64;
import org.knowm.xchart.AnnotationText;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries.XYSeriesRenderStyle;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** The classifier's pictures. */
final class Charts {
  private static final int WORDS_ON_MAP = 80;

  private Charts() {}

  /**
   * Writes a picture and says where it is; a machine without fonts cannot, and gets a hint instead.
   */
  private static String save(XYChart chart, Path file) throws IOException {
    try {
      BitmapEncoder.saveBitmap(chart, file.toString(), BitmapEncoder.BitmapFormat.PNG);
      return file.toAbsolutePath().toString();
    } catch (RuntimeException | LinkageError e) {
      Files.deleteIfExists(file);
      return "not drawn (" + e.getMessage() + "): install fontconfig and a font";
    }
  }

  static String learningCurve(List<TextClassifier.Epoch> curve, Path file) throws IOException {
    XYChart chart =
        new XYChartBuilder()
            .width(900)
            .height(500)
            .title("Learning curve")
            .xAxisTitle("epoch")
            .yAxisTitle("accuracy, %")
            .build();
    double[] epochs = IntStream.rangeClosed(1, curve.size()).asDoubleStream().toArray();
    chart.addSeries(
        "training", epochs, curve.stream().mapToDouble(e -> 100 * e.trainingAccuracy()).toArray());
    chart.addSeries(
        "test", epochs, curve.stream().mapToDouble(e -> 100 * e.testAccuracy()).toArray());
    return save(chart, file);
  }

  /** The most frequent words, each at the two principal components of its row. */
  static String map(Arena arena, Embedding embedding, List<String> words, Path file)
      throws IOException {
    int count = Math.min(WORDS_ON_MAP, words.size() - 1);
    double[][] places =
        principalComponents(arena, embedding.weight().value().slice(0, 1, 1 + count));
    XYChart chart =
        new XYChartBuilder()
            .width(1400)
            .height(900)
            .title("Words by the first two principal components of their embeddings")
            .build();
    chart.getStyler().setLegendVisible(false).setChartBackgroundColor(Color.WHITE);
    chart.getStyler().setDefaultSeriesRenderStyle(XYSeriesRenderStyle.Scatter).setMarkerSize(4);
    chart.addSeries("words", places[0], places[1]).setMarker(SeriesMarkers.CIRCLE);
    for (int i = 0; i < count; i++) {
      chart.addAnnotation(new AnnotationText(words.get(i + 1), places[0][i], places[1][i], false));
    }
    return save(chart, file);
  }

  /** The coordinates of each row along the two directions in which the rows differ most. */
  private static double[][] principalComponents(Arena arena, Tensor rows) {
    int count = (int) rows.size(0);
    int dim = (int) rows.size(1);
    float[] sums = Einsum.einsum(arena, "nd->d", rows).toFloatArray();
    Tensor centered = rows.contiguous(arena);
    for (int i = 0; i < count; i++) {
      for (int d = 0; d < dim; d++) {
        centered.set(rows.get(i, d) - sums[d] / count, i, d);
      }
    }
    Tensor covariance = Einsum.einsum(arena, "nd,ne->de", centered, centered);
    DMatrixRMaj matrix = new DMatrixRMaj(dim, dim);
    for (int i = 0; i < dim; i++) {
      for (int j = 0; j < dim; j++) {
        matrix.set(i, j, covariance.get(i, j));
      }
    }
    EigenDecomposition_F64<DMatrixRMaj> eigen = DecompositionFactory_DDRM.eig(dim, true, true);
    if (!eigen.decompose(matrix)) {
      throw new ArithmeticException("the covariance of the rows has no eigenvectors");
    }
    int[] largest =
        IntStream.range(0, dim)
            .boxed()
            .sorted(
                Comparator.comparingDouble((Integer i) -> eigen.getEigenvalue(i).getReal())
                    .reversed())
            .limit(2)
            .mapToInt(i -> i)
            .toArray();
    double[][] places = new double[2][count];
    for (int axis = 0; axis < 2; axis++) {
      DMatrixRMaj direction = eigen.getEigenVector(largest[axis]);
      for (int i = 0; i < count; i++) {
        for (int d = 0; d < dim; d++) {
          places[axis][i] += centered.get(i, d) * direction.get(d);
        }
      }
    }
    return places;
  }
}
