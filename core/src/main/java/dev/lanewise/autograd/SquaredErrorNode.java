package dev.lanewise.autograd;

import dev.lanewise.internal.kernel.KernelSet;
import dev.lanewise.internal.kernel.Partials;
import dev.lanewise.internal.rows.Runs;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** {@code (x - t)^2}: each element's, or the sum (64 interleaved partial sums) or mean of all. */
final class SquaredErrorNode extends Node {
  private static final KernelSet KERNELS = KernelSet.active();

  private final Buffer copyOfX = new Buffer();
  private final Buffer copyOfT = new Buffer();
  private final float[] partials = new float[Partials.COUNT];
  private @Nullable Variable x;
  private @Nullable Variable t;
  private Reduction reduction = Reduction.MEAN;

  SquaredErrorNode(Tape tape) {
    super(tape);
  }

  Variable record(Variable input, Variable target, Reduction kind) {
    if (!input.shape().equals(target.shape())) {
      throw new IllegalArgumentException(
          "target: expected the input's shape " + input.shape() + ", got " + target.shape());
    }
    x = input;
    t = target;
    reduction = kind;
    Tensor in = copyOfX.dense(input.recordedValue());
    Tensor to = copyOfT.dense(target.recordedValue());
    long count = in.shape().elementCount();
    boolean needsGradient = input.requiresGradient() || target.requiresGradient();
    Tensor out = begin(kind == Reduction.NONE ? input.shape() : Shape.scalar(), needsGradient);
    Partials.reset(partials, 0f);
    for (long at = 0; at < count; at += Runs.LONGEST) {
      int n = Runs.length(at, count);
      if (kind == Reduction.NONE) {
        KERNELS
            .elementwise()
            .squaredDifference(
                in.segment(),
                Runs.bytes(in, at),
                to.segment(),
                Runs.bytes(to, at),
                out.segment(),
                Runs.bytes(out, at),
                n);
      } else {
        KERNELS
            .reductions()
            .squaredDifference(
                partials, in.segment(), Runs.bytes(in, at), to.segment(), Runs.bytes(to, at), n);
      }
    }
    if (kind != Reduction.NONE) {
      float sum = Partials.sum(partials);
      Runs.set(out, out.offsetBytes(), kind == Reduction.MEAN ? sum / count : sum);
    }
    return output;
  }

  @Override
  void backward() {
    if (x != null && t != null) {
      Tensor in = copyOfX.dense(x.recordedValue());
      Tensor to = copyOfT.dense(t.recordedValue());
      add(x, in, to, 1f);
      add(t, in, to, -1f);
    }
  }

  private void add(Variable operand, Tensor in, Tensor to, float sign) {
    if (!operand.requiresGradient()) {
      return;
    }
    Tensor g = output.computedGradient();
    Tensor d = operand.sumTarget();
    long count = d.shape().elementCount();
    float all = Runs.get(g, g.offsetBytes());
    float alpha = sign * 2 * (reduction == Reduction.MEAN ? all / count : all);
    for (long at = 0; at < count; at += Runs.LONGEST) {
      int n = Runs.length(at, count);
      if (reduction == Reduction.NONE) {
        KERNELS
            .elementwise()
            .squaredDifferenceGradient(
                in.segment(),
                Runs.bytes(in, at),
                to.segment(),
                Runs.bytes(to, at),
                g.segment(),
                Runs.bytes(g, at),
                d.segment(),
                Runs.bytes(d, at),
                sign,
                n);
      } else {
        KERNELS
            .elementwise()
            .differenceGradient(
                in.segment(),
                Runs.bytes(in, at),
                to.segment(),
                Runs.bytes(to, at),
                d.segment(),
                Runs.bytes(d, at),
                alpha,
                n);
      }
    }
  }

  @Override
  void close() {
    super.close();
    copyOfX.close();
    copyOfT.close();
  }
}
