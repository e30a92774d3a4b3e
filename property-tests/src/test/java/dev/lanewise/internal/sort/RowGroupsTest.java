package dev.lanewise.internal.sort;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;

/** The groups of a batch against those of a sorted map, which keeps the order of insertion. */
class RowGroupsTest {
  private static void check(RowGroups groups, long[] rows, int from, int count, long skip) {
    Map<Long, List<Long>> expected = new TreeMap<>();
    for (int i = 0; i < count; i++) {
      if (rows[from + i] != skip) {
        expected.computeIfAbsent(rows[from + i], row -> new ArrayList<>()).add((long) i);
      }
    }
    groups.group(rows, from, count, skip);
    Map<Long, List<Long>> actual = new TreeMap<>();
    for (int group = 0; group < groups.count(); group++) {
      assertEquals(true, group == 0 || groups.rows()[group - 1] < groups.rows()[group]);
      List<Long> positions = new ArrayList<>();
      for (int i = 0; i < groups.size(group); i++) {
        positions.add(groups.positions()[groups.start(group) + i]);
      }
      actual.put(groups.rows()[group], positions);
    }
    assertEquals(expected, actual);
  }

  @Property
  void groupsAreThoseOfAStableSort(
      @ForAll long seed,
      @ForAll @IntRange(max = 3000) int count,
      @ForAll @IntRange(min = 1, max = 45) int bits,
      @ForAll @LongRange(min = -1, max = 3) long skip) {
    SplittableRandom random = new SplittableRandom(seed);
    RowGroups groups = new RowGroups();
    // Used again with a larger and a smaller batch: nothing of the one before is left.
    for (int size : new int[] {count / 2, count, count / 3}) {
      long[] rows = random.longs(size + 2, 0, 1L << bits).toArray();
      check(groups, rows, 1, size, skip);
    }
  }

  @Example
  void edges() {
    RowGroups groups = new RowGroups();
    check(groups, new long[0], 0, 0, -1);
    check(groups, new long[] {7}, 0, 1, -1);
    check(groups, new long[] {7}, 0, 1, 7);
    check(groups, new long[] {Long.MAX_VALUE}, 0, 1, -1);
    check(groups, new long[5000], 0, 5000, -1);
    check(groups, new long[5000], 0, 5000, 0);
  }

  @Example
  void rowsAndPositionsThatDoNotFitTogether() {
    RowGroups groups = new RowGroups();
    var refusal =
        assertThrows(
            IllegalArgumentException.class,
            () -> groups.group(new long[] {0, Long.MAX_VALUE}, 2, -1));
    assertEquals(
        "a batch of 2 rows of so large a table cannot be sorted: split the batch",
        refusal.getMessage());
  }
}
