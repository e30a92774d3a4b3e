package dev.lanewise.bench.contraction.cases;

import java.util.ArrayList;
import java.util.List;

/**
 * The cheapest order of a product of matrices, {@code ab,bc,cd->ad}: the classic dynamic programme.
 *
 * @param steps products of two matrices, in an order in which they can be computed
 */
public record MatrixChain(List<Step> steps) {
  /**
   * One product, {@code [rows, inner] x [inner, columns]}. Matrices are numbered: first the
   * operands, then the steps' results, in order.
   *
   * @param left the number of the left matrix
   * @param right the number of the right matrix
   * @param rows its rows
   * @param inner what is summed over
   * @param columns the right matrix's columns
   */
  public record Step(int left, int right, int rows, int inner, int columns) {
    /** The step as a case of its own, a part of another. */
    public ContractionCase asCase(ContractionCase chain) {
      Operand first = Operand.variable(Layout.dense(rows, inner));
      Operand second = Operand.variable(Layout.dense(inner, columns));
      Layout product = Layout.dense(rows, columns);
      return new ContractionCase(
          chain.group(),
          chain.name(),
          "ik,kj->ij",
          List.of(first, second),
          product,
          chain.threads(),
          "");
    }
  }

  /** The order for a case that {@link #isChain} says is one. */
  public static MatrixChain of(ContractionCase contraction) {
    int count = contraction.operands().size();
    int[] sizes = new int[count + 1];
    for (int i = 0; i < count; i++) {
      sizes[i] = contraction.layouts().get(i).sizes()[0];
    }
    sizes[count] = contraction.layouts().getLast().sizes()[1];
    int[][] splits = splits(sizes);
    List<Step> steps = new ArrayList<>();
    emit(0, count - 1, sizes, splits, steps);
    return new MatrixChain(steps);
  }

  /** Whether a case is a product of dense matrices, each with the next. */
  public static boolean isChain(ContractionCase contraction) {
    List<String> inputs = contraction.inputs();
    String ends = "";
    for (int i = 0; i < inputs.size(); i++) {
      String labels = inputs.get(i);
      boolean follows = i == 0 || labels.charAt(0) == inputs.get(i - 1).charAt(1);
      if (labels.length() != 2 || !follows || !contraction.layouts().get(i).isDense()) {
        return false;
      }
    }
    ends += inputs.getFirst().charAt(0);
    ends += inputs.getLast().charAt(1);
    return contraction.outputLabels().equals(ends);
  }

  /** Floating-point operations: two for each multiply-add. */
  public double flops() {
    return steps.stream().mapToDouble(step -> 2.0 * step.rows * step.inner * step.columns).sum();
  }

  private static int[][] splits(int[] sizes) {
    int count = sizes.length - 1;
    double[][] cost = new double[count][count];
    int[][] splits = new int[count][count];
    for (int length = 2; length <= count; length++) {
      for (int first = 0; first + length <= count; first++) {
        int last = first + length - 1;
        cost[first][last] = Double.POSITIVE_INFINITY;
        for (int split = first; split < last; split++) {
          double product = (double) sizes[first] * sizes[split + 1] * sizes[last + 1];
          double total = cost[first][split] + cost[split + 1][last] + product;
          if (total < cost[first][last]) {
            cost[first][last] = total;
            splits[first][last] = split;
          }
        }
      }
    }
    return splits;
  }

  private static int emit(int first, int last, int[] sizes, int[][] splits, List<Step> steps) {
    if (first == last) {
      return first;
    }
    int split = splits[first][last];
    int left = emit(first, split, sizes, splits, steps);
    int right = emit(split + 1, last, sizes, splits, steps);
    steps.add(new Step(left, right, sizes[first], sizes[split + 1], sizes[last + 1]));
    return sizes.length - 1 + steps.size() - 1;
  }
}
