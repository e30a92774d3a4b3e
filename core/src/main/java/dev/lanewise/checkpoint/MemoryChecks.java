package dev.lanewise.checkpoint;

import dev.lanewise.tensor.Tensor;
import java.util.Arrays;

/** What a tensor's memory must allow before it is read or written as a whole. */
final class MemoryChecks {
  private MemoryChecks() {}

  /** Refuses memory that is closed, or confined to another thread. */
  static void requireAccessible(String name, Tensor tensor) {
    if (!tensor.segment().scope().isAlive()) {
      throw new IllegalStateException("the memory of tensor \"" + name + "\" is closed");
    }
    if (!tensor.segment().isAccessibleBy(Thread.currentThread())) {
      throw new IllegalArgumentException(
          "the memory of tensor \""
              + name
              + "\" is confined to another thread than "
              + Thread.currentThread().getName());
    }
  }

  /**
   * Whether the elements of a view may share memory with each other. Dimensions are taken from the
   * smallest stride up; each must step over all that the smaller ones span. Views that interleave
   * without sharing are called overlapping too: none of ours are made so.
   */
  static boolean mayOverlapItself(Tensor tensor) {
    Integer[] byStride = new Integer[tensor.rank()];
    Arrays.setAll(byStride, dim -> dim);
    Arrays.sort(byStride, (a, b) -> Long.compare(tensor.stride(a), tensor.stride(b)));
    long span = 1;
    for (int dim : byStride) {
      if (tensor.size(dim) > 1) {
        if (tensor.stride(dim) < span) {
          return tensor.shape().elementCount() > 0;
        }
        span += (tensor.size(dim) - 1) * tensor.stride(dim);
      }
    }
    return false;
  }
}
