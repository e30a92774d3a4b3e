package dev.lanewise.verification;

/**
 * What an oracle says of a sum of products, element by element.
 *
 * @param format what the computation that is bounded rounds to
 * @param value the sum, in double
 * @param magnitude the sum of the products' magnitudes, for bounds
 * @param terms how many products each element sums
 * @param factors how many factors each product has
 * @param largestProduct the product of the factors' largest magnitudes, each at least 1
 */
public record Estimate(
    FloatFormat format,
    DoubleArray value,
    DoubleArray magnitude,
    long terms,
    int factors,
    double largestProduct) {
  /**
   * The same sums with bounds for another format.
   *
   * @param other the format
   * @return the estimate
   */
  public Estimate in(FloatFormat other) {
    return new Estimate(other, value, magnitude, terms, factors, largestProduct);
  }

  /**
   * The bound of an element that arithmetic of the format computed in any order, and of three
   * factors or more along any path; see {@link ErrorBounds#sumOfProducts} and {@link
   * ErrorBounds#sumAlongPath}.
   *
   * @param position the element's place in row-major order
   * @return the bound
   */
  public double bound(int position) {
    return bound(terms, magnitude.at(position));
  }

  private double bound(long products, double size) {
    return factors <= 2
        ? ErrorBounds.sumOfProducts(format, products, size)
        : ErrorBounds.sumAlongPath(format, products, factors, size, largestProduct);
  }

  /**
   * An element with its bound.
   *
   * @param position the element's place in row-major order
   * @return value and bound
   */
  public Rounded at(int position) {
    return new Rounded(value.at(position), bound(position));
  }

  /**
   * An element with its bound, where the sum is added to a number that was there: every product
   * passes one rounding more.
   *
   * @param position the element's place in row-major order
   * @param before the number
   * @return value and bound
   */
  public Rounded addedTo(int position, double before) {
    double error = bound(terms + 1, magnitude.at(position) + Math.abs(before));
    return new Rounded(value.at(position) + before, error);
  }
}
