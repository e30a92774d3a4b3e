package dev.lanewise.verification;

import java.util.ArrayList;
import java.util.Collections;
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

  /**
   * The weighted sum of each bag's rows, padding left out: {@code out[b, :] = sum of weights[i]
   * table[indices[i], :]}.
   *
   * @param table [rows, width]
   * @param bags the bags
   * @param weights a factor for each of {@link BagCase#indices}
   * @return [bags, width], each element with its bound
   */
  public static List<Rounded> weightedBags(DoubleArray table, BagCase bags, double... weights) {
    List<Rounded> out = new ArrayList<>();
    for (int bag = 0; bag < bags.count(); bag++) {
      for (int d = 0; d < table.size(1); d++) {
        List<Rounded> factors = new ArrayList<>();
        List<Rounded> terms = new ArrayList<>();
        for (int position : bags.positionsOf(bag)) {
          factors.add(Rounded.exact(weights[position]));
          terms.add(Rounded.exact(table.at(bags.indices()[position], d)));
        }
        out.add(Rounded.dot(factors, terms));
      }
    }
    return out;
  }

  /**
   * The table's gradient through weighted bags: {@code gradient[indices[i], :] += weights[i] g[b,
   * :]} for each index of each bag.
   *
   * @param rows of the table
   * @param g [bags, width]
   * @param bags the bags
   * @param weights a factor for each of {@link BagCase#indices}
   * @return [rows, width], each element with its bound
   */
  public static List<Rounded> weightedBagsBackward(
      int rows, DoubleArray g, BagCase bags, double... weights) {
    List<Rounded> gradient = new ArrayList<>();
    for (int row = 0; row < rows; row++) {
      for (int d = 0; d < g.size(1); d++) {
        List<Rounded> factors = new ArrayList<>();
        List<Rounded> terms = new ArrayList<>();
        for (int bag = 0; bag < bags.count(); bag++) {
          for (int position : bags.positionsOf(bag)) {
            if (bags.indices()[position] == row) {
              factors.add(Rounded.exact(weights[position]));
              terms.add(Rounded.exact(g.at(bag, d)));
            }
          }
        }
        gradient.add(Rounded.dot(factors, terms));
      }
    }
    return gradient;
  }

  /**
   * The gradient of the weights: {@code table[indices[i], :] . g[b, :]} for each index of each bag,
   * and 0 for padding.
   *
   * @param table [rows, width]
   * @param g [bags, width]
   * @param bags the bags
   * @return one element for each of {@link BagCase#indices}, with its bound
   */
  public static List<Rounded> weightsGradient(DoubleArray table, DoubleArray g, BagCase bags) {
    int[] indices = bags.indices();
    List<Rounded> gradient = new ArrayList<>(Collections.nCopies(indices.length, Rounded.exact(0)));
    for (int bag = 0; bag < bags.count(); bag++) {
      for (int position : bags.positionsOf(bag)) {
        List<Rounded> row = new ArrayList<>();
        List<Rounded> upstream = new ArrayList<>();
        for (int d = 0; d < table.size(1); d++) {
          row.add(Rounded.exact(table.at(indices[position], d)));
          upstream.add(Rounded.exact(g.at(bag, d)));
        }
        gradient.set(position, Rounded.dot(row, upstream));
      }
    }
    return gradient;
  }

  /**
   * The largest number of each column among each bag's rows, padding left out, as {@code Math.max}
   * has it: NaN if there is one, +0 above -0; and 0 of nothing.
   *
   * @param table [rows, width]
   * @param bags the bags
   * @return [bags, width]
   */
  public static DoubleArray largestOfBags(DoubleArray table, BagCase bags) {
    int width = table.size(1);
    DoubleArray out = DoubleArray.zeros(bags.count(), width);
    for (int bag = 0; bag < bags.count(); bag++) {
      List<Integer> rows = bags.rowsOf(bag);
      for (int d = 0; d < width && !rows.isEmpty(); d++) {
        double largest = table.at(rows.getFirst(), d);
        for (int row : rows) {
          largest = Math.max(largest, table.at(row, d));
        }
        out.set(bag * width + d, largest);
      }
    }
    return out;
  }

  /**
   * The table's gradient through the largest of each bag: each number of g goes to the first row
   * that holds its bag's largest number (+0 and -0 are equal here), or the first NaN.
   *
   * @param table [rows, width]
   * @param g [bags, width]
   * @param bags the bags
   * @return [rows, width], each element with the bound of its sum
   */
  public static List<Rounded> largestOfBagsBackward(
      DoubleArray table, DoubleArray g, BagCase bags) {
    int width = table.size(1);
    List<List<Rounded>> terms = new ArrayList<>();
    for (int i = 0; i < table.length(); i++) {
      terms.add(new ArrayList<>());
    }
    DoubleArray largest = largestOfBags(table, bags);
    for (int bag = 0; bag < bags.count(); bag++) {
      for (int d = 0; d < width; d++) {
        double wanted = largest.at(bag, d);
        for (int row : bags.rowsOf(bag)) {
          double x = table.at(row, d);
          if (x == wanted || (Double.isNaN(x) && Double.isNaN(wanted))) {
            terms.get(row * width + d).add(Rounded.exact(g.at(bag, d)));
            break;
          }
        }
      }
    }
    return terms.stream().map(Rounded::sum).toList();
  }
}
