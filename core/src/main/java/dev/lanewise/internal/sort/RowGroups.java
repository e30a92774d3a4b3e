package dev.lanewise.internal.sort;

import java.util.Arrays;

/**
 * The positions of a batch by the row they ask for: the distinct rows in ascending order, and of
 * each one its positions in the order of the batch. One pass to pack, one for each 11 bits that the
 * largest row needs, one to cut: the cost is the batch's, whatever the size of the table.
 *
 * <p>Row and position are packed into one long, the row above, and sorted by the row's bits alone
 * (least significant digit first, each pass stable). As all packed numbers differ, sorting them
 * whole gives the same order, which is how small batches are sorted.
 *
 * <p>Arrays are kept and grow, so nothing is allocated in steady state. Not thread-safe.
 */
public final class RowGroups {
  private static final int DIGIT_BITS = 11;

  /** A pass costs this many counters, which so few entries are not worth. */
  private static final int FEWEST_FOR_RADIX = 512;

  private long[] packed = new long[16];
  private long[] spare = new long[16];
  private long[] rows = new long[16];
  private long[] positions = new long[16];
  private int[] starts = new int[17];
  private int[] counters = new int[0];
  private int distinct;

  /**
   * Groups the first entries of a list of rows.
   *
   * @param list rows, not negative
   * @param count how many entries
   * @param skip a row whose entries are left out; negative for none
   * @throws IllegalArgumentException if the largest row and the count need more than 63 bits
   *     together
   */
  public void group(long[] list, int count, long skip) {
    group(list, 0, count, skip);
  }

  /** As the other, from an entry on; positions count from that entry. */
  public void group(long[] list, int from, int count, long skip) {
    reserve(count);
    int positionBits = Integer.SIZE - Integer.numberOfLeadingZeros(Math.max(count - 1, 0));
    long largest = 0;
    int kept = 0;
    for (int i = 0; i < count; i++) {
      long row = list[from + i];
      if (row != skip) {
        largest |= row;
        packed[kept++] = row << positionBits | i;
      }
    }
    int rowBits = Long.SIZE - Long.numberOfLeadingZeros(largest);
    if (rowBits + positionBits > Long.SIZE - 1) {
      throw new IllegalArgumentException(
          "a batch of " + count + " rows of so large a table cannot be sorted: split the batch");
    }
    if (kept < FEWEST_FOR_RADIX) {
      Arrays.sort(packed, 0, kept);
    } else {
      radixSort(kept, positionBits, rowBits);
    }
    cut(kept, positionBits);
  }

  private void reserve(int count) {
    if (packed.length < count) {
      int size = (int) Math.min(Math.max(count, packed.length * 2L), Integer.MAX_VALUE - 9);
      packed = new long[size];
      spare = new long[size];
      rows = new long[size];
      positions = new long[size];
      starts = new int[size + 1];
    }
  }

  private void radixSort(int count, int shift, int bits) {
    int passes = (bits + DIGIT_BITS - 1) / DIGIT_BITS;
    int digit = passes == 0 ? 0 : (bits + passes - 1) / passes;
    int buckets = 1 << digit;
    if (counters.length < passes * buckets) {
      counters = new int[passes * buckets];
    }
    Arrays.fill(counters, 0, passes * buckets, 0);
    for (int pass = 0; pass < passes; pass++) {
      tally(count, shift + pass * digit, buckets - 1, pass * buckets);
      place(count, shift + pass * digit, buckets - 1, pass * buckets);
      long[] sorted = spare;
      spare = packed;
      packed = sorted;
    }
  }

  private void tally(int count, int shift, long mask, int base) {
    long[] from = packed;
    int[] counts = counters;
    for (int i = 0; i < count; i++) {
      counts[base + (int) (from[i] >>> shift & mask)]++;
    }
    int start = 0;
    for (int bucket = base; bucket <= base + mask; bucket++) {
      int size = counts[bucket];
      counts[bucket] = start;
      start += size;
    }
  }

  private void place(int count, int shift, long mask, int base) {
    long[] from = packed;
    long[] to = spare;
    int[] next = counters;
    for (int i = 0; i < count; i++) {
      long entry = from[i];
      to[next[base + (int) (entry >>> shift & mask)]++] = entry;
    }
  }

  private void cut(int count, int positionBits) {
    long mask = (1L << positionBits) - 1;
    long last = -1;
    distinct = 0;
    for (int i = 0; i < count; i++) {
      long row = packed[i] >>> positionBits;
      positions[i] = packed[i] & mask;
      if (row != last) {
        rows[distinct] = row;
        starts[distinct++] = i;
        last = row;
      }
    }
    starts[distinct] = count;
  }

  /**
   * How many distinct rows there are.
   *
   * @return the number of groups
   */
  public int count() {
    return distinct;
  }

  /**
   * The distinct rows, ascending; only the first {@link #count} are meant.
   *
   * @return the array itself, until the next grouping
   */
  public long[] rows() {
    return rows;
  }

  /**
   * The entries' positions, group by group; only the first {@code start(count())} are meant.
   *
   * @return the array itself, until the next grouping; may be written, for example to put the
   *     gradient's row of each entry in place of its position
   */
  public long[] positions() {
    return positions;
  }

  /**
   * Where a group starts in {@link #positions}.
   *
   * @param group from 0 to {@link #count}; the last is where the last group ends
   * @return its first entry
   */
  public int start(int group) {
    return starts[group];
  }

  /**
   * How many entries a group has.
   *
   * @param group from 0 to {@code count() - 1}
   * @return at least 1
   */
  public int size(int group) {
    return starts[group + 1] - starts[group];
  }
}
