package dev.lanewise.verification;

import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.util.Arrays;

/**
 * Numbers in double with sizes, row by row: what oracles compute with. Mutable, and nothing else
 * than an array.
 */
public final class DoubleArray {
  private final int[] sizes;
  private final double[] values;

  private DoubleArray(int[] sizes, double[] values) {
    this.sizes = sizes;
    this.values = values;
  }

  /**
   * Zeros.
   *
   * @param sizes the sizes, none for a scalar
   * @return the array
   */
  public static DoubleArray zeros(int... sizes) {
    return new DoubleArray(sizes.clone(), new double[count(sizes)]);
  }

  /**
   * A copy of values.
   *
   * @param values the elements, row by row
   * @param sizes the sizes
   * @return the array
   * @throws IllegalArgumentException if the sizes call for another number of values
   */
  public static DoubleArray of(double[] values, int... sizes) {
    if (values.length != count(sizes)) {
      throw new IllegalArgumentException(
          "sizes " + Arrays.toString(sizes) + " do not hold " + values.length + " values");
    }
    return new DoubleArray(sizes.clone(), values.clone());
  }

  /**
   * A copy of a tensor, element by element through its public accessor.
   *
   * @param tensor of any strides
   * @return the array
   */
  public static DoubleArray of(Tensor tensor) {
    int[] sizes = Arrays.stream(tensor.shape().toArray()).mapToInt(Math::toIntExact).toArray();
    DoubleArray array = zeros(sizes);
    long[] index = new long[sizes.length];
    for (int i = 0; i < array.values.length; i++) {
      array.values[i] = tensor.get(index);
      for (int dim = sizes.length - 1; dim >= 0 && ++index[dim] == sizes[dim]; dim--) {
        index[dim] = 0;
      }
    }
    return array;
  }

  private static int count(int... sizes) {
    int count = 1;
    for (int size : sizes) {
      count = Math.multiplyExact(count, size);
    }
    return count;
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
   * @param dim from 0
   * @return its size
   */
  public int size(int dim) {
    return sizes[dim];
  }

  /**
   * The sizes as a tensor's shape.
   *
   * @return the shape
   */
  public Shape shape() {
    return Shape.of(Arrays.stream(sizes).asLongStream().toArray());
  }

  /**
   * The number of elements.
   *
   * @return the product of the sizes
   */
  public int length() {
    return values.length;
  }

  /**
   * An element by its place in row-major order.
   *
   * @param position from 0
   * @return the element
   */
  public double at(int position) {
    return values[position];
  }

  /**
   * All elements.
   *
   * @return a new array, row by row
   */
  public double[] toArray() {
    return values.clone();
  }

  /**
   * Adds to an element.
   *
   * @param position its place in row-major order
   * @param value what is added
   */
  public void add(int position, double value) {
    values[position] += value;
  }

  /**
   * Replaces an element.
   *
   * @param position its place in row-major order
   * @param value the new value
   */
  public void set(int position, double value) {
    values[position] = value;
  }

  /**
   * An element of a matrix.
   *
   * @param row the first position
   * @param column the second position
   * @return the element
   */
  public double at(int row, int column) {
    return values[row * sizes[1] + column];
  }

  /**
   * Sizes and elements.
   *
   * @return for example {@code [2] [1.0, 2.0]}
   */
  @Override
  public String toString() {
    return Arrays.toString(sizes) + " " + Arrays.toString(values);
  }
}
