package dev.lanewise.bench.report;

import java.util.Locale;
import java.util.OptionalDouble;

/** How figures are written. */
public final class Formats {
  private static final String[] UNITS = {"ns", "µs", "ms", "s"};

  private Formats() {}

  /** A time with three digits and a unit. */
  public static String time(double nanos) {
    double value = nanos;
    int unit = 0;
    while (value >= 1000 && unit < UNITS.length - 1) {
      value /= 1000;
      unit++;
    }
    return digits(value) + " " + UNITS[unit];
  }

  /** A positive number with about three digits. */
  public static String digits(double value) {
    int decimals = value < 10 ? 2 : value < 100 ? 1 : 0;
    return String.format(Locale.ROOT, "%." + decimals + "f", value);
  }

  /** A ratio with two decimals, or a dash. */
  public static String ratio(OptionalDouble ratio) {
    return ratio.isPresent() ? String.format(Locale.ROOT, "%.2f", ratio.getAsDouble()) : "–";
  }
}
