package dev.lanewise.einsum;

import java.util.Arrays;

/**
 * An equation in the making, from numbered labels: the sublist form of <a
 * href="https://numpy.org/doc/stable/reference/generated/numpy.einsum.html">numpy.einsum</a> and <a
 * href="https://docs.pytorch.org/docs/stable/generated/torch.einsum.html">torch.einsum</a>.
 *
 * <p>Labels are numbers from 0 to 51; 0 to 25 stand for A to Z, 26 to 51 for a to z. {@link
 * Equation#ELLIPSIS} stands for an ellipsis. The rules are those of {@link Equation}.
 *
 * <pre>{@code
 * Equation batched = Equation.sublists()
 *     .operand(ELLIPSIS, 0, 1)
 *     .operand(ELLIPSIS, 1, 2)
 *     .output(ELLIPSIS, 0, 2);
 * }</pre>
 *
 * <p>Immutable and thread-safe: each call gives a longer beginning and leaves this one as it is.
 */
public final class Sublists {
  private final int[][] operands;

  Sublists(int[]... operands) {
    this.operands = operands;
  }

  /**
   * Adds an operand.
   *
   * @param labels the label of each of its axes, none for a scalar; copied
   * @return the longer beginning
   * @throws IllegalArgumentException if a label is not one, or an ellipsis occurs twice
   */
  public Sublists operand(int... labels) {
    int[][] longer = Arrays.copyOf(operands, operands.length + 1);
    longer[operands.length] = checked("operand " + operands.length, labels);
    return new Sublists(longer);
  }

  /**
   * Completes the equation with an explicit output.
   *
   * @param labels the label of each of its axes, none for a scalar; copied
   * @return the equation
   * @throws IllegalArgumentException if there is no operand, a label is not one, occurs twice or in
   *     no operand
   */
  public Equation output(int... labels) {
    requireOperands();
    return Equation.of("sublists", operands.clone(), checked("the output", labels));
  }

  /**
   * Completes the equation with the output that a text without {@code ->} has: the ellipsis'
   * dimensions, then the labels that occur exactly once, in ascending order.
   *
   * @return the equation
   * @throws IllegalArgumentException if there is no operand
   */
  public Equation implicitOutput() {
    requireOperands();
    return Equation.withImplicitOutput(operands.clone());
  }

  private void requireOperands() {
    if (operands.length == 0) {
      throw new IllegalArgumentException("sublists: an equation needs at least one operand");
    }
  }

  private static int[] checked(String place, int... labels) {
    boolean ellipsis = false;
    for (int axis = 0; axis < labels.length; axis++) {
      if (labels[axis] == Equation.ELLIPSIS) {
        if (ellipsis) {
          throw new IllegalArgumentException(
              "sublists: a second ellipsis at axis " + axis + " of " + place);
        }
        ellipsis = true;
      } else if (labels[axis] < 0 || labels[axis] >= Equation.LABELS) {
        throw new IllegalArgumentException(
            "sublists: label "
                + labels[axis]
                + " at axis "
                + axis
                + " of "
                + place
                + " is outside 0 to "
                + (Equation.LABELS - 1));
      }
    }
    return labels.clone();
  }
}
