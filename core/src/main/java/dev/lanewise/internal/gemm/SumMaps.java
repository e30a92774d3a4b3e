package dev.lanewise.internal.gemm;

import java.util.List;

/**
 * Where the operands and results of many sums lie: a batch of outputs, rows of outputs in each, and
 * the terms of a sum.
 *
 * @param aBatch the batch in the first operand
 * @param bBatch the batch in the second operand
 * @param cBatch the batch in the output
 * @param rows the loop over a row of outputs
 * @param aTerms the terms in the first operand
 * @param bTerms the terms in the second operand
 * @param innermost the innermost loop over terms
 */
record SumMaps(
    OffsetMap aBatch,
    OffsetMap bBatch,
    OffsetMap cBatch,
    Loop rows,
    OffsetMap aTerms,
    OffsetMap bTerms,
    Loop innermost) {
  /** Maps for folded loops. */
  static SumMaps of(List<Loop> batch, Loop rows, List<Loop> terms) {
    return new SumMaps(
        OffsetMap.of(batch, Loop.A),
        OffsetMap.of(batch, Loop.B),
        OffsetMap.of(batch, Loop.C),
        rows,
        OffsetMap.of(terms, Loop.A),
        OffsetMap.of(terms, Loop.B),
        terms.isEmpty() ? Loop.ONCE : terms.getLast());
  }

  long k() {
    return aTerms.count();
  }

  Range whole() {
    return Range.whole(cBatch.count(), rows.size(), 1);
  }

  @Override
  public String toString() {
    return cBatch.count() + " x " + rows.size() + " sums of " + k();
  }
}
