package dev.lanewise.checkpoint;

/** What holds for the files of every format, so that nothing in one can make later work endless. */
final class Limits {
  /** As many as NumPy 2 allows; printing and copying work one dimension inside the other. */
  static final int MAX_RANK = 64;

  private Limits() {}

  static void requireRank(int rank, Origin origin) throws CheckpointException {
    if (rank > MAX_RANK) {
      throw origin.refuse(
          "a tensor has " + rank + " dimensions; at most " + MAX_RANK + " are read");
    }
  }
}
