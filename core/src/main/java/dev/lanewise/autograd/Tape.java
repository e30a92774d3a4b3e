package dev.lanewise.autograd;

import dev.lanewise.embedding.Embedding;
import dev.lanewise.embedding.EmbeddingBag;
import dev.lanewise.internal.check.Check;
import dev.lanewise.tensor.Operand;
import dev.lanewise.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;

/**
 * Records operations as they are computed, and walks them backwards for gradients (reverse-mode
 * automatic differentiation, define-by-run).
 *
 * <p>Operands are tensors (constants), {@link dev.lanewise.tensor.Parameter parameters} and
 * variables of the same recording. After {@link #reset} the next recording reuses memory, plans and
 * variables of the operations at the same place: a training step of unchanged operations and shapes
 * allocates nothing, on the heap or off it. Variables of a recording are invalid after the reset.
 *
 * <p>A tape of {@link #inference} computes the same values and records nothing to walk back:
 * parameters are constants to it.
 *
 * <p>Confined to one thread. Closing frees its memory; parameters live on.
 */
public final class Tape implements AutoCloseable {
  private final boolean recording;
  private final List<Node> nodes = new ArrayList<>();
  private final List<Variable> gathered = new ArrayList<>();
  private int recorded;
  private boolean closed;

  /** A tape that records. */
  public Tape() {
    this(true);
  }

  private Tape(boolean recording) {
    this.recording = recording;
  }

  /**
   * A tape that only computes, for serving.
   *
   * @return the tape
   */
  public static Tape inference() {
    return new Tape(false);
  }

  /**
   * Whether gradients can be computed.
   *
   * @return false for a tape of {@link #inference}
   */
  public boolean isRecording() {
    return recording;
  }

  /**
   * Starts the next recording: variables of this one become invalid, and their memory is used
   * again.
   */
  public void reset() {
    recorded = 0;
  }

  /** Frees the memory of all variables. Closing twice does nothing. */
  @Override
  public void close() {
    closed = true;
    recorded = 0;
    for (Node node : nodes) {
      node.close();
    }
    nodes.clear();
  }

  // --------------------------------------------------------------------------------------------------------- operations

  /**
   * Rows of an embedding's table: {@code out[i, :] = weight[indices[i], :]}.
   *
   * @param embedding the table
   * @param indices row numbers, copied. An array that is kept avoids the one that Java makes for a
   *     variable argument list
   * @return [indices.length, embeddingDim]
   * @throws IndexOutOfBoundsException if an index is outside the table
   */
  public Variable lookup(Embedding embedding, int... indices) {
    LookupNode node = next(LookupNode.class, LookupNode::new);
    return recorded(node, node.record(embedding, indices));
  }

  /**
   * Rows of an embedding's table: {@code out[..., :] = weight[indices[...], :]}.
   *
   * @param embedding the table
   * @param indices row numbers, int32 or int64 of any shape; copied
   * @return the indices' shape with embeddingDim behind it
   * @throws IndexOutOfBoundsException if an index is outside the table
   */
  public Variable lookup(Embedding embedding, Tensor indices) {
    LookupNode node = next(LookupNode.class, LookupNode::new);
    return recorded(node, node.record(embedding, indices));
  }

  /**
   * Each bag's rows reduced to one; see {@link EmbeddingBag#forward(int[], int[], Tensor)}.
   *
   * @param bag the table and the mode
   * @param indices the bags' row numbers, one bag behind the other; copied
   * @param offsets where each bag starts
   * @return [offsets.length, embeddingDim]
   * @throws IndexOutOfBoundsException if an index is outside the table
   * @throws IllegalArgumentException if the offsets are not in order
   */
  public Variable lookup(EmbeddingBag bag, int[] indices, int[] offsets) {
    BagNode node = next(BagNode.class, BagNode::new);
    node.forgetOperands();
    return recorded(node, node.record(bag, indices, offsets));
  }

