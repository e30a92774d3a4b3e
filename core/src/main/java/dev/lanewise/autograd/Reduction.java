package dev.lanewise.autograd;

/** How the losses of many elements become one. */
public enum Reduction {
  /** Not at all: one loss each. */
  NONE,
  /** Their mean. */
  MEAN,
  /** Their sum. */
  SUM
}
