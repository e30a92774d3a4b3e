package dev.lanewise.bench.embedding;

import dev.lanewise.bench.embedding.EmbeddingCase.Operation;
import dev.lanewise.bench.embedding.EmbeddingData.Batch;
import java.lang.foreign.ValueLayout;

/** The definition, in double, that every engine's result is held to. */
final class EmbeddingReference {
  private EmbeddingReference() {}

  /**
   * Checks the result of the last call. Lookups and maxima are exact. A sum of n products in any
   * order is off by at most n u / (1 - n u) times the sum of the products' magnitudes, u = 2^-24; a
   * mean takes two roundings more.
   *
   * @throws AssertionError if an element is outside its bound
   */
  static void check(EmbeddingCase asked, EmbeddingData data) {
    Batch batch = data.last();
    for (int bag = 0; bag < asked.outputs(); bag++) {
      int from = batch.offsets()[bag];
      int to = bag + 1 < asked.outputs() ? batch.offsets()[bag + 1] : batch.indices().length;
      for (int column = 0; column < asked.dim(); column++) {
        checkElement(asked, data, bag, from, to, column);
      }
    }
  }

  private static void checkElement(
      EmbeddingCase asked, EmbeddingData data, int bag, int from, int to, int column) {
    Batch batch = data.last();
    double sum = 0;
    double magnitudes = 0;
    double largest = from == to ? 0 : Double.NEGATIVE_INFINITY;
    for (int i = from; i < to; i++) {
      long at = (long) batch.indices()[i] * asked.dim() + column;
      double value = data.table.segment().getAtIndex(ValueLayout.JAVA_FLOAT, at);
      double term =
          asked.operation() == Operation.WEIGHTED_SUM ? value * batch.weights()[i] : value;
      sum += term;
      magnitudes += Math.abs(term);
      largest = Math.max(largest, value);
    }
    int count = to - from;
    double roundings = (count + 2) * 0x1p-24;
    double bound = roundings / (1 - roundings) * magnitudes;
    double expected =
        switch (asked.operation()) {
          case LOOKUP, SUM, WEIGHTED_SUM -> sum;
          case MEAN -> sum / Math.max(count, 1);
          case MAX -> largest;
        };
    double allowed =
        switch (asked.operation()) {
          case LOOKUP, MAX -> 0;
          case SUM, WEIGHTED_SUM -> bound;
          case MEAN -> bound / Math.max(count, 1);
        };
    double got =
        data.out.segment().getAtIndex(ValueLayout.JAVA_FLOAT, (long) bag * asked.dim() + column);
    if (!(Math.abs(got - expected) <= allowed)) {
      throw new AssertionError(
          "out[" + bag + ", " + column + "]: expected " + expected + " +- " + allowed + ", got "
              + got);
    }
  }
}
