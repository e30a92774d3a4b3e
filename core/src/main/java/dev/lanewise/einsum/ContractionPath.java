package dev.lanewise.einsum;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * The order in which a contraction of many operands is computed, step by step, each over one or two
 * tensors.
 *
 * <p>The convention is that of <a
 * href="https://optimized-einsum.readthedocs.io/en/stable/reusing_paths.html">opt_einsum</a> and
 * numpy.einsum_path: a step is a list of positions in the list of tensors that are left; those are
 * taken out, and the step's result is appended at the end. {@code [(0, 2), (0, 1)]} contracts
 * operands 0 and 2 first, and then operand 1 with the result. A step over one position sums the
 * labels that only that tensor has and the output has not, and takes its diagonals. A step over
 * more than two positions, which opt_einsum knows, is refused.
 *
 * <p>A step keeps the labels that a tensor still left, or the output, has; it sums the others.
 *
 * <p>Immutable and thread-safe.
 */
public final class ContractionPath {
  private final List<int[]> steps;

  private ContractionPath(List<int[]> steps) {
    this.steps = steps;
  }

  /**
   * A path by its steps.
   *
   * @param steps each step's one or two positions; copied
   * @return the path
   * @throws IllegalArgumentException if a step has no position, more than two, a negative one or
   *     one twice
   */
  public static ContractionPath of(int[]... steps) {
    List<int[]> copied = new ArrayList<>();
    for (int[] step : steps) {
      String what = "step " + copied.size() + " " + text(step) + " of a path";
      if (step.length < 1 || step.length > 2) {
        throw new IllegalArgumentException(what + ": expected one or two positions");
      }
      for (int position : step) {
        if (position < 0) {
          throw new IllegalArgumentException(what + ": position " + position + " is negative");
        }
      }
      if (step.length == 2 && step[0] == step[1]) {
        throw new IllegalArgumentException(what + ": position " + step[0] + " occurs twice");
      }
      copied.add(step.clone());
    }
    return new ContractionPath(List.copyOf(copied));
  }

  /**
   * The path of steps that name tensors by number: operands first, then the results in the order of
   * the steps.
   */
  static ContractionPath ofTensors(int operands, List<int[]> steps) {
    List<Integer> left = all(operands);
    List<int[]> positions = new ArrayList<>();
    for (int[] step : steps) {
      positions.add(Arrays.stream(step).map(left::indexOf).sorted().toArray());
      replace(left, step, operands + positions.size() - 1);
    }
    return new ContractionPath(List.copyOf(positions));
  }

  /**
   * The steps with tensors named by number: operands first, then the results in the order of the
   * steps.
   *
   * @param name what is contracted, for messages
   * @throws IllegalArgumentException if a position is not there, or more or less than one tensor is
   *     left at the end
   */
  List<int[]> tensors(String name, int operands) {
    List<Integer> left = all(operands);
    List<int[]> result = new ArrayList<>();
    for (int[] step : steps) {
      for (int position : step) {
        if (position >= left.size()) {
          throw new IllegalArgumentException(
              name
                  + ": path "
                  + this
                  + ": step "
                  + result.size()
                  + " names position "
                  + position
                  + ", but only "
                  + left.size()
                  + " tensors are left");
        }
      }
      int[] taken = Arrays.stream(step).map(left::get).toArray();
      replace(left, taken, operands + result.size());
      result.add(taken);
    }
    if (left.size() != 1 || steps.isEmpty()) {
      throw new IllegalArgumentException(
          name
              + ": path "
              + this
              + " leaves "
              + left.size()
              + " of "
              + operands
              + " tensors"
              + (steps.isEmpty() ? " and has no step" : ", not one"));
    }
    return result;
  }

  private static List<Integer> all(int operands) {
    return IntStream.range(0, operands).boxed().collect(Collectors.toCollection(ArrayList::new));
  }

  private static void replace(List<Integer> left, int[] taken, int result) {
    left.removeIf(tensor -> Arrays.stream(taken).anyMatch(gone -> gone == tensor));
    left.add(result);
  }

  /**
   * The positions of each step.
   *
   * @return new arrays of one or two positions
   */
  public List<int[]> steps() {
    return steps.stream().map(int[]::clone).toList();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof ContractionPath that
        && Arrays.deepEquals(steps.toArray(), that.steps.toArray());
  }

  @Override
  public int hashCode() {
    return Arrays.deepHashCode(steps.toArray());
  }

  /**
   * The steps as opt_einsum prints them.
   *
   * @return for example {@code [(0, 2), (0, 1)]}
   */
  @Override
  public String toString() {
    return steps.stream().map(ContractionPath::text).collect(Collectors.joining(", ", "[", "]"));
  }

  private static String text(int... step) {
    return Arrays.stream(step)
        .mapToObj(String::valueOf)
        .collect(Collectors.joining(", ", "(", ")"));
  }
}