  /**
   * Each bag's rows reduced to one, for bags of equal length.
   *
   * @param bag the table and the mode
   * @param indices int32 or int64 [bags, entries]; copied
   * @return [bags, embeddingDim]
   * @throws IndexOutOfBoundsException if an index is outside the table
   */
  public Variable lookup(EmbeddingBag bag, Tensor indices) {
    BagNode node = next(BagNode.class, BagNode::new);
    node.forgetOperands();
    return recorded(node, node.record(bag, indices));
  }

  /**
   * Each bag's rows reduced to one; see {@link EmbeddingBag#forward(Tensor, Tensor, Tensor)}.
   *
   * @param bag the table and the mode
   * @param indices row numbers, int32 or int64 [n]; copied
   * @param offsets where each bag starts, int32 or int64 [bags]
   * @return [bags, embeddingDim]
   * @throws IndexOutOfBoundsException if an index is outside the table
   * @throws IllegalArgumentException if a tensor has another shape or type, or the offsets are not
   *     in order
   */
  public Variable lookup(EmbeddingBag bag, Tensor indices, Tensor offsets) {
    BagNode node = next(BagNode.class, BagNode::new);
    node.forgetOperands();
    return recorded(node, node.record(bag, indices, offsets));
  }

  /**
   * The weighted sums of bags of equal length, with a gradient for the weights too.
   *
   * @param bag the table, of mode SUM
   * @param indices int32 or int64 [bags, entries]; copied
   * @param perSampleWeights a factor for each index, [bags, entries]
   * @return [bags, embeddingDim]
   * @throws IndexOutOfBoundsException if an index is outside the table
   * @throws IllegalArgumentException if an operand has another shape or type, or the mode is not
   *     SUM
   */
  public Variable weightedLookup(EmbeddingBag bag, Tensor indices, Operand perSampleWeights) {
    Variable weights = variable(perSampleWeights);
    BagNode node = next(BagNode.class, BagNode::new);
    return recorded(node, node.recordWeighted(bag, indices, weights), weights);
  }

  /**
   * The weighted sums of bags, with a gradient for the weights too.
   *
   * @param bag the table, of mode SUM
   * @param indices row numbers, int32 or int64 [n]; copied
   * @param offsets where each bag starts, int32 or int64 [bags]
   * @param perSampleWeights a factor for each index, [n]
   * @return [bags, embeddingDim]
   * @throws IndexOutOfBoundsException if an index is outside the table
   * @throws IllegalArgumentException if an operand has another shape or type, the offsets are not
   *     in order, or the mode is not SUM
   */
  public Variable weightedLookup(
      EmbeddingBag bag, Tensor indices, Tensor offsets, Operand perSampleWeights) {
    Variable weights = variable(perSampleWeights);
    BagNode node = next(BagNode.class, BagNode::new);
    return recorded(node, node.recordWeighted(bag, indices, offsets, weights), weights);
  }

  /**
   * A contraction of two operands; see {@link dev.lanewise.einsum.Contraction}.
   *
   * @param equation for example {@code "ik,kj->ij"}
   * @param a the first operand
   * @param b the second operand
   * @return the output's labels
   * @throws IllegalArgumentException if the equation is not one, or does not fit the operands
   */
  public Variable einsum(String equation, Operand a, Operand b) {
    gathered.clear();
    gathered.add(variable(a));
    gathered.add(variable(b));
    return einsumOfGathered(equation);
  }

  /**
   * A contraction of any number of operands; see {@link dev.lanewise.einsum.Contraction}. Of three
   * operands or more, the contraction and the gradient of each operand have their own path, found
   * by {@link dev.lanewise.einsum.PathSearch#AUTO}.
   *
   * @param equation for example {@code "i,ij,j->"}
   * @param operands the operands. An array that is kept avoids the one that Java makes for a
   *     variable argument list
   * @return the output's labels
   * @throws IllegalArgumentException if the equation is not one, or does not fit the operands
   */
  public Variable einsum(String equation, Operand... operands) {
    gathered.clear();
    for (Operand operand : operands) {
      gathered.add(variable(operand));
    }
    return einsumOfGathered(equation);
  }

