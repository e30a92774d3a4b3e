package dev.lanewise.einsum;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Reads an equation's text, one token after the other: labels, {@code ...}, {@code ,} and {@code
 * ->}, with blanks between them.
 */
final class EquationParser {
  private static final String ELLIPSIS = "...";
  private static final String ARROW = "->";

  private final String text;
  private int position;
  private final List<int[]> operands = new ArrayList<>();
  private boolean inOutput;

  /** The labels of the operand, or the output, that is being read. */
  private int[] axes = new int[8];

  private int count;

  EquationParser(String text) {
    this.text = text;
  }

  Equation parse() {
    while (position < text.length()) {
      char c = text.charAt(position);
      switch (c) {
        case ' ' -> position++;
        case '.' -> ellipsis();
        case '-' -> arrow();
        case ',' -> comma();
        default -> label(c);
      }
    }
    if (!inOutput) {
      operands.add(finished());
      return Equation.withImplicitOutput(operands.toArray(int[][]::new));
    }
    return Equation.of(what(), operands.toArray(int[][]::new), finished());
  }

  private void label(char c) {
    int label = Equation.label(c);
    if (label < 0) {
      throw refused("'" + c + "' at position " + position + " is not a label (a-z, A-Z)");
    }
    append(label);
    position++;
  }

  private void ellipsis() {
    if (!text.startsWith(ELLIPSIS, position)) {
      throw refused("'.' at position " + position + " does not begin an ellipsis \"...\"");
    }
    if (Equation.ellipsisOf(Arrays.copyOf(axes, count)) >= 0) {
      throw refused("a second ellipsis at position " + position + " in " + place());
    }
    append(Equation.ELLIPSIS);
    position += ELLIPSIS.length();
  }

  private void arrow() {
    if (!text.startsWith(ARROW, position)) {
      throw refused("'-' at position " + position + " does not begin an arrow \"->\"");
    }
    if (inOutput) {
      throw refused("a second \"->\" at position " + position);
    }
    operands.add(finished());
    inOutput = true;
    position += ARROW.length();
  }

  private void comma() {
    if (inOutput) {
      throw refused("',' at position " + position + " in the output: there is only one");
    }
    operands.add(finished());
    position++;
  }

  private void append(int label) {
    if (count == axes.length) {
      axes = Arrays.copyOf(axes, 2 * count);
    }
    axes[count++] = label;
  }

  private int[] finished() {
    int[] result = Arrays.copyOf(axes, count);
    count = 0;
    return result;
  }

  private String place() {
    return inOutput ? "the output" : "operand " + operands.size();
  }

  private String what() {
    return "equation \"" + text + "\"";
  }

  private IllegalArgumentException refused(String why) {
    return new IllegalArgumentException(what() + ": " + why);
  }
}
