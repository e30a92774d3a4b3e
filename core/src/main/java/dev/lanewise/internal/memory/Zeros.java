package dev.lanewise.internal.memory;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Zeroes a part of a segment without making a slice of it. C2 leaves a slice out only where it
 * inlines all of its use, which depends on the caller's size: a training step that zeroed through
 * slices allocated 80 bytes.
 */
public final class Zeros {
  /** The size of {@link #SEGMENT}. */
  public static final int CHUNK_BYTES = 16384;

  private static final MemorySegment ZEROS = Arena.global().allocate(CHUNK_BYTES, 64);

  /** Zeros to read. */
  public static final MemorySegment SEGMENT = ZEROS.asReadOnly();

  private Zeros() {}

  /** Sets bytes to zero, from an offset on. */
  public static void fill(MemorySegment segment, long offsetBytes, long bytes) {
    for (long at = 0; at < bytes; at += CHUNK_BYTES) {
      MemorySegment.copy(ZEROS, 0, segment, offsetBytes + at, Math.min(CHUNK_BYTES, bytes - at));
    }
  }
}
