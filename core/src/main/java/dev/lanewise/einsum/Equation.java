package dev.lanewise.einsum;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/**
 * An einsum equation of one or two operands, read from its text: {@code "ik,kj->ij"}.
 *
 * <p>Labels are letters; blanks between tokens are ignored. A label repeated in one operand is its
 * diagonal. A label that is not in the output is summed. Without {@code ->} the output has the
 * labels that occur exactly once, in alphabetical order, upper case first (as in NumPy and
 * PyTorch). Immutable and thread-safe.
 *
 * <p>Source: <a
 * href="https://numpy.org/doc/stable/reference/generated/numpy.einsum.html">numpy.einsum</a>, <a
 * href="https://docs.pytorch.org/docs/stable/generated/torch.einsum.html">torch.einsum</a>. An
 * ellipsis and more than two operands are not supported yet and are refused.
 */
public final class Equation {
  private final List<String> operands;
  private final String output;

  private Equation(List<String> operands, String output) {
    this.operands = operands;
    this.output = output;
  }

  /**
   * Reads an equation.
   *
   * @param text for example {@code "ik,kj->ij"}
   * @return the equation
   * @throws IllegalArgumentException if the text is not an equation; the message names the label or
   *     the position
   */
  public static Equation parse(String text) {
    String dense = text.replace(" ", "");
    if (dense.contains(".")) {
      throw new IllegalArgumentException(
          "equation \"" + text + "\": an ellipsis is not supported yet; write out its labels");
    }
    int arrow = dense.indexOf("->");
    String inputs = arrow < 0 ? dense : dense.substring(0, arrow);
    List<String> operands = Arrays.asList(inputs.split(",", -1));
    for (String operand : operands) {
      requireLetters(text, operand);
    }
    if (operands.size() > 2) {
      throw new IllegalArgumentException(
          "equation \""
              + text
              + "\" has "
              + operands.size()
              + " operands; more than two are not supported yet: contract two at a time");
    }
    String output = arrow < 0 ? implicitOutput(operands) : dense.substring(arrow + 2);
    requireLetters(text, output);
    for (int i = 0; i < output.length(); i++) {
      char label = output.charAt(i);
      if (operands.stream().noneMatch(operand -> operand.indexOf(label) >= 0)) {
        throw new IllegalArgumentException(
            "equation \"" + text + "\": label '" + label + "' of the output occurs in no operand");
      }
      if (output.indexOf(label, i + 1) >= 0) {
        throw new IllegalArgumentException(
            "equation \"" + text + "\": label '" + label + "' occurs twice in the output");
      }
    }
    return new Equation(List.copyOf(operands), output);
  }

  private static void requireLetters(String text, String labels) {
    for (int i = 0; i < labels.length(); i++) {
      char c = labels.charAt(i);
      if ((c < 'a' || c > 'z') && (c < 'A' || c > 'Z')) {
        throw new IllegalArgumentException(
            "equation \""
                + text
                + "\": '"
                + c
                + "' is not a label (a-z, A-Z), and one \"->\" may stand before the output");
      }
    }
  }

  private static String implicitOutput(List<String> operands) {
    String all = String.join("", operands);
    return all.chars()
        .filter(label -> all.indexOf(label) == all.lastIndexOf(label))
        .sorted()
        .mapToObj(Character::toString)
        .collect(Collectors.joining());
  }

  /**
   * The labels of each operand.
   *
   * @return one or two strings of letters
   */
  public List<String> operands() {
    return operands;
  }

  /**
   * The labels of the output.
   *
   * @return a string of different letters
   */
  public String output() {
    return output;
  }

  /**
   * All labels in the order of their first appearance, which is also the order in which summed
   * labels are nested.
   */
  List<Character> labels() {
    List<Character> labels = new ArrayList<>();
    for (String operand : operands) {
      for (int i = 0; i < operand.length(); i++) {
        if (!labels.contains(operand.charAt(i))) {
          labels.add(operand.charAt(i));
        }
      }
    }
    return labels;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Equation that
        && operands.equals(that.operands)
        && output.equals(that.output);
  }

  @Override
  public int hashCode() {
    return 31 * operands.hashCode() + output.hashCode();
  }

  /**
   * The equation with its output written out.
   *
   * @return for example {@code ik,kj->ij}
   */
  @Override
  public String toString() {
    return String.join(",", operands) + "->" + output;
  }
}
