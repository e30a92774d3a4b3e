package dev.lanewise.einsum;

import dev.lanewise.internal.check.Check;
import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Shape;
import java.lang.foreign.MemorySegment;

/**
 * A constant operand of a contraction of two operands, a weight for example, that was {@linkplain
 * Contraction#pack packed} once into the order in which the blocked loops read it. Running with it
 * gives the bits of running with the tensor, and saves packing it, or reading it where it lies, in
 * every call.
 *
 * <p>It is a snapshot: what is written to the tensor later does not show. It serves every plan of
 * the same equation, element type and shape of this operand, whatever the sizes of the other one: a
 * weight packed once serves batches of 1, 8 and 1000 rows. (A dimension of size 1 that is repeated
 * along a summed or free label takes the label's size, which the plans must then share.)
 *
 * <p>How it lies depends on this machine's vectors, so it is not for storing.
 *
 * <p>Immutable; any number of threads may use it as long as its arena is open and lets them.
 */
public final class PackedOperand {
  private final Key key;
  private final MemorySegment panels;

  /**
   * What a plan and a packed operand must agree on. Compared without allocating.
   *
   * @param equation the contraction, for messages too
   * @param operand which operand, from 0
   * @param shape the operand's shape
   * @param dtype the elements
   * @param sizes the sizes of the loops over the packed operand, by group
   * @param backend whose order of elements it is
   */
  record Key(
      String equation, int operand, Shape shape, DType dtype, String sizes, String backend) {}

  PackedOperand(Key key, MemorySegment panels) {
    this.key = key;
    this.panels = panels;
  }

  /**
   * Which operand of the contraction this is.
   *
   * @return 0 or 1
   */
  public int operand() {
    return key.operand;
  }

  /**
   * The shape of the tensor that was packed.
   *
   * @return the shape
   */
  public Shape shape() {
    return key.shape;
  }

  /**
   * The type of the elements.
   *
   * @return the type
   */
  public DType dtype() {
    return key.dtype;
  }

  /**
   * What the packed numbers take: those of the tensor, with each row of columns rounded up to whole
   * panels.
   *
   * @return bytes
   */
  public long sizeBytes() {
    return panels.byteSize();
  }

  MemorySegment panels() {
    return panels;
  }

  /** That a plan can use this operand, and this thread can read it now. */
  void requireFits(String name, Key expected) {
    if (!key.equals(expected)) {
      throw new IllegalArgumentException(name + ": " + difference(expected));
    }
    Check.accessible(name, panels, "this packed operand", key.shape);
  }

  /** That any thread can read it. */
  void requireShareable(String name) {
    Check.shareable(name, panels, "this packed operand", key.shape);
  }

  private String difference(Key expected) {
    if (key.operand != expected.operand) {
      return "expected operand " + expected.operand + " packed, got operand " + key.operand;
    }
    if (!key.equation.equals(expected.equation)) {
      return "expected an operand packed for "
          + expected.equation
          + ", got one for "
          + key.equation;
    }
    if (key.dtype != expected.dtype) {
      return "expected " + expected.dtype + ", got " + key.dtype;
    }
    if (!key.shape.equals(expected.shape)) {
      return "expected shape " + expected.shape + ", got " + key.shape;
    }
    if (!key.sizes.equals(expected.sizes)) {
      return "expected an operand packed for loops of "
          + expected.sizes
          + ", got one for "
          + key.sizes;
    }
    return "expected an operand packed for "
        + expected.backend
        + " kernels, got one for "
        + key.backend;
  }

  /**
   * What was packed.
   *
   * @return for example {@code PackedOperand 1 of equation "ik,kj->ij", float32 [768, 3072],
   *     9437184 bytes}
   */
  @Override
  public String toString() {
    return "PackedOperand "
        + key.operand
        + " of "
        + key.equation
        + ", "
        + key.dtype
        + " "
        + key.shape
        + ", "
        + sizeBytes()
        + " bytes";
  }
}
