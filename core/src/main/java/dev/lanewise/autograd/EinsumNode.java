package dev.lanewise.autograd;

import dev.lanewise.einsum.Accumulation;
import dev.lanewise.einsum.Contraction;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A contraction of any number of operands. Its plans are kept while equation and shapes stay the
 * same; those of the gradients that will be asked for are made with the first, so that a backward
 * pass cannot fail over them half way.
 */
final class EinsumNode extends Node {
  private Variable[] operands = new Variable[0];
  private String equation = "";
  private @Nullable Contraction forward;

  /** The plan of each operand's gradient. */
  private @Nullable Contraction[] gradients = new Contraction[0];

  /** What a plan is run with: values of the forward pass, or an output's gradient and values. */
  private Tensor[] tensors = new Tensor[0];

  EinsumNode(Tape tape) {
    super(tape);
  }

  /** Records the contraction of operands, whose list is not kept. */
  Variable record(String text, List<Variable> variables) {
    Contraction plan = forward;
    if (plan == null || !equation.equals(text) || !accepts(plan, variables)) {
      plan =
          Contraction.compile(text, variables.stream().map(Variable::shape).toArray(Shape[]::new));
      forward = plan;
      equation = text;
      operands = new Variable[variables.size()];
      tensors = new Tensor[variables.size()];
      gradients = new Contraction[variables.size()];
    }
    boolean needsGradient = false;
    for (int i = 0; i < operands.length; i++) {
      operands[i] = variables.get(i);
      tensors[i] = operands[i].recordedValue();
      if (operands[i].requiresGradient()) {
        needsGradient = true;
        if (gradients[i] == null) {
          gradients[i] = plan.gradient(i);
        }
      }
    }
    plan.execute(tensors, begin(plan.outputShape(), needsGradient));
    return output;
  }

  private static boolean accepts(Contraction plan, List<Variable> variables) {
    if (plan.operandCount() != variables.size()) {
      return false;
    }
    for (int i = 0; i < variables.size(); i++) {
      if (!plan.operandShape(i).equals(variables.get(i).shape())) {
        return false;
      }
    }
    return true;
  }

  @Override
  void backward() {
    for (int i = 0; i < operands.length; i++) {
      Contraction plan = gradients[i];
      if (plan != null && operands[i].requiresGradient()) {
        addGradient(plan, i);
      }
    }
  }

  private void addGradient(Contraction plan, int operand) {
    tensors[0] = output.computedGradient();
    int count = 1;
    for (int other = 0; other < operands.length; other++) {
      if (other != operand) {
        tensors[count++] = operands[other].recordedValue();
      }
    }
    Accumulation accumulation = operands[operand].contribute();
    plan.execute(tensors, operands[operand].computedGradient(), accumulation);
  }
}
