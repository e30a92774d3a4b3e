package dev.lanewise.optim;

/** Which way an optimizer's step goes. */
public enum Direction {
  /** Against the gradient. */
  MINIMIZE,
  /** With the gradient. */
  MAXIMIZE;

  /** What the gradient is multiplied by. */
  float sign() {
    return this == MAXIMIZE ? -1f : 1f;
  }

  static Direction of(boolean maximize) {
    return maximize ? MAXIMIZE : MINIMIZE;
  }
}
