package dev.lanewise.verification;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * einsum by its definition: loops over all positions of all labels, one product at a time, in
 * double.
 *
 * <p>{@code out[output labels] = sum over the other labels of a[...] b[...]}. A label's size is the
 * largest over all axes that carry it; an axis of size 1 is repeated. Equations have an explicit
 * output: {@code "ik,kj->ij"}.
 */
public final class OracleEinsum {
  private final String[] operands;
  private final String output;
  private final List<Character> labels = new ArrayList<>();
  private final int[] sizes;
  private final DoubleArray[] arrays;

  private OracleEinsum(String equation, DoubleArray... arrays) {
    int arrow = equation.indexOf("->");
    this.operands = equation.substring(0, arrow).split(",", -1);
    this.output = equation.substring(arrow + 2);
    this.arrays = arrays;
    for (char label : String.join("", operands).toCharArray()) {
      if (!labels.contains(label)) {
        labels.add(label);
      }
    }
    this.sizes = new int[labels.size()];
    Arrays.fill(sizes, 1);
    for (int operand = 0; operand < operands.length; operand++) {
      for (int axis = 0; axis < operands[operand].length(); axis++) {
        int label = labels.indexOf(operands[operand].charAt(axis));
        int size = arrays[operand].size(axis);
        sizes[label] = size == 1 ? sizes[label] : size;
      }
    }
  }

  /**
   * Contracts one or two operands.
   *
   * @param equation with explicit output
   * @param operands as many as the equation has
   * @return each element's sum, and the sum of the products' magnitudes
   */
  public static Estimate contract(String equation, DoubleArray... operands) {
    OracleEinsum definition = new OracleEinsum(equation, operands);
    int[] outSizes = definition.outputSizes();
    DoubleArray value = DoubleArray.zeros(outSizes);
    DoubleArray magnitude = DoubleArray.zeros(outSizes);
    int[] at = new int[definition.sizes.length];
    long positions = definition.positions();
    for (long position = 0; position < positions; position++) {
      definition.locate(position, at);
      double product = 1;
      for (int operand = 0; operand < operands.length; operand++) {
        product *=
            operands[operand].at(
                definition.place(definition.operands[operand], operands[operand], at));
      }
      int to = definition.place(definition.output, value, at);
      value.add(to, product);
      magnitude.add(to, Math.abs(product));
    }
    return new Estimate(value, magnitude, value.length() == 0 ? 0 : positions / value.length());
  }

  /**
   * The gradient of an operand: {@code sum of outputGradient times the other operand}, over all
   * positions at which the operand's element entered.
   *
   * @param equation with explicit output
   * @param operand 0 or 1
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
    DoubleArray value = DoubleArray.zeros(targetSizes);
    DoubleArray magnitude = DoubleArray.zeros(targetSizes);
    int[] at = new int[definition.sizes.length];
    long positions = definition.positions();
    for (long position = 0; position < positions; position++) {
      definition.locate(position, at);
      double product = outputGradient.at(definition.place(definition.output, outputGradient, at));
      for (int other = 0; other < operands.length; other++) {
        if (other != operand) {
          product *=
              operands[other].at(definition.place(definition.operands[other], operands[other], at));
        }
      }
      int to = definition.place(definition.operands[operand], target, at);
      value.add(to, product);
      magnitude.add(to, Math.abs(product));
    }
    return new Estimate(value, magnitude, definition.entries(definition.operands[operand], target));
  }

  private int[] outputSizes() {
    int[] result = new int[output.length()];
    Arrays.setAll(result, axis -> sizes[labels.indexOf(output.charAt(axis))]);
    return result;
  }

  private long positions() {
    long count = 1;
    for (int size : sizes) {
      count *= size;
    }
    return count;
  }

  /** At how many positions each element (of a diagonal, where there is one) is read. */
  private long entries(String axes, DoubleArray array) {
    long elements = 1;
    for (int axis = 0; axis < axes.length(); axis++) {
      elements *= axes.indexOf(axes.charAt(axis)) < axis ? 1 : array.size(axis);
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

  private int place(String axes, DoubleArray array, int[] at) {
    int place = 0;
    for (int axis = 0; axis < axes.length(); axis++) {
      int size = array.size(axis);
      place = place * size + (size == 1 ? 0 : at[labels.indexOf(axes.charAt(axis))]);
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
