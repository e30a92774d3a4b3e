package dev.lanewise.tensor;

import java.util.Arrays;

/**
 * The sizes of a tensor's dimensions, for example {@code [32, 128]}; no dimensions at all ({@code
 * []}) is a scalar's shape.
 *
 * <p>A size may be 0; the product of all sizes fits in a long. Immutable and thread-safe.
 */
public final class Shape {
  private static final Shape SCALAR = new Shape(new long[0], 1);

  private final long[] sizes;
  private final long elementCount;

  private Shape(long[] sizes, long elementCount) {
    this.sizes = sizes;
    this.elementCount = elementCount;
  }

  /**
   * The shape of the given sizes.
   *
   * @param sizes the sizes, outermost first; none for a scalar
   * @return the shape
   * @throws IllegalArgumentException if a size is negative or the number of elements exceeds a long
   */
  public static Shape of(long... sizes) {
    if (sizes.length == 0) {
      return SCALAR;
    }
    long count = 1;
    boolean empty = false;
    for (int dim = 0; dim < sizes.length; dim++) {
      if (sizes[dim] < 0) {
        throw new IllegalArgumentException(
            "size "
                + sizes[dim]
                + " of dimension "
                + dim
                + " is negative in shape "
                + Arrays.toString(sizes));
      }
      empty |= sizes[dim] == 0;
    }
    for (long size : sizes) {
      if (!empty && (Math.multiplyHigh(count, size) != 0 || count * size < 0)) {
        throw new IllegalArgumentException(
            "shape " + Arrays.toString(sizes) + " has more elements than a long can count");
      }
      count = empty ? 0 : count * size;
    }
    return new Shape(sizes.clone(), count);
  }

  /**
   * A scalar's shape.
   *
   * @return {@code []}
   */
  public static Shape scalar() {
    return SCALAR;
  }

  /**
   * The number of dimensions.
   *
   * @return 0 for a scalar
   */
  public int rank() {
    return sizes.length;
  }

  /**
   * The size of a dimension.
   *
   * @param dim the dimension, from {@code -rank} to {@code rank - 1}; a negative one counts from
   *     the end
   * @return its size
   * @throws IndexOutOfBoundsException if there is no such dimension
   */
  public long size(int dim) {
    return sizes[dimension(dim)];
  }

  /**
   * The number of elements: the product of the sizes, 1 for a scalar.
   *
   * @return the count
   */
  public long elementCount() {
    return elementCount;
  }

  /**
   * The sizes.
   *
   * @return a new array
   */
  public long[] toArray() {
    return sizes.clone();
  }

  /**
   * This shape with further dimensions inside.
   *
   * @param innerSizes the sizes to append
   * @return the longer shape
   */
  public Shape append(long... innerSizes) {
    long[] joined = Arrays.copyOf(sizes, sizes.length + innerSizes.length);
    System.arraycopy(innerSizes, 0, joined, sizes.length, innerSizes.length);
    return of(joined);
  }

  /** The strides, in elements, of a tensor of this shape laid out row by row without gaps. */
  long[] rowMajorStrides() {
    long[] strides = new long[sizes.length];
    long stride = 1;
    for (int dim = sizes.length - 1; dim >= 0; dim--) {
      strides[dim] = stride;
      stride *= Math.max(sizes[dim], 1);
    }
    return strides;
  }

  /** Turns a dimension that may count from the end into one from 0. */
  int dimension(int dim) {
    int rank = sizes.length;
    if (dim < -rank || dim >= rank) {
      throw new IndexOutOfBoundsException(
          "dimension " + dim + " is outside shape " + this + " of rank " + rank);
    }
    return dim < 0 ? dim + rank : dim;
  }

  @Override
  public boolean equals(Object other) {
    return this == other || (other instanceof Shape that && Arrays.equals(sizes, that.sizes));
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(sizes);
  }

  /**
   * The sizes in brackets.
   *
   * @return for example {@code [32, 128]}
   */
  @Override
  public String toString() {
    return Arrays.toString(sizes);
  }
}
