package dev.lanewise.tensor;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The type of a tensor's elements: how many bytes one takes and how those bytes are read as a
 * number.
 *
 * <p>Elements are stored in the machine's byte order and may lie at any address. Computation is
 * done in {@link #FLOAT32}, contractions in {@link #FLOAT64} too; indices are {@link #INT32} or
 * {@link #INT64}; the other types can be stored, viewed, read, written and saved. A {@code long}
 * holds every integer here but those of {@link #UINT64} from 2^63 on: reading one as a {@code long}
 * is refused, as a {@code double} it is rounded, and its bits are in the tensor's segment.
 *
 * <p>The names and meanings are those of <a
 * href="https://docs.pytorch.org/docs/stable/tensor_attributes.html">PyTorch's dtypes</a>.
 * Immutable and thread-safe.
 */
public enum DType {
  /** IEEE 754 binary32. */
  FLOAT32("float32", 4),
  /** IEEE 754 binary64. */
  FLOAT64("float64", 8),
  /** The upper 16 bits of a binary32; a value written is rounded to nearest even, once. */
  BFLOAT16("bfloat16", 2),
  /** IEEE 754 binary16; a value written is rounded to nearest even, once. */
  FLOAT16("float16", 2),
  /** Two's complement, 8 bits. */
  INT8("int8", 1),
  /** Unsigned, 8 bits. */
  UINT8("uint8", 1),
  /** Two's complement, 16 bits. */
  INT16("int16", 2),
  /** Two's complement, 32 bits. */
  INT32("int32", 4),
  /** Two's complement, 64 bits. */
  INT64("int64", 8),
  /** Unsigned, 16 bits. */
  UINT16("uint16", 2),
  /** Unsigned, 32 bits. */
  UINT32("uint32", 4),
  /** Unsigned, 64 bits. */
  UINT64("uint64", 8),
  /** A byte: 0 is false and read as 0, any other is true and read as 1; 0 and 1 can be written. */
  BOOL("bool", 1);

  private final String label;
  private final int sizeBytes;

  DType(String label, int sizeBytes) {
    this.label = label;
    this.sizeBytes = sizeBytes;
  }

  /**
   * The size of one element.
   *
   * @return bytes
   */
  public int sizeBytes() {
    return sizeBytes;
  }

  /**
   * Whether elements are floating-point numbers, of whatever width.
   *
   * @return false for the integers and bool
   */
  public boolean isFloatingPoint() {
    return switch (this) {
      case FLOAT32, FLOAT64, BFLOAT16, FLOAT16 -> true;
      case INT8, UINT8, INT16, INT32, INT64, UINT16, UINT32, UINT64, BOOL -> false;
    };
  }

  /**
   * Reads one element as a double: exact but for int64 and uint64, which are rounded to nearest.
   */
  double readDouble(MemorySegment segment, long offsetBytes) {
    return switch (this) {
      case FLOAT32 -> segment.get(ValueLayout.JAVA_FLOAT_UNALIGNED, offsetBytes);
      case FLOAT64 -> segment.get(ValueLayout.JAVA_DOUBLE_UNALIGNED, offsetBytes);
      case BFLOAT16 ->
          Float.intBitsToFloat(segment.get(ValueLayout.JAVA_SHORT_UNALIGNED, offsetBytes) << 16);
      case FLOAT16 ->
          Float.float16ToFloat(segment.get(ValueLayout.JAVA_SHORT_UNALIGNED, offsetBytes));
      case INT8, UINT8, INT16, INT32, INT64, UINT16, UINT32, BOOL ->
          (double) readLong(segment, offsetBytes);
      case UINT64 -> unsignedToDouble(segment.get(ValueLayout.JAVA_LONG_UNALIGNED, offsetBytes));
    };
  }

  /** Reads one element of an integer type or bool exactly; a uint64 from 2^63 on is refused. */
  long readLong(MemorySegment segment, long offsetBytes) {
    return switch (this) {
      case INT8 -> segment.get(ValueLayout.JAVA_BYTE, offsetBytes);
      case UINT8 -> Byte.toUnsignedLong(segment.get(ValueLayout.JAVA_BYTE, offsetBytes));
      case BOOL -> segment.get(ValueLayout.JAVA_BYTE, offsetBytes) == 0 ? 0 : 1;
      case INT16 -> segment.get(ValueLayout.JAVA_SHORT_UNALIGNED, offsetBytes);
      case INT32 -> segment.get(ValueLayout.JAVA_INT_UNALIGNED, offsetBytes);
      case INT64 -> segment.get(ValueLayout.JAVA_LONG_UNALIGNED, offsetBytes);
      case UINT16 ->
          Short.toUnsignedLong(segment.get(ValueLayout.JAVA_SHORT_UNALIGNED, offsetBytes));
      case UINT32 ->
          Integer.toUnsignedLong(segment.get(ValueLayout.JAVA_INT_UNALIGNED, offsetBytes));
      case UINT64 -> unsignedToLong(segment.get(ValueLayout.JAVA_LONG_UNALIGNED, offsetBytes));
      case FLOAT32, FLOAT64, BFLOAT16, FLOAT16 ->
          throw new IllegalArgumentException("an element of type " + this + " is not an integer");
    };
  }

  /**
   * Writes one element, rounded to nearest for the floating-point types; the integer types take
   * only integers they hold.
   */
  void writeDouble(MemorySegment segment, long offsetBytes, double value) {
    switch (this) {
      case FLOAT32 -> segment.set(ValueLayout.JAVA_FLOAT_UNALIGNED, offsetBytes, (float) value);
      case FLOAT64 -> segment.set(ValueLayout.JAVA_DOUBLE_UNALIGNED, offsetBytes, value);
      case BFLOAT16 ->
          segment.set(ValueLayout.JAVA_SHORT_UNALIGNED, offsetBytes, bfloat16(roundToOdd(value)));
      case FLOAT16 ->
          segment.set(
              ValueLayout.JAVA_SHORT_UNALIGNED,
              offsetBytes,
              Float.floatToFloat16(roundToOdd(value)));
      case INT8, UINT8, INT16, INT32, INT64, UINT16, UINT32, BOOL ->
          writeLong(segment, offsetBytes, integer(value));
      case UINT64 -> {
        if (value >= 0x1p63 && value < 0x1p64) {
          // An integer, as all doubles of this size are; its lower 63 bits and the upper one.
          long bits = (long) (value - 0x1p63) | Long.MIN_VALUE;
          segment.set(ValueLayout.JAVA_LONG_UNALIGNED, offsetBytes, bits);
        } else {
          writeLong(segment, offsetBytes, integer(value));
        }
      }
    }
  }

  private long integer(double value) {
    long integer = (long) value;
    // 2^63 becomes the largest long, which as a double is 2^63 again.
    if (integer != value || value == 0x1p63) {
      throw new IllegalArgumentException(value + " is not an integer that fits in " + this);
    }
    return integer;
  }

  /** Writes one element of an integer type, which must be able to hold the value. */
  private void writeLong(MemorySegment segment, long offsetBytes, long value) {
    switch (this) {
      case INT8 -> {
        requireRange(value, Byte.MIN_VALUE, Byte.MAX_VALUE);
        segment.set(ValueLayout.JAVA_BYTE, offsetBytes, (byte) value);
      }
      case UINT8 -> {
        requireRange(value, 0, 255);
        segment.set(ValueLayout.JAVA_BYTE, offsetBytes, (byte) value);
      }
      case BOOL -> {
        requireRange(value, 0, 1);
        segment.set(ValueLayout.JAVA_BYTE, offsetBytes, (byte) value);
      }
      case INT16 -> {
        requireRange(value, Short.MIN_VALUE, Short.MAX_VALUE);
        segment.set(ValueLayout.JAVA_SHORT_UNALIGNED, offsetBytes, (short) value);
      }
      case INT32 -> {
        requireRange(value, Integer.MIN_VALUE, Integer.MAX_VALUE);
        segment.set(ValueLayout.JAVA_INT_UNALIGNED, offsetBytes, (int) value);
      }
      case INT64 -> segment.set(ValueLayout.JAVA_LONG_UNALIGNED, offsetBytes, value);
      case UINT16 -> {
        requireRange(value, 0, 0xffff);
        segment.set(ValueLayout.JAVA_SHORT_UNALIGNED, offsetBytes, (short) value);
      }
      case UINT32 -> {
        requireRange(value, 0, 0xffff_ffffL);
        segment.set(ValueLayout.JAVA_INT_UNALIGNED, offsetBytes, (int) value);
      }
      case UINT64 -> {
        requireRange(value, 0, Long.MAX_VALUE);
        segment.set(ValueLayout.JAVA_LONG_UNALIGNED, offsetBytes, value);
      }
      case FLOAT32, FLOAT64, BFLOAT16, FLOAT16 ->
          throw new AssertionError("writeDouble writes " + this);
    }
  }

  private void requireRange(long value, long low, long high) {
    if (value < low || value > high) {
      throw new IllegalArgumentException(value + " does not fit in " + this);
    }
  }

  private static long unsignedToLong(long bits) {
    if (bits < 0) {
      throw new IllegalArgumentException(
          Long.toUnsignedString(bits) + ", an element of type uint64, does not fit in a long");
    }
    return bits;
  }

  private static double unsignedToDouble(long bits) {
    if (bits >= 0) {
      return (double) bits;
    }
    // Half of it fits in a long; the bit that is shifted out must not be lost to the rounding.
    return 2 * (double) ((bits >>> 1) | (bits & 1));
  }

  /**
   * The value in float32, where it is not exact the neighbour with an odd last bit: rounding that
   * to a type of at most 22 bits is rounding the value itself once (S. Boldo and G. Melquiond,
   * <i>Emulation of FMA and correctly rounded sums</i>, IEEE Transactions on Computers 57, 2008).
   */
  private static float roundToOdd(double value) {
    float nearest = (float) value;
    int bits = Float.floatToRawIntBits(nearest);
    if (nearest == value || Double.isNaN(value) || (bits & 1) != 0) {
      return nearest;
    }
    // Even and not exact: the odd neighbour is the one on the value's side. Toward zero from an
    // infinity is the largest finite number, which is odd.
    return Float.intBitsToFloat(Math.abs(nearest) > Math.abs(value) ? bits - 1 : bits + 1);
  }

  private static short bfloat16(float value) {
    int bits = Float.floatToRawIntBits(value);
    if (Float.isNaN(value)) {
      return (short) ((bits >>> 16) | 0x40);
    }
    int roundToEven = 0x7fff + ((bits >>> 16) & 1);
    return (short) ((bits + roundToEven) >>> 16);
  }

  /**
   * The name as PyTorch and NumPy write it.
   *
   * @return for example {@code float32}
   */
  @Override
  public String toString() {
    return label;
  }
}
