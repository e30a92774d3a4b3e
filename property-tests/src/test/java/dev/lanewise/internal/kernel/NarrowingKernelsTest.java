package dev.lanewise.internal.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.verification.FloatClass;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Stochastic rounding in both backends: to the bit what the definition says, that a number goes
 * outwards if its way from the inner neighbour and the chance make 1 together; and the chances are
 * fair.
 */
@Tag("lanes")
class NarrowingKernelsTest {
  private static final int ALL = 1 << 16;
  private static final int GUARD_BYTES = 64;
  private static final byte SENTINEL = (byte) 0x5a;

  /** The hash, as the interface has it. */
  private static int chance(long key, int element) {
    int h = element * 0x9e3779b9;
    h ^= h >>> 16;
    h = (h ^ (int) key) * 0x7feb352d;
    h ^= h >>> 15;
    h = (h ^ (int) (key >>> 32)) * 0x846ca68b;
    return h ^ h >>> 16;
  }

  /** How many bits of float32's do not fit, at most the 31 that a chance has for them. */
  private static int lostBits(RowFormat format, float x) {
    return format == RowFormat.BFLOAT16 ? 16 : Math.clamp(-1L - Math.getExponent(x), 13, 31);
  }

  private static float expected(RowFormat format, float x, int chance) {
    if (Float.isNaN(x)) {
      return x;
    }
    Neighbours neighbours = Neighbours.of(format, x);
    int bits = lostBits(format, x);
    double drawn = (chance >>> (32 - bits)) * Math.scalb(1.0, -bits);
    return neighbours.way(x) + drawn >= 1 ? neighbours.outer() : neighbours.inner();
  }

  private static float[] rounded(
      KernelSet backend, RowFormat format, float[] x, long key, int first, int offset) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment from = arena.allocate(offset + (long) x.length * Float.BYTES);
      MemorySegment.copy(x, 0, from, ValueLayout.JAVA_FLOAT_UNALIGNED, offset, x.length);
      long end = GUARD_BYTES + offset + (long) x.length * Short.BYTES;
      MemorySegment to = arena.allocate(end + GUARD_BYTES).fill(SENTINEL);
      backend
          .narrowing(format)
          .round(from, offset, to, (long) GUARD_BYTES + offset, key, first, x.length);
      for (long at = 0; at < to.byteSize(); at++) {
        if (at < GUARD_BYTES + offset || at >= end) {
          assertEquals(SENTINEL, to.get(ValueLayout.JAVA_BYTE, at), "byte " + at);
        }
      }
      float[] result = new float[x.length];
      for (int i = 0; i < x.length; i++) {
        short bits =
            to.get(ValueLayout.JAVA_SHORT_UNALIGNED, GUARD_BYTES + offset + (long) i * Short.BYTES);
        result[i] =
            format == RowFormat.BFLOAT16
                ? Float.intBitsToFloat(bits << 16)
                : Float.float16ToFloat(bits);
      }
      return result;
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = RowFormat.class,
      names = {"BFLOAT16", "FLOAT16"})
  void roundsAsDefined(RowFormat format) {
    SplittableRandom random = new SplittableRandom(format.ordinal());
    for (int n = 0; n <= 150; n++) {
      check(format, FloatClass.wild(random.nextLong(), n), random);
    }
    // All exponents, with any fraction; between them, what is near the ends of float16's range.
    float[] all = new float[ALL];
    for (int i = 0; i < ALL; i++) {
      all[i] =
          i % 2 == 0
              ? Float.intBitsToFloat(random.nextInt())
              : Math.scalb(1 + random.nextFloat(), random.nextInt(-30, 18));
    }
    check(format, all, random);
  }

  private static void check(RowFormat format, float[] x, SplittableRandom random) {
    long key = random.nextLong();
    int first = random.nextInt();
    int offset = random.nextInt(16);
    for (KernelSet backend : Kernels.BACKENDS) {
      float[] result = rounded(backend, format, x, key, first, offset);
      for (int i = 0; i < x.length; i++) {
        float expected = expected(format, x[i], chance(key, first + i));
        int element = i;
        assertEquals(
            Float.floatToIntBits(expected),
            Float.floatToIntBits(result[i]),
            () ->
                "%s %s, %d numbers from %d, number %d: %a rounded to %a instead of %a"
                    .formatted(
                        backend.description(),
                        format,
                        x.length,
                        first,
                        element,
                        x[element],
                        result[element],
                        expected));
      }
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = RowFormat.class,
      names = {"BFLOAT16", "FLOAT16"})
  void whatFitsStays(RowFormat format) {
    float[] x = new float[ALL];
    for (int i = 0; i < ALL; i++) {
      x[i] =
          format == RowFormat.BFLOAT16
              ? Float.intBitsToFloat(i << 16)
              : Float.float16ToFloat((short) i);
    }
    for (KernelSet backend : Kernels.BACKENDS) {
      float[] result = rounded(backend, format, x, 7, 0, 0);
      for (int i = 0; i < ALL; i++) {
        assertEquals(Float.floatToIntBits(x[i]), Float.floatToIntBits(result[i]), "bits " + i);
      }
    }
  }

  /**
   * Of 2^16 elements, as many go up as the number is on the way up, within six standard deviations
   * of a binomial; for neighbouring keys and elements, which the hash has to tell apart.
   */
  @Test
  void theChancesAreFair() {
    float[] x = new float[ALL];
    for (int step = 1; step < 16; step++) {
      double way = step / 16.0;
      Arrays.fill(x, 1 + (float) way * 0x1p-7f);
      for (long key = 0; key < 4; key++) {
        float[] result = rounded(KernelSet.scalar(), RowFormat.BFLOAT16, x, key, 0, 0);
        long up = 0;
        for (float each : result) {
          up += each > 1 ? 1 : 0;
        }
        double deviation = Math.sqrt(ALL * way * (1 - way));
        assertTrue(
            Math.abs(up - ALL * way) <= 6 * deviation,
            up + " of " + ALL + " went up a way of " + way + ", key " + key);
      }
    }
  }
}
