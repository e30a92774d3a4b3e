package dev.lanewise.internal.gemm;

/**
 * A part of a batch of outputs: some of its matrices, and of each some rows and columns. The sum is
 * never divided, so that an element's bits do not depend on the parts.
 */
record Range(
    long batchFrom, long batchTo, long rowFrom, long rowTo, long columnFrom, long columnTo) {
  static Range whole(long batch, long m, long n) {
    return new Range(0, batch, 0, m, 0, n);
  }

  /** The same part of one matrix. */
  Range ofOneMatrix() {
    return new Range(0, 1, rowFrom, rowTo, columnFrom, columnTo);
  }

  /** Whether there is nothing to compute. */
  boolean isEmpty() {
    return batchFrom == batchTo || rowFrom == rowTo || columnFrom == columnTo;
  }

  /**
   * Parts of about the same size: of the batch if it is large enough, else of the longer side.
   *
   * @param parts how many are wanted; there may be fewer
   * @param columnUnit columns that stay together: a part has no fewer of them unless the whole
   *     does. At least a vector's lanes, as programs compute a narrower part's neighbours with it
   */
  Range[] split(int parts, int columnUnit) {
    long rows = rowTo - rowFrom;
    long columns = columnTo - columnFrom;
    if (batchTo - batchFrom >= parts) {
      return cut(
          batchFrom,
          batchTo,
          parts,
          1,
          (from, to) -> new Range(from, to, rowFrom, rowTo, columnFrom, columnTo));
    }
    if (columns >= rows && columns >= 2L * columnUnit) {
      return cut(
          columnFrom,
          columnTo,
          parts,
          columnUnit,
          (from, to) -> new Range(batchFrom, batchTo, rowFrom, rowTo, from, to));
    }
    return cut(
        rowFrom,
        rowTo,
        parts,
        1,
        (from, to) -> new Range(batchFrom, batchTo, from, to, columnFrom, columnTo));
  }

  private interface Part {
    Range of(long from, long to);
  }

  private static Range[] cut(long start, long end, int parts, int unit, Part part) {
    long units = Math.max(1, (end - start) / unit);
    int count = (int) Math.min(parts, units);
    Range[] ranges = new Range[count];
    for (int i = 0; i < count; i++) {
      long from = start + units * i / count * unit;
      long to = i == count - 1 ? end : start + units * (i + 1) / count * unit;
      ranges[i] = part.of(from, to);
    }
    return ranges;
  }
}