  private Variable einsumOfGathered(String equation) {
    EinsumNode node = next(EinsumNode.class, EinsumNode::new);
    Variable output = node.record(equation, gathered);
    node.forgetOperands();
    for (int operand = 0; operand < gathered.size(); operand++) {
      node.addOperand(gathered.get(operand));
    }
    return recorded(node, output);
  }

  /**
   * A contraction of rows of an embedding's table with another operand, without a lookup: {@code
   * einsum(equation, lookup(embedding, indices), b)}, with the bits of these two steps forward and
   * backward. Neither the rows nor, on the way back, their gradients are laid out as a whole, where
   * {@link dev.lanewise.einsum.Contraction#execute(dev.lanewise.einsum.GatheredRows, Tensor,
   * Tensor)} and {@link dev.lanewise.einsum.Contraction#scatterAdd} need not. As for every operand,
   * gradients are taken at the numbers that the table has then.
   *
   * @param equation of two operands, for example {@code "ik,kj->ij"}; the rows are the first, of
   *     shape [indices.length, embeddingDim]
   * @param embedding the table
   * @param indices row numbers, copied
   * @param b the second operand
   * @return the output's labels
   * @throws IndexOutOfBoundsException if an index is outside the table
   * @throws IllegalArgumentException if the equation is not one, or does not fit the operands
   */
  public Variable lookupEinsum(String equation, Embedding embedding, int[] indices, Operand b) {
    Variable other = variable(b);
    LookupEinsumNode node = next(LookupEinsumNode.class, LookupEinsumNode::new);
    node.load(embedding, indices);
    return recorded(node, node.record(equation, 0, other), other);
  }

  /**
   * As {@link #lookupEinsum(String, Embedding, int[], Operand)}, for indices of any shape.
   *
   * @param equation of two operands, for example {@code "blk,kj->blj"}; the rows are the first, of
   *     the indices' shape with embeddingDim behind it
   * @param embedding the table
   * @param indices row numbers, int32 or int64 of any shape; copied
   * @param b the second operand
   * @return the output's labels
   * @throws IndexOutOfBoundsException if an index is outside the table
   * @throws IllegalArgumentException if the equation is not one, or does not fit the operands
   */
  public Variable lookupEinsum(String equation, Embedding embedding, Tensor indices, Operand b) {
    Variable other = variable(b);
    LookupEinsumNode node = next(LookupEinsumNode.class, LookupEinsumNode::new);
    node.load(embedding, indices);
    return recorded(node, node.record(equation, 0, other), other);
  }

  /**
   * As {@link #lookupEinsum(String, Embedding, int[], Operand)}, the rows being the second operand.
   *
   * @param equation of two operands, for example {@code "ij,ik->jk"}
   * @param a the first operand
   * @param embedding the table
   * @param indices row numbers, copied
   * @return the output's labels
   * @throws IndexOutOfBoundsException if an index is outside the table
   * @throws IllegalArgumentException if the equation is not one, or does not fit the operands
   */
  public Variable lookupEinsum(String equation, Operand a, Embedding embedding, int[] indices) {
    Variable other = variable(a);
    LookupEinsumNode node = next(LookupEinsumNode.class, LookupEinsumNode::new);
    node.load(embedding, indices);
    return recorded(node, node.record(equation, 1, other), other);
  }

  /**
   * As {@link #lookupEinsum(String, Embedding, Tensor, Operand)}, the rows being the second
   * operand.
   *
   * @param equation of two operands, for example {@code "ij,ik->jk"}
   * @param a the first operand
   * @param embedding the table
   * @param indices row numbers, int32 or int64 of any shape; copied
   * @return the output's labels
   * @throws IndexOutOfBoundsException if an index is outside the table
   * @throws IllegalArgumentException if the equation is not one, or does not fit the operands
   */
  public Variable lookupEinsum(String equation, Operand a, Embedding embedding, Tensor indices) {
    Variable other = variable(a);
    LookupEinsumNode node = next(LookupEinsumNode.class, LookupEinsumNode::new);
    node.load(embedding, indices);
    return recorded(node, node.record(equation, 1, other), other);
  }

