package dev.lanewise.tensor;

import static dev.lanewise.verification.TensorAssertions.assertSameBits;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.verification.FloatClass;
import dev.lanewise.verification.LanewiseArbitraries;
import dev.lanewise.verification.Layout;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.function.UnaryOperator;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Assume;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** Every view of a tensor of any layout against index arithmetic on the tensor it comes from. */
class TensorViewTest {
  @Provide
  Arbitrary<Shape> shapes() {
    return LanewiseArbitraries.shapes(4, 6);
  }

  @Provide
  Arbitrary<Layout> layouts() {
    return LanewiseArbitraries.layouts();
  }

  @Provide
  Arbitrary<Long> seeds() {
    return LanewiseArbitraries.seeds();
  }

  private static Tensor tensor(Arena arena, Shape shape, Layout layout, long seed) {
    return layout.place(arena, shape, FloatClass.wild(seed, (int) shape.elementCount()), seed);
  }

  /** The view has a shape, and each of its elements is the source's element at the mapped index. */
  private static void assertView(
      String what, Tensor source, Tensor view, Shape shape, UnaryOperator<long[]> toSource) {
    assertEquals(shape, view.shape(), what);
    long[] index = new long[shape.rank()];
    for (long i = 0; i < shape.elementCount(); i++) {
      float expected = (float) source.get(toSource.apply(index.clone()));
      assertSameBits(
          what + " at " + Arrays.toString(index),
          new float[] {expected},
          new float[] {(float) view.get(index)});
      for (int dim = index.length - 1; dim >= 0 && ++index[dim] == shape.size(dim); dim--) {
        index[dim] = 0;
      }
    }
  }

  @Property
  void permuteAndTranspose(
      @ForAll("shapes") Shape shape, @ForAll("layouts") Layout layout, @ForAll("seeds") long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    int[] order = shuffled(shape.rank(), random);
    long[] sizes = Arrays.stream(order).mapToLong(shape::size).toArray();
    int[] signed =
        Arrays.stream(order).map(dim -> random.nextBoolean() ? dim : dim - shape.rank()).toArray();
    try (Arena arena = Arena.ofConfined()) {
      Tensor source = tensor(arena, shape, layout, seed);
      assertView(
          "permute",
          source,
          source.permute(signed),
          Shape.of(sizes),
          index -> placed(order, index));
      if (shape.rank() > 1) {
        int[] swap = new int[shape.rank()];
        Arrays.setAll(swap, dim -> dim);
        swap[order[0]] = order[1];
        swap[order[1]] = order[0];
        long[] swapped = Arrays.stream(swap).mapToLong(shape::size).toArray();
        assertView(
            "transpose",
            source,
            source.transpose(order[0], order[1]),
            Shape.of(swapped),
            index -> placed(swap, index));
      }
    }
  }

  private static long[] placed(int[] order, long[] index) {
    long[] from = new long[index.length];
    for (int dim = 0; dim < index.length; dim++) {
      from[order[dim]] = index[dim];
    }
    return from;
  }

  private static int[] shuffled(int rank, SplittableRandom random) {
    int[] order = new int[rank];
    for (int i = 0; i < rank; i++) {
      int other = random.nextInt(i + 1);
      order[i] = order[other];
      order[other] = i;
    }
    return order;
  }

  @Property
  void sliceSelectAndUnsqueeze(
      @ForAll("shapes") Shape shape, @ForAll("layouts") Layout layout, @ForAll("seeds") long seed) {
    Assume.that(shape.rank() > 0);
    SplittableRandom random = new SplittableRandom(seed);
    int dim = random.nextInt(shape.rank());
    long from = random.nextLong(shape.size(dim) + 1);
    long to = random.nextLong(from, shape.size(dim) + 1);
    long step = random.nextBoolean() ? random.nextLong(1, 4) : Long.MAX_VALUE;
    try (Arena arena = Arena.ofConfined()) {
      Tensor source = tensor(arena, shape, layout, seed);
      long[] sizes = shape.toArray();
      sizes[dim] = Math.ceilDiv(to - from, step);
      assertView(
          "slice",
          source,
          source.slice(dim, from, to, step),
          Shape.of(sizes),
          index -> {
            index[dim] = from + index[dim] * step;
            return index;
          });
      if (shape.size(dim) > 0) {
        long at = random.nextLong(shape.size(dim));
        assertView(
            "select",
            source,
            source.select(dim, at),
            Shape.of(without(shape.toArray(), dim)),
            index -> with(index, dim, at));
      }
      int place = random.nextInt(shape.rank() + 1);
      Shape longer = Shape.of(with(shape.toArray(), place, 1));
      assertView(
          "unsqueeze", source, source.unsqueeze(place), longer, index -> without(index, place));
      assertView(
          "unsqueeze from the end",
          source,
          source.unsqueeze(place - shape.rank() - 1),
          longer,
          index -> without(index, place));
    }
  }

