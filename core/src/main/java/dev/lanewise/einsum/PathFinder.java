package dev.lanewise.einsum;

import dev.lanewise.einsum.SearchSpace.Pair;
import dev.lanewise.internal.gemm.Program;
import java.util.ArrayList;
import java.util.List;

/** Chooses the path of a network. */
final class PathFinder {
  /**
   * Up to here {@link PathSearch#AUTO} is optimal: 3^8 pairs of sets are about a millisecond's
   * work.
   */
  private static final int OPTIMAL_BY_DEFAULT = 8;

  private final TensorNetwork network;
  private final ContractionOptions options;

  PathFinder(TensorNetwork network, ContractionOptions options) {
    this.network = network;
    this.options = options;
  }

  /**
   * The steps of the path: the given one, or else the best that the search finds.
   *
   * @throws IllegalArgumentException if the given path is none for the network, or no path stays
   *     within the limit
   */
  PathSteps find() {
    if (options.path().isPresent()) {
      return follow(options.path().get());
    }
    return searchSteps();
  }

  private PathSteps follow(ContractionPath given) {
    PathSteps steps = new PathSteps(network, given, options.dtype());
    if (steps.largestIntermediate() > options.largestIntermediate()) {
      throw new IllegalArgumentException(
          network.name()
              + ": path "
              + given
              + " has an intermediate of "
              + steps.largestIntermediate()
              + " elements, more than the limit of "
              + options.largestIntermediate());
    }
    return steps;
  }

  private PathSteps searchSteps() {
    List<int[]> found = network.operandCount() > 2 ? search() : atOnce();
    PathSteps steps = steps(found);
    Labelling last = steps.last().labelling();
    if (last.repeatsResult() && last.program() != Program.PRODUCT) {
      // The sums are computed once, and then repeated along what only the output has.
      List<int[]> longer = new ArrayList<>(found);
      longer.add(new int[] {network.operandCount() + found.size() - 1});
      PathSteps repeated = steps(longer);
      return repeated.largestIntermediate() <= options.largestIntermediate() ? repeated : steps;
    }
    return steps;
  }

  private PathSteps steps(List<int[]> tensors) {
    ContractionPath path = ContractionPath.ofTensors(network.operandCount(), tensors);
    return new PathSteps(network, path, options.dtype());
  }

  private List<int[]> atOnce() {
    return List.of(network.operandCount() == 1 ? new int[] {0} : new int[] {0, 1});
  }

  private List<int[]> search() {
    SearchSpace space = new SearchSpace(network, options.largestIntermediate());
    List<Pair> pairs =
        isOptimal()
            ? new OptimalSearch(space).pairs()
            : new GreedySearch(space, network.sizes().length).pairs();
    if (pairs.isEmpty()) {
      throw new IllegalArgumentException(
          network.name()
              + ": "
              + (isOptimal() ? "there is no path" : "the greedy search finds no path")
              + (options.largestIntermediate() == ContractionOptions.UNLIMITED
                  ? " whose intermediates have no more elements than a long can count"
                  : " whose intermediates stay within the limit of "
                      + options.largestIntermediate()
                      + " elements"));
    }
    // Steps name tensors by number, and number the reductions of operands too.
    int operands = network.operandCount();
    List<Integer> numbers = new ArrayList<>();
    for (int operand = 0; operand < operands; operand++) {
      numbers.add(operand);
    }
    List<int[]> steps = new ArrayList<>();
    for (Pair pair : pairs) {
      int first = numbers.get(pair.first());
      int second = numbers.get(pair.second());
      if (pair.merge().reducesFirst()) {
        steps.add(new int[] {first});
        first = operands + steps.size() - 1;
      }
      if (pair.merge().reducesSecond()) {
        steps.add(new int[] {second});
        second = operands + steps.size() - 1;
      }
      steps.add(new int[] {first, second});
      numbers.add(operands + steps.size() - 1);
    }
    return steps;
  }

  private boolean isOptimal() {
    int operands = network.operandCount();
    if (options.search() == PathSearch.OPTIMAL && operands > OptimalSearch.MOST_OPERANDS) {
      throw new IllegalArgumentException(
          network.name()
              + ": the search OPTIMAL takes at most "
              + OptimalSearch.MOST_OPERANDS
              + " operands, but there are "
              + operands);
    }
    return options.search() == PathSearch.OPTIMAL
        || (options.search() == PathSearch.AUTO && operands <= OPTIMAL_BY_DEFAULT);
  }
}
