package dev.lanewise.autograd;

import dev.lanewise.internal.memory.ReusableMemory;
import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * The memory of one value on a tape: the same tensor again and again while its shape stays the
 * same.
 */
final class Buffer implements AutoCloseable {
  private final ReusableMemory memory = new ReusableMemory();
  private @Nullable Tensor tensor;

  /** A contiguous float32 tensor of a shape, holding whatever was there. */
  Tensor shaped(Shape shape) {
    Tensor current = tensor;
    if (current != null && current.shape().equals(shape)) {
      return current;
    }
    MemorySegment segment = memory.atLeast(Math.max(shape.elementCount(), 1) * Float.BYTES);
    Tensor made = Tensor.wrap(segment, DType.FLOAT32, shape);
    tensor = made;
    return made;
  }

  /** A contiguous tensor of the same elements: the tensor itself, or a copy here. */
  Tensor dense(Tensor source) {
    return source.isContiguous() ? source : shaped(source.shape()).copyFrom(source);
  }

  @Override
  public void close() {
    memory.close();
    tensor = null;
  }
}
