package dev.lanewise.einsum;

import dev.lanewise.tensor.Shape;

/**
 * A tensor of a {@link TensorNetwork}: a label and a size for each axis.
 *
 * @param axes the label of each axis
 * @param shape the size of each axis
 */
record LabelledShape(int[] axes, Shape shape) {
  /** A scalar, which has no axes. */
  static final LabelledShape SCALAR = new LabelledShape(new int[0], Shape.scalar());
}
