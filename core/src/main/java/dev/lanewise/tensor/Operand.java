package dev.lanewise.tensor;

/**
 * What an operation takes as an operand: a {@link Tensor} itself, a {@link Parameter}, or a
 * variable that a tape computed.
 *
 * <p>A tensor is a constant to a tape; gradients flow to parameters and through variables.
 */
public interface Operand {
  /**
   * The numbers.
   *
   * @return the tensor, not a copy
   */
  Tensor value();
}
