package dev.lanewise.embedding;

import dev.lanewise.verification.BagCase;
import java.util.ArrayList;
import java.util.List;

/**
 * Bags by plain loops over floats in the documented order: what every way to compute them has to
 * give, to the bit.
 *
 * @param bags the bags
 * @param mode how rows become one
 * @param weights a factor for each index; null for none
 * @param table [rows, width]
 * @param width the row length
 */
record BagReference(BagCase bags, BagMode mode, float[] weights, float[] table, int width) {
  /** An index that is not padding: its row, and where it was given. */
  private record Entry(int row, int position) {}

  private List<Entry> entries(int bag) {
    int[] indices = bags.indices();
    int[] offsets = bags.offsets();
    int end = bag + 1 < bags.count() ? offsets[bag + 1] : indices.length;
    List<Entry> entries = new ArrayList<>();
    for (int i = offsets[bag]; i < end; i++) {
      if (indices[i] != bags.paddingIdx()) {
        entries.add(new Entry(indices[i], i));
      }
    }
    return entries;
  }

  /** [bags, width]. */
  float[] forward() {
    float[] out = new float[bags.count() * width];
    for (int bag = 0; bag < bags.count(); bag++) {
      for (int d = 0; d < width; d++) {
        out[bag * width + d] = reduce(entries(bag), d);
      }
    }
    return out;
  }

  private float reduce(List<Entry> entries, int d) {
    if (mode == BagMode.MAX) {
      return entries.stream()
          .map(entry -> table[entry.row * width + d])
          .reduce(Math::max)
          .orElse(0f);
    }
    float sum = 0;
    for (Entry entry : entries) {
      float x = table[entry.row * width + d];
      sum = weights == null ? sum + x : Math.fma(weights[entry.position], x, sum);
    }
    return mode == BagMode.MEAN ? sum / Math.max(entries.size(), 1) : sum;
  }

  /** The first NaN, or the first of the largest; -1 of nothing. */
  private int winner(List<Entry> entries, int d) {
    int winner = -1;
    for (int i = 0; i < entries.size(); i++) {
      float x = table[entries.get(i).row * width + d];
      if (Float.isNaN(x)) {
        return i;
      }
      if (winner < 0 || x > table[entries.get(winner).row * width + d]) {
        winner = i;
      }
    }
    return winner;
  }

  /** What each entry adds to its row, given as [bags, width]: in the order of the batch. */
  private void visit(float[] g, Visitor visitor) {
    for (int bag = 0; bag < bags.count(); bag++) {
      List<Entry> entries = entries(bag);
      for (int i = 0; i < entries.size(); i++) {
        for (int d = 0; d < width; d++) {
          float each = g[bag * width + d];
          if (mode == BagMode.MEAN) {
            each /= entries.size();
          } else if (mode == BagMode.MAX && winner(entries, d) != i) {
            each = 0;
          }
          visitor.visit(entries.get(i), d, each);
        }
      }
    }
  }

  private interface Visitor {
    void visit(Entry entry, int d, float g);
  }

  /** The table's gradient, [rows, width]. */
  float[] backward(float[] g) {
    float[] gradient = new float[table.length];
    visit(
        g,
        (entry, d, each) -> {
          int at = entry.row * width + d;
          gradient[at] =
              weights == null
                  ? gradient[at] + each
                  : Math.fma(weights[entry.position], each, gradient[at]);
        });
    return gradient;
  }

  /** How often each row occurs. */
  int[] counts() {
    int[] counts = new int[bags.numEmbeddings()];
    for (int bag = 0; bag < bags.count(); bag++) {
      entries(bag).forEach(entry -> counts[entry.row]++);
    }
    return counts;
  }
}
