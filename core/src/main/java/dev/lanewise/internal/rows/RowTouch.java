package dev.lanewise.internal.rows;

import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Reads a little of every cache line of some rows, before they are worked on one after the other:
 * the cache misses of all of them overlap then, which a loop over rows that computes much on each
 * does not achieve.
 */
public final class RowTouch {
  private static final long LINE_BYTES = 64;

  /** A smaller tensor is in the cache anyway. */
  private static final long SMALLEST_BYTES = 1 << 19;

  private RowTouch() {}

  /**
   * Touches rows of a contiguous tensor, unless it is small.
   *
   * @param tensor float32
   * @param rowBytes the size of a row
   * @param rows row numbers
   * @param from the first
   * @param count how many, a handful
   * @return a number that depends on what was read
   */
  public static int touch(Tensor tensor, long rowBytes, long[] rows, int from, int count) {
    return tensor.layout().spanBytes() < SMALLEST_BYTES
        ? 0
        : touch(tensor.segment(), tensor.offsetBytes(), rowBytes, rowBytes, rows, from, count);
  }

  /**
   * Touches rows of a table of any format, unless it is small.
   *
   * @param table [rows, ...], the elements of a row side by side
   * @param rows row numbers
   * @param from the first
   * @param count how many, a handful
   * @return a number that depends on what was read
   */
  public static int touch(Tensor table, long[] rows, int from, int count) {
    int size = table.dtype().sizeBytes();
    return table.layout().spanBytes() < SMALLEST_BYTES
        ? 0
        : touch(
            table.segment(),
            table.offsetBytes(),
            table.stride(0) * size,
            table.size(1) * size,
            rows,
            from,
            count);
  }

  /**
   * Touches rows that are evenly spaced.
   *
   * @param segment where they are
   * @param offset of row 0, in bytes
   * @param stride from row to row, in bytes
   * @param rowBytes the size of a row
   * @param rows row numbers
   * @param from the first
   * @param count how many, a handful
   * @return a number that depends on what was read
   */
  public static int touch(
      MemorySegment segment,
      long offset,
      long stride,
      long rowBytes,
      long[] rows,
      int from,
      int count) {
    if (rowBytes < Float.BYTES) {
      return 0;
    }
    long last = offset + rowBytes - Float.BYTES;
    if (rowBytes <= 2 * LINE_BYTES) {
      return ends(segment, offset, last, stride, rows, from, count);
    }
    int read = 0;
    // By line, then by row: the first line of every row brings its page's translation.
    for (long line = 0; line + Float.BYTES <= rowBytes; line += LINE_BYTES) {
      read ^= line(segment, offset + line, stride, rows, from, count);
    }
    // The last line, where rows are not aligned to lines.
    return (offset | stride | rowBytes) % LINE_BYTES == 0
        ? read
        : read ^ line(segment, last, stride, rows, from, count);
  }

  /**
   * Rows of the size of one or two lines in one pass, which takes three quarters of the time of
   * two. Of three lines that a row may reach into the middle one is left to whoever reads it.
   */
  private static int ends(
      MemorySegment segment, long first, long last, long stride, long[] rows, int from, int count) {
    int read = 0;
    for (int i = from; i < from + count; i++) {
      long row = rows[i] * stride;
      read ^= segment.get(ValueLayout.JAVA_INT_UNALIGNED, first + row);
      read ^= segment.get(ValueLayout.JAVA_INT_UNALIGNED, last + row);
    }
    return read;
  }

  private static int line(
      MemorySegment segment, long base, long stride, long[] rows, int from, int count) {
    int read = 0;
    for (int i = from; i < from + count; i++) {
      read ^= segment.get(ValueLayout.JAVA_INT_UNALIGNED, base + rows[i] * stride);
    }
    return read;
  }
}
