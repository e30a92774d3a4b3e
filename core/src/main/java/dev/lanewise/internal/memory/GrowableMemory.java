package dev.lanewise.internal.memory;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Off-heap memory that is kept from use to use and grows when more is asked for than ever before.
 * Belongs to no thread: what is outgrown is freed when nobody refers to it any more.
 */
public final class GrowableMemory {
  private static final long ALIGNMENT_BYTES = 64;

  private MemorySegment segment = MemorySegment.NULL;

  /** The memory as it is. */
  public MemorySegment segment() {
    return segment;
  }

  /** Memory of at least some bytes, holding whatever was there. */
  public MemorySegment atLeast(long bytes) {
    return atLeast(bytes, 0);
  }

  /** Memory of at least some bytes, of which the first are kept if it has to grow. */
  public MemorySegment atLeast(long bytes, long kept) {
    if (segment.byteSize() < bytes) {
      // Half as much again: what is appended to piece by piece is copied a few times only.
      long grown = Math.addExact(bytes, segment.byteSize() == 0 ? 0 : bytes / 2);
      MemorySegment larger = Arena.ofAuto().allocate(grown, ALIGNMENT_BYTES);
      MemorySegment.copy(segment, 0, larger, 0, kept);
      segment = larger;
    }
    return segment;
  }
}
