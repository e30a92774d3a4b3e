package dev.lanewise.einsum;

import dev.lanewise.internal.gemm.Loop;
import dev.lanewise.internal.gemm.Nest;
import dev.lanewise.internal.gemm.Program;
import dev.lanewise.internal.kernel.ElementType;
import dev.lanewise.internal.kernel.KernelSet;
import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * A contraction of two tensors as labels: the size of each, and which axes of the two operands and
 * the output carry it. Every step of a {@link TensorNetwork} is one; see there for what labels can
 * be besides an equation's.
 */
final class Labelling {
  /** The size of each label, in the order of nesting. */
  private final long[] sizes;

  /** The label of each axis of the first operand, the second, and the output. */
  private final int[] a;

  private final int[] b;
  private final int[] c;
  private final DType dtype;
  private final Shape[] shapes;

  private Labelling(long[] sizes, int[] a, int[] b, int[] c, DType dtype, Shape... shapes) {
    this.sizes = sizes;
    this.a = a;
    this.b = b;
    this.c = c;
    this.dtype = dtype;
    this.shapes = shapes;
  }

  /**
   * The contraction of two labelled tensors.
   *
   * @param name what the contraction is, for messages
   * @throws IllegalArgumentException if it has more positions than a long can count
   */
  static Labelling of(
      String name, LabelledShape first, LabelledShape second, LabelledShape output, DType dtype) {
    List<LabelledShape> tensors = List.of(first, second, output);
    int[] labels =
        tensors.stream()
            .flatMapToInt(tensor -> IntStream.of(tensor.axes()))
            .filter(label -> label != TensorNetwork.UNLABELLED)
            .distinct()
            .sorted()
            .toArray();
    long[] sizes = new long[labels.length];
    Arrays.fill(sizes, 1);
    for (LabelledShape tensor : tensors) {
      int[] axes = tensor.axes();
      for (int axis = 0; axis < axes.length; axis++) {
        long size = tensor.shape().size(axis);
        if (axes[axis] != TensorNetwork.UNLABELLED && size != 1) {
          sizes[Arrays.binarySearch(labels, axes[axis])] = size;
        }
      }
    }
    requireCountable(name, sizes);
    int[][] dense =
        tensors.stream().map(tensor -> renumbered(tensor.axes(), labels)).toArray(int[][]::new);
    return new Labelling(
        sizes, dense[0], dense[1], dense[2], dtype, first.shape(), second.shape(), output.shape());
  }

  private static int[] renumbered(int[] axes, int... labels) {
    return Arrays.stream(axes)
        .map(
            label -> label == TensorNetwork.UNLABELLED ? label : Arrays.binarySearch(labels, label))
        .toArray();
  }

  private static void requireCountable(String name, long... sizes) {
    try {
      Shape.of(sizes);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          name
              + ": the labels' sizes "
              + Arrays.toString(sizes)
              + " make more products than a long can count",
          e);
    }
  }

  /** The shape of the first operand, the second, or the output. */
  Shape shape(int tensor) {
    return shapes[tensor];
  }

  /** Whether the output has a label twice, so that only a diagonal of it is written. */
  boolean writesDiagonal() {
    return labelsOf(c).distinct().count() < labelsOf(c).count();
  }

  /** Whether the output has a label that no operand has, so that results are repeated along it. */
  boolean repeatsResult() {
    return labelsOf(c).anyMatch(label -> !has(a, label) && !has(b, label));
  }

  private static IntStream labelsOf(int[] axes) {
    return Arrays.stream(axes).filter(label -> label != TensorNetwork.UNLABELLED);
  }

  Program program() {
    boolean summed = false;
    boolean ownA = false;
    boolean ownB = false;
    for (int label = 0; label < sizes.length; label++) {
      summed |= !has(c, label);
      ownA |= has(c, label) && has(a, label) && !has(b, label);
      ownB |= has(c, label) && has(b, label) && !has(a, label);
    }
    return !summed ? Program.PRODUCT : ownA && ownB ? Program.CHAIN : Program.PARTIALS;
  }

  /** The nest of loops for tensors of these shapes and of given strides, in elements. */
  Nest bind(KernelSet kernels, long[] first, long[] second, long[] output) {
    List<Loop> batch = new ArrayList<>();
    List<Loop> m = new ArrayList<>();
    List<Loop> n = new ArrayList<>();
    List<Loop> k = new ArrayList<>();
    for (int label : outputOrder()) {
      Loop loop =
          new Loop(
              sizes[label],
              strideBytes(0, first, a, label),
              strideBytes(1, second, b, label),
              strideBytes(2, output, c, label));
      boolean inA = has(a, label);
      boolean inB = has(b, label);
      List<Loop> group = !has(c, label) ? k : inA == inB ? batch : inA ? m : n;
      group.add(loop);
    }
    return new Nest(kernels, elementType(), program(), batch, m, n, k);
  }

  private ElementType elementType() {
    return switch (dtype) {
      case FLOAT32 -> ElementType.FLOAT32;
      case FLOAT64 -> ElementType.FLOAT64;
      case BFLOAT16, FLOAT16, INT8, INT32, INT64 ->
          throw new IllegalStateException("no contraction of " + dtype + " is planned");
    };
  }

  /** The nest of loops for tensors that lie row by row without gaps. */
  Nest bindContiguous(KernelSet kernels) {
    long[][] strides = Stream.of(shapes).map(Labelling::rowMajorStrides).toArray(long[][]::new);
    return bind(kernels, strides[0], strides[1], strides[2]);
  }

  private static long[] rowMajorStrides(Shape shape) {
    long[] strides = new long[shape.rank()];
    long stride = 1;
    for (int dim = strides.length - 1; dim >= 0; dim--) {
      strides[dim] = stride;
      stride *= Math.max(shape.size(dim), 1);
    }
    return strides;
  }

  /** Labels of the output in its order, then the summed ones in the order of nesting. */
  private int[] outputOrder() {
    IntStream summed = IntStream.range(0, sizes.length).filter(label -> !has(c, label));
    return IntStream.concat(labelsOf(c).distinct(), summed).toArray();
  }

  private long strideBytes(int tensor, long[] strides, int[] axes, int label) {
    long stride = 0;
    for (int axis = 0; axis < axes.length; axis++) {
      if (axes[axis] == label && shapes[tensor].size(axis) != 1) {
        stride += strides[axis] * dtype.sizeBytes();
      }
    }
    return stride;
  }

  private static boolean has(int[] axes, int label) {
    return TensorNetwork.has(axes, label);
  }

  /** Multiply-adds, counted as two operations each. */
  double flops() {
    double flops = program() == Program.PRODUCT ? 1 : 2;
    for (long size : sizes) {
      flops *= size;
    }
    return flops;
  }
}
