package dev.lanewise.verification;

import dev.lanewise.tensor.Tensor;
import java.util.Arrays;
import java.util.function.IntFunction;

/**
 * Assertions on float32 and float64 numbers: equal to the bit, within a bound, or within units in
 * the last place. NaN equals NaN, whatever the payload. Failures name the first difference.
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

  /** Of floats too, which a double holds without loss. */
  private static boolean sameBits(double a, double b) {
    return Double.doubleToLongBits(a) == Double.doubleToLongBits(b);
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
        throw new AssertionError(
            difference(FloatFormat.BINARY32, what, "[" + i + "]", expected[i], actual[i]));
      }
    }
  }

  /**
   * Fails unless all numbers have the same bits.
   *
   * @param what names the result in the message
   * @param expected the reference
   * @param actual the result
   * @throws AssertionError that names the first difference: its position, both values and their
   *     bits
   */
  public static void assertSameBits(String what, double[] expected, double[] actual) {
    if (expected.length != actual.length) {
      throw new AssertionError(
          what + ": expected " + expected.length + " elements, got " + actual.length);
    }
    for (int i = 0; i < expected.length; i++) {
      if (!sameBits(expected[i], actual[i])) {
        throw new AssertionError(
            difference(FloatFormat.BINARY64, what, "[" + i + "]", expected[i], actual[i]));
      }
    }
  }

  /**
   * Fails unless two tensors have the same type, shape and bits; their strides may differ.
   *
   * @param what names the result in the message
   * @param expected the reference
   * @param actual the result
   * @throws AssertionError that names the first difference: its position, both values and their
   *     bits
   */
  public static void assertSameBits(String what, Tensor expected, Tensor actual) {
    assertAlike(what, expected, actual);
    FloatFormat format = FloatFormat.of(expected.dtype());
    DoubleArray reference = DoubleArray.of(expected);
    DoubleArray result = DoubleArray.of(actual);
    for (int i = 0; i < reference.length(); i++) {
      if (!sameBits(reference.at(i), result.at(i))) {
        throw new AssertionError(
            difference(format, what, position(expected, i), reference.at(i), result.at(i)));
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
    DoubleArray result = DoubleArray.of(actual);
    for (int i = 0; i < result.length(); i++) {
      expected.apply(i).assertContains(what + " at " + position(actual, i), result.at(i));
    }
  }

  /**
   * Fails unless every number is within its bound.
   *
   * @param what names the result in the message
   * @param expected value and bound of each number
   * @param actual the result
   * @throws AssertionError that names the first number outside: its position, value, bound and what
   *     came
   */
  public static void assertWithin(String what, IntFunction<Rounded> expected, float[] actual) {
    for (int i = 0; i < actual.length; i++) {
      expected.apply(i).assertContains(what + " at [" + i + "]", actual[i]);
    }
  }

  /**
   * Fails unless every element is at most some units in the last place from the reference.
   *
   * @param what names the result in the message
   * @param ulps how many numbers of the type they may be apart, see {@link FloatFormat#ulpDistance}
   * @param expected the reference
   * @param actual the result, of the same type and shape
   * @throws AssertionError that names the first difference: its position, both values, their bits
   *     and the distance
   */
  public static void assertWithinUlps(String what, long ulps, Tensor expected, Tensor actual) {
    assertAlike(what, expected, actual);
    FloatFormat format = FloatFormat.of(expected.dtype());
    DoubleArray reference = DoubleArray.of(expected);
    DoubleArray result = DoubleArray.of(actual);
    for (int i = 0; i < reference.length(); i++) {
      long distance = format.ulpDistance(reference.at(i), result.at(i));
      if (distance > ulps) {
        throw new AssertionError(
            difference(format, what, position(expected, i), reference.at(i), result.at(i))
                + ", "
                + distance
                + " ulp apart");
      }
    }
  }

  private static void assertAlike(String what, Tensor expected, Tensor actual) {
    if (!expected.shape().equals(actual.shape())) {
      throw new AssertionError(
          what + ": expected shape " + expected.shape() + ", got " + actual.shape());
    }
    if (expected.dtype() != actual.dtype()) {
      throw new AssertionError(what + ": expected " + expected.dtype() + ", got " + actual.dtype());
    }
  }

  private static String difference(
      FloatFormat format, String what, String position, double expected, double actual) {
    return what
        + " at "
        + position
        + ": expected "
        + expected
        + " ("
        + format.bits(expected)
        + "), got "
        + actual
        + " ("
        + format.bits(actual)
        + ")";
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
