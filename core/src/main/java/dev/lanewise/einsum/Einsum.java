package dev.lanewise.einsum;

import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Operand;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.Arena;

/**
 * The one-call door: plans are made on first use and the most recently used 256 are kept, as long
 * as their intermediates take no more than 256 MiB together. Code that calls often keeps a {@link
 * Contraction} and an output instead, and then allocates nothing.
 *
 * <p>Equation, shapes, numerics and errors are those of {@link Contraction}. The first operand's
 * type, float32 or float64, is the others' and the result's. Thread-safe.
 */
public final class Einsum {
  private static final PlanCache PLANS = new PlanCache(256, 256L << 20);

  private Einsum() {}

  /**
   * Contracts operands into a new tensor: one for a transpose, a diagonal, a trace or a sum; any
   * number for products.
   *
   * @param arena whose memory the result is
   * @param equation for example {@code "ik,kj->ij"}
   * @param operands as many as the equation has, of any strides; read in place
   * @return the result, contiguous
   * @throws IllegalArgumentException if the equation is not one, or does not fit the operands
   */
  public static Tensor einsum(Arena arena, String equation, Operand... operands) {
    Shape[] shapes = new Shape[operands.length];
    Tensor[] tensors = new Tensor[operands.length];
    for (int i = 0; i < operands.length; i++) {
      tensors[i] = operands[i].value();
      shapes[i] = tensors[i].shape();
    }
    DType dtype = tensors.length == 0 ? DType.FLOAT32 : tensors[0].dtype();
    Contraction plan = PLANS.plan(equation, dtype, shapes);
    Tensor out = Tensor.allocate(arena, dtype, plan.outputShape());
    plan.execute(tensors, out);
    return out;
  }

  /**
   * Contracts operands into a new tensor, by an equation from {@linkplain Equation#sublists
   * numbered labels} or read before.
   *
   * @param arena whose memory the result is
   * @param equation the equation
   * @param operands as many as the equation has, of any strides; read in place
   * @return the result, contiguous
   * @throws IllegalArgumentException if the equation does not fit the operands
   */
  public static Tensor einsum(Arena arena, Equation equation, Operand... operands) {
    return einsum(arena, equation.toString(), operands);
  }
}
