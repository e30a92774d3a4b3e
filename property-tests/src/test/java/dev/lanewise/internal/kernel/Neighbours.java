package dev.lanewise.internal.kernel;

/**
 * The numbers of a format of 16 bits between which a float32 lies.
 *
 * @param inner the one nearer to 0, and the number itself where it is one of the format
 * @param outer the other, perhaps infinite
 */
public record Neighbours(float inner, float outer) {
  private static final float BEYOND_FLOAT16 = 0x1p16f;

  /** Of a number that is not NaN. */
  public static Neighbours of(RowFormat format, float x) {
    if (format == RowFormat.BFLOAT16) {
      int bits = Float.floatToRawIntBits(x) & 0xffff0000;
      float inner = Float.intBitsToFloat(bits);
      return new Neighbours(inner, inner == x ? x : Float.intBitsToFloat(bits + 0x10000));
    }
    if (Math.abs(x) >= BEYOND_FLOAT16) {
      float infinite = Math.copySign(Float.POSITIVE_INFINITY, x);
      return new Neighbours(infinite, infinite);
    }
    short nearest = Float.floatToFloat16(x);
    float value = Float.float16ToFloat(nearest);
    if (value == x) {
      return new Neighbours(x, x);
    }
    int inner = Math.abs(value) > Math.abs(x) ? nearest - 1 : nearest;
    return new Neighbours(
        Float.float16ToFloat((short) inner), Float.float16ToFloat((short) (inner + 1)));
  }

  /** How far a number is on the way from the inner to the outer one; exact. */
  double way(float x) {
    double width = Float.isInfinite(outer) ? stepBelowInfinity() : (double) outer - inner;
    return width == 0 ? 0 : ((double) x - inner) / width;
  }

  /** What the format's next number would be if its exponents went on. */
  private double stepBelowInfinity() {
    double end = Math.abs(inner) > BEYOND_FLOAT16 ? 0x1p128 : BEYOND_FLOAT16;
    return Math.copySign(end - Math.abs(inner), inner);
  }
}
