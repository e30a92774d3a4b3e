package dev.lanewise.tensor;

import java.util.Arrays;

/**
 * How a tensor lies in memory, wherever it starts: the elements' type, the sizes and the strides,
 * and what follows from them. A plan that was made for a layout knows by one comparison whether a
 * tensor has it.
 *
 * <p>Immutable and thread-safe. Two layouts are equal if type, sizes and strides are.
 */
public final class TensorLayout {
  private final DType dtype;
  private final Shape shape;
  private final long[] strides;
  private final long spanBytes;
  private final int outerDims;
  private final boolean mayRepeatElements;

  /** The array becomes the layout's. */
  TensorLayout(DType dtype, Shape shape, long[] strides) {
    this.dtype = dtype;
    this.shape = shape;
    this.strides = strides;
    this.spanBytes = spanBytes(dtype, shape, strides);
    this.outerDims = outerDims(shape, strides);
    this.mayRepeatElements = !isContiguous() && mayRepeatElements(shape, strides);
  }

  /**
   * The elements' type.
   *
   * @return the type
   */
  public DType dtype() {
    return dtype;
  }

  /**
   * The sizes.
   *
   * @return the shape
   */
  public Shape shape() {
    return shape;
  }

  /**
   * What the elements take from the first to the last, gaps included.
   *
   * @return bytes; 0 if there are no elements
   */
  public long spanBytes() {
    return spanBytes;
  }

  boolean isContiguous() {
    return outerDims == 0;
  }

  /** The dimensions but for the innermost ones whose elements lie side by side, row by row. */
  int outerDims() {
    return outerDims;
  }

  boolean mayRepeatElements() {
    return mayRepeatElements;
  }

  /** Every tensor's elements lie within its segment, so the span fits in a long. */
  private static long spanBytes(DType dtype, Shape shape, long... strides) {
    if (shape.elementCount() == 0) {
      return 0;
    }
    long last = 0;
    for (int dim = 0; dim < strides.length; dim++) {
      last += (shape.size(dim) - 1) * strides[dim];
    }
    return (last + 1) * dtype.sizeBytes();
  }

  private static int outerDims(Shape shape, long... strides) {
    if (shape.elementCount() == 0) {
      return 0;
    }
    int dims = strides.length;
    long run = 1;
    while (dims > 0 && (shape.size(dims - 1) == 1 || strides[dims - 1] == run)) {
      dims--;
      run *= shape.size(dims);
    }
    return dims;
  }

  private static boolean mayRepeatElements(Shape shape, long... strides) {
    // A dimension must step over all that the dimensions with smaller strides span together.
    for (int dim = 0; dim < strides.length; dim++) {
      if (shape.size(dim) == 1) {
        continue;
      }
      long spanned = 0;
      for (int other = 0; other < strides.length; other++) {
        boolean inside =
            strides[other] < strides[dim] || (strides[other] == strides[dim] && other > dim);
        if (shape.size(other) > 1 && inside) {
          spanned += (shape.size(other) - 1) * strides[other];
        }
      }
      if (strides[dim] <= spanned) {
        return true;
      }
    }
    return false;
  }

  @Override
  public boolean equals(Object other) {
    return this == other
        || (other instanceof TensorLayout that
            && dtype == that.dtype
            && shape.equals(that.shape)
            && Arrays.equals(strides, that.strides));
  }

  @Override
  public int hashCode() {
    return 31 * (31 * dtype.hashCode() + shape.hashCode()) + Arrays.hashCode(strides);
  }

  /**
   * Type, sizes and strides.
   *
   * @return for example {@code float32 [2, 3] strides [3, 1]}
   */
  @Override
  public String toString() {
    return dtype + " " + shape + " strides " + Arrays.toString(strides);
  }
}
