package dev.lanewise.einsum;

import dev.lanewise.internal.gemm.Loop;
import dev.lanewise.internal.gemm.Nest;
import dev.lanewise.internal.gemm.Program;
import dev.lanewise.internal.kernel.ElementType;
import dev.lanewise.internal.kernel.KernelSet;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A contraction as labels: the size of each, and which axes of the three tensors carry it. The
 * gradient of a contraction is again one, with the tensors' roles exchanged, even where no equation
 * could be written for it (a label that only the output has is broadcast; one that the output has
 * twice writes a diagonal).
 */
final class Labelling {
  /** The label of an axis of size 1 of the output over which the result is summed. */
  static final int SUMMED = -1;

  /** The size of each label, in the order of nesting. */
  private final long[] sizes;

  /** The label of each axis of the first operand, the second, and the output. */
  private final int[] a;

  private final int[] b;
  private final int[] c;
  private final Shape[] shapes;

  private Labelling(long[] sizes, int[] a, int[] b, int[] c, Shape... shapes) {
    this.sizes = sizes;
    this.a = a;
    this.b = b;
    this.c = c;
    this.shapes = shapes;
  }

  static Labelling of(Equation equation, Shape first, @Nullable Shape second) {
    List<Character> labels = equation.labels();
    long[] sizes = new long[labels.size()];
    Arrays.fill(sizes, 1);
    List<Shape> shapes = second == null ? List.of(first) : List.of(first, second);
    if (shapes.size() != equation.operands().size()) {
      throw new IllegalArgumentException(
          "equation \""
              + equation
              + "\" has "
              + equation.operands().size()
              + " operands, but "
              + shapes.size()
              + " were given");
    }
    for (int operand = 0; operand < shapes.size(); operand++) {
      String axes = equation.operands().get(operand);
      Shape shape = shapes.get(operand);
      if (axes.length() != shape.rank()) {
        throw new IllegalArgumentException(
            "equation \""
                + equation
                + "\": operand "
                + operand
                + " has "
                + axes.length()
                + " labels ("
                + axes
                + "), but its shape "
                + shape
                + " has "
                + shape.rank()
                + " dimensions");
      }
      for (int axis = 0; axis < axes.length(); axis++) {
        long size = shape.size(axis);
        int label = labels.indexOf(axes.charAt(axis));
        int repeated = axes.indexOf(axes.charAt(axis));
        if (repeated < axis && shape.size(repeated) != size) {
          throw new IllegalArgumentException(
              "equation \""
                  + equation
                  + "\": label '"
                  + axes.charAt(axis)
                  + "' has sizes "
                  + shape.size(repeated)
                  + " and "
                  + size
                  + " in operand "
                  + operand
                  + " of shape "
                  + shape);
        }
        if (size != 1 && sizes[label] != 1 && sizes[label] != size) {
          throw new IllegalArgumentException(
              "equation \""
                  + equation
                  + "\": label '"
                  + axes.charAt(axis)
                  + "' has size "
                  + sizes[label]
                  + " in operand 0 of shape "
                  + first
                  + " but "
                  + size
                  + " in operand "
                  + operand
                  + " of shape "
                  + shape);
        }
        sizes[label] = size != 1 ? size : sizes[label];
      }
    }
    int[] output = axes(labels, equation.output());
    Shape out = Shape.of(Arrays.stream(output).mapToLong(label -> sizes[label]).toArray());
    return new Labelling(
        sizes,
        axes(labels, equation.operands().getFirst()),
        second == null ? new int[0] : axes(labels, equation.operands().get(1)),
        output,
        first,
        second == null ? Shape.scalar() : second,
        out);
  }

  private static int[] axes(List<Character> labels, String text) {
    return text.chars().map(label -> labels.indexOf((char) label)).toArray();
  }

  /** The shape of the first operand, the second, or the output. */
  Shape shape(int tensor) {
    return shapes[tensor];
  }

  /**
   * The labelling of the gradient of an operand, from the output's gradient (first) and the other
   * operand (second).
   */
  Labelling gradient(int operand) {
    int[] target = operand == 0 ? a : b;
    Shape shape = shapes[operand];
    int[] result = new int[target.length];
    for (int axis = 0; axis < target.length; axis++) {
      result[axis] = shape.size(axis) == 1 && sizes[target[axis]] != 1 ? SUMMED : target[axis];
    }
    return new Labelling(
        sizes, c, operand == 0 ? b : a, result, shapes[2], shapes[1 - operand], shape);
  }

  /** Whether the output has a label twice, so that only a diagonal of it is written. */
  boolean writesDiagonal() {
    return Arrays.stream(c).filter(label -> label != SUMMED).distinct().count()
        < Arrays.stream(c).filter(label -> label != SUMMED).count();
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

  /** The nest of loops for tensors of these shapes and of given strides. */
  Nest bind(KernelSet kernels, Tensor first, Tensor second, Tensor output) {
    List<Loop> batch = new ArrayList<>();
    List<Loop> m = new ArrayList<>();
    List<Loop> n = new ArrayList<>();
    List<Loop> k = new ArrayList<>();
    for (int label : outputOrder()) {
      Loop loop =
          new Loop(
              sizes[label],
              stride(first, a, label),
              stride(second, b, label),
              stride(output, c, label));
      boolean inA = has(a, label);
      boolean inB = has(b, label);
      List<Loop> group = !has(c, label) ? k : inA == inB ? batch : inA ? m : n;
      group.add(loop);
    }
    return new Nest(kernels, ElementType.FLOAT32, program(), batch, m, n, k);
  }

  /** Labels of the output in its order, then the summed ones in the order of nesting. */
  private int[] outputOrder() {
    int[] order = new int[sizes.length];
    int count = 0;
    for (int label : c) {
      boolean repeated = false;
      for (int i = 0; i < count; i++) {
        repeated |= order[i] == label;
      }
      if (label != SUMMED && !repeated) {
        order[count++] = label;
      }
    }
    for (int label = 0; label < sizes.length; label++) {
      if (!has(c, label)) {
        order[count++] = label;
      }
    }
    return order;
  }

  private long stride(Tensor tensor, int[] axes, int label) {
    long stride = 0;
    for (int axis = 0; axis < axes.length; axis++) {
      if (axes[axis] == label && tensor.size(axis) != 1) {
        stride += tensor.stride(axis) * Float.BYTES;
      }
    }
    return stride;
  }

  private static boolean has(int[] axes, int label) {
    for (int axis : axes) {
      if (axis == label) {
        return true;
      }
    }
    return false;
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
