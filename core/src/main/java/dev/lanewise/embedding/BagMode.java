package dev.lanewise.embedding;

/** How an {@link EmbeddingBag} makes one row of many. */
public enum BagMode {
  /** The sum of the rows, each times its weight where there are weights. */
  SUM,
  /** The sum divided by the number of rows that are not padding, and by at least 1. */
  MEAN,
  /**
   * The largest number of each column; the first of equal ones gets the gradient. NaN where a row
   * has one, the first of which gets the gradient.
   */
  MAX
}
