package dev.lanewise.einsum;

import dev.lanewise.einsum.SearchSpace.Candidate;
import dev.lanewise.einsum.SearchSpace.Merge;
import dev.lanewise.einsum.SearchSpace.Pair;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;

/**
 * The path with the fewest operations, by dynamic programming over the sets of operands: what a set
 * contracts to does not depend on the order, so its best order is the best split in two sets, each
 * in its own best order.
 */
final class OptimalSearch {
  /** 3^14 pairs of sets are about a second's work. */
  static final int MOST_OPERANDS = 14;

  private final SearchSpace space;
  private final int operands;
  private final Candidate[] results;
  private final double[] costs;

  /** Of the two sets of the best split, the one without the lowest operand. */
  private final int[] splits;

  OptimalSearch(SearchSpace space) {
    this.space = space;
    this.operands = space.operands().size();
    this.results = new Candidate[1 << operands];
    this.costs = new double[1 << operands];
    this.splits = new int[1 << operands];
  }

  /** The pairs to contract, in order; empty if no path stays within the limit. */
  List<Pair> pairs() {
    int all = results.length - 1;
    Arrays.fill(costs, Double.POSITIVE_INFINITY);
    for (int operand = 0; operand < operands; operand++) {
      results[1 << operand] = space.operands().get(operand);
      costs[1 << operand] = 0;
    }
    for (int set = 1; set <= all; set++) {
      if (Integer.bitCount(set) > 1) {
        results[set] = result(set);
        if (set == all || space.fits(results[set].large())) {
          findBestSplit(set);
        }
      }
    }
    List<Pair> pairs = new ArrayList<>();
    if (costs[all] < Double.POSITIVE_INFINITY) {
      collect(all, pairs);
    }
    return pairs;
  }

  /** What a set of operands contracts to: the labels that other operands or the output have. */
  private Candidate result(int set) {
    BitSet labels = new BitSet();
    BitSet large = new BitSet();
    BitSet outside = new BitSet();
    for (int operand = 0; operand < operands; operand++) {
      Candidate candidate = space.operands().get(operand);
      if (((set >> operand) & 1) == 0) {
        outside.or(candidate.labels());
      } else {
        labels.or(candidate.labels());
        large.or(candidate.large());
      }
    }
    for (int label = labels.nextSetBit(0); label >= 0; label = labels.nextSetBit(label + 1)) {
      if (!outside.get(label) && !space.inOutput(label)) {
        labels.clear(label);
        large.clear(label);
      }
    }
    return Candidate.result(labels, large);
  }

  private void findBestSplit(int set) {
    int lowest = Integer.lowestOneBit(set);
    // Every way to give the lowest operand company: the other set is what remains.
    for (int rest = (set - 1) & set; rest > 0; rest = (rest - 1) & set) {
      if ((rest & lowest) == 0) {
        continue;
      }
      double parts = costs[rest] + costs[set ^ rest];
      if (parts < costs[set]) {
        double cost = parts + merge(set, rest).flops();
        if (cost < costs[set]) {
          costs[set] = cost;
          splits[set] = rest;
        }
      }
    }
  }

  private int collect(int set, List<Pair> pairs) {
    if (Integer.bitCount(set) == 1) {
      return Integer.numberOfTrailingZeros(set);
    }
    int first = collect(splits[set], pairs);
    int second = collect(set ^ splits[set], pairs);
    pairs.add(new Pair(first, second, merge(set, splits[set])));
    return operands + pairs.size() - 1;
  }

  private Merge merge(int set, int part) {
    return space.merge(results[part], results[set ^ part], results[set].labels());
  }
}
