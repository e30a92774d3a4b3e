package dev.lanewise.internal.kernel;

/** How the numbers of a table's rows lie in memory. */
public enum RowFormat {
  /** IEEE 754 binary32. */
  FLOAT32(4, 0),
  /** IEEE 754 binary64. */
  FLOAT64(8, 0),
  /** The upper 16 bits of a binary32. */
  BFLOAT16(2, 0),
  /** IEEE 754 binary16. */
  FLOAT16(2, 0),
  /**
   * A byte q from 0 to 255 for each number {@code fma(scale, q, bias)}, then the row's scale and
   * its bias, both binary32: FBGEMM's fused 8-bit row-wise format.
   */
  INT8(1, 8);

  private final int elementBytes;
  private final int trailerBytes;

  RowFormat(int elementBytes, int trailerBytes) {
    this.elementBytes = elementBytes;
    this.trailerBytes = trailerBytes;
  }

  /** The size of one number. */
  public int elementBytes() {
    return elementBytes;
  }

  /** The size of what follows a row's numbers. */
  public int trailerBytes() {
    return trailerBytes;
  }
}
