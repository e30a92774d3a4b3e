package dev.lanewise.verification;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * einsum by its definition: loops over all positions of all labels, one product at a time, with
 * twice the precision of double, and rounded to double.
 *
 * <p>{@code out[output labels] = sum over the other labels of a[...] b[...] ...}. A label's size is
 * the largest over all axes that carry it; an axis of size 1 is repeated. An ellipsis stands for
 * labels of its own, aligned at the right. Equations have an explicit output: {@code "ik,kj->ij"}.
 */
public final class OracleEinsum {
  private final List<String> labels = new ArrayList<>();

  /** The label of each axis of each operand. */
  private final int[][] operands;

  private final int[] output;
  private final int[] sizes;
  private final DoubleArray[] arrays;

  private OracleEinsum(String equation, DoubleArray... arrays) {
    int arrow = equation.indexOf("->");
    String[] texts = equation.substring(0, arrow).split(",", -1);
    this.arrays = arrays;
    this.operands = new int[texts.length][];
    int longestEllipsis = 0;
    for (int operand = 0; operand < texts.length; operand++) {
      int letters = texts[operand].replace("...", "").length();
      int ellipsis = arrays[operand].rank() - letters;
      longestEllipsis = Math.max(longestEllipsis, ellipsis);
      operands[operand] = numbered(texts[operand], ellipsis);
    }
    this.output = numbered(equation.substring(arrow + 2), longestEllipsis);
    this.sizes = new int[labels.size()];
    Arrays.fill(sizes, 1);
    for (int operand = 0; operand < operands.length; operand++) {
      for (int axis = 0; axis < operands[operand].length; axis++) {
        int label = operands[operand][axis];
        int size = arrays[operand].size(axis);
        sizes[label] = size == 1 ? sizes[label] : size;
      }
    }
  }

  /**
   * The labels of a text; the last dimension of an ellipsis is called ".1", the one before ".2".
   */
  private int[] numbered(String text, int ellipsisRank) {
    List<String> names = new ArrayList<>();
    for (int at = 0; at < text.length(); at++) {
      if (text.charAt(at) != '.') {
        names.add(text.substring(at, at + 1));
        continue;
      }
      for (int fromRight = ellipsisRank; fromRight > 0; fromRight--) {
        names.add("." + fromRight);
      }
      at += 2;
    }
    for (String name : names) {
      if (!labels.contains(name)) {
        labels.add(name);
      }
    }
    return names.stream().mapToInt(labels::indexOf).toArray();
  }

  /**
   * Contracts operands.
   *
   * @param equation with explicit output
   * @param operands as many as the equation has
   * @return each element's sum, and what bounds the error of a float32 computation of it; for
   *     float64, see {@link Estimate#in}
   */
  public static Estimate contract(String equation, DoubleArray... operands) {
    OracleEinsum definition = new OracleEinsum(equation, operands);
    return definition.estimate(
        definition.output, definition.outputSizes(), -1, DoubleArray.zeros());
  }

  /**
   * The gradient of an operand: {@code sum of outputGradient times the other operands}, over all
   * positions at which the operand's element entered.
   *
   * @param equation with explicit output
   * @param operand from 0
   * @param outputGradient of the output's sizes
   * @param operands as many as the equation has; that of the gradient gives its sizes only
   * @return of the operand's sizes
   */
  public static Estimate gradient(
      String equation, int operand, DoubleArray outputGradient, DoubleArray... operands) {
    OracleEinsum definition = new OracleEinsum(equation, operands);
    DoubleArray target = operands[operand];
    int[] targetSizes = new int[target.rank()];
    Arrays.setAll(targetSizes, target::size);
    return definition.estimate(definition.operands[operand], targetSizes, operand, outputGradient);
  }

  /**
   * The sums over all positions of the products of all operands.
   *
   * @param result the labels of the result
   * @param resultSizes its sizes
   * @param replaced the operand in whose stead another factor with the output's labels stands, or
   *     -1
   * @param factor that factor
   */
  private Estimate estimate(int[] result, int[] resultSizes, int replaced, DoubleArray factor) {
    DoubleArray value = DoubleArray.zeros(resultSizes);
    DoubleArray magnitude = DoubleArray.zeros(resultSizes);
    DoubleDouble[] values = new DoubleDouble[value.length()];
    DoubleDouble[] magnitudes = new DoubleDouble[value.length()];
    Arrays.fill(values, DoubleDouble.ZERO);
    Arrays.fill(magnitudes, DoubleDouble.ZERO);
    DoubleArray[] factors = arrays.clone();
    int[][] axes = operands.clone();
    if (replaced >= 0) {
      factors[replaced] = factor;
      axes[replaced] = output;
    }
    int[] at = new int[sizes.length];
    long positions = positions();
    for (long position = 0; position < positions; position++) {
      locate(position, at);
      DoubleDouble product = DoubleDouble.ONE;
      for (int operand = 0; operand < factors.length; operand++) {
        product = product.times(factors[operand].at(place(axes[operand], factors[operand], at)));
      }
      int to = place(result, value, at);
      values[to] = values[to].plus(product);
      magnitudes[to] = magnitudes[to].plus(product.abs());
    }
    for (int i = 0; i < values.length; i++) {
      value.set(i, values[i].high());
      magnitude.set(i, magnitudes[i].high());
    }
    return new Estimate(
        FloatFormat.BINARY32,
        value,
        magnitude,
        entries(result, value),
        factors.length,
        largestProduct(factors));
  }

  /** The product of the operands' largest magnitudes, each counted as at least 1. */
  private static double largestProduct(DoubleArray... factors) {
    double product = 1;
    for (DoubleArray factor : factors) {
      double largest = 1;
      for (int i = 0; i < factor.length(); i++) {
        largest = Math.max(largest, Math.abs(factor.at(i)));
      }
      product *= largest;
    }
    return product;
  }

  private int[] outputSizes() {
    return Arrays.stream(output).map(label -> sizes[label]).toArray();
  }

  private long positions() {
    long count = 1;
    for (int size : sizes) {
      count *= size;
    }
    return count;
  }

  /** At how many positions each element (of a diagonal, where there is one) is reached. */
  private long entries(int[] axes, DoubleArray array) {
    long elements = 1;
    for (int axis = 0; axis < axes.length; axis++) {
      boolean repeated = false;
      for (int before = 0; before < axis; before++) {
        repeated |= axes[before] == axes[axis];
      }
      elements *= repeated ? 1 : array.size(axis);
    }
    return elements == 0 ? 0 : positions() / elements;
  }

  private void locate(long position, int[] at) {
    long rest = position;
    for (int label = sizes.length - 1; label >= 0; label--) {
      at[label] = (int) (rest % sizes[label]);
      rest /= sizes[label];
    }
  }

  private static int place(int[] axes, DoubleArray array, int[] at) {
    int place = 0;
    for (int axis = 0; axis < axes.length; axis++) {
      int size = array.size(axis);
      place = place * size + (size == 1 ? 0 : at[axes[axis]]);
    }
    return place;
  }

  /**
   * The sizes of the labels.
   *
   * @return for example {@code [i, k] [2, 3]}
   */
  @Override
  public String toString() {
    return labels + " " + Arrays.toString(sizes) + " of " + arrays.length + " operands";
  }
}
