package dev.lanewise.internal.gemm;

/** How sides are cut: into blocks that fit a cache, and into panels of whole vectors. */
final class Blocking {
  /** The most of anything that a kernel is given in one call: what an int can count. */
  static final int MOST = 1 << 30;

  /** Tiles that are added to the output by one call: they stay in the L1 cache until then. */
  static final int TILES_ADDED = 16;

  private Blocking() {}

  /**
   * The size of blocks that are as equal as may be: the fewest blocks of at most a size, each a
   * multiple of a unit.
   */
  static int balanced(long size, int most, int unit) {
    long blocks = Math.max(1, (size + most - 1) / most);
    long even = (size + blocks - 1) / blocks;
    return (int) Math.max(unit, (even + unit - 1) / unit * unit);
  }

  /** In how few parts of at most a size a side can be cut. */
  static int parts(int size, int most) {
    return (size + most - 1) / most;
  }

  /**
   * How many of the parts that a side is cut into are as small as the first, which is rounded down;
   * the others have one more.
   */
  static int sameSize(int size, int parts) {
    return parts - size % parts;
  }

  /**
   * How many vectors the next panel of columns takes, where it may leave some for a further one:
   * the largest power of two that are all needed.
   */
  static int vectorsNeeded(int columnsLeft, int lanes, int most) {
    int vectors = most;
    while ((vectors - 1) * lanes >= columnsLeft && vectors > 1) {
      vectors /= 2;
    }
    return vectors;
  }

  /** How many vectors a panel of columns takes: the smallest power of two that covers them. */
  static int vectorsCovering(int columns, int lanes) {
    int vectors = 1;
    while (vectors * lanes < columns) {
      vectors *= 2;
    }
    return vectors;
  }
}
