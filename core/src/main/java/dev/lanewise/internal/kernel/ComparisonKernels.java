package dev.lanewise.internal.kernel;

import java.util.Optional;

/**
 * How rows of a table are compared with queries: what their sums have for terms. The sums are those
 * of a product of matrices, of the same order.
 *
 * @param tiles rows and some queries, lanes across the queries, in tiles of one vector and two
 * @param gemv rows and one query, lanes across the rows; may be none
 */
public record ComparisonKernels(DirectKernels tiles, Optional<GemvKernels<float[]>> gemv) {}
