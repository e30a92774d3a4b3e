package dev.lanewise.einsum;

import dev.lanewise.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Objects;

/**
 * A network as the path searches see it: sets of labels and sizes. A label that only one operand
 * has and the output has not is summed with the operand's first step, or in a step of its own
 * before, whichever takes fewer operations.
 */
final class SearchSpace {
  /**
   * A tensor of the search.
   *
   * @param labels the labels of its axes, but for those that only it has and the output has not
   * @param large those along which it is not of size 1
   * @param hasOwn whether it has labels that only it has
   * @param own the number of elements along these: what summing them makes smaller
   */
  record Candidate(BitSet labels, BitSet large, boolean hasOwn, double own) {
    static Candidate result(BitSet labels, BitSet large) {
      return new Candidate(labels, large, false, 1);
    }
  }

  /**
   * How two tensors are contracted best.
   *
   * @param flops the floating-point operations, those of the reductions included
   * @param reducesFirst whether the first is summed over its own labels before, in a step of its
   *     own
   * @param reducesSecond whether the second is
   */
  record Merge(double flops, boolean reducesFirst, boolean reducesSecond) {}

  /**
   * Two tensors to contract; operands are named by number, results by the number of operands and
   * their place among the results.
   */
  record Pair(int first, int second, Merge merge) {}

  private final TensorNetwork network;
  private final List<Candidate> operands = new ArrayList<>();
  private final double largest;

  /** The labels of the output. */
  private final BitSet output = new BitSet();

  /** How many operands have each label. */
  private final int[] holders;

  /**
   * The space of a network.
   *
   * @param largest the most elements an intermediate may have
   */
  SearchSpace(TensorNetwork network, long largest) {
    this.network = network;
    this.largest = largest;
    this.holders = new int[network.sizes().length];
    for (int label : network.output()) {
      add(output, label);
    }
    for (int[] axes : network.operands()) {
      Arrays.stream(axes)
          .filter(label -> label != TensorNetwork.UNLABELLED)
          .distinct()
          .forEach(label -> holders[label]++);
    }
    for (int operand = 0; operand < network.operandCount(); operand++) {
      operands.add(candidate(operand));
    }
  }

  private Candidate candidate(int operand) {
    BitSet labels = new BitSet();
    BitSet large = new BitSet();
    BitSet own = new BitSet();
    int[] axes = network.operands().get(operand);
    Shape shape = network.shapes().get(operand);
    for (int axis = 0; axis < axes.length; axis++) {
      int label = axes[axis];
      boolean isOwn =
          label != TensorNetwork.UNLABELLED && holders[label] == 1 && !output.get(label);
      add(isOwn ? own : labels, label);
      if (!isOwn && shape.size(axis) != 1) {
        add(large, label);
      }
    }
    return new Candidate(labels, large, !own.isEmpty(), size(own));
  }

  private static void add(BitSet set, int label) {
    if (label != TensorNetwork.UNLABELLED) {
      set.set(label);
    }
  }

  /** The operands, without the labels that only they have. */
  List<Candidate> operands() {
    return operands;
  }

  /** Whether the output has a label. */
  boolean inOutput(int label) {
    return output.get(label);
  }

  /** How many operands have a label. */
  int holders(int label) {
    return holders[label];
  }

  /** The number of elements along some labels. */
  double size(BitSet large) {
    double size = 1;
    for (int label = large.nextSetBit(0); label >= 0; label = large.nextSetBit(label + 1)) {
      size *= network.sizes()[label];
    }
    return size;
  }

  /** Whether an intermediate may be as large. */
  boolean fits(BitSet large) {
    return size(large) <= largest;
  }

  /**
   * The best way to contract two tensors.
   *
   * @param result the labels that the result keeps
   */
  Merge merge(Candidate a, Candidate b, BitSet result) {
    double positions = size(union(a.large, b.large));
    BitSet summed = union(a.labels, b.labels);
    summed.andNot(result);
    Merge best = null;
    for (int ways = 0; ways < 4; ways++) {
      boolean first = (ways & 1) != 0;
      boolean second = (ways & 2) != 0;
      if ((first && !isReducible(a)) || (second && !isReducible(b))) {
        continue;
      }
      boolean sums = !summed.isEmpty() || (a.hasOwn && !first) || (b.hasOwn && !second);
      double flops =
          positions * (first ? 1 : a.own) * (second ? 1 : b.own) * (sums ? 2 : 1)
              + (first ? 2 * a.own * size(a.large) : 0)
              + (second ? 2 * b.own * size(b.large) : 0);
      if (best == null || flops < best.flops) {
        best = new Merge(flops, first, second);
      }
    }
    return Objects.requireNonNull(best);
  }

  private boolean isReducible(Candidate candidate) {
    return candidate.hasOwn && fits(candidate.large);
  }

  static BitSet union(BitSet a, BitSet b) {
    BitSet union = (BitSet) a.clone();
    union.or(b);
    return union;
  }
}
