package dev.lanewise.verification;

/**
 * A number as the sum of two doubles, of which the first is the sum rounded: twice the precision of
 * double, for oracles of double computations.
 *
 * <p>The algorithms and their bounds are those of M. Joldes, J.-M. Muller and V. Popescu, <i>Tight
 * and rigorous error bounds for basic building blocks of double-word arithmetic</i>, ACM TOMS 44,
 * 2017. With {@code v = 2^-53}: a product with a double (their algorithm 9) is off by at most
 * {@code 2 v^2} of itself, a sum (algorithm 6) by at most {@code 3 v^2 / (1 - 4 v)} of itself. A
 * product that underflows is off by at most {@link #UNDERFLOW} besides. Where the result is not
 * finite, it is that of double arithmetic.
 *
 * @param high the number rounded to double
 * @param low the rest
 */
record DoubleDouble(double high, double low) {
  static final DoubleDouble ZERO = new DoubleDouble(0, 0);
  static final DoubleDouble ONE = new DoubleDouble(1, 0);

  /** Three operations of a product can each be off by half the smallest double. */
  static final double UNDERFLOW = 2 * Double.MIN_VALUE;

  /** The exact sum of two doubles (Møller and Knuth). */
  private static DoubleDouble exactSum(double a, double b) {
    double sum = a + b;
    double ofB = sum - a;
    return new DoubleDouble(sum, (a - (sum - ofB)) + (b - ofB));
  }

  /** The exact sum of two doubles of which the first is not smaller (Dekker). */
  private static DoubleDouble exactSumOfOrdered(double a, double b) {
    double sum = a + b;
    return new DoubleDouble(sum, b - (sum - a));
  }

  DoubleDouble plus(DoubleDouble other) {
    DoubleDouble highs = exactSum(high, other.high);
    if (!Double.isFinite(highs.high)) {
      return new DoubleDouble(highs.high, 0);
    }
    DoubleDouble lows = exactSum(low, other.low);
    DoubleDouble sum = exactSumOfOrdered(highs.high, highs.low + lows.high);
    return exactSumOfOrdered(sum.high, lows.low + sum.low);
  }

  DoubleDouble times(double factor) {
    double product = high * factor;
    if (!Double.isFinite(product)) {
      return new DoubleDouble(product, 0);
    }
    double rest = Math.fma(high, factor, -product);
    return exactSumOfOrdered(product, Math.fma(low, factor, rest));
  }

  DoubleDouble abs() {
    return high < 0 ? new DoubleDouble(-high, -low) : this;
  }
}
