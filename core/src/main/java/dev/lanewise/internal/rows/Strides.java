package dev.lanewise.internal.rows;

import dev.lanewise.tensor.Tensor;

/**
 * Arithmetic on the strides of tensors seen as many rows: all dimensions but the last, walked in
 * row-major order.
 */
public final class Strides {
  /** What {@link #rowStride} says where no single stride leads from row to row. */
  public static final long NONE = -1;

  private Strides() {}

  /**
   * How far apart the rows are.
   *
   * @return elements, or {@link #NONE} if the rows are not evenly spaced
   */
  public static long rowStride(Tensor tensor) {
    long step = 0;
    long expected = NONE;
    for (int dim = tensor.rank() - 2; dim >= 0; dim--) {
      if (tensor.size(dim) == 1) {
        continue;
      }
      if (expected == NONE) {
        step = tensor.stride(dim);
      } else if (tensor.stride(dim) != expected) {
        return NONE;
      }
      expected = tensor.stride(dim) * tensor.size(dim);
    }
    return step;
  }

  /** How many rows a tensor has: the product of all sizes but the last. */
  public static long rowCount(Tensor tensor) {
    long count = 1;
    for (int dim = 0; dim < tensor.rank() - 1; dim++) {
      count *= tensor.size(dim);
    }
    return count;
  }

  /** Where a row starts, in elements from the tensor's first. */
  public static long rowOffset(Tensor tensor, long row) {
    return elementOffset(tensor, tensor.rank() - 1, row);
  }

  /**
   * Where the i-th position of the first dims dimensions lies, in elements from the tensor's first.
   */
  static long elementOffset(Tensor tensor, int dims, long i) {
    long rest = i;
    long offset = 0;
    for (int dim = dims - 1; dim >= 0; dim--) {
      long size = tensor.size(dim);
      offset += rest % size * tensor.stride(dim);
      rest /= size;
    }
    return offset;
  }

  /** The i-th position in words, for example {@code [2, 3]}. */
  static String position(Tensor tensor, long i) {
    String text = "";
    long rest = i;
    for (int dim = tensor.rank() - 1; dim >= 0; dim--) {
      text = rest % tensor.size(dim) + (text.isEmpty() ? "" : ", " + text);
      rest /= tensor.size(dim);
    }
    return "[" + text + "]";
  }
}
