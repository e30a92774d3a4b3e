package dev.lanewise.bench.contraction.cases;

import java.util.Arrays;

/**
 * Where the elements of an operand lie: element {@code [i, j, ...]} at {@code i * strides[0] + j *
 * strides[1] + ...} elements from the start of its memory.
 *
 * @param sizes the sizes of the axes
 * @param strides how far apart neighbours of each axis are, in elements; not negative
 */
public record Layout(int[] sizes, int[] strides) {
  /** Row by row, nothing between. */
  public static Layout dense(int... sizes) {
    int[] strides = new int[sizes.length];
    int stride = 1;
    for (int axis = sizes.length - 1; axis >= 0; axis--) {
      strides[axis] = stride;
      stride *= sizes[axis];
    }
    return new Layout(sizes, strides);
  }

  /** A matrix that is stored column by column. */
  public static Layout transposed(int rows, int columns) {
    return new Layout(new int[] {rows, columns}, new int[] {1, rows});
  }

  /** Every second element of every second row of a dense matrix of twice as many of each. */
  public static Layout everySecond(int rows, int columns) {
    return new Layout(new int[] {rows, columns}, new int[] {4 * columns, 2});
  }

  /** How many elements there are. */
  public int elementCount() {
    return Arrays.stream(sizes).reduce(1, Math::multiplyExact);
  }

  /** How many elements the memory must have room for. */
  public int storageCount() {
    int last = 0;
    for (int axis = 0; axis < sizes.length; axis++) {
      last += (sizes[axis] - 1) * strides[axis];
    }
    return last + 1;
  }

  /** Whether the elements lie row by row with nothing between. */
  public boolean isDense() {
    return Arrays.equals(strides, dense(sizes).strides);
  }

  /** Sizes, and the strides where they are not those of a dense operand. */
  @Override
  public String toString() {
    String text = Arrays.toString(sizes);
    return isDense() ? text : text + " strides " + Arrays.toString(strides);
  }
}
