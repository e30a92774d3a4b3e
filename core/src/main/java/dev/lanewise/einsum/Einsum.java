package dev.lanewise.einsum;

import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Operand;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The one-call door: plans are made on first use and kept, up to a bounded number. Code that calls
 * often keeps a {@link Contraction} and an output instead, and then allocates nothing.
 *
 * <p>Thread-safe.
 */
public final class Einsum {
  private static final int KEPT_PLANS = 256;
  private static final ConcurrentHashMap<Key, Contraction> PLANS = new ConcurrentHashMap<>();

  private record Key(String equation, Shape first, Shape second, int operands) {}

  private Einsum() {}

  /**
   * Contracts two operands into a new tensor.
   *
   * @param arena whose memory the result is
   * @param equation for example {@code "ik,kj->ij"}
   * @param a the first operand
   * @param b the second operand
   * @return the result
   * @throws IllegalArgumentException if the equation is not one, or does not fit the operands
   */
  public static Tensor einsum(Arena arena, String equation, Operand a, Operand b) {
    Contraction plan = plan(equation, a.value().shape(), b.value().shape());
    Tensor out = Tensor.allocate(arena, DType.FLOAT32, plan.outputShape());
    plan.execute(a.value(), b.value(), out);
    return out;
  }

  /**
   * Contracts one operand into a new tensor: a transpose, a diagonal, a trace, a sum.
   *
   * @param arena whose memory the result is
   * @param equation for example {@code "ij->ji"}
   * @param a the operand
   * @return the result
   * @throws IllegalArgumentException if the equation is not one, or does not fit the operand
   */
  public static Tensor einsum(Arena arena, String equation, Operand a) {
    Contraction plan = plan(equation, a.value().shape());
    Tensor out = Tensor.allocate(arena, DType.FLOAT32, plan.outputShape());
    plan.execute(a.value(), out);
    return out;
  }

  private static Contraction plan(String equation, Shape... shapes) {
    Key key = new Key(equation, shapes[0], shapes[shapes.length - 1], shapes.length);
    Contraction known = PLANS.get(key);
    if (known != null) {
      return known;
    }
    if (PLANS.size() >= KEPT_PLANS) {
      PLANS.clear();
    }
    Contraction made = Contraction.compile(equation, shapes);
    PLANS.put(key, made);
    return made;
  }
}
