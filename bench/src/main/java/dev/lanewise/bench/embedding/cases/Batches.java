package dev.lanewise.bench.embedding.cases;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;

/**
 * A ring of batches of row numbers, so many that a table that does not fit into a cache is not
 * brought into it by taking the same rows again. Each call takes the next one, and copies it to
 * where its engine reads it, as a program does that gets its row numbers from elsewhere.
 */
public final class Batches {
  private static final long SEED = 42;
  private static final int LEAST_INDICES = 1 << 18;
  private static final int LEAST_BATCHES = 16;

  private final int count;
  private final int length;
  private final int bags;
  private final int[] indices;
  private final int[] offsets;
  private final MemorySegment ints;
  private final MemorySegment longs;
  private int current;

  Batches(EmbeddingCase asked, Arena arena) {
    SplittableRandom random = new SplittableRandom(SEED);
    length = asked.indices();
    bags = asked.bags();
    count = Math.max(LEAST_INDICES / length, LEAST_BATCHES);
    indices = new int[count * length];
    for (int i = 0; i < indices.length; i++) {
      indices[i] = asked.distribution().draw(random, asked.rows());
    }
    offsets = new int[asked.task().reduces() ? count * bags : 0];
    for (int batch = 0; offsets.length > 0 && batch < count; batch++) {
      fillOffsets(asked, batch * bags, random);
    }
    ints = arena.allocateFrom(ValueLayout.JAVA_INT, indices);
    longs = arena.allocate((long) indices.length * Long.BYTES, Data.ALIGNMENT);
    for (int i = 0; i < indices.length; i++) {
      longs.setAtIndex(ValueLayout.JAVA_LONG, i, indices[i]);
    }
  }

  private void fillOffsets(EmbeddingCase asked, int at, SplittableRandom random) {
    int[] lengths = new int[bags];
    for (int bag = 0; bag < bags; bag++) {
      int other = random.nextInt(bag + 1);
      lengths[bag] = lengths[other];
      lengths[other] = asked.length(bag);
    }
    int sum = 0;
    for (int bag = 0; bag < bags; bag++) {
      offsets[at + bag] = sum;
      sum += lengths[bag];
    }
  }

  /** Goes on to the next batch. */
  public void advance() {
    current = current + 1 == count ? 0 : current + 1;
  }

  /** The row numbers of a batch, of all batches the same number. */
  public int length() {
    return length;
  }

  /** Copies the current batch's row numbers. */
  public void copyTo(int[] target) {
    System.arraycopy(indices, current * length, target, 0, length);
  }

  /** Copies where the current batch's bags start. */
  public void copyOffsetsTo(int[] target) {
    System.arraycopy(offsets, current * bags, target, 0, bags);
  }

  /** Copies the current batch's row numbers as int32. */
  public void copyIntsTo(MemorySegment target) {
    long bytes = (long) length * Integer.BYTES;
    MemorySegment.copy(ints, current * bytes, target, 0, bytes);
  }

  /** Copies the current batch's row numbers as int64. */
  public void copyLongsTo(MemorySegment target) {
    long bytes = (long) length * Long.BYTES;
    MemorySegment.copy(longs, current * bytes, target, 0, bytes);
  }

  /** Copies where the current batch's bags start, as int32. */
  public void copyOffsetIntsTo(MemorySegment target) {
    MemorySegment.copy(offsets, current * bags, target, ValueLayout.JAVA_INT, 0, bags);
  }

  /** Copies where the current batch's bags start, as int64. */
  public void copyOffsetLongsTo(MemorySegment target) {
    for (int bag = 0; bag < bags; bag++) {
      target.setAtIndex(ValueLayout.JAVA_LONG, bag, offsets[current * bags + bag]);
    }
  }

  /** The memory of all batches' row numbers as int32, for those who read them where they are. */
  public MemorySegment ints() {
    return ints;
  }

  /** Where the current batch starts among all row numbers. */
  public long position() {
    return (long) current * length;
  }

  int index(int position) {
    return indices[current * length + position];
  }

  int start(int bag) {
    return bag == bags ? length : offsets[current * bags + bag];
  }
}
