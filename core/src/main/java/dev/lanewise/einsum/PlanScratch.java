package dev.lanewise.einsum;

import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Scratch memory that a plan's pool lends to one run. */
final class PlanScratch {
  static final long ALIGNMENT_BYTES = 64;

  private PlanScratch() {}

  /**
   * A contiguous tensor, of the garbage-collected arena: a piece that the pool drops takes its
   * memory with it.
   */
  static Tensor tensor(DType dtype, Shape shape) {
    long bytes = Math.multiplyExact(shape.elementCount(), (long) dtype.sizeBytes());
    MemorySegment segment = Arena.ofAuto().allocate(Math.max(bytes, 1), ALIGNMENT_BYTES);
    return Tensor.wrap(segment, dtype, shape);
  }
}
