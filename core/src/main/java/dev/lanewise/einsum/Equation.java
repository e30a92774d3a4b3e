package dev.lanewise.einsum;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * An einsum equation: which axes of which operand carry which label, and which labels the output
 * has, for example {@code "ik,kj->ij"}.
 *
 * <p><b>Grammar.</b> Operands are separated by commas; an output may follow behind {@code ->}. A
 * label is a letter, a-z or A-Z. Blanks may stand between tokens, but not inside {@code ...} or
 * {@code ->}. No labels at all is a scalar: {@code ""}, {@code "->"} and {@code ","} are equations.
 *
 * <ul>
 *   <li>A label that several operands have is the same position in all of them; a size of 1 is
 *       repeated against a larger one, whether the label is summed or not.
 *   <li>A label repeated in one operand is that operand's diagonal; its sizes must be equal.
 *   <li>A label that is not in the output is summed. A sum over nothing is 0.
 *   <li>An ellipsis {@code ...}, at most one in an operand and in the output, stands for the
 *       dimensions that the labels beside it leave over, possibly none. Those of different operands
 *       are aligned at the right and repeated against each other. Left out of the output, they are
 *       summed.
 *   <li>Without {@code ->} the output has the ellipsis' dimensions, then the labels that occur
 *       exactly once over all operands, in alphabetical order, upper case first.
 *   <li>A label of the output occurs in an operand, and in the output only once.
 * </ul>
 *
 * <p>{@link #sublists} makes the same from numbers instead of letters, for programs that compute
 * their labels.
 *
 * <p>Immutable and thread-safe. Two equations are equal if they have the same labels at the same
 * places, whether the output was written out or not.
 *
 * <p>Source: <a
 * href="https://numpy.org/doc/stable/reference/generated/numpy.einsum.html">numpy.einsum</a>, <a
 * href="https://docs.pytorch.org/docs/stable/generated/torch.einsum.html">torch.einsum</a>.
 */
public final class Equation {
  /** In the {@linkplain #sublists sublist form}: the place of the ellipsis. */
  public static final int ELLIPSIS = Integer.MIN_VALUE;

  /** How many labels there are: 0 to 25 are A to Z, 26 to 51 are a to z. */
  static final int LABELS = 52;

  private static final int LETTERS = 26;

  private final int[][] operands;
  private final int[] output;

  /** Takes labels that were checked. */
  private Equation(int[][] operands, int[] output) {
    this.operands = operands;
    this.output = output;
  }

  /**
   * Reads an equation.
   *
   * @param text for example {@code "ik,kj->ij"}
   * @return the equation
   * @throws IllegalArgumentException if the text is not an equation; the message names the rule,
   *     the label and the position
   */
  public static Equation parse(String text) {
    return new EquationParser(text).parse();
  }

  /**
   * Starts an equation from numbered labels (the sublist form of NumPy and PyTorch): {@code
   * Equation.sublists().operand(0, 1).operand(1, 2).output(0, 2)} is {@code "AB,BC->AC"}.
   *
   * @return the equation's beginning, without operands
   */
  public static Sublists sublists() {
    return new Sublists();
  }

  /**
   * The equation of checked operands and an output to be checked against them.
   *
   * @param what names the equation in messages
   */
  static Equation of(String what, int[][] operands, int[] output) {
    for (int i = 0; i < output.length; i++) {
      int label = output[i];
      if (indexOf(output, label) < i) {
        throw new IllegalArgumentException(
            what + ": " + describe(label) + " occurs twice in the output");
      }
      if (label != ELLIPSIS
          && Arrays.stream(operands).noneMatch(axes -> indexOf(axes, label) >= 0)) {
        throw new IllegalArgumentException(
            what + ": " + describe(label) + " of the output occurs in no operand");
      }
    }
    return new Equation(operands, output);
  }

  /** The equation of checked operands whose output is not written out. */
  static Equation withImplicitOutput(int[][] operands) {
    int[] occurrences = new int[LABELS];
    List<Integer> output = new ArrayList<>();
    for (int[] axes : operands) {
      for (int label : axes) {
        if (label != ELLIPSIS) {
          occurrences[label]++;
        } else if (output.isEmpty()) {
          output.add(ELLIPSIS);
        }
      }
    }
    for (int label = 0; label < LABELS; label++) {
      if (occurrences[label] == 1) {
        output.add(label);
      }
    }
    return new Equation(operands, output.stream().mapToInt(Integer::intValue).toArray());
  }

  private static int indexOf(int[] axes, int label) {
    for (int axis = 0; axis < axes.length; axis++) {
      if (axes[axis] == label) {
        return axis;
      }
    }
    return -1;
  }

  /** Which label of an operand is its ellipsis; negative if it has none. */
  static int ellipsisOf(int[] axes) {
    return indexOf(axes, ELLIPSIS);
  }

  private static String describe(int label) {
    return label == ELLIPSIS ? "an ellipsis" : "label '" + letter(label) + "'";
  }

  /** A label's letter. */
  static char letter(int label) {
    return (char) (label < LETTERS ? 'A' + label : 'a' + label - LETTERS);
  }

  /** A letter's label; negative if the character is not one of a-z and A-Z. */
  static int label(char letter) {
    if (letter >= 'A' && letter <= 'Z') {
      return letter - 'A';
    }
    return letter >= 'a' && letter <= 'z' ? letter - 'a' + LETTERS : -1;
  }

  int operandCount() {
    return operands.length;
  }

  /** The labels of an operand's axes, and where its ellipsis is. Not to be changed. */
  int[] axes(int operand) {
    return operands[operand];
  }

  /** The labels of the output's axes, and where its ellipsis is. Not to be changed. */
  int[] outputAxes() {
    return output;
  }

  /**
   * The labels of each operand.
   *
   * @return one string of letters, perhaps with an ellipsis, for each operand
   */
  public List<String> operands() {
    return Arrays.stream(operands).map(Equation::text).toList();
  }

  /**
   * The labels of the output.
   *
   * @return a string of different letters, perhaps with an ellipsis
   */
  public String output() {
    return text(output);
  }

  static String text(int[] axes) {
    StringBuilder text = new StringBuilder();
    for (int label : axes) {
      if (label == ELLIPSIS) {
        text.append("...");
      } else {
        text.append(letter(label));
      }
    }
    return text.toString();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Equation that
        && Arrays.deepEquals(operands, that.operands)
        && Arrays.equals(output, that.output);
  }

  @Override
  public int hashCode() {
    return 31 * Arrays.deepHashCode(operands) + Arrays.hashCode(output);
  }

  /**
   * The equation with its output written out; reading it gives an equal equation.
   *
   * @return for example {@code ik,kj->ij}
   */
  @Override
  public String toString() {
    return String.join(",", operands()) + "->" + output();
  }
}
