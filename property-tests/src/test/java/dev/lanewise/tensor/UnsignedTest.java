package dev.lanewise.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.lanewise.einsum.Einsum;
import dev.lanewise.embedding.Embedding;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.math.BigInteger;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

/** The unsigned integers of 16, 32 and 64 bits: read, written and printed, and no more. */
final class UnsignedTest {
  private static final DType[] TYPES = {DType.UINT16, DType.UINT32, DType.UINT64};

  private final Arena arena = Arena.ofAuto();

  private Tensor uint64(long... bits) {
    Tensor tensor = Tensor.allocate(arena, DType.UINT64, Shape.of(bits.length));
    for (int i = 0; i < bits.length; i++) {
      tensor.segment().setAtIndex(ValueLayout.JAVA_LONG, i, bits[i]);
    }
    return tensor;
  }

  @Example
  void largestAndSmallest() {
    for (DType type : TYPES) {
      assertFalse(type.isFloatingPoint());
      Tensor tensor = Tensor.allocate(arena, type, Shape.of(2));
      double past = Math.scalb(1.0, 8 * type.sizeBytes());
      for (double value :
          new double[] {past, -1, -0x1p63, -0x1p64, 0.5, Double.NaN, Double.POSITIVE_INFINITY}) {
        assertThrows(
            IllegalArgumentException.class,
            () -> tensor.set(value, 0),
            () -> value + " into " + type);
        assertEquals(0, tensor.getLong(0));
      }
      tensor.set(past / 2, 1);
      assertEquals(past / 2, tensor.get(1));
      double largest = type == DType.UINT64 ? Math.nextDown(past) : past - 1;
      tensor.set(largest, 1);
      assertEquals(largest, tensor.get(1));
      tensor.set(0, 1);
      assertEquals(0, tensor.getLong(1));
    }
  }

  @Example
  void messages() {
    Tensor tensor = uint64(0);
    var negative = assertThrows(IllegalArgumentException.class, () -> tensor.set(-1, 0));
    assertEquals("-1 does not fit in uint64", negative.getMessage());
    var past = assertThrows(IllegalArgumentException.class, () -> tensor.fill(0x1p64));
    assertEquals("1.8446744073709552E19 is not an integer that fits in uint64", past.getMessage());
    Tensor largest = uint64(5, -1);
    assertEquals(5, largest.getLong(0));
    String message = "18446744073709551615, an element of type uint64, does not fit in a long";
    var one = assertThrows(IllegalArgumentException.class, () -> largest.getLong(1));
    assertEquals(message, one.getMessage());
    var all = assertThrows(IllegalArgumentException.class, largest::toLongArray);
    assertEquals(message, all.getMessage());
  }

  @Example
  void print() {
    for (DType type : TYPES) {
      Tensor tensor = Tensor.allocate(arena, type, Shape.of(2));
      tensor.segment().fill((byte) 0xff);
      tensor.set(1, 0);
      BigInteger largest = BigInteger.TWO.pow(8 * type.sizeBytes()).subtract(BigInteger.ONE);
      assertEquals(type + " [2] [1, " + largest + "]", tensor.toString());
    }
    assertEquals("uint64 [2] [8, 9]", uint64(7, 8, 9).slice(0, 1, 3).toString());
  }

  @Property
  void doublesAreTheNearest(@ForAll long bits) {
    var exact = new BigInteger(Long.toUnsignedString(bits));
    assertEquals(exact.doubleValue(), uint64(bits).get(0));
  }

  /** Between two doubles, and a last bit beside the middle that must not be lost. */
  @Example
  void doublesAreRoundedToEven() {
    for (long low = 0; low < 1 << 13; low++) {
      doublesAreTheNearest(Long.MIN_VALUE + low);
      doublesAreTheNearest(-1 - low);
    }
  }

  @Property
  void integersOfDoubles(@ForAll long bits) {
    double value = new BigInteger(Long.toUnsignedString(bits)).doubleValue();
    if (value == 0x1p64) {
      return;
    }
    Tensor tensor = uint64(0);
    tensor.set(value, 0);
    assertEquals(value, tensor.get(0));
    assertEquals(
        new java.math.BigDecimal(value).toBigIntegerExact().longValue(),
        tensor.segment().get(ValueLayout.JAVA_LONG, 0));
  }

  @Example
  void viewsAndCopies() {
    for (DType type : TYPES) {
      Tensor base = Tensor.allocate(arena, type, Shape.of(2, 3));
      for (int i = 0; i < 6; i++) {
        base.set(i, i / 3, i % 3);
      }
      Tensor copy = base.transpose(0, 1).contiguous(arena);
      assertArrayEquals(new long[] {0, 3, 1, 4, 2, 5}, copy.toLongArray());
      Tensor elsewhere = Tensor.zeros(arena, 2, 3);
      assertThrows(IllegalArgumentException.class, () -> elsewhere.convertFrom(base));
    }
  }

  @Example
  void noComputationAndNoIndices() {
    Embedding table = Embedding.of(Parameter.frozen(Tensor.zeros(arena, 4, 2)));
    for (DType type : TYPES) {
      Tensor numbers = Tensor.allocate(arena, type, Shape.of(2, 2));
      var indices =
          assertThrows(
              IllegalArgumentException.class,
              () -> table.forward(numbers, Tensor.zeros(arena, 2, 2, 2)));
      assertEquals("indices: expected int32 or int64, got " + type, indices.getMessage());
      assertThrows(
          IllegalArgumentException.class,
          () -> Einsum.einsum(arena, "ij,jk->ik", numbers, numbers));
      assertThrows(IllegalArgumentException.class, () -> Embedding.of(Parameter.frozen(numbers)));
    }
  }
}
