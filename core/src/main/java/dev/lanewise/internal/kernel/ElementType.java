package dev.lanewise.internal.kernel;

/** The types of numbers that contractions are computed in. */
public enum ElementType {
  FLOAT32(Float.BYTES),
  FLOAT64(Double.BYTES);

  private final int sizeBytes;

  ElementType(int sizeBytes) {
    this.sizeBytes = sizeBytes;
  }

  /** The size of one number. */
  public int sizeBytes() {
    return sizeBytes;
  }
}
