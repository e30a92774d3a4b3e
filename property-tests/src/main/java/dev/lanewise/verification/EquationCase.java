package dev.lanewise.verification;

import dev.lanewise.tensor.Shape;
import org.jspecify.annotations.Nullable;

/**
 * An equation with the shapes of its operands.
 *
 * @param equation with explicit output
 * @param first the first operand's shape
 * @param second the second operand's shape, or null if there is one operand
 */
public record EquationCase(String equation, Shape first, @Nullable Shape second) {
  /**
   * The number of operands.
   *
   * @return 1 or 2
   */
  public int operands() {
    return second == null ? 1 : 2;
  }

  /**
   * An operand's shape.
   *
   * @param operand 0 or 1
   * @return the shape
   * @throws IllegalArgumentException if there is no such operand
   */
  public Shape shape(int operand) {
    Shape shape = operand == 0 ? first : second;
    if (shape == null || operand < 0 || operand > 1) {
      throw new IllegalArgumentException("equation " + equation + " has no operand " + operand);
    }
    return shape;
  }

  /**
   * All shapes, as a plan takes them.
   *
   * @return one or two
   */
  public Shape[] shapes() {
    Shape other = second;
    return other == null ? new Shape[] {first} : new Shape[] {first, other};
  }
}
