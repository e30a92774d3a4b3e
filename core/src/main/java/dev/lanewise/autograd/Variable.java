package dev.lanewise.autograd;

import dev.lanewise.einsum.Accumulation;
import dev.lanewise.internal.check.Check;
import dev.lanewise.tensor.Gradient;
import dev.lanewise.tensor.Operand;
import dev.lanewise.tensor.Parameter;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A value that a {@link Tape} recorded, and after a backward pass its gradient.
 *
 * <p>It is valid until the tape is reset or closed; the tape then uses its memory, and the object
 * itself, for the next recording. Confined to the tape's thread.
 */
public final class Variable implements Operand {
  private final Tape tape;
  private final Node producer;
  private final Buffer valueMemory = new Buffer();
  private final Buffer gradientMemory = new Buffer();
  private @Nullable Tensor value;
  private @Nullable Parameter parameter;
  private @Nullable Tensor gradient;
  private boolean requiresGradient;
  private boolean hasGradient;

  Variable(Tape tape, Node producer) {
    this.tape = tape;
    this.producer = producer;
  }

  /**
   * The computed numbers.
   *
   * @return the tensor, in the tape's memory
   * @throws IllegalStateException if the tape was reset since and nothing was recorded in its place
   */
  @Override
  public Tensor value() {
    tape.requireRecorded(producer);
    return recordedValue();
  }

  /** The value, where the node is known to be recorded. */
  Tensor recordedValue() {
    if (value == null) {
      throw new IllegalStateException("the variable has no value yet");
    }
    return value;
  }

  Shape shape() {
    return recordedValue().shape();
  }

  /**
   * The number of a variable that has only one, such as a loss. Allocates nothing.
   *
   * @return the element
   * @throws IllegalStateException if there is not exactly one element
   */
  public double item() {
    return value().item();
  }

  /**
   * Whether a backward pass computes this variable's gradient.
   *
   * @return true if a trainable parameter entered it and the tape records
   */
  public boolean requiresGradient() {
    return requiresGradient;
  }

  /**
   * The gradient that the last backward pass computed.
   *
   * @return a tensor of this variable's shape, in the tape's memory (or the parameter's)
   * @throws IllegalStateException if no backward pass reached this variable
   */
  public Tensor gradient() {
    tape.requireRecorded(producer);
    Tensor computed = gradient;
    if (!hasGradient || computed == null) {
      throw new IllegalStateException(
          "no backward pass has reached this variable of shape " + shape());
    }
    return computed;
  }

  /**
   * Computes the gradients of all that this variable depends on, and releases what was recorded:
   * {@link #backward(Retention)} with {@link Retention#RELEASE}.
   *
   * @throws IllegalStateException if this variable has more than one element, does not depend on a
   *     trainable parameter, or was released
   */
  public void backward() {
    backward(Retention.RELEASE);
  }

  /**
   * Computes the gradients of all that this variable depends on. Gradients of parameters are added
   * to what they hold; those of other variables are computed anew. They are taken at the values
   * that operands have now.
   *
   * @param retention whether the recording can be walked again
   * @throws IllegalStateException if this variable has more than one element, does not depend on a
   *     trainable parameter, or was released
   */
  public void backward(Retention retention) {
    tape.backward(this, Objects.requireNonNull(retention, "retention"));
  }

  // ---------------------------------------------------------------------------------------------------------- for nodes

  Node producer() {
    return producer;
  }

  /** Becomes a constant, or a parameter's leaf. */
  void become(Operand operand, boolean recording) {
    value = operand.value();
    parameter = operand instanceof Parameter p && p.isTrainable() && recording ? p : null;
    requiresGradient = parameter != null;
    hasGradient = false;
  }

  /** Becomes the result of an operation: a tensor of a shape, to be written as a whole. */
  Tensor become(Shape shape, boolean needsGradient) {
    requiresGradient = needsGradient;
    hasGradient = false;
    Tensor fresh = valueMemory.shaped(shape);
    value = fresh;
    return fresh;
  }

  /** The value, and a parameter's gradient, can be used by this thread now. */
  void requireAccessible() {
    Check.accessible("a value that the backward pass uses", recordedValue());
    if (parameter != null) {
      Check.accessible("a parameter's gradient", parameter.gradient().tensor());
    }
  }

  void forgetGradient() {
    hasGradient = false;
  }

  boolean hasGradient() {
    return hasGradient;
  }

  /** The gradient to be read by the operation that produced this variable. */
  Tensor computedGradient() {
    if (gradient == null) {
      throw new IllegalStateException("the variable has no gradient");
    }
    return gradient;
  }

  /**
   * Whether this is the first contribution in this pass, which then has to replace what the memory
   * holds; see {@link #computedGradient}.
   */
  Accumulation contribute() {
    boolean add = hasGradient;
    Parameter leaf = parameter;
    if (leaf != null) {
      Gradient sum = leaf.gradient();
      add = sum.allRowsTouched() || sum.touchedRowCount() > 0;
      sum.touchAllRows();
      gradient = sum.tensor();
    } else {
      gradient = gradientMemory.shaped(shape());
    }
    hasGradient = true;
    return add ? Accumulation.ADD : Accumulation.REPLACE;
  }

  /** Where a contribution that can only be added goes: zeros, at first. */
  Tensor sumTarget() {
    if (contribute() == Accumulation.REPLACE) {
      computedGradient().fill(0);
    }
    return computedGradient();
  }

  void close() {
    valueMemory.close();
    gradientMemory.close();
  }

  /**
   * The value's text.
   *
   * @return {@code Variable} and the tensor
   */
  @Override
  public String toString() {
    return tape.isRecorded(producer) ? "Variable " + value : "Variable (of an earlier recording)";
  }
}
