package dev.lanewise.tensor;

/** The strides that give a strided view other sizes without a copy, where such strides exist. */
final class Reshape {
  private static final long[] IMPOSSIBLE = {-1, -1, -1};

  private Reshape() {}

  /**
   * Strides for the target, or an array whose length is not the target's rank if there are none.
   * Dimensions of the source that lie behind one another like one long dimension form a run; each
   * run must be made up exactly by consecutive target dimensions.
   */
  static long[] strides(Shape source, long[] sourceStrides, Shape target) {
    long[] impossible = target.rank() == IMPOSSIBLE.length ? new long[0] : IMPOSSIBLE;
    long[] strides = new long[target.rank()];
    int to = target.rank() - 1;
    int from = source.rank() - 1;
    while (from >= 0) {
      long innerStride = sourceStrides[from];
      long run = source.size(from);
      from--;
      while (from >= 0
          && (source.size(from) == 1 || run == 1 || sourceStrides[from] == innerStride * run)) {
        if (run == 1) {
          innerStride = sourceStrides[from];
        }
        run *= source.size(from);
        from--;
      }
      long made = 1;
      while (to >= 0 && (made < run || target.size(to) == 1)) {
        strides[to] = innerStride * made;
        made *= target.size(to);
        to--;
      }
      if (made != run) {
        return impossible;
      }
    }
    for (; to >= 0; to--) {
      strides[to] = 0;
    }
    return strides;
  }
}
