package dev.lanewise.verification;

import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.BitSet;
import java.util.SplittableRandom;

/**
 * How the elements of a float32 or float64 tensor lie in memory. A shape and values in any layout
 * are the same tensor to an operation.
 */
public enum Layout {
  /** Row by row without gaps. */
  CONTIGUOUS,
  /** The dimensions in another order of strides. */
  PERMUTED,
  /** Unused elements between neighbours and rows, in another order of strides. */
  GAPPED,
  /** Row by row, starting at any address. */
  MISALIGNED,
  /**
   * Some dimensions with stride 0, so that their positions hold the same elements; for operands
   * only.
   */
  BROADCAST,
  /**
   * Strides smaller than what they step over, so that positions share elements, as the windows of a
   * convolution do; for operands only.
   */
  OVERLAPPING;

  /** NaN with payloads that no computation makes, so that what was not written can be told. */
  private static final int POISON_FLOAT = 0x7fc0dead;

  private static final long POISON_DOUBLE = 0x7ff800000000deadL;

  /**
   * A float32 tensor of a shape in this layout, holding NaN everywhere, gaps included.
   *
   * @param arena whose memory it is
   * @param shape the sizes
   * @param seed decides order, gaps and offset
   * @return the tensor
   */
  public Tensor poisoned(Arena arena, Shape shape, long seed) {
    return poisoned(arena, DType.FLOAT32, shape, seed);
  }

  /**
   * A tensor of a type and a shape in this layout, holding NaN everywhere, gaps included.
   *
   * @param arena whose memory it is
   * @param dtype float32 or float64
   * @param shape the sizes
   * @param seed decides order, gaps and offset
   * @return the tensor
   */
  public Tensor poisoned(Arena arena, DType dtype, Shape shape, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    int rank = shape.rank();
    int[] order = new int[rank];
    for (int i = 0; i < rank; i++) {
      order[i] = i;
    }
    if (this == PERMUTED || this == GAPPED) {
      for (int i = rank - 1; i > 0; i--) {
        int other = random.nextInt(i + 1);
        int swapped = order[i];
        order[i] = order[other];
        order[other] = swapped;
      }
    }
    long[] strides = new long[rank];
    long stride = this == GAPPED ? random.nextInt(1, 3) : 1;
    long reach = 1;
    for (int i = rank - 1; i >= 0; i--) {
      int dim = order[i];
      if (this == BROADCAST && random.nextBoolean()) {
        continue;
      }
      strides[dim] = stride;
      reach += stride * Math.max(shape.size(dim) - 1, 0);
      stride =
          switch (this) {
            case OVERLAPPING -> stride + random.nextInt(0, 3);
            case GAPPED -> stride * Math.max(shape.size(dim), 1) + random.nextInt(0, 4);
            default -> stride * Math.max(shape.size(dim), 1);
          };
    }
    long offset = this == CONTIGUOUS || this == MISALIGNED ? 0 : random.nextInt(0, 5);
    int misalignment = this == MISALIGNED ? random.nextInt(1, 64) : 0;
    long numbers = offset + reach + 8;
    MemorySegment segment =
        arena.allocate(misalignment + numbers * dtype.sizeBytes(), 64).asSlice(misalignment);
    poison(segment, dtype, numbers);
    return Tensor.wrap(segment, dtype, Shape.of(numbers)).asStrided(shape, strides, offset);
  }

  private static void poison(MemorySegment segment, DType dtype, long numbers) {
    for (long i = 0; i < numbers; i++) {
      if (dtype == DType.FLOAT64) {
        segment.set(ValueLayout.JAVA_LONG_UNALIGNED, i * Double.BYTES, POISON_DOUBLE);
      } else {
        segment.set(ValueLayout.JAVA_INT_UNALIGNED, i * Float.BYTES, POISON_FLOAT);
      }
    }
  }

  /**
   * Fails if something was written between, before or behind the elements of a tensor that {@link
   * #poisoned} or {@link #place} made.
   *
   * @param what names the tensor in the message
   * @param tensor the tensor itself, not a view of it
   * @throws AssertionError with the place of the first number that was written and is no element
   */
  public static void assertGapsUntouched(String what, Tensor tensor) {
    MemorySegment segment = tensor.segment();
    int bytes = tensor.dtype().sizeBytes();
    BitSet elements = new BitSet();
    long[] index = new long[tensor.rank()];
    for (long i = 0; i < tensor.shape().elementCount(); i++) {
      elements.set((int) next(tensor, index));
    }
    for (int i = 0; i < segment.byteSize() / bytes; i++) {
      boolean poison =
          tensor.dtype() == DType.FLOAT64
              ? segment.get(ValueLayout.JAVA_LONG_UNALIGNED, (long) i * bytes) == POISON_DOUBLE
              : segment.get(ValueLayout.JAVA_INT_UNALIGNED, (long) i * bytes) == POISON_FLOAT;
      if (!poison && !elements.get(i)) {
        throw new AssertionError(
            what
                + ": number "
                + (i - tensor.offset())
                + " from the first element, which is none of the tensor's, was written");
      }
    }
  }

  /** Where an element lies in its segment, in elements; the index becomes that of the next one. */
  private static long next(Tensor tensor, long[] index) {
    long at = tensor.offset();
    for (int dim = 0; dim < index.length; dim++) {
      at += index[dim] * tensor.stride(dim);
    }
    for (int dim = index.length - 1; dim >= 0 && ++index[dim] == tensor.size(dim); dim--) {
      index[dim] = 0;
    }
    return at;
  }

  /**
   * A float32 tensor of values in this layout; see {@link #place(Arena, DType, Shape, double[],
   * long)}.
   *
   * @param arena whose memory it is
   * @param shape the sizes
   * @param values the elements, row by row
   * @param seed decides order, gaps and offset
   * @return the tensor
   */
  public Tensor place(Arena arena, Shape shape, float[] values, long seed) {
    double[] numbers = new double[values.length];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = values[i];
    }
    return place(arena, DType.FLOAT32, shape, numbers, seed);
  }

  /**
   * A tensor of values in this layout. Elements that share memory hold the last of the values
   * written there: read the tensor for what it holds.
   *
   * @param arena whose memory it is
   * @param dtype float32 or float64
   * @param shape the sizes
   * @param values the elements, row by row
   * @param seed decides order, gaps and offset
   * @return the tensor
   */
  public Tensor place(Arena arena, DType dtype, Shape shape, double[] values, long seed) {
    FloatFormat format = FloatFormat.of(dtype);
    Tensor tensor = poisoned(arena, dtype, shape, seed);
    long[] index = new long[shape.rank()];
    for (double value : values) {
      format.set(tensor.segment(), next(tensor, index) * dtype.sizeBytes(), value);
    }
    return tensor;
  }

  /**
   * Whether a tensor of this layout can be an output.
   *
   * @return false if elements share memory
   */
  public boolean isWritable() {
    return this != BROADCAST && this != OVERLAPPING;
  }
}
