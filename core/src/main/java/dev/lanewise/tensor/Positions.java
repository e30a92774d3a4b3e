package dev.lanewise.tensor;

/**
 * Walks the positions, in elements, of a strided view in row-major order. For what is off the hot
 * path: printing, copying, filling.
 */
final class Positions {
  private final Shape shape;
  private final long[] strides;
  private final long[] index;
  private long position;
  private long remaining;

  Positions(Shape shape, long[] strides, long offset) {
    this.shape = shape;
    this.strides = strides;
    this.index = new long[strides.length];
    this.position = offset;
    this.remaining = shape.elementCount();
  }

  boolean hasElement() {
    return remaining > 0;
  }

  long position() {
    return position;
  }

  void advance() {
    remaining--;
    for (int dim = index.length - 1; dim >= 0; dim--) {
      position += strides[dim];
      if (++index[dim] < shape.size(dim)) {
        return;
      }
      position -= index[dim] * strides[dim];
      index[dim] = 0;
    }
  }
}
