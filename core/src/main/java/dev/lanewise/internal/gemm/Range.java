package dev.lanewise.internal.gemm;

/**
 * A part of a batch of outputs: some of its matrices, and of each some rows and columns. The sum is
 * never divided, so that an element's bits do not depend on the parts.
 */
record Range(
    long batchFrom, long batchTo, long rowFrom, long rowTo, long columnFrom, long columnTo) {
  static Range whole(long batch, long m, long n) {
    return new Range(0, batch, 0, m, 0, n);
  }
}
