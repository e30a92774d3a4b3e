package dev.lanewise.internal.memory;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Off-heap memory that is kept from use to use and grows when more is asked for than ever before.
 * Belongs to the thread that grew it.
 */
public final class ReusableMemory implements AutoCloseable {
  private static final long ALIGNMENT_BYTES = 64;

  private @Nullable Arena arena;
  private MemorySegment segment = MemorySegment.NULL;

  /**
   * Memory of at least some bytes, holding whatever was there; what was handed out before is closed
   * if it had to grow.
   */
  @SuppressWarnings(
      "MustBeClosedChecker") // The arena is kept, and closed when its memory is outgrown or given
  // up.
  public MemorySegment atLeast(long bytes) {
    if (segment.byteSize() < bytes) {
      // A quarter more than asked for: batches of slightly growing size would otherwise allocate
      // each time.
      long grown = Math.addExact(bytes, segment.byteSize() == 0 ? 0 : bytes / 4);
      Arena fresh = Arena.ofConfined();
      MemorySegment larger;
      try {
        larger = fresh.allocate(grown, ALIGNMENT_BYTES);
      } catch (OutOfMemoryError e) {
        fresh.close();
        throw e;
      }
      close();
      segment = larger;
      arena = fresh;
    }
    return segment;
  }

  @Override
  public void close() {
    if (arena != null) {
      arena.close();
      arena = null;
      segment = MemorySegment.NULL;
    }
  }
}