  private static long[] without(long[] values, int at) {
    long[] rest = new long[values.length - 1];
    for (int i = 0; i < rest.length; i++) {
      rest[i] = values[i < at ? i : i + 1];
    }
    return rest;
  }

  private static long[] with(long[] values, int at, long value) {
    long[] more = new long[values.length + 1];
    for (int i = 0; i < more.length; i++) {
      more[i] = i == at ? value : values[i < at ? i : i - 1];
    }
    return more;
  }

  @Property
  void expandDiagonalAndWindows(
      @ForAll("shapes") Shape shape, @ForAll("layouts") Layout layout, @ForAll("seeds") long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    try (Arena arena = Arena.ofConfined()) {
      Tensor source = tensor(arena, shape, layout, seed);
      int added = random.nextInt(3);
      long[] sizes = new long[shape.rank() + added];
      for (int dim = 0; dim < sizes.length; dim++) {
        boolean free = dim < added || shape.size(dim - added) == 1;
        sizes[dim] = free ? random.nextLong(4) : shape.size(dim - added);
      }
      assertView(
          "expand",
          source,
          source.expand(sizes),
          Shape.of(sizes),
          index -> {
            long[] at = Arrays.copyOfRange(index, added, index.length);
            for (int dim = 0; dim < at.length; dim++) {
              at[dim] = shape.size(dim) == 1 ? 0 : at[dim];
            }
            return at;
          });
      if (shape.rank() > 1) {
        int[] order = shuffled(shape.rank(), random);
        int high = Math.max(order[0], order[1]);
        int low = Math.min(order[0], order[1]);
        long[] rest = without(without(shape.toArray(), high), low);
        Shape diagonal =
            Shape.of(with(rest, rest.length, Math.min(shape.size(high), shape.size(low))));
        assertView(
            "diagonal",
            source,
            source.diagonal(order[0], order[1]),
            diagonal,
            index ->
                with(
                    with(Arrays.copyOf(index, index.length - 1), low, index[index.length - 1]),
                    high,
                    index[index.length - 1]));
      }
      int dim = shape.rank() == 0 ? -1 : random.nextInt(shape.rank());
      if (dim >= 0 && shape.size(dim) > 0) {
        long length = random.nextLong(1, shape.size(dim) + 1);
        long step = random.nextLong(1, 4);
        long[] windows = with(shape.toArray(), shape.rank(), length);
        windows[dim] = (shape.size(dim) - length) / step + 1;
        assertView(
            "slidingWindow",
            source,
            source.slidingWindow(dim, length, step),
            Shape.of(windows),
            index -> {
              long[] at = Arrays.copyOf(index, index.length - 1);
              at[dim] = index[dim] * step + index[index.length - 1];
              return at;
            });
      }
    }
  }

  @Property(tries = 1000)
  void reshapeKeepsRowMajorOrderOrIsRefused(
      @ForAll("shapes") Shape shape, @ForAll("layouts") Layout layout, @ForAll("seeds") long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    try (Arena arena = Arena.ofConfined()) {
      Tensor source = tensor(arena, shape, layout, seed);
      long[] sizes = factors(shape.elementCount(), random);
      Tensor contiguous = source.contiguous(arena);
      assertSameBits("contiguous", contiguous.reshape(sizes).toFloatArray(), source.toFloatArray());
      Tensor view;
      try {
        view = source.reshape(sizes);
      } catch (IllegalArgumentException refused) {
        assertFalse(source.isContiguous(), "a contiguous tensor can take any shape");
        assertTrue(
            refused.getMessage().contains("contiguous(arena).reshape"), refused.getMessage());
        assertFalse(
            sameStridesWork(source, sizes),
            () ->
                source.shape()
                    + " "
                    + Arrays.toString(source.strides())
                    + " as "
                    + Arrays.toString(sizes));
        return;
      }
      assertSameBits("reshape", contiguous.reshape(sizes), view);
      if (sizes.length > 0 && shape.elementCount() > 0) {
        long[] inferred = sizes.clone();
        inferred[random.nextInt(sizes.length)] = -1;
        assertEquals(view.shape(), source.reshape(inferred).shape());
      }
    }
  }

  /** Whether only dimensions of size 1 come and go, which must always be possible. */
  private static boolean sameStridesWork(Tensor source, long[] sizes) {
    return Arrays.equals(
        Arrays.stream(source.shape().toArray()).filter(size -> size != 1).toArray(),
        Arrays.stream(sizes).filter(size -> size != 1).toArray());
  }

