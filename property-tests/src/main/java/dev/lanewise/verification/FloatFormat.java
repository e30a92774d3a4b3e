package dev.lanewise.verification;

import dev.lanewise.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The format that a program computes in: its arithmetic on numbers that are held in double, each
 * operation rounded once, and what the error model knows of it. A reference that is written with it
 * is one program for both formats, to the bit.
 */
public enum FloatFormat {
  /** IEEE 754 binary32. A double that is given to an operation must be such a number. */
  BINARY32(DType.FLOAT32, 0x1p-24, 0x1p-150),
  /** IEEE 754 binary64. */
  BINARY64(DType.FLOAT64, 0x1p-53, Double.MIN_VALUE);

  private final DType dtype;
  private final double unitRoundoff;
  private final double underflow;

  FloatFormat(DType dtype, double unitRoundoff, double underflow) {
    this.dtype = dtype;
    this.unitRoundoff = unitRoundoff;
    this.underflow = underflow;
  }

  /**
   * The format of a type.
   *
   * @param dtype float32 or float64
   * @return the format
   * @throws IllegalArgumentException for another type
   */
  public static FloatFormat of(DType dtype) {
    for (FloatFormat format : values()) {
      if (format.dtype == dtype) {
        return format;
      }
    }
    throw new IllegalArgumentException("nothing is computed in " + dtype);
  }

  /**
   * The type of tensors in this format.
   *
   * @return float32 or float64
   */
  public DType dtype() {
    return dtype;
  }

  /**
   * How many numbers of the format two numbers are apart: 0 for equal ones, +0 and -0 included, 1
   * for neighbours. The largest finite number and infinity are neighbours.
   *
   * @param a a number of the format
   * @param b a number of the format
   * @return the distance in units in the last place, 0 for two NaN, and {@link Long#MAX_VALUE} for
   *     one, or if it is more than a long can count
   */
  public long ulpDistance(double a, double b) {
    if (Double.isNaN(a) || Double.isNaN(b)) {
      return Double.isNaN(a) && Double.isNaN(b) ? 0 : Long.MAX_VALUE;
    }
    long difference = rank(a) - rank(b);
    boolean overflow = ((rank(a) ^ rank(b)) & (rank(a) ^ difference)) < 0;
    return overflow ? Long.MAX_VALUE : Math.abs(difference);
  }

  /** Numbers the format's numbers in ascending order, both zeros as 0. */
  private long rank(double value) {
    long magnitude =
        this == BINARY32
            ? Float.floatToIntBits((float) Math.abs(value))
            : Double.doubleToLongBits(Math.abs(value));
    return value < 0 ? -magnitude : magnitude;
  }

  /**
   * The size of a number.
   *
   * @return bytes
   */
  public int sizeBytes() {
    return dtype.sizeBytes();
  }

  /**
   * Half the distance from 1 to the next number.
   *
   * @return u of the error model
   */
  public double unitRoundoff() {
    return unitRoundoff;
  }

  /**
   * A bound on the error of one rounding to a subnormal number. Half the smallest one; of binary64
   * the smallest one itself, as a double cannot hold its half.
   *
   * @return eta of the error model
   */
  public double underflow() {
    return underflow;
  }

  /**
   * The nearest number of this format.
   *
   * @param value any double
   * @return the number
   */
  public double round(double value) {
    return this == BINARY32 ? (float) value : value;
  }

  /**
   * A sum, rounded once.
   *
   * @param a a number of this format
   * @param b a number of this format
   * @return the sum
   */
  public double add(double a, double b) {
    // The sum of two floats in double, rounded to float, is the sum rounded once (S. A. Figueroa,
    // When is double rounding innocuous?, 1995), and so is the product, which is exact in double.
    return round(a + b);
  }

  /**
   * A product, rounded once.
   *
   * @param a a number of this format
   * @param b a number of this format
   * @return the product
   */
  public double multiply(double a, double b) {
    return round(a * b);
  }

  /**
   * {@code a b + c}, rounded once.
   *
   * @param a a number of this format
   * @param b a number of this format
   * @param c a number of this format
   * @return the result
   */
  public double fma(double a, double b, double c) {
    return this == BINARY32 ? Math.fma((float) a, (float) b, (float) c) : Math.fma(a, b, c);
  }

  /**
   * Reads a number.
   *
   * @param segment the memory
   * @param offsetBytes where it lies, at any address
   * @return the number
   */
  public double get(MemorySegment segment, long offsetBytes) {
    return this == BINARY32
        ? segment.get(ValueLayout.JAVA_FLOAT_UNALIGNED, offsetBytes)
        : segment.get(ValueLayout.JAVA_DOUBLE_UNALIGNED, offsetBytes);
  }

  /**
   * Writes a number.
   *
   * @param segment the memory
   * @param offsetBytes where it goes, at any address
   * @param value the number
   */
  public void set(MemorySegment segment, long offsetBytes, double value) {
    if (this == BINARY32) {
      segment.set(ValueLayout.JAVA_FLOAT_UNALIGNED, offsetBytes, (float) value);
    } else {
      segment.set(ValueLayout.JAVA_DOUBLE_UNALIGNED, offsetBytes, value);
    }
  }

  /** The bits of a number, for messages. */
  String bits(double value) {
    return this == BINARY32
        ? String.format("0x%08x", Float.floatToRawIntBits((float) value))
        : String.format("0x%016x", Double.doubleToRawLongBits(value));
  }
}
