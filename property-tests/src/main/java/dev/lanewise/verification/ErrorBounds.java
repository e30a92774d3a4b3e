package dev.lanewise.verification;

/**
 * Bounds on the error of float32 and float64 computations, in double, for round to nearest.
 *
 * <p>The standard model (N. J. Higham, <i>Accuracy and Stability of Numerical Algorithms</i>, 2nd
 * edition, sections 2.2 and 3.1): a rounded operation gives {@code (x op y)(1 + d) + e} with {@code
 * |d| <= u} and {@code |e| <= eta}, where only one of d and e differs from zero; e is zero for
 * sums. A product of n factors {@code 1 + d} is {@code 1 + theta} with {@code |theta| <= gamma(n) =
 * n u / (1 - n u)}. The model holds while nothing overflows.
 */
public final class ErrorBounds {
  /** The unit roundoff of float32: half the distance from 1 to the next number. */
  public static final double U = FloatFormat.BINARY32.unitRoundoff();

  /** The largest error of one rounding to a subnormal float32: half the smallest subnormal. */
  public static final double ETA = FloatFormat.BINARY32.underflow();

  /**
   * Of an oracle that computes with twice the precision of double and rounds its sums and their
   * magnitudes to double: one rounding each, one where a number is added to the sum; what is lost
   * before, less than {@code 4 (n + f) 2^-106} with n products of f factors, is less than another.
   */
  private static final int ORACLE_ROUNDINGS = 4;

  private ErrorBounds() {}

  /**
   * The relative error that n roundings to float32 can build up.
   *
   * @param n the roundings, less than 2^24
   * @return {@code n u / (1 - n u)}
   * @throws IllegalArgumentException if n is negative or too large for the model
   */
  public static double gamma(long n) {
    return gamma(n, FloatFormat.BINARY32.unitRoundoff());
  }

  /**
   * The same for double arithmetic: what an oracle's own sum of n terms may be off by.
   *
   * @param n the roundings
   * @return {@code n v / (1 - n v)} with {@code v = 2^-53}
   */
  public static double gammaOfDouble(long n) {
    return gamma(n, FloatFormat.BINARY64.unitRoundoff());
  }

  /**
   * The same for a format of which only the unit roundoff matters.
   *
   * @param n the roundings
   * @param unit the unit roundoff u
   * @return {@code n u / (1 - n u)}
   * @throws IllegalArgumentException if n is negative or too large for the model
   */
  public static double gamma(long n, double unit) {
    double product = n * unit;
    if (n < 0 || product >= 1) {
      throw new IllegalArgumentException(
          "gamma(" + n + ") is not defined: n u must be within [0, 1)");
    }
    return product / (1 - product);
  }

  /**
   * The error of a sum of n products, {@code sum of a b}, each product entering by one fused
   * multiply-add or by a product that is rounded and added, in any order and with any number of
   * partial sums that are combined by additions.
   *
   * <p>A term passes through at most n roundings: with one chain, the n - i + 1 multiply-adds from
   * its own on; with partial sums, the multiply-adds of its own partial and the additions above it,
   * of which no more than the other terms are there to add are inexact (adding zero is exact). So
   * the computed sum is {@code sum of a b (1 + theta)} with {@code |theta| <= gamma(n)}, plus one
   * eta for each of the n fused operations, which later roundings may enlarge by {@code 1 +
   * gamma(n)}. The oracle's sum in double, whose products are exact, adds {@code gammaOfDouble(n)}.
   *
   * @param n the number of products; 0 gives 0
   * @param magnitude {@code sum of |a| |b|}
   * @return the bound
   */
  public static double sumOfProducts(long n, double magnitude) {
    return (gamma(n) + gammaOfDouble(n)) * magnitude + n * ETA * (1 + gamma(n));
  }

  /**
   * The same for a computation in any format, against an oracle that computes with twice the
   * precision of double, as {@link OracleEinsum} does; its products may underflow, too.
   *
   * @param format what the computation rounds to
   * @param n the number of products; 0 gives 0
   * @param magnitude {@code sum of |a| |b|}
   * @return the bound
   */
  public static double sumOfProducts(FloatFormat format, long n, double magnitude) {
    double gamma = gamma(n, format.unitRoundoff());
    return (gamma + gammaOfDouble(ORACLE_ROUNDINGS)) * magnitude
        + n * (format.underflow() * (1 + gamma) + DoubleDouble.UNDERFLOW);
  }

  /**
   * The error of a sum of n products of several factors, computed step by step along any path: each
   * step sums products of two earlier results, or the elements of one.
   *
   * <p>Every product is built in every step once: it passes at most K roundings in a step that sums
   * K products, and 1 in one that sums none. Each label is summed in one step, so the steps' K
   * multiply to n, and then the roundings of S steps are at most {@code r = n + S - 1} (as {@code
   * sum of (K - 1) <= product of K - 1}). With f factors there are f - 1 steps over two tensors,
   * one at most for each operand that sums its own labels, and one that repeats the result: S = 2
   * f. So the computed sum is {@code sum of the products (1 + theta)} with {@code |theta| <=
   * gamma(r)}. An eta enters with each of the at most n products of each step, is multiplied by
   * what the other operands hold, and enlarged by {@code 1 + gamma(r)}. The oracle computes with
   * twice the precision of double, as {@link OracleEinsum} does, and may underflow with each
   * factor.
   *
   * @param format what the computation rounds to
   * @param n the number of products; 0 gives 0 products and the bound of the empty steps
   * @param factors how many factors a product has
   * @param magnitude the sum of the products' magnitudes
   * @param largestProduct the product of the factors' largest magnitudes, each at least 1
   * @return the bound
   */
  public static double sumAlongPath(
      FloatFormat format, long n, int factors, double magnitude, double largestProduct) {
    long steps = 2L * factors;
    long roundings = n + steps - 1;
    double gamma = gamma(roundings, format.unitRoundoff());
    double underflow = steps * format.underflow() * (1 + gamma) + factors * DoubleDouble.UNDERFLOW;
    return (gamma + gammaOfDouble(ORACLE_ROUNDINGS)) * magnitude + n * underflow * largestProduct;
  }

  /**
   * The error of a sum of n floats by additions in any order: n - 1 roundings, none of which
   * underflows inexactly.
   *
   * @param n the number of terms
   * @param magnitude {@code sum of |a|}
   * @return the bound
   */
  public static double sum(long n, double magnitude) {
    long roundings = Math.max(n - 1, 0);
    return (gamma(roundings) + gammaOfDouble(roundings)) * magnitude;
  }

  /**
   * The size of a float's last place near a value: the distance between neighbouring float32
   * numbers in its binade, and never less than the smallest subnormal.
   *
   * @param value a finite value
   * @return one ulp, in double
   */
  public static double ulp(double value) {
    int exponent =
        value == 0 ? Float.MIN_EXPONENT : Math.max(Math.getExponent(value), Float.MIN_EXPONENT);
    return Math.scalb(1.0, exponent - 23);
  }
}