  /**
   * {@code a + b}, with sizes of 1 and missing leading dimensions broadcast.
   *
   * @param a an operand
   * @param b an operand
   * @return the broadcast shape
   * @throws IllegalArgumentException if the shapes do not fit
   */
  public Variable add(Operand a, Operand b) {
    Variable first = variable(a);
    Variable second = variable(b);
    AddNode node = next(AddNode.class, AddNode::new);
    return recorded(node, node.record(first, second), first, second);
  }

  /**
   * {@code max(x, 0)}; NaN stays NaN, and the gradient at 0 is 0.
   *
   * @param x an operand
   * @return the same shape
   */
  public Variable relu(Operand x) {
    Variable operand = variable(x);
    ReluNode node = next(ReluNode.class, ReluNode::new);
    return recorded(node, node.record(operand), operand);
  }

  /**
   * The sum of all elements; 0 if there are none.
   *
   * @param x an operand
   * @return a scalar
   */
  public Variable sum(Operand x) {
    Variable operand = variable(x);
    SumNode node = next(SumNode.class, SumNode::new);
    return recorded(node, node.record(operand, Reduction.SUM), operand);
  }

  /**
   * The mean of all elements; NaN if there are none.
   *
   * @param x an operand
   * @return a scalar
   */
  public Variable mean(Operand x) {
    Variable operand = variable(x);
    SumNode node = next(SumNode.class, SumNode::new);
    return recorded(node, node.record(operand, Reduction.MEAN), operand);
  }

  /**
   * The mean of {@code (input - target)^2} over all elements; NaN if there are none.
   *
   * @param input an operand
   * @param target an operand of the same shape
   * @return a scalar
   * @throws IllegalArgumentException if the shapes differ
   */
  public Variable meanSquaredError(Operand input, Operand target) {
    return squaredError(input, target, Reduction.MEAN);
  }

  /**
   * {@code (input - target)^2}, reduced as asked; <a
   * href="https://docs.pytorch.org/docs/stable/generated/torch.nn.MSELoss.html">torch.nn.MSELoss</a>.
   *
   * @param input an operand
   * @param target an operand of the same shape
   * @param reduction none, mean or sum
   * @return a scalar, or the operands' shape
   * @throws IllegalArgumentException if the shapes differ
   */
  public Variable squaredError(Operand input, Operand target, Reduction reduction) {
    Objects.requireNonNull(reduction, "reduction");
    Variable first = variable(input);
    Variable second = variable(target);
    SquaredErrorNode node = next(SquaredErrorNode.class, SquaredErrorNode::new);
    return recorded(node, node.record(first, second, reduction), first, second);
  }

  /**
   * The mean cross entropy of logits; see {@link CrossEntropy}.
   *
   * @param logits [rows, classes]
   * @param classes each row's class, copied
   * @return a scalar
   * @throws IndexOutOfBoundsException if a class is outside the logits' classes
   */
  public Variable crossEntropy(Operand logits, int... classes) {
    return crossEntropy(logits, classes, CrossEntropy.MEAN);
  }

  /**
   * The cross entropy of logits; see {@link CrossEntropy}.
   *
   * @param logits [rows, classes]
   * @param classes each row's class, copied
   * @param settings reduction, weights, ignored class, smoothing
   * @return a scalar, or [rows]
   * @throws IndexOutOfBoundsException if a class is outside the logits' classes
   */
  public Variable crossEntropy(Operand logits, int[] classes, CrossEntropy settings) {
    Variable operand = variable(logits);
    CrossEntropyNode node = next(CrossEntropyNode.class, CrossEntropyNode::new);
    return recorded(node, node.record(operand, classes, settings), operand);
  }

