package dev.lanewise.verification;

import dev.lanewise.tensor.Shape;
import java.util.List;

/**
 * An equation with the shapes of its operands.
 *
 * @param equation with explicit output
 * @param operandShapes each operand's shape
 */
public record EquationCase(String equation, List<Shape> operandShapes) {
  /**
   * An equation with shapes.
   *
   * @param equation with explicit output
   * @param shapes each operand's shape
   * @return the case
   */
  public static EquationCase of(String equation, Shape... shapes) {
    return new EquationCase(equation, List.of(shapes));
  }

  /**
   * The number of operands.
   *
   * @return at least 1
   */
  public int operands() {
    return operandShapes.size();
  }

  /**
   * An operand's shape.
   *
   * @param operand from 0
   * @return the shape
   * @throws IndexOutOfBoundsException if there is no such operand
   */
  public Shape shape(int operand) {
    return operandShapes.get(operand);
  }

  /**
   * All shapes, as a plan takes them.
   *
   * @return one for each operand
   */
  public Shape[] shapes() {
    return operandShapes.toArray(Shape[]::new);
  }
}