  private static long[] factors(long count, SplittableRandom random) {
    long[] sizes = {count};
    while (sizes.length < 4 && random.nextInt(3) > 0) {
      int at = random.nextInt(sizes.length);
      long factor = sizes[at] == 0 ? random.nextLong(1, 4) : random.nextLong(1, sizes[at] + 1);
      if (sizes[at] % factor == 0) {
        long rest = sizes[at] / factor;
        sizes = with(sizes, at, factor);
        sizes[at + 1] = rest;
      }
    }
    return sizes;
  }

  @Property
  void copiesKeepElements(
      @ForAll("shapes") Shape shape, @ForAll("layouts") Layout from, @ForAll("seeds") long seed) {
    try (Arena arena = Arena.ofConfined()) {
      Tensor source = tensor(arena, shape, from, seed);
      Tensor copy = source.contiguous(arena);
      assertTrue(copy.isContiguous());
      assertSameBits("contiguous", source, copy);
      for (Layout to : Layout.values()) {
        if (to.isWritable()) {
          Tensor target = to.poisoned(arena, shape, seed + 1);
          long written = shape.elementCount();
          assertSameBits("copyFrom", source, target.copyFrom(source));
          assertEquals(
              poison(target) + written, floats(target), "only its own elements are written");
          assertSameBits("fill", Tensor.full(arena, 7f, shape.toArray()), target.fill(7));
          assertSameBits("zero", Tensor.zeros(arena, shape.toArray()), target.fill(0));
          assertSameBits(
              "negative zero", Tensor.full(arena, -0f, shape.toArray()), target.fill(-0f));
          assertEquals(
              poison(target) + written, floats(target), "only its own elements are filled");
        }
      }
    }
  }

  private static long floats(Tensor tensor) {
    return tensor.segment().byteSize() / Float.BYTES;
  }

  private static long poison(Tensor tensor) {
    long count = 0;
    for (long i = 0; i < floats(tensor); i++) {
      count +=
          tensor.segment().get(java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED, i * Float.BYTES)
                  == 0x7fc0dead
              ? 1
              : 0;
    }
    return count;
  }

  @Property
  void noViewLeavesItsSegment(@ForAll("shapes") Shape shape, @ForAll("seeds") long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    int capacity = random.nextInt(1, 40);
    long[] strides = random.longs(shape.rank(), 0, 9).toArray();
    long offset = random.nextLong(-2, 12);
    long last = offset;
    for (int dim = 0; dim < shape.rank(); dim++) {
      last += (shape.size(dim) - 1) * strides[dim];
    }
    boolean fits = offset >= 0 && (shape.elementCount() == 0 || last < capacity);
    try (Arena arena = Arena.ofConfined()) {
      Tensor source = Tensor.copyOf(arena, FloatClass.wild(seed, capacity));
      if (!fits) {
        var error =
            assertThrows(
                IllegalArgumentException.class, () -> source.asStrided(shape, strides, offset));
        assertTrue(
            error.getMessage().contains(shape.toString())
                && error.getMessage().contains("" + offset),
            error.getMessage());
        return;
      }
      assertView(
          "asStrided",
          source,
          source.asStrided(shape, strides, offset),
          shape,
          index -> {
            long at = offset;
            for (int dim = 0; dim < index.length; dim++) {
              at += index[dim] * strides[dim];
            }
            return new long[] {at};
          });
    }
  }

  @Example
  void stridesThatOverflowOrAreNegativeAreRefused() {
    try (Arena arena = Arena.ofConfined()) {
      Tensor source = Tensor.zeros(arena, 8);
      Shape shape = Shape.of(3, 3);
      assertThrows(
          IllegalArgumentException.class,
          () -> source.asStrided(shape, new long[] {Long.MAX_VALUE, 1}, 0));
      assertThrows(
          IllegalArgumentException.class,
          () -> source.asStrided(shape, new long[] {Long.MAX_VALUE / 2, Long.MAX_VALUE / 2}, 0));
      assertThrows(
          IllegalArgumentException.class, () -> source.asStrided(shape, new long[] {-1, 1}, 4));
      assertThrows(
          IllegalArgumentException.class, () -> source.asStrided(shape, new long[] {1}, 0));
      assertThrows(
          IllegalArgumentException.class,
          () -> source.asStrided(Shape.of(1), new long[] {0}, Long.MAX_VALUE));
      assertThrows(IllegalArgumentException.class, () -> Tensor.zeros(arena, Long.MAX_VALUE, 2));
      assertThrows(IllegalArgumentException.class, () -> Tensor.zeros(arena, Long.MAX_VALUE / 2));
    }
  }