  /**
   * The cross entropy of logits; see {@link CrossEntropy}.
   *
   * @param logits [rows, classes]
   * @param classes each row's class, int32 or int64 [rows]; copied
   * @param settings reduction, weights, ignored class, smoothing
   * @return a scalar, or [rows]
   * @throws IndexOutOfBoundsException if a class is outside the logits' classes
   */
  public Variable crossEntropy(Operand logits, Tensor classes, CrossEntropy settings) {
    Variable operand = variable(logits);
    CrossEntropyNode node = next(CrossEntropyNode.class, CrossEntropyNode::new);
    return recorded(node, node.record(operand, classes, settings), operand);
  }

  // ---------------------------------------------------------------------------------------------------------- recording

  /** An operand as a variable of this recording. */
  private Variable variable(Operand operand) {
    if (operand instanceof Variable variable) {
      requireRecorded(variable.producer());
      return variable;
    }
    Check.readable("operand", operand.value());
    Leaf leaf = next(Leaf.class, Leaf::new);
    return recorded(leaf, leaf.record(operand));
  }

  /**
   * The node at the next place: the one that was there in the last recording if it is of the same
   * kind.
   */
  private <N extends Node> N next(Class<N> kind, Function<Tape, N> factory) {
    if (closed) {
      throw new IllegalStateException("the tape is closed");
    }
    if (recorded < nodes.size()) {
      Node known = nodes.get(recorded);
      if (kind.isInstance(known)) {
        return kind.cast(known);
      }
      // Another operation than last time: what follows will be other operations too.
      for (Node stale : nodes.subList(recorded, nodes.size())) {
        stale.close();
      }
      nodes.subList(recorded, nodes.size()).clear();
    }
    N made = factory.apply(this);
    nodes.add(made);
    return made;
  }

  /** Counts a node as recorded, once its operation has succeeded. */
  private Variable recorded(Node node, Variable output) {
    node.recordAt(recorded++);
    return output;
  }

  private Variable recorded(Node node, Variable output, Variable operand) {
    node.forgetOperands();
    node.addOperand(operand);
    return recorded(node, output);
  }

  private Variable recorded(Node node, Variable output, Variable first, Variable second) {
    node.forgetOperands();
    node.addOperand(first);
    node.addOperand(second);
    return recorded(node, output);
  }

  boolean isRecorded(Node node) {
    return node.belongsTo(this) && node.place() >= 0 && node.place() < recorded;
  }

  void requireRecorded(Node node) {
    if (!node.belongsTo(this)) {
      throw new IllegalArgumentException("the variable belongs to another tape");
    }
    if (!isRecorded(node)) {
      throw new IllegalStateException(
          "the variable belongs to an earlier recording: the tape was reset or closed since");
    }
  }

  void backward(Variable loss, Retention retention) {
    requireRecorded(loss.producer());
    if (loss.shape().elementCount() != 1) {
      throw new IllegalStateException(
          "backward() starts from one number; this variable has shape " + loss.shape());
    }
    if (!loss.requiresGradient()) {
      throw new IllegalStateException(
          "backward() needs a variable that depends on a trainable parameter, on a tape that records");
    }
    int last = loss.producer().place();
    requireUnreleased(last);
    for (int place = 0; place <= last; place++) {
      nodes.get(place).output.forgetGradient();
    }
    loss.producer().seed();
    for (int place = last; place >= 0; place--) {
      Node node = nodes.get(place);
      if (node.output.hasGradient() && node.output.requiresGradient()) {
        node.run(retention);
      }
    }
  }

  /**
   * Nothing that the pass will walk was released, nothing it will use was closed: found before any
   * gradient changes.
   */
  private void requireUnreleased(int last) {
    for (int place = 0; place <= last; place++) {
      nodes.get(place).reached = place == last;
    }
    for (int place = last; place >= 0; place--) {
      Node node = nodes.get(place);
      if (node.reached) {
        node.requireReady();
      }
      if (node.reached && node.output.requiresGradient()) {
        node.requireUnreleased();
        for (int operand = 0; operand < node.operandCount(); operand++) {
          nodes.get(node.operandPlace(operand)).reached = true;
        }
      }
    }
  }
}
