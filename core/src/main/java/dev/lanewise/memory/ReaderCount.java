package dev.lanewise.memory;

import java.util.concurrent.atomic.AtomicLongArray;

/**
 * How many readers came and how many went, counted where threads do not meet: each counts in the
 * slot of its thread, two cache lines from the next.
 *
 * <p>The two counts only grow. So if the number of those who had gone, taken first, is the number
 * of those who had come, taken second, then between the two nobody was inside; it does not matter
 * that a sum over slots is no snapshot, or that somebody comes in one slot and goes in another.
 */
final class ReaderCount {
  /** In elements: 128 bytes, because processors fetch cache lines in pairs. */
  private static final int SLOT_SHIFT = 4;

  private static final int CAME = 1 << SLOT_SHIFT;
  private static final int WENT = CAME + 1;

  /** At least four for each processor, so that threads that run together seldom share one. */
  private static final int SLOT_BITS =
      Integer.SIZE
          - Integer.numberOfLeadingZeros(4 * Runtime.getRuntime().availableProcessors() - 1);

  /** One slot more in front, so that the array's length shares no cache line with a count. */
  private final AtomicLongArray counts = new AtomicLongArray(((1 << SLOT_BITS) + 2) << SLOT_SHIFT);

  /** Counts this thread in. A full fence: what it reads next, it reads later. */
  void enter() {
    counts.getAndIncrement(CAME + slot());
  }

  /** Counts this thread out. */
  void leave() {
    counts.getAndIncrement(WENT + slot());
  }

  /**
   * How many more came than went; at least 0 if everybody goes as often as he came.
   *
   * @return 0 only if there was a moment during this call with nobody inside; negative if somebody
   *     went too often
   */
  long balance() {
    long went = sum(WENT);
    return sum(CAME) - went;
  }

  private long sum(int first) {
    long sum = 0;
    for (int slot = 0; slot < 1 << SLOT_BITS; slot++) {
      sum += counts.get(first + (slot << SLOT_SHIFT));
    }
    return sum;
  }

  /** Ids of threads are consecutive, but those of one pool need not be. */
  private static int slot() {
    long scattered = Thread.currentThread().threadId() * 0x9E3779B97F4A7C15L;
    return (int) (scattered >>> (Long.SIZE - SLOT_BITS)) << SLOT_SHIFT;
  }
}
