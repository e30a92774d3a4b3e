package dev.lanewise.einsum;

import dev.lanewise.einsum.SearchSpace.Candidate;
import dev.lanewise.einsum.SearchSpace.Pair;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import org.jspecify.annotations.Nullable;

/**
 * A path by contracting, again and again, the pair whose result is least larger than its operands;
 * pairs that share no label come last, the smallest first.
 */
final class GreedySearch {
  private final SearchSpace space;

  /** Operands, then results; null once contracted. */
  private final List<@Nullable Candidate> tensors;

  /** How many tensors that are left have each label. */
  private final int[] holders;

  private final PriorityQueue<Choice> queue =
      new PriorityQueue<>(
          Comparator.comparingDouble(Choice::growth)
              .thenComparingInt(Choice::first)
              .thenComparingInt(Choice::second));

  private record Choice(int first, int second, Candidate result, double growth) {}

  GreedySearch(SearchSpace space, int labels) {
    this.space = space;
    this.tensors = new ArrayList<>(space.operands());
    this.holders = new int[labels];
    for (int label = 0; label < labels; label++) {
      holders[label] = space.holders(label);
    }
  }

  /** As {@link OptimalSearch#pairs}; empty if the limit leaves no pair to contract. */
  List<Pair> pairs() {
    int left = tensors.size();
    for (int tensor = 1; tensor < tensors.size(); tensor++) {
      offer(tensor);
    }
    List<Pair> pairs = new ArrayList<>();
    while (left > 1) {
      Choice next = left == 2 ? last() : next();
      if (next == null) {
        return List.of();
      }
      Candidate a = live(next.first);
      Candidate b = live(next.second);
      pairs.add(new Pair(next.first, next.second, space.merge(a, b, next.result.labels())));
      contract(next);
      left--;
    }
    return pairs;
  }

  /** Puts the pairs of a tensor with the earlier ones that share a label into the queue. */
  private void offer(int tensor) {
    Candidate own = tensors.get(tensor);
    for (int other = 0; other < tensor && own != null; other++) {
      Candidate candidate = tensors.get(other);
      if (candidate != null && own.labels().intersects(candidate.labels())) {
        queue.add(choice(other, tensor));
      }
    }
  }

  private Choice choice(int first, int second) {
    Candidate a = live(first);
    Candidate b = live(second);
    BitSet labels = SearchSpace.union(a.labels(), b.labels());
    BitSet large = SearchSpace.union(a.large(), b.large());
    for (int label = labels.nextSetBit(0); label >= 0; label = labels.nextSetBit(label + 1)) {
      int here = (a.labels().get(label) ? 1 : 0) + (b.labels().get(label) ? 1 : 0);
      if (holders[label] == here && !space.inOutput(label)) {
        labels.clear(label);
        large.clear(label);
      }
    }
    double growth = space.size(large) - space.size(a.large()) - space.size(b.large());
    return new Choice(first, second, Candidate.result(labels, large), growth);
  }

  /** The best pair of the queue that is still there and within the limit, or else of all. */
  private @Nullable Choice next() {
    for (Choice choice = queue.poll(); choice != null; choice = queue.poll()) {
      if (isLive(choice.first) && isLive(choice.second) && fits(choice)) {
        return choice;
      }
    }
    Choice best = null;
    for (int second = 1; second < tensors.size(); second++) {
      for (int first = 0; first < second; first++) {
        Choice choice = isLive(first) && isLive(second) ? choice(first, second) : null;
        if (choice != null && fits(choice) && (best == null || size(choice) < size(best))) {
          best = choice;
        }
      }
    }
    return best;
  }

  /** The two tensors that are left, whose result is no intermediate. */
  private Choice last() {
    int first = 0;
    while (!isLive(first)) {
      first++;
    }
    int second = first + 1;
    while (!isLive(second)) {
      second++;
    }
    return choice(first, second);
  }

  private void contract(Choice choice) {
    for (int tensor : new int[] {choice.first, choice.second}) {
      live(tensor).labels().stream().forEach(label -> holders[label]--);
      tensors.set(tensor, null);
    }
    choice.result.labels().stream().forEach(label -> holders[label]++);
    tensors.add(choice.result);
    offer(tensors.size() - 1);
  }

  private boolean fits(Choice choice) {
    return space.fits(choice.result.large());
  }

  private double size(Choice choice) {
    return space.size(choice.result.large());
  }

  private boolean isLive(int tensor) {
    return tensors.get(tensor) != null;
  }

  private Candidate live(int tensor) {
    Candidate candidate = tensors.get(tensor);
    if (candidate == null) {
      throw new IllegalStateException("tensor " + tensor + " was contracted already");
    }
    return candidate;
  }
}
