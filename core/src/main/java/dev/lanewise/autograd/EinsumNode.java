package dev.lanewise.autograd;

import dev.lanewise.einsum.Accumulation;
import dev.lanewise.einsum.Contraction;
import dev.lanewise.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** A contraction of two operands. Its plans are kept while equation and shapes stay the same. */
final class EinsumNode extends Node {
  private @Nullable Variable a;
  private @Nullable Variable b;
  private String equation = "";
  private @Nullable Plans plans;

  private record Plans(Contraction forward, Contraction gradientA, Contraction gradientB) {}

  EinsumNode(Tape tape) {
    super(tape);
  }

  Variable record(String text, Variable first, Variable second) {
    Plans current = plans;
    if (current == null
        || !equation.equals(text)
        || !current.forward.accepts(first.shape(), second.shape())) {
      Contraction forward = Contraction.compile(text, first.shape(), second.shape());
      current = new Plans(forward, forward.gradient(0), forward.gradient(1));
      plans = current;
      equation = text;
    }
    a = first;
    b = second;
    Tensor out =
        begin(current.forward.outputShape(), first.requiresGradient() || second.requiresGradient());
    current.forward.execute(first.recordedValue(), second.recordedValue(), out);
    return output;
  }

  @Override
  void backward() {
    if (plans != null && a != null && b != null) {
      add(plans.gradientA, b, a);
      add(plans.gradientB, a, b);
    }
  }

  private void add(Contraction plan, Variable other, Variable operand) {
    if (operand.requiresGradient()) {
      Accumulation accumulation = operand.contribute();
      plan.execute(
          output.computedGradient(),
          other.recordedValue(),
          operand.computedGradient(),
          accumulation);
    }
  }
}
