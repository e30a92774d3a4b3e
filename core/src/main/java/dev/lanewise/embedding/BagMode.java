package dev.lanewise.embedding;

/** How an {@link EmbeddingBag} makes one row of many. */
public enum BagMode {
  /** The sum of the rows. */
  SUM,
  /** The sum divided by the number of rows that are not padding, and by at least 1. */
  MEAN
}
