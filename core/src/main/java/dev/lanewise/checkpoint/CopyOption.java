package dev.lanewise.checkpoint;

/** How {@link StateDict#copyTo} treats what does not match. */
public enum CopyOption {
  /**
   * Names that only one side has are passed over and returned, as {@code
   * load_state_dict(strict=False)} does. Shapes and types of the others must still be right.
   */
  LENIENT,
  /**
   * Floating-point tensors of another floating-point type are converted, rounded to nearest even.
   */
  CONVERT
}
