package dev.lanewise.autograd;

import dev.lanewise.embedding.Embedding;
import dev.lanewise.internal.check.Check;
import dev.lanewise.internal.rows.Runs;
import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.util.Arrays;

/**
 * One recorded operation. A node is kept and recorded again by the operation that comes at its
 * place in the next recording.
 */
abstract class Node {
  private static final int UNRECORDED = -1;

  final Tape tape;
  final Variable output;
  private int place = UNRECORDED;

  /** The places of the nodes that computed the operands, and how many there are. */
  private int[] operandPlaces = new int[2];

  private int operandCount;

  /** Whether the backward pass that is about to begin leads here. */
  boolean reached;

  private boolean released;

  Node(Tape tape) {
    this.tape = tape;
    this.output = new Variable(tape, this);
  }

  /** Adds to the gradients of the operands what the output's gradient says. */
  abstract void backward();

  /** Starts the node's result. */
  final Tensor begin(Shape shape, boolean needsGradient) {
    released = false;
    return output.become(shape, needsGradient);
  }

  final void markRecorded() {
    released = false;
  }

  /** An embedding's rows are read as the numbers that a tape computes with. */
  static void requireFloat32(Embedding embedding) {
    Tensor table = embedding.weight().value();
    Check.accessible("weight", table);
    if (table.dtype() == DType.FLOAT64) {
      throw new IllegalArgumentException(
          "weight: a tape computes in float32, but the rows of " + embedding + " are float64");
    }
  }

  /** Whatever a backward pass uses of this node is still there. */
  void requireReady() {
    output.requireAccessible();
  }

  final void requireUnreleased() {
    if (released) {
      throw new IllegalStateException(
          "a second backward pass over the same recording: call backward(Retention.RETAIN) the first time, or record again after reset()");
    }
  }

  final void run(Retention retention) {
    backward();
    released = retention == Retention.RELEASE;
  }

  @SuppressWarnings("ReferenceEquality") // It is the same tape or it is not.
  final boolean belongsTo(Tape other) {
    return tape == other;
  }

  /** The node's place in the recording; negative if it is in none. */
  final int place() {
    return place;
  }

  final void recordAt(int position) {
    place = position;
  }

  /** Starts the output's own gradient: 1, where a backward pass begins. */
  final void seed() {
    Tensor gradient = output.sumTarget();
    Runs.set(gradient, gradient.offsetBytes(), 1f);
  }

  /** Begins the list of the operands' places. */
  final void forgetOperands() {
    operandCount = 0;
  }

  final void addOperand(Variable operand) {
    if (operandCount == operandPlaces.length) {
      operandPlaces = Arrays.copyOf(operandPlaces, 2 * operandCount);
    }
    operandPlaces[operandCount++] = operand.producer().place;
  }

  final int operandCount() {
    return operandCount;
  }

  /** The place of the node that computed an operand. */
  final int operandPlace(int operand) {
    return operandPlaces[operand];
  }

  /** Frees the node's memory. */
  void close() {
    place = UNRECORDED;
    output.close();
  }
}
