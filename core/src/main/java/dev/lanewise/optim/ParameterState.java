package dev.lanewise.optim;

import dev.lanewise.internal.rows.RowTouch;
import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Parameter;
import dev.lanewise.tensor.Tensor;

/** What an optimizer remembers of one parameter, seen as rows: the positions of dimension 0. */
final class ParameterState {
  private final Parameter parameter;
  private final Tensor[] buffers;
  private final long rows;
  private final long width;
  private long steps;
  private long roundingKey;

  ParameterState(Parameter parameter, int bufferCount) {
    this.parameter = parameter;
    this.buffers = new Tensor[bufferCount];
    Tensor value = parameter.value();
    this.rows = value.rank() == 0 ? 1 : value.size(0);
    this.width = rows == 0 ? 0 : value.shape().elementCount() / rows;
  }

  Parameter parameter() {
    return parameter;
  }

  Tensor value() {
    return parameter.value();
  }

  /** The tensor of one of the form's slots. */
  Tensor buffer(int slot) {
    return buffers[slot];
  }

  void setBuffer(int slot, Tensor buffer) {
    buffers[slot] = buffer;
  }

  int bufferCount() {
    return buffers.length;
  }

  /** Reads some rows' parts of a buffer ahead; see {@link RowTouch}. */
  int touchBuffer(int slot, long[] touched, int from, int count) {
    long rowBytes = buffers[slot].layout().spanBytes() / Math.max(rows, 1);
    return RowTouch.touch(buffers[slot], rowBytes, touched, from, count);
  }

  long rows() {
    return rows;
  }

  /** Elements of a row. */
  long width() {
    return width;
  }

  /** How many steps were made, the one that is being made included. */
  long steps() {
    return steps;
  }

  void setSteps(long count) {
    steps = count;
  }

  /** Whether the weights are of 16 bits: updated as float32, and rounded. */
  boolean isNarrow() {
    return value().dtype() != DType.FLOAT32;
  }

  /** What chooses how weights of 16 bits are rounded in this step. */
  long roundingKey() {
    return roundingKey;
  }

  void setRoundingKey(long key) {
    roundingKey = key;
  }
}
