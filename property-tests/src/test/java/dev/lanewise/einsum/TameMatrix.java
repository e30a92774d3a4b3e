package dev.lanewise.einsum;

import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Tensor;
import dev.lanewise.verification.FloatClass;
import java.lang.foreign.Arena;

/** Matrices of numbers whose sums neither overflow nor underflow, of either type. */
final class TameMatrix {
  private TameMatrix() {}

  static Tensor of(Arena arena, DType dtype, long seed, int rows, int columns) {
    float[] values = FloatClass.tame(seed, rows * columns);
    Tensor floats = Tensor.copyOf(arena, values, rows, columns);
    return Tensor.allocate(arena, dtype, floats.shape()).convertFrom(floats);
  }
}
