package dev.lanewise.internal.kernel;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Reads memory before kernels do. Java cannot ask for a line without reading it; but a processor
 * that sees lines read one after the other reads on by itself, while a kernel works on what is
 * there. Kernels that take several rows at a time read in an order that it does not foresee.
 */
public final class ReadAhead {
  /** What stays in the nearest cache until it is used. */
  public static final long NEAR_BYTES = 32 << 10;

  /**
   * A smaller matrix is likely in some cache, from which reading ahead costs more than it saves.
   */
  private static final long SMALLEST_BYTES = 8 << 20;

  /** A tile of shorter rows spans so little memory that the processor follows it. */
  private static final long SHORT_ROW_BYTES = 256;

  private static final long LINE_BYTES = 64;

  /** Lines that are read from one slice. */
  private static final int LINES = 8;

  private static final long LINES_BYTES = LINES * LINE_BYTES;

  private static int kept;

  private ReadAhead() {}

  /** Takes what was read, so that the reading is not left out as useless. */
  public static void keep(int read) {
    kept ^= read;
  }

  /** Never read but for this. */
  static int kept() {
    return kept;
  }

  /** Whether a matrix of a size comes from memory, most likely. */
  public static boolean pays(long bytes) {
    return bytes >= SMALLEST_BYTES;
  }

  /** The same for kernels that take the few rows of a tile at a time. */
  public static boolean paysForTiles(long bytes, long rowBytes) {
    return pays(bytes) && rowBytes > SHORT_ROW_BYTES;
  }

  /**
   * Reads rows of a matrix right before a kernel does, if they stay near all together.
   *
   * @param segment where it is, which is not mapped
   * @param offset where the first row starts, in bytes
   * @param rows how many
   * @param rowBytes the size of a row
   * @param stride from row to row, in bytes
   * @return a number that depends on what was read, to {@link #keep}
   */
  public static int rows(MemorySegment segment, long offset, int rows, long rowBytes, long stride) {
    if (rows * rowBytes > NEAR_BYTES) {
      return 0;
    }
    if (stride == rowBytes) {
      return lines(segment, offset, rows * rowBytes);
    }
    int read = 0;
    for (int i = 0; i < rows; i++) {
      read ^= lines(segment, offset + i * stride, rowBytes);
    }
    return read;
  }

  private static int lines(MemorySegment segment, long offset, long bytes) {
    MemorySegment plain = NativeSegments.plain(segment);
    int read = 0;
    long at = 0;
    for (; at + LINES_BYTES <= bytes; at += LINES_BYTES) {
      MemorySegment lines = plain.asSlice(offset + at, LINES_BYTES);
      // What is computed of each needs the one before, so they stay in order.
      for (int i = 0; i < LINES; i++) {
        read = 31 * read + lines.get(ValueLayout.JAVA_INT_UNALIGNED, i * LINE_BYTES);
      }
    }
    for (; at + Float.BYTES <= bytes; at += LINE_BYTES) {
      read = 31 * read + plain.get(ValueLayout.JAVA_INT_UNALIGNED, offset + at);
    }
    return read;
  }
}
