package dev.lanewise.einsum;

import dev.lanewise.tensor.Shape;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A contraction of any number of operands with all sizes known: an {@link Equation} whose ellipses
 * are resolved, or the gradient of one.
 *
 * <p>A label is a number, counted in the order of first appearance in the equation (an ellipsis
 * counts as its dimensions, each a label of its own); that is also the order in which summed labels
 * are nested. An operand may have size 1 along a label whose size is larger: it is repeated.
 *
 * <p>The gradient of a network is again one, with the operands' roles exchanged, even where no
 * equation could be written for it: its output may have labels that no operand has (repeated along
 * them), may have a label twice (a diagonal is written), or {@link #UNLABELLED} axes (summed over).
 *
 * @param name the equation, and for a gradient what it is the gradient of, for messages
 * @param operands the label of each axis of each operand
 * @param shapes each operand's shape
 * @param output the label of each of the output's axes
 * @param outputShape the output's shape
 * @param sizes each label's size: the largest over all axes that carry it, or 0
 * @param letters a letter for each label, for messages
 */
record TensorNetwork(
    String name,
    List<int[]> operands,
    List<Shape> shapes,
    int[] output,
    Shape outputShape,
    long[] sizes,
    List<String> letters) {
  /** The label of an axis of size 1 with which no label moves. */
  static final int UNLABELLED = -1;

  /**
   * Resolves an equation against the operands' shapes.
   *
   * @throws IllegalArgumentException if they do not fit; the message names label, operand and sizes
   */
  static TensorNetwork of(Equation equation, Shape... shapes) {
    return new NetworkBuilder(equation, List.of(shapes)).build();
  }

  /**
   * The network of an operand's gradient: its operands are the gradient of this network's output
   * and then the other operands in their order, its output has the operand's shape.
   */
  TensorNetwork gradient(int operand) {
    int[] target = operands.get(operand);
    Shape shape = shapes.get(operand);
    int[] result = new int[target.length];
    for (int axis = 0; axis < target.length; axis++) {
      boolean repeated =
          target[axis] != UNLABELLED && shape.size(axis) == 1 && sizes[target[axis]] != 1;
      result[axis] = repeated ? UNLABELLED : target[axis];
    }
    return new TensorNetwork(
        "the gradient of operand " + operand + " of " + name,
        Stream.concat(Stream.of(output), others(operands, operand)).toList(),
        Stream.concat(Stream.of(outputShape), others(shapes, operand)).toList(),
        result,
        shape,
        sizes,
        letters);
  }

  private static <T> Stream<T> others(List<T> all, int left) {
    return Stream.concat(all.subList(0, left).stream(), all.subList(left + 1, all.size()).stream());
  }

  int operandCount() {
    return operands.size();
  }

  /** Multiplications and additions of the definition: loops over all labels at once. */
  double naiveFlops() {
    double positions = 1;
    boolean summed = false;
    for (int label = 0; label < sizes.length; label++) {
      positions *= sizes[label];
      summed |= !has(output, label);
    }
    return positions * (Math.max(1, operands.size() - 1) + (summed ? 1 : 0));
  }

  /** The letters of some axes. */
  String text(int... axes) {
    return Arrays.stream(axes)
        .mapToObj(label -> label == UNLABELLED ? "1" : letters.get(label))
        .collect(Collectors.joining());
  }

  static boolean has(int[] axes, int label) {
    for (int axis : axes) {
      if (axis == label) {
        return true;
      }
    }
    return false;
  }

  /** The equation with the ellipses written out. */
  @Override
  public String toString() {
    return operands.stream().map(this::text).collect(Collectors.joining(",")) + "->" + text(output);
  }
}
