package dev.lanewise.optim;

/** The checks that settings of all optimizers share. */
final class SettingCheck {
  private SettingCheck() {}

  static void atLeastZero(String name, float value) {
    if (!(value >= 0) || value == Float.POSITIVE_INFINITY) {
      throw new IllegalArgumentException(name + " must be finite and at least 0, got " + value);
    }
  }

  /** A share of what was before: less than 1, so that a bias correction can divide by the rest. */
  static void decayRate(String name, double value) {
    if (!(value >= 0 && value < 1)) {
      throw new IllegalArgumentException(
          name + " must be at least 0 and less than 1, got " + value);
    }
  }
}
