package dev.lanewise.autograd;

import dev.lanewise.internal.kernel.ElementwiseKernels;
import dev.lanewise.internal.kernel.KernelSet;
import dev.lanewise.internal.rows.Runs;
import dev.lanewise.internal.rows.Strides;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * {@code c = a + b} with broadcasting: both operands are walked as rows of the result's shape, a
 * broadcast one with strides of 0.
 */
final class AddNode extends Node {
  private static final ElementwiseKernels KERNELS = KernelSet.active().elementwise();

  private final Expanded a = new Expanded();
  private final Expanded b = new Expanded();
  private final Expanded gradientOfA = new Expanded();
  private final Expanded gradientOfB = new Expanded();
  private Shape shape = Shape.scalar();
  private @Nullable Variable first;
  private @Nullable Variable second;

  /** A tensor seen in the result's shape; the view is kept while the tensor stays the same. */
  private static final class Expanded {
    private @Nullable Tensor source;
    private @Nullable Tensor view;

    @SuppressWarnings("ReferenceEquality") // The same view is wanted, not an equal one.
    Tensor to(Tensor tensor, Shape target) {
      Tensor known = view;
      if (source != tensor || known == null || !known.shape().equals(target)) {
        known = tensor.expand(target.toArray());
        source = tensor;
        view = known;
      }
      return known;
    }
  }

  AddNode(Tape tape) {
    super(tape);
  }

  Variable record(Variable left, Variable right) {
    if (first == null || !isBroadcast(left.shape(), right.shape())) {
      shape = broadcast(left.shape(), right.shape());
    }
    first = left;
    second = right;
    Tensor x = a.to(left.recordedValue(), shape);
    Tensor y = b.to(right.recordedValue(), shape);
    Tensor out = begin(shape, left.requiresGradient() || right.requiresGradient());
    long rows = rowCount(out);
    for (long row = 0; row < rows; row++) {
      addRow(x, row, y, out);
    }
    return output;
  }

  private static void addRow(Tensor x, long row, Tensor y, Tensor out) {
    int n = width(out);
    long xAt = rowBytes(x, row);
    long yAt = rowBytes(y, row);
    long to = rowBytes(out, row);
    long xStride = innerStride(x);
    long yStride = innerStride(y);
    if (xStride == 1 && yStride == 1) {
      KERNELS.add(x.segment(), xAt, y.segment(), yAt, out.segment(), to, n);
    } else if (xStride == 1 && yStride == 0) {
      KERNELS.addScalar(x.segment(), xAt, out.segment(), to, Runs.get(y, yAt), n);
    } else if (xStride == 0 && yStride == 1) {
      KERNELS.addScalar(y.segment(), yAt, out.segment(), to, Runs.get(x, xAt), n);
    } else {
      for (long i = 0; i < n; i++) {
        float sum =
            Runs.get(x, xAt + i * xStride * Float.BYTES)
                + Runs.get(y, yAt + i * yStride * Float.BYTES);
        Runs.set(out, to + i * Float.BYTES, sum);
      }
    }
  }

  /**
   * A gradient flows unchanged to where the operand was read, and adds up over what was broadcast,
   * in row-major order.
   */
  @Override
  void backward() {
    if (first != null && second != null) {
      addGradient(first, gradientOfA);
      addGradient(second, gradientOfB);
    }
  }

  private void addGradient(Variable operand, Expanded expanded) {
    if (!operand.requiresGradient()) {
      return;
    }
    Tensor g = output.computedGradient();
    // The gradient has the operand's sizes without gaps: expanding it anew gives where each
    // element's contribution goes.
    Tensor d = expanded.to(operand.sumTarget(), shape);
    long rows = rowCount(g);
    int n = width(g);
    for (long row = 0; row < rows; row++) {
      long from = rowBytes(g, row);
      long to = rowBytes(d, row);
      if (innerStride(d) == 1) {
        KERNELS.axpy(g.segment(), from, d.segment(), to, 1f, n);
      } else {
        for (long i = 0; i < n; i++) {
          long at = to + i * innerStride(d) * Float.BYTES;
          Runs.set(d, at, Runs.get(d, at) + Runs.get(g, from + i * Float.BYTES));
        }
      }
    }
  }

  private static long rowCount(Tensor tensor) {
    return tensor.shape().elementCount() == 0 ? 0 : Strides.rowCount(tensor);
  }

  private static int width(Tensor tensor) {
    return tensor.rank() == 0 ? 1 : Math.toIntExact(tensor.size(-1));
  }

  private static long innerStride(Tensor tensor) {
    return tensor.rank() == 0 || tensor.size(-1) == 1 ? 1 : tensor.stride(-1);
  }

  private static long rowBytes(Tensor tensor, long row) {
    return Runs.bytes(tensor, tensor.rank() == 0 ? 0 : Strides.rowOffset(tensor, row));
  }

  /** Whether the remembered shape is that of the two operands together. */
  private boolean isBroadcast(Shape left, Shape right) {
    if (Math.max(left.rank(), right.rank()) != shape.rank()) {
      return false;
    }
    for (int dim = 1; dim <= shape.rank(); dim++) {
      long x = dim <= left.rank() ? left.size(-dim) : 1;
      long y = dim <= right.rank() ? right.size(-dim) : 1;
      if ((x != y && x != 1 && y != 1) || shape.size(-dim) != (x == 1 ? y : x)) {
        return false;
      }
    }
    return true;
  }

  private static Shape broadcast(Shape left, Shape right) {
    long[] sizes = new long[Math.max(left.rank(), right.rank())];
    for (int dim = 1; dim <= sizes.length; dim++) {
      long x = dim <= left.rank() ? left.size(-dim) : 1;
      long y = dim <= right.rank() ? right.size(-dim) : 1;
      if (x != y && x != 1 && y != 1) {
        throw new IllegalArgumentException(
            "shapes "
                + left
                + " and "
                + right
                + " cannot be added: sizes "
                + x
                + " and "
                + y
                + " differ");
      }
      sizes[sizes.length - dim] = x == 1 ? y : x;
    }
    return Shape.of(sizes);
  }
}
