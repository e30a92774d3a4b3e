package dev.lanewise.verification;

import java.util.List;

/**
 * A number computed in double beside a bound on how far a float32 computation of the same formula
 * can be from it: running error analysis (N. J. Higham, <i>Accuracy and Stability of Numerical
 * Algorithms</i>, 2nd edition, section 3.3).
 *
 * <p>Each operation propagates the errors of its operands to first and second order, without
 * approximation, and adds the rounding of its own float32 result: {@code u (|value| + error) +
 * eta}. The own error of the double arithmetic is at most {@code 2^-29} of that rounding, and is
 * covered by counting u as {@code u (1 + 2^-20)}. The formulae of losses and optimizers are written
 * with this type, so that value and bound come from the same few lines.
 *
 * @param value the value in double
 * @param error a bound on the float32 result's distance from it; not negative
 */
public record Rounded(double value, double error) {
  private static final double UNIT = ErrorBounds.U * (1 + 0x1p-20);

  /**
   * A float or other number that is exactly there.
   *
   * @param value the number
   * @return it, without error
   */
  public static Rounded exact(double value) {
    return new Rounded(value, 0);
  }

  private static Rounded rounded(double value, double propagated) {
    return new Rounded(value, propagated + UNIT * (Math.abs(value) + propagated) + ErrorBounds.ETA);
  }

  /** The largest magnitude that the float32 number can have. */
  private double magnitude() {
    return Math.abs(value) + error;
  }

  /**
   * A sum, rounded once.
   *
   * @param other what is added
   * @return the sum
   */
  public Rounded plus(Rounded other) {
    return rounded(value + other.value, error + other.error);
  }

  /**
   * A difference, rounded once.
   *
   * @param other what is subtracted
   * @return the difference
   */
  public Rounded minus(Rounded other) {
    return rounded(value - other.value, error + other.error);
  }

  /**
   * A product, rounded once.
   *
   * @param other the factor
   * @return the product
   */
  public Rounded times(Rounded other) {
    return rounded(value * other.value, Math.abs(value) * other.error + error * other.magnitude());
  }

  /**
   * A quotient, rounded once.
   *
   * @param other the divisor, whose error is smaller than itself
   * @return the quotient
   */
  public Rounded dividedBy(Rounded other) {
    double quotient = value / other.value;
    double smallest = Math.abs(other.value) - other.error;
    return rounded(quotient, (error + Math.abs(quotient) * other.error) / smallest);
  }

  /**
   * The square root, rounded once. The root falls fastest towards 0, so the error is largest below.
   *
   * @return the root of a number that is not negative
   */
  public Rounded sqrt() {
    double root = Math.sqrt(value);
    return rounded(
        root, root - Math.sqrt(Math.max(value - error, 0)) + Math.sqrt(value + error) - root);
  }

  /**
   * A constant that was computed in double and rounded to float32.
   *
   * @param value the constant in double
   * @return it, with the error of its rounding
   */
  public static Rounded constant(double value) {
    return rounded(value, 0);
  }

  /**
   * The number with the other sign, which is exact.
   *
   * @return the negated number
   */
  public Rounded negated() {
    return new Rounded(-value, error);
  }

  /**
   * The larger of the number and 0, which is exact and enlarges no error.
   *
   * @return the number, or 0
   */
  public Rounded orZero() {
    return new Rounded(Math.max(value, 0), error);
  }

  /**
   * Whether the float32 number may be on the other side of 0, so that a comparison with 0 may go
   * either way.
   *
   * @return true if 0 is within the error
   */
  public boolean signIsUncertain() {
    return Math.abs(value) <= error;
  }

  /**
   * The exponential, by a float32 program that is within a number of ulps.
   *
   * <p>The argument's error e multiplies the result by at most {@code exp(e)}; an ulp is at most
   * {@code 2 u} of the value, and never less than the smallest subnormal.
   *
   * @param ulps the program's bound
   * @return the exponential
   */
  public Rounded exp(double ulps) {
    double result = StrictMath.exp(value);
    double propagated = result * StrictMath.expm1(error);
    return new Rounded(result, propagated + ulps * ErrorBounds.ulp(result + propagated));
  }

  /**
   * The natural logarithm, computed in double from the float32 number and not rounded to float32.
   *
   * @return the logarithm of a number whose error is smaller than itself
   */
  public Rounded logInDouble() {
    double result = StrictMath.log(value);
    return new Rounded(
        result, -StrictMath.log1p(-error / value) + 0x1p-50 * (1 + Math.abs(result)));
  }

  /**
   * The sum of numbers by float32 additions in any order and any grouping; see {@link
   * ErrorBounds#sum}.
   *
   * @param terms the numbers, possibly none
   * @return the sum
   */
  public static Rounded sum(List<Rounded> terms) {
    double value = 0;
    double error = 0;
    double magnitude = 0;
    for (Rounded term : terms) {
      value += term.value;
      error += term.error;
      magnitude += term.magnitude();
    }
    return new Rounded(value, error + ErrorBounds.sum(terms.size(), magnitude));
  }

  /**
   * The sum of products by float32 multiply-adds in any order and any grouping; see {@link
   * ErrorBounds#sumOfProducts}.
   *
   * @param left the first factors
   * @param right the second factors, as many
   * @return the sum
   */
  public static Rounded dot(List<Rounded> left, List<Rounded> right) {
    double value = 0;
    double error = 0;
    double magnitude = 0;
    for (int i = 0; i < left.size(); i++) {
      Rounded a = left.get(i);
      Rounded b = right.get(i);
      value += a.value * b.value;
      error += Math.abs(a.value) * b.error + a.error * b.magnitude();
      magnitude += a.magnitude() * b.magnitude();
    }
    return new Rounded(value, error + ErrorBounds.sumOfProducts(left.size(), magnitude));
  }

  /**
   * Fails if a float32 result is further away than the bound allows.
   *
   * @param what names the result in the message
   * @param actual the float32 result
   * @throws AssertionError with value, bound and result
   */
  public void assertContains(String what, double actual) {
    if ((Double.isNaN(value) && Double.isNaN(actual)) || value == actual) {
      return;
    }
    if (!(Math.abs(actual - value) <= error)) {
      throw new AssertionError(
          what
              + ": expected "
              + value
              + " within "
              + error
              + ", got "
              + actual
              + ", off by "
              + Math.abs(actual - value));
    }
  }
}
