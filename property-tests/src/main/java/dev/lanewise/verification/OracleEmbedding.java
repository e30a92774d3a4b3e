package dev.lanewise.verification;

import java.util.ArrayList;
import java.util.List;

/**
 * Embedding lookup and bags by their definition, in double. A paddingIdx of -1 means that there is
 * none.
 */
public final class OracleEmbedding {
  private OracleEmbedding() {}

  /**
   * {@code out[i, :] = table[indices[i], :]}.
   *
   * @param table [rows, width]
   * @param indices each from 0 to rows - 1
   * @return [indices.length, width]
   */
  public static DoubleArray forward(DoubleArray table, int... indices) {
    int width = table.size(1);
    DoubleArray out = DoubleArray.zeros(indices.length, width);
    for (int i = 0; i < indices.length; i++) {
      for (int d = 0; d < width; d++) {
        out.set(i * width + d, table.at(indices[i], d));
      }
    }
    return out;
  }

  /**
   * The table's gradient: {@code gradient[indices[i], :] += g[i, :]}, padding left out.
   *
   * @param rows of the table
   * @param paddingIdx the padding row or -1
   * @param g [indices.length, width]
   * @param indices each from 0 to rows - 1
   * @return [rows, width], each element with the bound of its sum
   */
  public static List<Rounded> backward(int rows, int paddingIdx, DoubleArray g, int... indices) {
    int width = g.size(1);
    List<Rounded> gradient = new ArrayList<>();
    for (int row = 0; row < rows; row++) {
      for (int d = 0; d < width; d++) {
        List<Rounded> terms = new ArrayList<>();
        for (int i = 0; i < indices.length; i++) {
          if (indices[i] == row && row != paddingIdx) {
            terms.add(Rounded.exact(g.at(i, d)));
          }
        }
        gradient.add(Rounded.sum(terms));
      }
    }
    return gradient;
  }

  /**
   * The sum of each bag's rows, or their mean, padding left out; nothing gives 0.
   *
   * @param table [rows, width]
   * @param bags the bags
   * @param mean whether sums are divided by the number of rows that are not padding
   * @return [bags, width], each element with its bound
   */
  public static List<Rounded> bags(DoubleArray table, BagCase bags, boolean mean) {
    List<Rounded> out = new ArrayList<>();
    for (int bag = 0; bag < bags.count(); bag++) {
      List<Integer> rows = bags.rowsOf(bag);
      for (int d = 0; d < table.size(1); d++) {
        List<Rounded> terms = new ArrayList<>();
        for (int row : rows) {
          terms.add(Rounded.exact(table.at(row, d)));
        }
        Rounded sum = Rounded.sum(terms);
        out.add(mean ? sum.dividedBy(Rounded.exact(Math.max(rows.size(), 1))) : sum);
      }
    }
    return out;
  }

  /**
   * The table's gradient through bags: {@code gradient[row, :] += g[b, :] / divisor} for each row
   * of each bag.
   *
   * @param rows of the table
   * @param g [bags, width]
   * @param bags the bags
   * @param mean whether the divisor is the number of rows that are not padding, or 1
   * @return [rows, width], each element with its bound
   */
  public static List<Rounded> bagsBackward(int rows, DoubleArray g, BagCase bags, boolean mean) {
    List<List<Rounded>> terms = new ArrayList<>();
    for (int i = 0; i < rows * g.size(1); i++) {
      terms.add(new ArrayList<>());
    }
    for (int bag = 0; bag < bags.count(); bag++) {
      List<Integer> members = bags.rowsOf(bag);
      for (int row : members) {
        for (int d = 0; d < g.size(1); d++) {
          Rounded each = Rounded.exact(g.at(bag, d));
          terms
              .get(row * g.size(1) + d)
              .add(mean ? each.dividedBy(Rounded.exact(members.size())) : each);
        }
      }
    }
    return terms.stream().map(Rounded::sum).toList();
  }
}
