package dev.lanewise.internal.kernel;

import java.lang.foreign.MemorySegment;

/**
 * Programs over the scores of a table's rows: factors, and the search for those that are good
 * enough. Offsets and strides are in bytes and need no alignment.
 */
public interface ScoreKernels {
  /** The scores of a vector. */
  int lanes();

  /**
   * {@code to[r] = scores[r] * scales[r]}; all are read and written up to the next multiple of
   * {@link #lanes} rows.
   */
  void scale(
      int rows,
      MemorySegment scores,
      long scoresOffset,
      MemorySegment scales,
      long scalesOffset,
      MemorySegment to);

  /**
   * The next vector of scores of which one is not at most its lane's threshold; NaN never is.
   *
   * @param from the first vector to look at
   * @param count the vectors
   * @param scores the vectors of scores
   * @param scoresOffset where the first starts
   * @param scoresStride from one to the next
   * @param thresholds one vector
   * @param thresholdsOffset where it starts
   * @return the vector's number, or count
   */
  int nextAbove(
      int from,
      int count,
      MemorySegment scores,
      long scoresOffset,
      long scoresStride,
      MemorySegment thresholds,
      long thresholdsOffset);

  /** The same for one that is not at least its lane's threshold. */
  int nextBelow(
      int from,
      int count,
      MemorySegment scores,
      long scoresOffset,
      long scoresStride,
      MemorySegment thresholds,
      long thresholdsOffset);
}
