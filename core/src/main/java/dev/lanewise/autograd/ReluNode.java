package dev.lanewise.autograd;

import dev.lanewise.internal.kernel.ElementwiseKernels;
import dev.lanewise.internal.kernel.KernelSet;
import dev.lanewise.internal.rows.Runs;
import dev.lanewise.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** {@code y = x < 0 ? 0 : x}. */
final class ReluNode extends Node {
  private static final ElementwiseKernels KERNELS = KernelSet.active().elementwise();

  private final Buffer copy = new Buffer();
  private @Nullable Variable x;

  ReluNode(Tape tape) {
    super(tape);
  }

  Variable record(Variable operand) {
    x = operand;
    Tensor in = copy.dense(operand.recordedValue());
    Tensor out = begin(operand.shape(), operand.requiresGradient());
    long count = in.shape().elementCount();
    for (long at = 0; at < count; at += Runs.LONGEST) {
      KERNELS.relu(
          in.segment(),
          Runs.bytes(in, at),
          out.segment(),
          Runs.bytes(out, at),
          Runs.length(at, count));
    }
    return output;
  }

  @Override
  void backward() {
    if (x == null || !x.requiresGradient()) {
      return;
    }
    Tensor y = output.recordedValue();
    Tensor g = output.computedGradient();
    Tensor d = x.sumTarget();
    long count = y.shape().elementCount();
    for (long at = 0; at < count; at += Runs.LONGEST) {
      KERNELS.reluGradient(
          y.segment(),
          Runs.bytes(y, at),
          g.segment(),
          Runs.bytes(g, at),
          d.segment(),
          Runs.bytes(d, at),
          Runs.length(at, count));
    }
  }

  @Override
  void close() {
    super.close();
    copy.close();
  }
}
