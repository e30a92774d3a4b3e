package dev.lanewise.autograd;

import dev.lanewise.internal.kernel.KernelSet;
import dev.lanewise.internal.kernel.Partials;
import dev.lanewise.internal.rows.Runs;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * The sum or the mean of all elements: 64 interleaved partial sums combined by a fixed tree; a mean
 * is the sum divided by the count.
 */
final class SumNode extends Node {
  private static final KernelSet KERNELS = KernelSet.active();

  private final Buffer copy = new Buffer();
  private final float[] partials = new float[Partials.COUNT];
  private @Nullable Variable x;
  private Reduction reduction = Reduction.SUM;

  SumNode(Tape tape) {
    super(tape);
  }

  Variable record(Variable operand, Reduction kind) {
    x = operand;
    reduction = kind;
    Tensor in = copy.dense(operand.recordedValue());
    Tensor out = begin(Shape.scalar(), operand.requiresGradient());
    long count = in.shape().elementCount();
    Partials.reset(partials, 0f);
    for (long at = 0; at < count; at += Runs.LONGEST) {
      KERNELS.reductions().sum(partials, in.segment(), Runs.bytes(in, at), Runs.length(at, count));
    }
    float sum = Partials.sum(partials);
    Runs.set(out, out.offsetBytes(), kind == Reduction.MEAN ? sum / count : sum);
    return output;
  }

  @Override
  void backward() {
    if (x == null || !x.requiresGradient()) {
      return;
    }
    Tensor d = x.sumTarget();
    long count = d.shape().elementCount();
    float g = Runs.get(output.computedGradient(), output.computedGradient().offsetBytes());
    float each = reduction == Reduction.MEAN ? g / count : g;
    for (long at = 0; at < count; at += Runs.LONGEST) {
      KERNELS
          .elementwise()
          .addScalar(
              d.segment(),
              Runs.bytes(d, at),
              d.segment(),
              Runs.bytes(d, at),
              each,
              Runs.length(at, count));
    }
  }

  @Override
  void close() {
    super.close();
    copy.close();
  }
}
