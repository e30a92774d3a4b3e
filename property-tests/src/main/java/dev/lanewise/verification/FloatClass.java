package dev.lanewise.verification;

import java.util.SplittableRandom;

/** Kinds of float32 and float64 numbers on which programs differ. */
public enum FloatClass {
  /** Of ordinary size, with full mantissas, from about 1e-3 to 1e3 and either sign. */
  NORMAL,
  /** Any finite number: every exponent is as likely as any other. */
  ANY_EXPONENT,
  /** Subnormal numbers and the smallest normal one. */
  SUBNORMAL,
  /** +0 and -0. */
  ZERO,
  /** Both infinities. */
  INFINITE,
  /** NaN. */
  NAN,
  /** Few large numbers that differ in sign or in the last bit, so that sums cancel. */
  CANCELLING;

  /** The classes of which sums of products stay finite and the error model holds. */
  static final FloatClass[] TAME = {NORMAL, ZERO, SUBNORMAL, CANCELLING};

  /**
   * A draw from this class.
   *
   * @param random the source of randomness
   * @return a float of this class
   */
  public float draw(SplittableRandom random) {
    float sign = random.nextBoolean() ? 1f : -1f;
    return switch (this) {
      case NORMAL ->
          sign * (1 + random.nextFloat()) * (float) Math.scalb(1.0, random.nextInt(-10, 11));
      case ANY_EXPONENT ->
          Float.intBitsToFloat((random.nextInt() & 0x807fffff) | (random.nextInt(0, 255) << 23));
      case SUBNORMAL -> sign * Float.intBitsToFloat(random.nextInt(1, 0x00800001));
      case ZERO -> sign * 0f;
      case INFINITE -> sign * Float.POSITIVE_INFINITY;
      case NAN -> Float.NaN;
      case CANCELLING -> sign * (1024f + Math.ulp(1024f) * random.nextInt(0, 3));
    };
  }

  /**
   * A draw from this class in a format.
   *
   * @param random the source of randomness
   * @param format binary32 or binary64
   * @return a number of the format
   */
  public double draw(SplittableRandom random, FloatFormat format) {
    return format == FloatFormat.BINARY32 ? draw(random) : drawDouble(random);
  }

  private double drawDouble(SplittableRandom random) {
    double sign = random.nextBoolean() ? 1 : -1;
    return switch (this) {
      case NORMAL -> sign * (1 + random.nextDouble()) * Math.scalb(1.0, random.nextInt(-10, 11));
      case ANY_EXPONENT ->
          Double.longBitsToDouble(
              (random.nextLong() & 0x800fffffffffffffL) | (random.nextLong(0, 2047) << 52));
      case SUBNORMAL -> sign * Double.longBitsToDouble(random.nextLong(1, 0x0010000000000001L));
      case ZERO -> sign * 0.0;
      case INFINITE -> sign * Double.POSITIVE_INFINITY;
      case NAN -> Double.NaN;
      case CANCELLING -> sign * (1024 + Math.ulp(1024.0) * random.nextInt(0, 3));
    };
  }

  /**
   * Numbers of several classes in a format: mostly of the first, and each of the others now and
   * then.
   *
   * @param format binary32 or binary64
   * @param seed the same seed gives the same numbers
   * @param count how many
   * @param classes from which classes, at least one
   * @return the numbers
   */
  public static double[] fill(FloatFormat format, long seed, int count, FloatClass... classes) {
    SplittableRandom random = new SplittableRandom(seed);
    double[] values = new double[count];
    for (int i = 0; i < count; i++) {
      FloatClass kind =
          random.nextInt(4) > 0 ? classes[0] : classes[random.nextInt(classes.length)];
      values[i] = kind.draw(random, format);
    }
    return values;
  }

  /**
   * Numbers of a format for which the error model holds; see {@link #tame(long, int)}.
   *
   * @param format binary32 or binary64
   * @param seed the same seed gives the same numbers
   * @param count how many
   * @return the numbers
   */
  public static double[] tame(FloatFormat format, long seed, int count) {
    return fill(format, seed, count, TAME);
  }

  /**
   * Numbers of a format and of all classes, special values included.
   *
   * @param format binary32 or binary64
   * @param seed the same seed gives the same numbers
   * @param count how many
   * @return the numbers
   */
  public static double[] wild(FloatFormat format, long seed, int count) {
    return fill(format, seed, count, values());
  }

  /**
   * Float32 numbers of several classes: mostly of the first, and each of the others now and then.
   *
   * @param seed the same seed gives the same numbers
   * @param count how many
   * @param classes from which classes, at least one
   * @return the numbers
   */
  public static float[] fill(long seed, int count, FloatClass... classes) {
    double[] numbers = fill(FloatFormat.BINARY32, seed, count, classes);
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) numbers[i];
    }
    return values;
  }

  /**
   * Numbers for which the error model holds: ordinary, zero, subnormal and cancelling ones.
   *
   * @param seed the same seed gives the same numbers
   * @param count how many
   * @return the numbers
   */
  public static float[] tame(long seed, int count) {
    return fill(seed, count, TAME);
  }

  /**
   * Numbers of all classes, special values included.
   *
   * @param seed the same seed gives the same numbers
   * @param count how many
   * @return the numbers
   */
  public static float[] wild(long seed, int count) {
    return fill(seed, count, values());
  }
}
