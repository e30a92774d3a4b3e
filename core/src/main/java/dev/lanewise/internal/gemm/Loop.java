package dev.lanewise.internal.gemm;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * One loop of a contraction: a label's size and how far each of the three tensors moves with it. A
 * tensor that does not have the label stands still (stride 0), as does one that is broadcast along
 * it; one that has it twice, on a diagonal, moves by the sum.
 *
 * @param size how often the loop runs
 * @param aStride bytes in the first operand
 * @param bStride bytes in the second operand
 * @param cStride bytes in the output
 */
public record Loop(long size, long aStride, long bStride, long cStride) {
  static final int A = 0;
  static final int B = 1;
  static final int C = 2;

  /** A loop that runs once. */
  static final Loop ONCE = new Loop(1, 0, 0, 0);

  long strideBytes(int operand) {
    return switch (operand) {
      case A -> aStride;
      case B -> bStride;
      default -> cStride;
    };
  }

  /**
   * The loops with sizes of 1 left out and neighbours made one where every tensor allows it; the
   * order of positions is unchanged.
   */
  static List<Loop> fold(List<Loop> loops) {
    List<Loop> folded = new ArrayList<>();
    for (Loop inner : loops) {
      if (inner.size == 1) {
        continue;
      }
      Loop outer = folded.isEmpty() ? null : folded.getLast();
      if (outer != null
          && outer.aStride == inner.size * inner.aStride
          && outer.bStride == inner.size * inner.bStride
          && outer.cStride == inner.size * inner.cStride) {
        folded.set(
            folded.size() - 1,
            new Loop(outer.size * inner.size, inner.aStride, inner.bStride, inner.cStride));
      } else {
        folded.add(inner);
      }
    }
    return folded;
  }

  /**
   * Loops whose order does not matter, folded as far as possible: outermost the one that moves
   * furthest in the output.
   */
  static List<Loop> foldAnyOrder(List<Loop> loops) {
    return fold(loops.stream().sorted(Comparator.comparingLong(Loop::cStride).reversed()).toList());
  }

  /** The same loops with the operands exchanged. */
  static List<Loop> swapped(List<Loop> loops) {
    return loops.stream().map(Loop::swapped).toList();
  }

  /** The same loop with the operands exchanged. */
  Loop swapped() {
    return new Loop(size, bStride, aStride, cStride);
  }
}
