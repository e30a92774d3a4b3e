package dev.lanewise.einsum;

import dev.lanewise.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Resolves an equation against its operands' shapes: gives every dimension of the ellipses a label
 * of its own, numbers the labels, and finds their sizes.
 */
final class NetworkBuilder {
  private final Equation equation;
  private final List<Shape> shapes;

  /** How many dimensions the longest ellipsis stands for. */
  private final int ellipsisRank;

  /**
   * The labels by first appearance, as the equation numbers them; from {@link Equation#LABELS} on
   * the ellipsis' dimensions, from the left.
   */
  private final List<Integer> codes = new ArrayList<>();

  private long[] sizes = new long[0];

  /** The operand that decided each label's size. */
  private int[] deciders = new int[0];

  NetworkBuilder(Equation equation, List<Shape> shapes) {
    this.equation = equation;
    this.shapes = shapes;
    if (shapes.size() != equation.operandCount()) {
      throw refused(
          " has " + equation.operandCount() + " operands, but " + shapes.size() + " were given");
    }
    int longest = 0;
    for (int operand = 0; operand < shapes.size(); operand++) {
      longest = Math.max(longest, ellipsisRank(operand));
    }
    this.ellipsisRank = longest;
  }

  TensorNetwork build() {
    List<int[]> operands = new ArrayList<>();
    for (int operand = 0; operand < shapes.size(); operand++) {
      operands.add(resolve(equation.axes(operand), ellipsisRank(operand)));
    }
    sizes = new long[codes.size()];
    deciders = new int[codes.size()];
    Arrays.fill(sizes, 1);
    for (int operand = 0; operand < shapes.size(); operand++) {
      measure(operand, operands.get(operand));
    }
    int[] output = resolve(equation.outputAxes(), ellipsisRank);
    return new TensorNetwork(
        "equation \"" + equation + "\"",
        operands,
        shapes,
        output,
        outputShape(output),
        sizes,
        letters());
  }

  /** How many dimensions an operand's ellipsis stands for. */
  private int ellipsisRank(int operand) {
    int[] axes = equation.axes(operand);
    int rank = shapes.get(operand).rank();
    boolean ellipsis = Equation.ellipsisOf(axes) >= 0;
    int labels = ellipsis ? axes.length - 1 : axes.length;
    if (ellipsis ? rank < labels : rank != labels) {
      throw refused(
          ": operand "
              + operand
              + " has "
              + labels
              + " labels ("
              + Equation.text(axes)
              + "), but its shape "
              + shapes.get(operand)
              + " has "
              + rank
              + " dimensions");
    }
    return rank - labels;
  }

  /** The labels of all axes, with those of an ellipsis, which has some of the last dimensions. */
  private int[] resolve(int[] axes, int dimensions) {
    List<Integer> labels = new ArrayList<>();
    for (int label : axes) {
      if (label != Equation.ELLIPSIS) {
        labels.add(number(label));
        continue;
      }
      for (int dim = ellipsisRank - dimensions; dim < ellipsisRank; dim++) {
        labels.add(number(Equation.LABELS + dim));
      }
    }
    return labels.stream().mapToInt(Integer::intValue).toArray();
  }

  private int number(int code) {
    int known = codes.indexOf(code);
    if (known >= 0) {
      return known;
    }
    codes.add(code);
    return codes.size() - 1;
  }

  private void measure(int operand, int[] axes) {
    Shape shape = shapes.get(operand);
    for (int axis = 0; axis < axes.length; axis++) {
      int label = axes[axis];
      long size = shape.size(axis);
      for (int before = 0; before < axis; before++) {
        if (axes[before] == label && shape.size(before) != size) {
          throw refused(
              ": "
                  + describe(label)
                  + " has sizes "
                  + shape.size(before)
                  + " and "
                  + size
                  + in(operand));
        }
      }
      if (size != 1 && sizes[label] != 1 && sizes[label] != size) {
        throw refused(
            ": "
                + describe(label)
                + " has size "
                + sizes[label]
                + in(deciders[label])
                + " but "
                + size
                + in(operand));
      }
      if (size != 1 && sizes[label] == 1) {
        sizes[label] = size;
        deciders[label] = operand;
      }
    }
  }

  private Shape outputShape(int[] output) {
    long[] outputSizes = Arrays.stream(output).mapToLong(label -> sizes[label]).toArray();
    try {
      return Shape.of(outputSizes);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "equation \"" + equation + "\": the output's " + e.getMessage(), e);
    }
  }

  /**
   * The labels' own letters; for the ellipsis' dimensions letters that the equation leaves over.
   */
  private List<String> letters() {
    List<String> letters = new ArrayList<>();
    int free = Equation.LABELS - 1;
    for (int code : codes) {
      if (code < Equation.LABELS) {
        letters.add(String.valueOf(Equation.letter(code)));
        continue;
      }
      while (free >= 0 && codes.contains(free)) {
        free--;
      }
      // More dimensions than there are letters left: they go by their place in the ellipsis.
      letters.add(
          free >= 0
              ? String.valueOf(Equation.letter(free--))
              : "(" + (code - Equation.LABELS) + ")");
    }
    return letters;
  }

  private String describe(int label) {
    int code = codes.get(label);
    return code < Equation.LABELS
        ? "label '" + Equation.letter(code) + "'"
        : "dimension " + (code - Equation.LABELS - ellipsisRank) + " of the ellipsis";
  }

  private String in(int operand) {
    return " in operand " + operand + " of shape " + shapes.get(operand);
  }

  private IllegalArgumentException refused(String why) {
    return new IllegalArgumentException("equation \"" + equation + "\"" + why);
  }
}
