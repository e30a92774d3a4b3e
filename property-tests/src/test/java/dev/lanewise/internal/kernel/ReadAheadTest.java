package dev.lanewise.internal.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;

/** Every line of rows is read once, and nothing outside of them; too many rows are not read. */
class ReadAheadTest {
  private static final long LINE_BYTES = 64;

  @Test
  void everyLineOfRowsIsReadOnce() {
    for (int rows = 1; rows <= 9; rows++) {
      for (long rowBytes : new long[] {4, 60, 64, 68, 256, 508, 512, 516, 1100}) {
        for (long gap : new long[] {0, 4, 64}) {
          String what = rows + " rows of " + rowBytes + ", " + gap + " apart";
          // A segment of exactly the rows: to read beyond them would throw.
          try (Arena arena = Arena.ofConfined()) {
            long stride = rowBytes + gap;
            long bytes = (rows - 1) * stride + rowBytes;
            MemorySegment segment = arena.allocate(bytes + 8, 64).asSlice(8, bytes);
            for (long at = 0; at < bytes; at += Integer.BYTES) {
              segment.set(ValueLayout.JAVA_INT_UNALIGNED, at, 1);
            }
            int run = expected(gap == 0 ? rows * rowBytes : rowBytes);
            int all = gap == 0 || rows % 2 == 1 ? run : 0;
            assertEquals(all, ReadAhead.rows(segment, 0, rows, rowBytes, stride), what);
          }
        }
      }
    }
  }

  /** What is made of a run of ones. */
  private static int expected(long bytes) {
    int expected = 0;
    for (long at = 0; at < bytes; at += LINE_BYTES) {
      expected = 31 * expected + 1;
    }
    return expected;
  }

  @Test
  void rowsThatDoNotStayNearAreNotRead() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment segment = arena.allocate(ReadAhead.NEAR_BYTES, 64).fill((byte) 1);
      long half = ReadAhead.NEAR_BYTES / 2;
      assertFalse(ReadAhead.rows(segment, 0, 2, half, half) == 0);
      // Not even where there is nothing.
      assertEquals(0, ReadAhead.rows(segment, 0, 3, half, half));
    }
  }

  @Test
  void onlyLargeMatricesAndForTilesOnlyLongRows() {
    assertFalse(ReadAhead.pays((8 << 20) - 1));
    assertTrue(ReadAhead.pays(8 << 20));
    assertFalse(ReadAhead.paysForTiles((8 << 20) - 1, 512));
    assertFalse(ReadAhead.paysForTiles(8 << 20, 256));
    assertTrue(ReadAhead.paysForTiles(8 << 20, 257));
  }

  @Test
  void whatIsReadIsKept() {
    int before = ReadAhead.kept();
    ReadAhead.keep(5);
    assertEquals(before ^ 5, ReadAhead.kept());
  }
}
