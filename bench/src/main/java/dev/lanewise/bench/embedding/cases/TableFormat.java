package dev.lanewise.bench.embedding.cases;

/** How a table's numbers are stored. */
public enum TableFormat {
  /** IEEE 754 binary32. */
  FLOAT32,
  /** The upper half of a binary32; an update rounds to it stochastically. */
  BFLOAT16,
  /** FBGEMM's rows: a byte for each number, then the row's scale and bias as float32. */
  INT8;

  /** Half the distance from 1 to the next number of bfloat16. */
  public static final double BFLOAT16_ROUNDOFF = 0x1p-8;

  /** The bytes of a row of as many numbers. */
  public long rowBytes(int dim) {
    return switch (this) {
      case FLOAT32 -> 4L * dim;
      case BFLOAT16 -> 2L * dim;
      case INT8 -> dim + 8L;
    };
  }
}
