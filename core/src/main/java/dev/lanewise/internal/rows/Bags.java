package dev.lanewise.internal.rows;

import dev.lanewise.tensor.Tensor;

/**
 * The bags of a batch: which rows of the table each one takes, with the padding row left out, and
 * what its sum is divided by.
 */
public final class Bags {
  private final RowNumbers indices = new RowNumbers();

  /** Bag b takes the rows from starts[b] to starts[b + 1]. */
  private int[] starts = new int[17];

  /** The starts of bags of equal length. */
  private int[] even = new int[16];

  private int count;
  private boolean mean;

  /**
   * Takes bags as a list of indices and where in it each bag starts. See {@code EmbeddingBag} for
   * the rules.
   */
  public void load(
      int[] values, int[] offsets, long numEmbeddings, long paddingIdx, boolean divide) {
    checkOffsets(offsets, values.length);
    indices.load(values, numEmbeddings);
    cut(offsets, offsets.length, paddingIdx, divide);
  }

  /** As the other, for bags of equal length: a matrix of indices, one bag a row. */
  public void load(Tensor values, long numEmbeddings, long paddingIdx, boolean divide) {
    if (values.rank() != 2) {
      throw new IllegalArgumentException(
          "indices: expected shape [bags, entries] where no offsets are given, got "
              + values.shape());
    }
    indices.load(values, numEmbeddings);
    // Both fit: RowNumbers refuses more indices than an int can count, but not empty bags.
    if (values.size(0) >= Integer.MAX_VALUE || values.size(1) > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "indices: " + values.shape() + " are more bags or entries than one call takes");
    }
    int bags = (int) values.size(0);
    int each = (int) values.size(1);
    if (even.length < bags) {
      even = new int[Math.max(bags, 2 * even.length)];
    }
    for (int bag = 0; bag < bags; bag++) {
      even[bag] = bag * each;
    }
    cut(even, bags, paddingIdx, divide);
  }

  private static void checkOffsets(int[] offsets, int length) {
    if (offsets.length > 0 && offsets[0] != 0) {
      throw new IllegalArgumentException("offsets[0] must be 0, got " + offsets[0]);
    }
    if (offsets.length == 0 && length > 0) {
      throw new IllegalArgumentException(
          "there are " + length + " indices, but no offsets: they belong to no bag");
    }
    for (int bag = 0; bag < offsets.length; bag++) {
      if (bag > 0 && offsets[bag] < offsets[bag - 1]) {
        throw new IllegalArgumentException(
            "offsets must not decrease: offsets["
                + bag
                + "] is "
                + offsets[bag]
                + " after "
                + offsets[bag - 1]);
      }
      if (offsets[bag] > length) {
        throw new IllegalArgumentException(
            "offsets["
                + bag
                + "] is "
                + offsets[bag]
                + ", behind the last of "
                + length
                + " indices");
      }
    }
  }

  private void cut(int[] offsets, int bags, long paddingIdx, boolean divide) {
    count = bags;
    mean = divide;
    if (starts.length <= count) {
      starts = new int[Math.max(count + 1, 2 * starts.length)];
    }
    long[] rows = indices.rows();
    int to = 0;
    for (int bag = 0; bag < count; bag++) {
      starts[bag] = to;
      int end = bag + 1 < count ? offsets[bag + 1] : indices.count();
      for (int from = offsets[bag]; from < end; from++) {
        if (rows[from] != paddingIdx) {
          rows[to++] = rows[from];
        }
      }
    }
    starts[count] = to;
  }

  /** How many bags there are. */
  public int count() {
    return count;
  }

  /** How many entries all bags have together, padding left out. */
  int entries() {
    return starts[count];
  }

  long[] rows() {
    return indices.rows();
  }

  int start(int bag) {
    return starts[bag];
  }

  int size(int bag) {
    return starts[bag + 1] - starts[bag];
  }

  float divisor(int bag) {
    return mean ? Math.max(size(bag), 1) : 1f;
  }
}
