package dev.lanewise.internal.gemm;

import java.util.List;

/**
 * The loops of a product of matrices, grouped and folded.
 *
 * @param batch loops over matrices
 * @param rows loops of the first factor and the output
 * @param columns loops of the second factor and the output
 * @param summed loops of both factors
 */
record ChainLoops(List<Loop> batch, List<Loop> rows, List<Loop> columns, List<Loop> summed) {
  static ChainLoops folded(List<Loop> batch, List<Loop> m, List<Loop> n, List<Loop> k) {
    return new ChainLoops(Loop.fold(batch), Loop.fold(m), Loop.fold(n), Loop.fold(k));
  }

  /** The same product with its factors exchanged. */
  ChainLoops swapped() {
    return new ChainLoops(
        Loop.swapped(batch), Loop.swapped(columns), Loop.swapped(rows), Loop.swapped(summed));
  }

  /**
   * Whether the rows lie closer together in the output than the columns. Lanes run along the
   * columns, so these should be what lies side by side; a product does not care which factor comes
   * first.
   */
  boolean isBetterSwapped() {
    return innermostStride(rows) < innermostStride(columns);
  }

  /**
   * Whether lanes along the columns would be mostly idle, and along the rows would not: then the
   * output is scattered, which costs less.
   */
  boolean hasNarrowColumns(int lanes) {
    return count(columns) <= lanes / 2 && count(rows) >= 4L * lanes;
  }

  private static long count(List<Loop> loops) {
    return loops.stream().mapToLong(Loop::size).reduce(1, (x, y) -> x * y);
  }

  private static long innermostStride(List<Loop> loops) {
    return loops.isEmpty() ? Long.MAX_VALUE : loops.getLast().cStride();
  }

  MatrixMaps maps() {
    return new MatrixMaps(
        OffsetMap.of(batch, Loop.A),
        OffsetMap.of(batch, Loop.B),
        OffsetMap.of(batch, Loop.C),
        OffsetMap.of(rows, Loop.A),
        OffsetMap.of(summed, Loop.A),
        OffsetMap.of(summed, Loop.B),
        OffsetMap.of(columns, Loop.B),
        OffsetMap.of(rows, Loop.C),
        OffsetMap.of(columns, Loop.C));
  }
}
