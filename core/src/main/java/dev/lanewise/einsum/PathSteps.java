package dev.lanewise.einsum;

import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * The steps of a path over a network: which tensors each contracts, and what its result is.
 *
 * <p>A step keeps the labels that a tensor still left, or the output, has. The order of an
 * intermediate's axes is decided from the last step backwards, by the step that reads it: first the
 * labels that its other operand and its result have too, then, where that step is a product of
 * matrices, the summed ones and the free ones last, so that lanes run along neighbours; else the
 * free ones and the summed ones last, so that sums do. Within a group they are in the order of that
 * step's result, or of nesting, so that neighbouring loops fold into one. The order has no
 * influence on the numbers.
 */
final class PathSteps {
  private final TensorNetwork network;
  private final ContractionPath path;
  private final List<Step> steps;

  /**
   * One step.
   *
   * @param tensors what it contracts: operands by number, then results in the order of the steps
   * @param equation its labels
   * @param labelling what it computes
   */
  record Step(List<Integer> tensors, String equation, Labelling labelling) {
    /** The shape of its result. */
    Shape result() {
      return labelling.shape(2);
    }
  }

  /**
   * The steps of a path.
   *
   * @throws IllegalArgumentException if the path is none for this network, or an intermediate or a
   *     sum has more elements than a long can count
   */
  PathSteps(TensorNetwork network, ContractionPath path, DType dtype) {
    this.network = network;
    this.path = path;
    List<int[]> contracted = path.tensors(network.name(), network.operandCount());
    this.steps = new Layout(network, contracted).steps(dtype);
  }

  TensorNetwork network() {
    return network;
  }

  ContractionPath path() {
    return path;
  }

  List<Step> steps() {
    return steps;
  }

  Step last() {
    return steps.getLast();
  }

  /** The number of elements of the largest result that is not the output; 0 if there is none. */
  long largestIntermediate() {
    return steps.stream()
        .limit(steps.size() - 1L)
        .mapToLong(step -> step.result().elementCount())
        .max()
        .orElse(0);
  }

  double flops() {
    return steps.stream().mapToDouble(step -> step.labelling().flops()).sum();
  }

  /** Finds the labels and sizes of the results. */
  private static final class Layout {
    private final TensorNetwork network;
    private final List<int[]> contracted;

    /** The axes of the operands, then of the results. */
    private final List<int[]> axes;

    Layout(TensorNetwork network, List<int[]> contracted) {
      this.network = network;
      this.contracted = contracted;
      this.axes = new ArrayList<>(network.operands());
      for (int step = 0; step < contracted.size(); step++) {
        axes.add(kept(step));
      }
      axes.set(axes.size() - 1, network.output());
      for (int step = contracted.size() - 1; step >= 0; step--) {
        for (int tensor : contracted.get(step)) {
          if (tensor >= network.operandCount()) {
            axes.set(tensor, ordered(tensor, step));
          }
        }
      }
    }

    /** The labels of a step's operands that a later step or the output needs, in any order. */
    private int[] kept(int step) {
      List<Integer> taken =
          contracted.subList(0, step + 1).stream().flatMapToInt(Arrays::stream).boxed().toList();
      IntStream needed =
          IntStream.concat(
              Arrays.stream(network.output()),
              IntStream.range(0, axes.size())
                  .filter(tensor -> !taken.contains(tensor))
                  .flatMap(tensor -> Arrays.stream(axes.get(tensor))));
      return needed
          .filter(label -> label != TensorNetwork.UNLABELLED)
          .distinct()
          .filter(label -> isIn(label, contracted.get(step)))
          .toArray();
    }

    private boolean isIn(int label, int... tensors) {
      return Arrays.stream(tensors).anyMatch(tensor -> TensorNetwork.has(axes.get(tensor), label));
    }

    /** The axes of a result in the order that suits the step that reads it. */
    private int[] ordered(int tensor, int reader) {
      int[] result = axes.get(network.operandCount() + reader);
      int[] others =
          Arrays.stream(contracted.get(reader)).filter(other -> other != tensor).toArray();
      boolean freeElsewhere =
          Arrays.stream(others)
              .flatMap(other -> Arrays.stream(axes.get(other)))
              .anyMatch(label ->
                  TensorNetwork.has(result, label) && !TensorNetwork.has(axes.get(tensor), label));
      boolean freeHere =
          Arrays.stream(axes.get(tensor))
              .anyMatch(label -> TensorNetwork.has(result, label) && !isIn(label, others));
      boolean chain = freeHere && freeElsewhere;
      Comparator<Integer> byGroup =
          Comparator.comparingInt(label -> {
            if (!TensorNetwork.has(result, label)) {
              return chain ? 1 : 2;
            }
            return isIn(label, others) ? 0 : chain ? 2 : 1;
          });
      return Arrays.stream(axes.get(tensor))
          .boxed()
          .sorted(byGroup.thenComparingInt(label -> place(result, label)))
          .mapToInt(Integer::intValue)
          .toArray();
    }

    /** A label's place in the result; summed labels are in the order of their numbers. */
    private static int place(int[] result, int label) {
      for (int axis = 0; axis < result.length; axis++) {
        if (result[axis] == label) {
          return axis;
        }
      }
      return label;
    }

    List<Step> steps(DType dtype) {
      List<LabelledShape> tensors = new ArrayList<>();
      for (int operand = 0; operand < network.operandCount(); operand++) {
        tensors.add(new LabelledShape(axes.get(operand), network.shapes().get(operand)));
      }
      List<Step> steps = new ArrayList<>();
      for (int[] step : contracted) {
        List<LabelledShape> operands = Arrays.stream(step).mapToObj(tensors::get).toList();
        int[] labels = axes.get(tensors.size());
        boolean last = steps.size() == contracted.size() - 1;
        Shape shape = last ? network.outputShape() : shape(steps.size(), labels, operands);
        LabelledShape result = new LabelledShape(labels, shape);
        tensors.add(result);
        steps.add(step(step, operands, result, dtype));
      }
      return steps;
    }

    private Step step(
        int[] tensors, List<LabelledShape> operands, LabelledShape result, DType dtype) {
      LabelledShape second = operands.size() == 2 ? operands.get(1) : LabelledShape.SCALAR;
      String equation =
          operands.stream()
                  .map(operand -> network.text(operand.axes()))
                  .collect(Collectors.joining(","))
              + "->"
              + network.text(result.axes());
      return new Step(
          Arrays.stream(tensors).boxed().toList(),
          equation,
          Labelling.of(network.name(), operands.getFirst(), second, result, dtype));
    }

    private Shape shape(int step, int[] labels, List<LabelledShape> operands) {
      long[] sizes = new long[labels.length];
      Arrays.fill(sizes, 1);
      for (int at = 0; at < labels.length; at++) {
        for (LabelledShape operand : operands) {
          for (int axis = 0; axis < operand.axes().length; axis++) {
            long size = operand.shape().size(axis);
            if (operand.axes()[axis] == labels[at] && size != 1) {
              sizes[at] = size;
            }
          }
        }
      }
      try {
        return Shape.of(sizes);
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException(
            network.name() + ": the result of step " + step + " of the path: " + e.getMessage(), e);
      }
    }
  }
}
