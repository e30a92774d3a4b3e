package dev.lanewise.verification;

/**
 * What an oracle says of a sum of products, element by element.
 *
 * @param value the sum, in double
 * @param magnitude the sum of the products' magnitudes, for bounds
 * @param terms how many products each element sums
 */
public record Estimate(DoubleArray value, DoubleArray magnitude, long terms) {
  /**
   * The bound of an element that float32 arithmetic computed in any order; see {@link
   * ErrorBounds#sumOfProducts}.
   *
   * @param position the element's place in row-major order
   * @return the bound
   */
  public double bound(int position) {
    return ErrorBounds.sumOfProducts(terms, magnitude.at(position));
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
   * An element with its bound, where the sum is added to a number that was there.
   *
   * @param position the element's place in row-major order
   * @param before the number
   * @return value and bound
   */
  public Rounded addedTo(int position, double before) {
    double error =
        ErrorBounds.accumulatedSumOfProducts(terms, magnitude.at(position) + Math.abs(before));
    return new Rounded(value.at(position) + before, error);
  }
}