  @Example
  void largeTensorsArePrintedWithoutTheirMiddle() {
    try (Arena arena = Arena.ofConfined()) {
      Tensor large = Tensor.zeros(arena, 50, 40);
      large.set(1.5, 49, 39);
      String text = large.toString();
      String row = "[0.0, 0.0, 0.0, ..., 0.0, 0.0, 0.0]";
      String last = "[0.0, 0.0, 0.0, ..., 0.0, 0.0, 1.5]";
      assertEquals(
          "float32 [50, 40]\n["
              + (row + ",\n ").repeat(3)
              + "...,\n "
              + (row + ",\n ").repeat(2)
              + last
              + "]",
          text);
      assertEquals(
          "float32 [2, 2]\n[[1.0, 2.0],\n [3.0, 4.0]]",
          Tensor.copyOf(arena, new float[] {1, 2, 3, 4}, 2, 2).toString());
      assertEquals("int64 [0] []", Tensor.copyOf(arena, new long[0]).toString());
      assertEquals("float32 [] 2.5", Tensor.full(arena, 2.5f).toString());
      assertEquals(
          "float32 [7] [NaN, NaN, NaN, NaN, NaN, NaN, NaN]",
          Tensor.full(arena, Float.NaN, 7).toString());
      Tensor closed;
      try (Arena closing = Arena.ofConfined()) {
        closed = Tensor.zeros(closing, 2);
      }
      assertEquals("float32 [2] (closed)", closed.toString());
    }
  }

  @Example
  void integersThatDoNotFitAreRefused() {
    try (Arena arena = Arena.ofConfined()) {
      for (DType type : new DType[] {DType.INT8, DType.INT16, DType.INT32, DType.INT64}) {
        Tensor tensor = Tensor.allocate(arena, type, Shape.of(1));
        double tooLarge = Math.scalb(1.0, 8 * type.sizeBytes() - 1);
        for (double value :
            new double[] {tooLarge, -1.5 * tooLarge, 0.5, Double.NaN, Double.POSITIVE_INFINITY}) {
          assertThrows(
              IllegalArgumentException.class,
              () -> tensor.set(value, 0),
              () -> value + " into " + type);
          assertEquals(0, tensor.getLong(0));
        }
        tensor.set(-tooLarge, 0);
        assertEquals(-tooLarge, tensor.get(0));
      }
    }
  }

  @Example
  void unsignedBytesAndTruthValues() {
    try (Arena arena = Arena.ofConfined()) {
      Tensor bytes = Tensor.allocate(arena, DType.UINT8, Shape.of(2));
      bytes.set(255, 0);
      assertEquals(255, bytes.get(0));
      assertEquals(255, bytes.getLong(0));
      assertEquals("uint8 [2] [255, 0]", bytes.toString());
      Tensor flags = Tensor.allocate(arena, DType.BOOL, Shape.of(3));
      flags.set(1, 0);
      flags.segment().set(java.lang.foreign.ValueLayout.JAVA_BYTE, 1, (byte) 7);
      assertEquals(1, flags.getLong(0));
      assertEquals(1, flags.get(1), "any byte but 0 is true");
      assertEquals("bool [3] [true, true, false]", flags.toString());
      for (Tensor tensor : new Tensor[] {bytes, flags}) {
        double tooLarge = tensor.dtype() == DType.UINT8 ? 256 : 2;
        for (double value : new double[] {tooLarge, -1, 0.5, Double.NaN}) {
          assertThrows(IllegalArgumentException.class, () -> tensor.set(value, 0));
        }
      }
    }
  }

  @Property
  void halfPrecisionWritesRoundToNearest(@ForAll float value) {
    try (Arena arena = Arena.ofConfined()) {
      Tensor half = Tensor.allocate(arena, DType.FLOAT16, Shape.of(1));
      half.set(value, 0);
      assertEquals(Float.float16ToFloat(Float.floatToFloat16(value)), (float) half.get(0));
      Tensor brain = Tensor.allocate(arena, DType.BFLOAT16, Shape.of(1));
      brain.set(value, 0);
      float read = (float) brain.get(0);
      if (Float.isNaN(value)) {
        assertTrue(Float.isNaN(read));
        return;
      }
      int below = Float.floatToRawIntBits(value) & 0xffff0000;
      float low = Float.intBitsToFloat(below);
      float high = Float.intBitsToFloat(below + 0x10000);
      double lowError = Math.abs((double) value - low);
      double highError =
          Float.isInfinite(high)
              ? Math.scalb(1.0, 128) - Math.abs((double) value)
              : Math.abs((double) value - high);
      boolean lowIsEven = (below >>> 16 & 1) == 0;
      boolean takesLow =
          Float.isInfinite(value) || lowError < highError || lowError == highError && lowIsEven;
      assertEquals(takesLow ? low : high, read);
    }
  }
}
