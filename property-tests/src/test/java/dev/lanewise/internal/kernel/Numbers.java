package dev.lanewise.internal.kernel;

import dev.lanewise.verification.FloatClass;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * Numbers of one element type in native memory, at any byte offset, between sentinels, and the
 * arithmetic of that type. Values are handled as doubles, which hold both types exactly.
 */
public final class Numbers {
  private static final int GUARD_BYTES = 256;
  private static final byte SENTINEL = (byte) 0xa5;

  private final ElementType type;
  private final MemorySegment segment;
  private final long offsetBytes;
  private final int length;

  private Numbers(ElementType type, Arena arena, int length, int misalignmentBytes) {
    this.type = type;
    this.length = length;
    this.offsetBytes = (long) GUARD_BYTES + misalignmentBytes;
    this.segment = arena.allocate(offsetBytes + (long) length * type.sizeBytes() + GUARD_BYTES, 64);
    segment.fill(SENTINEL);
  }

  /** Numbers with given values. */
  public static Numbers of(ElementType type, Arena arena, double[] values, int misalignmentBytes) {
    Numbers numbers = new Numbers(type, arena, values.length, misalignmentBytes);
    for (int i = 0; i < values.length; i++) {
      numbers.set(i, values[i]);
    }
    return numbers;
  }

  /** Values of all kinds that exist in both types. */
  public static double[] wild(long seed, int count) {
    return widened(FloatClass.wild(seed, count));
  }

  /** Values of which sums of products stay finite. */
  public static double[] tame(long seed, int count) {
    return widened(FloatClass.tame(seed, count));
  }

  private static double[] widened(float[] values) {
    double[] wide = new double[values.length];
    Arrays.setAll(wide, i -> values[i]);
    return wide;
  }

  private void set(int i, double value) {
    long at = offsetBytes + (long) i * type.sizeBytes();
    if (type == ElementType.FLOAT32) {
      segment.set(ValueLayout.JAVA_FLOAT_UNALIGNED, at, (float) value);
    } else {
      segment.set(ValueLayout.JAVA_DOUBLE_UNALIGNED, at, value);
    }
  }

  public MemorySegment segment() {
    return segment;
  }

  public long offsetBytes() {
    return offsetBytes;
  }

  /** The numbers' memory alone: whoever reads or writes outside of it fails. */
  public MemorySegment exact() {
    return segment.asSlice(offsetBytes, (long) length * type.sizeBytes());
  }

  public double[] values() {
    double[] values = new double[length];
    for (int i = 0; i < length; i++) {
      long at = offsetBytes + (long) i * type.sizeBytes();
      values[i] =
          type == ElementType.FLOAT32
              ? segment.get(ValueLayout.JAVA_FLOAT_UNALIGNED, at)
              : segment.get(ValueLayout.JAVA_DOUBLE_UNALIGNED, at);
    }
    return values;
  }

  /**
   * Fails unless the numbers have these bits (any NaN equals any other) and nothing else changed.
   */
  public void assertHolds(String what, double[] expected) {
    double[] actual = values();
    for (int i = 0; i < length; i++) {
      if (Double.doubleToLongBits(expected[i]) != Double.doubleToLongBits(actual[i])) {
        throw new AssertionError(
            what + ", element " + i + ": expected " + expected[i] + ", got " + actual[i]);
      }
    }
    long end = offsetBytes + (long) length * type.sizeBytes();
    for (long at = 0; at < segment.byteSize(); at++) {
      if ((at < offsetBytes || at >= end) && segment.get(ValueLayout.JAVA_BYTE, at) != SENTINEL) {
        throw new AssertionError(what + ": byte " + (at - offsetBytes) + " was written");
      }
    }
  }

  /** {@code x * y} in the type. */
  public static double multiply(ElementType type, double x, double y) {
    return type == ElementType.FLOAT32 ? (float) x * (float) y : x * y;
  }

  /** {@code x + y} in the type. */
  public static double add(ElementType type, double x, double y) {
    return type == ElementType.FLOAT32 ? (float) x + (float) y : x + y;
  }

  /** {@code fma(x, y, z)} in the type. */
  public static double fma(ElementType type, double x, double y, double z) {
    return type == ElementType.FLOAT32
        ? Math.fma((float) x, (float) y, (float) z)
        : Math.fma(x, y, z);
  }

  /** The sum of products in the documented order: 64 interleaved chains, then the tree. */
  public static double dot(ElementType type, double[] x, double[] y) {
    double[] partials = new double[Partials.COUNT];
    for (int t = 0; t < x.length; t++) {
      int p = t % Partials.COUNT;
      partials[p] = fma(type, x[t], y[t], partials[p]);
    }
    return tree(type, partials);
  }

  /** {@code p[i] += p[i + 32]} and so on. */
  static double tree(ElementType type, double[] partials) {
    for (int half = Partials.COUNT / 2; half > 0; half /= 2) {
      for (int i = 0; i < half; i++) {
        partials[i] = add(type, partials[i], partials[i + half]);
      }
    }
    return partials[0];
  }
}
