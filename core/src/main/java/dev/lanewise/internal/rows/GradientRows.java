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
    boolean equal = gradient.rank() == indices.rank() + 1 && gradient.size(-1) == width;
    for (int dim = 0; equal && dim < indices.rank(); dim++) {
      equal = gradient.size(dim) == indices.size(dim);
    }
    if (!equal) {
      throw new IllegalArgumentException(
          "gradient: expected shape " + indices.append(width) + ", got " + gradient.shape());
    }
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
    if (gradient.rank() != 2 || gradient.size(0) != count || gradient.size(1) != width) {
      throw new IllegalArgumentException(
          "gradient: expected shape [" + count + ", " + width + "], got " + gradient.shape());
    }
    load(gradient);
  }

  private void load(Tensor gradient) {
    Check.readable("gradient", gradient, DType.FLOAT32);
    if (gradient.stride(-1) != 1 && gradient.size(-1) > 1) {
      throw new IllegalArgumentException(
          "gradient: the elements of a row must lie side by side, but have stride "
              + gradient.stride(-1)
              + "; copy it with contiguous(arena)");
    }
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
