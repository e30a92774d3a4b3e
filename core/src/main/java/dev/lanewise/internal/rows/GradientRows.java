package dev.lanewise.internal.rows;

import dev.lanewise.internal.check.Check;
import dev.lanewise.internal.memory.GrowableMemory;
import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/**
 * The gradient of a batch seen as a matrix with a row for each index: evenly spaced rows whose
 * elements lie side by side. Rows that lie otherwise are copied together first.
 */
final class GradientRows {
  private final GrowableMemory copy = new GrowableMemory();
  private MemorySegment segment = MemorySegment.NULL;
  private long offsetBytes;
  private long strideBytes;

  /**
   * Takes a gradient of the indices' shape with the row length behind it.
   *
   * @param gradient float32, whose rows lie without gaps inside
   * @param indices the shape of the indices
   * @param width the row length
   * @throws IllegalArgumentException if the gradient has another shape or type, or its rows gaps
   */
  void load(Tensor gradient, Shape indices, long width) {
    Check.rowsOf("gradient", gradient, indices, width);
    load(gradient);
  }

  /**
   * As the other, for a list of indices.
   *
   * @param gradient float32 [count, width], whose rows lie without gaps inside
   * @param count how many indices
   * @param width the row length
   * @throws IllegalArgumentException if the gradient has another shape or type, or its rows gaps
   */
  void load(Tensor gradient, int count, long width) {
    Check.matrix("gradient", gradient, count, width);
    load(gradient);
  }

  private void load(Tensor gradient) {
    Check.readable("gradient", gradient, DType.FLOAT32);
    Check.denseRows("gradient", gradient);
    long stride = Strides.rowStride(gradient);
    if (stride != Strides.NONE) {
      segment = gradient.segment();
      offsetBytes = gradient.offsetBytes();
      strideBytes = stride * Float.BYTES;
      return;
    }
    long rowBytes = gradient.size(-1) * Float.BYTES;
    long rows = Strides.rowCount(gradient);
    MemorySegment to = copy.atLeast(Math.max(rows * rowBytes, 1));
    for (long row = 0; row < rows; row++) {
      long from = gradient.offsetBytes() + Strides.rowOffset(gradient, row) * Float.BYTES;
      MemorySegment.copy(gradient.segment(), from, to, row * rowBytes, rowBytes);
    }
    segment = to;
    offsetBytes = 0;
    strideBytes = rowBytes;
  }

  /** The memory the rows are in. */
  MemorySegment segment() {
    return segment;
  }

  /** Where the first row starts. */
  long offsetBytes() {
    return offsetBytes;
  }

  /** How far apart the rows are; 0 if all are the same. */
  long strideBytes() {
    return strideBytes;
  }

  /** Lets go of the tensor's memory, so that a pooled object does not keep it. */
  void release() {
    segment = MemorySegment.NULL;
  }
}
