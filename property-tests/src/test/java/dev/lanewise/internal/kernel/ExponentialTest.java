package dev.lanewise.internal.kernel;

import static dev.lanewise.verification.TensorAssertions.assertSameBits;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.verification.ErrorBounds;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The exponential that losses are made of, against StrictMath.exp in double. */
@Tag("lanes")
class ExponentialTest {
  /**
   * The largest error over all 2^32 floats is 0.93861 ulp, at 26.688921, and 0.84912 of the
   * smallest subnormal where the result is subnormal (measured once over all of them): below one
   * ulp, which is what is documented and what other bounds build on.
   */
  static final double ULPS = 1;

  private static float[] exp(KernelSet set, float... x) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment in = arena.allocateFrom(ValueLayout.JAVA_FLOAT, x);
      MemorySegment out = arena.allocate((long) x.length * Float.BYTES);
      // d = fma(1, exp(x - 0), 0), which rounds nothing but the exponential.
      set.elementwise().expGradient(in, 0, out, 0, 0f, 1f, x.length);
      return out.toArray(ValueLayout.JAVA_FLOAT);
    }
  }

  @Test
  void isWithinOneUlpOnADenseSample() {
    float[] x = new float[1 << 16];
    // A stride that is coprime to 2^32 visits every exponent with ever new mantissas: two million
    // floats in all.
    int bits = 0;
    for (int round = 0; round < 32; round++) {
      for (int i = 0; i < x.length; i++) {
        bits += 0x9e3779b1;
        x[i] = Float.intBitsToFloat(bits);
      }
      float[] actual = exp(KernelSet.vector(), x);
      for (int i = 0; i < x.length; i++) {
        assertWithinUlps(x[i], actual[i]);
      }
    }
  }

  @Test
  void isWithinOneUlpWhereItIsWorst() {
    float[] around = {
      26.688921f, -5.891124f, -87.67179f, 88.72283f, -87.33654f, 0.34657359f, -103.2789f
    };
    for (float middle : around) {
      float[] x = new float[4001];
      for (int i = 0; i < x.length; i++) {
        x[i] = Float.intBitsToFloat(Float.floatToRawIntBits(middle) + i - 2000);
      }
      float[] actual = exp(KernelSet.vector(), x);
      for (int i = 0; i < x.length; i++) {
        assertWithinUlps(x[i], actual[i]);
      }
    }
  }

  private static void assertWithinUlps(float x, float actual) {
    double expected = StrictMath.exp(x);
    if (Float.isNaN(x)) {
      assertTrue(Float.isNaN(actual), "exp(NaN) is " + actual);
      return;
    }
    if (actual == Float.POSITIVE_INFINITY) {
      assertTrue(
          expected + ErrorBounds.ulp(Float.MAX_VALUE) > Float.MAX_VALUE,
          "exp(" + x + ") overflowed");
      return;
    }
    double error =
        Math.abs(actual - expected) / ErrorBounds.ulp(Math.min(expected, Float.MAX_VALUE));
    assertTrue(
        error <= ULPS,
        () -> "exp(" + x + ") is " + actual + ", " + error + " ulp from " + expected);
  }

  @Test
  void hasItsSpecialValues() {
    float inf = Float.POSITIVE_INFINITY;
    float[] x = {
      0f,
      -0f,
      inf,
      -inf,
      Float.NaN,
      Float.MIN_VALUE,
      -Float.MIN_VALUE,
      Float.MAX_VALUE,
      -Float.MAX_VALUE,
      89f,
      -104f,
      88.72284f
    };
    float[] expected = {1f, 1f, inf, 0f, Float.NaN, 1f, 1f, inf, 0f, inf, 0f, inf};
    assertSameBits("scalar", expected, exp(KernelSet.scalar(), x));
    assertSameBits("vector", expected, exp(KernelSet.vector(), java.util.Arrays.copyOf(x, 12)));
    float[] many = new float[192];
    float[] manyExpected = new float[192];
    for (int i = 0; i < many.length; i++) {
      many[i] = x[i % x.length];
      manyExpected[i] = expected[i % x.length];
    }
    assertSameBits("vector lanes", manyExpected, exp(KernelSet.vector(), many));
  }
}
