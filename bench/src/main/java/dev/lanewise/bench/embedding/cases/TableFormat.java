package dev.lanewise.bench.embedding.cases;

/** How a table's numbers are stored. */
public enum TableFormat {
  /** IEEE 754 binary32. */
  FLOAT32,
  /** The upper half of a binary32. */
  BFLOAT16,
  /** FBGEMM's rows: a byte for each number, then the row's scale and bias as float32. */
  INT8;

  /** The bytes of a row of as many numbers. */
  public long rowBytes(int dim) {
    return switch (this) {
      case FLOAT32 -> 4L * dim;
      case BFLOAT16 -> 2L * dim;
      case INT8 -> dim + 8L;
    };
  }
}
