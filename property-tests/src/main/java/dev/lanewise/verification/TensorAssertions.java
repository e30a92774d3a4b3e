package dev.lanewise.verification;

import dev.lanewise.tensor.Tensor;
import java.util.Arrays;
import java.util.function.IntFunction;

/**
 * Assertions on float32 numbers: equal to the bit, or within a bound. NaN equals NaN, whatever the
 * payload. Failures name the first difference.
 */
public final class TensorAssertions {
  private TensorAssertions() {}

  /**
   * Whether two floats have the same bits, or both are NaN.
   *
   * @param a a float
   * @param b a float
   * @return false for +0 and -0
   */
  public static boolean sameBits(float a, float b) {
    return Float.floatToIntBits(a) == Float.floatToIntBits(b);
  }

  /**
   * Fails unless all floats have the same bits.
   *
   * @param what names the result in the message
   * @param expected the reference
   * @param actual the result
   * @throws AssertionError that names the first difference: its position, both values and their
   *     bits
   */
  public static void assertSameBits(String what, float[] expected, float[] actual) {
    if (expected.length != actual.length) {
      throw new AssertionError(
          what + ": expected " + expected.length + " elements, got " + actual.length);
    }
    for (int i = 0; i < expected.length; i++) {
      if (!sameBits(expected[i], actual[i])) {
        throw new AssertionError(difference(what, "[" + i + "]", expected[i], actual[i]));
      }
    }
  }

  /**
   * Fails unless two tensors have the same shape and bits; their strides may differ.
   *
   * @param what names the result in the message
   * @param expected the reference
   * @param actual the result
   * @throws AssertionError that names the first difference: its position, both values and their
   *     bits
   */
  public static void assertSameBits(String what, Tensor expected, Tensor actual) {
    if (!expected.shape().equals(actual.shape())) {
      throw new AssertionError(
          what + ": expected shape " + expected.shape() + ", got " + actual.shape());
    }
    float[] reference = expected.toFloatArray();
    float[] result = actual.toFloatArray();
    for (int i = 0; i < reference.length; i++) {
      if (!sameBits(reference[i], result[i])) {
        throw new AssertionError(difference(what, position(expected, i), reference[i], result[i]));
      }
    }
  }

  /**
   * Fails unless every element is within its bound.
   *
   * @param what names the result in the message
   * @param expected value and bound of each element, by its place in row-major order
   * @param actual the result
   * @throws AssertionError that names the first element outside: its position, value, bound and
   *     what came
   */
  public static void assertWithin(String what, IntFunction<Rounded> expected, Tensor actual) {
    float[] result = actual.toFloatArray();
    for (int i = 0; i < result.length; i++) {
      expected.apply(i).assertContains(what + " at " + position(actual, i), result[i]);
    }
  }

  private static String difference(String what, String position, float expected, float actual) {
    return what
        + " at "
        + position
        + ": expected "
        + expected
        + " ("
        + bits(expected)
        + "), got "
        + actual
        + " ("
        + bits(actual)
        + ")";
  }

  private static String bits(float value) {
    return String.format("0x%08x", Float.floatToRawIntBits(value));
  }

  private static String position(Tensor tensor, int place) {
    long[] index = new long[tensor.rank()];
    long rest = place;
    for (int dim = tensor.rank() - 1; dim >= 0; dim--) {
      index[dim] = rest % tensor.size(dim);
      rest /= tensor.size(dim);
    }
    return Arrays.toString(index);
  }
}
