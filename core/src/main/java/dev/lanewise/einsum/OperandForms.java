package dev.lanewise.einsum;

import dev.lanewise.internal.gemm.Program;
import dev.lanewise.internal.kernel.KernelSet;
import dev.lanewise.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a plan of two operands takes in place of a tensor: an operand packed beforehand, rows of a
 * table, or, in place of the output, the rows of a table's gradient.
 */
final class OperandForms {
  private final String name;

  /** By operand; empty if the plan is not a product of matrices, done at once. */
  private final List<PackedContraction> packed;

  private final List<GatheredContraction> gathered;
  private final RowScatter scatter;

  /**
   * The forms of a plan of two operands.
   *
   * @param labelling what the plan does at once; null if it takes several steps
   * @param names of the operands and the output, for messages
   * @param whole the contraction of tensors
   */
  OperandForms(
      TensorNetwork network,
      @Nullable Labelling labelling,
      KernelSet kernels,
      ContractionOptions options,
      List<String> names,
      WholeContraction whole) {
    this.name = network.name();
    List<PackedContraction> packings = new ArrayList<>();
    List<GatheredContraction> gatherings = new ArrayList<>();
    for (int operand = 0; operand < 2; operand++) {
      if (labelling != null && labelling.program() == Program.CHAIN) {
        packings.add(new PackedContraction(labelling, kernels, options, name, operand, names));
      }
      Shape shape = network.shapes().get(operand);
      gatherings.add(
          new GatheredContraction(labelling, kernels, options, shape, operand, names, whole));
    }
    this.packed = List.copyOf(packings);
    this.gathered = List.copyOf(gatherings);
    this.scatter = new RowScatter(labelling, kernels, options, network.outputShape(), names, whole);
  }

  /**
   * The contraction with an operand packed.
   *
   * @throws IllegalArgumentException if there is nothing to pack
   */
  PackedContraction packed(int operand) {
    if (packed.isEmpty()) {
      throw new IllegalArgumentException(
          name
              + ": operand "
              + operand
              + " cannot be packed: there is something to pack only where both operands have a label of their own in the output and a label is summed, in one step");
    }
    return packed.get(operand);
  }

  /** The contraction with an operand made of rows of a table. */
  GatheredContraction gathered(int operand) {
    return gathered.get(operand);
  }

  /** The contraction with its result added to rows of a table's gradient. */
  RowScatter scatter() {
    return scatter;
  }
}
