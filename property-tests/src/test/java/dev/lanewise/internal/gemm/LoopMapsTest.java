package dev.lanewise.internal.gemm;

import static dev.lanewise.Refusals.refused;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.internal.memory.ScratchPool;
import dev.lanewise.parallel.Parallelism;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.stream.LongStream;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;

/** Loops and where they go, and how sides are cut, against the plainest computation of the same. */
class LoopMapsTest {
  private static final int[] SIZES = {1, 1, 2, 3, 4};

  /** Loops that often can be folded: a stride is that of the next loop times its size, or any. */
  private static List<Loop> draw(Random random) {
    List<Loop> loops = new ArrayList<>();
    long[] next = {4, 4, 4};
    for (int i = random.nextInt(5); i > 0; i--) {
      long size = random.nextInt(30) == 0 ? 0 : SIZES[random.nextInt(SIZES.length)];
      long[] strides = new long[3];
      for (int operand = 0; operand < 3; operand++) {
        strides[operand] = random.nextInt(6) == 0 ? 4L * random.nextInt(5) : next[operand];
        next[operand] = size * strides[operand];
      }
      loops.addFirst(new Loop(size, strides[0], strides[1], strides[2]));
    }
    return loops;
  }

  /** No two neighbours that every operand would allow to be one, and none that runs once. */
  private static void assertFolded(List<Loop> folded) {
    for (int i = 0; i < folded.size(); i++) {
      Loop inner = folded.get(i);
      assertTrue(inner.size() != 1, folded::toString);
      if (i > 0) {
        Loop outer = folded.get(i - 1);
        assertFalse(
            outer.aStride() == inner.size() * inner.aStride()
                && outer.bStride() == inner.size() * inner.bStride()
                && outer.cStride() == inner.size() * inner.cStride(),
            folded::toString);
      }
    }
  }

  private static void assertSamePositions(List<long[]> expected, List<long[]> actual) {
    assertEquals(expected.size(), actual.size());
    for (int i = 0; i < expected.size(); i++) {
      assertArrayEquals(expected.get(i), actual.get(i));
    }
  }

  @Property(tries = 1000)
  void foldedLoopsAreFewerAndGoToTheSamePlaces(@ForAll long seed) {
    List<Loop> loops = draw(new Random(seed));
    List<Loop> folded = Loop.fold(loops);
    assertFolded(folded);
    assertSamePositions(LoopNests.positions(loops), LoopNests.positions(folded));
    assertEquals(folded, Loop.swapped(Loop.swapped(folded)));
    for (int i = 0; i < folded.size(); i++) {
      Loop loop = folded.get(i);
      assertEquals(
          new Loop(loop.size(), loop.bStride(), loop.aStride(), loop.cStride()),
          Loop.swapped(folded).get(i));
    }
  }

  @Property(tries = 1000)
  void loopsOfAnyOrderAreFoldedFromTheOneThatMovesFurthest(@ForAll long seed) {
    Random random = new Random(seed);
    List<Loop> loops = draw(random);
    Collections.shuffle(loops, random);
    List<Loop> folded = Loop.foldAnyOrder(loops);
    assertFolded(folded);
    for (int i = 1; i < folded.size(); i++) {
      assertTrue(folded.get(i - 1).cStride() >= folded.get(i).cStride(), folded::toString);
    }
    assertSamePositions(sorted(loops), sorted(folded));
  }

  private static List<long[]> sorted(List<Loop> loops) {
    return LoopNests.positions(loops).stream()
        .sorted(
            Comparator.<long[]>comparingLong(p -> p[0])
                .thenComparingLong(p -> p[1])
                .thenComparingLong(p -> p[2]))
        .toList();
  }

  @Property(tries = 1000)
  void aMapIsWhereTheLoopsGo(@ForAll long seed) {
    List<Loop> loops = draw(new Random(seed));
    List<long[]> positions = LoopNests.positions(loops);
    for (int operand : new int[] {Loop.A, Loop.B, Loop.C}) {
      OffsetMap map = OffsetMap.of(Loop.fold(loops), operand);
      assertEquals(positions.size(), map.count());
      boolean even = true;
      for (int i = 0; i < positions.size(); i++) {
        assertEquals(positions.get(i)[operand], map.at(i));
        even &= i == 0 || map.at(i) == i * map.at(1);
      }
      // What one stride describes has one.
      assertEquals(even, map.isStrided());
      if (map.count() > 1) {
        assertEquals(even ? map.at(1) : 0, map.strideBytes());
      }
      for (int size : new int[] {4, 8}) {
        assertEquals(
            even && (map.count() <= 1 || map.at(1) == size), map.isContiguous(size), map::toString);
      }
      assertFalse(map.isGatheredRows());
      assertEquals(
          map.count() + (even ? " by " + map.strideBytes() + " B" : " by table"), map.toString());
    }
  }

  @Property(tries = 300)
  void aMapThroughRowsIsWhereTheRowsLie(@ForAll long seed) {
    Random random = new Random(seed);
    List<Loop> loops = new ArrayList<>();
    for (Loop loop : draw(random)) {
      loops.add(new Loop(loop.size(), loop.aStride() / 4, 0, 0));
    }
    OffsetMap.Gather rows = new OffsetMap.Gather(4);
    OffsetMap places = OffsetMap.of(Loop.fold(loops), Loop.A);
    OffsetMap map = places.through(rows);
    long[] chosen = random.longs(1 + LoopNests.extent(Loop.A, loops), 0, 1000).toArray();
    rows.set(chosen, 24);
    for (int i = 0; i < map.count(); i++) {
      assertEquals(24 * chosen[(int) places.at(i)], map.at(i));
    }
    assertFalse(map.isStrided());
    assertFalse(map.isContiguous(4));
    assertEquals(places.isStrided() && places.strideBytes() == 1, map.isGatheredRows());
  }

  @Example
  void moreThanATableHoldsIsRefused() {
    // 65,536 x 32,768 positions are 2^31.
    List<Loop> loops = List.of(new Loop(65_536, 4, 0, 0), new Loop(32_768, 4, 0, 0));
    refused(
        IllegalArgumentException.class,
        "a group of dimensions that cannot be folded has 2147483648 positions,"
            + " more than a table holds",
        () -> OffsetMap.of(loops, Loop.A));
    assertEquals(1L << 31, OffsetMap.of(loops, Loop.B).count());
  }

  // ---- Sizes

  @Property(tries = 1000)
  void blocksAreAsEqualAsMayBe(
      @ForAll @LongRange(max = 3000) long size,
      @ForAll @IntRange(min = 1, max = 20) int units,
      @ForAll @IntRange(min = 1, max = 40) int unit) {
    int most = units * unit;
    int block = Blocking.balanced(size, most, unit);
    assertEquals(0, block % unit);
    assertTrue(block >= unit && block <= most);
    long fewest = (size + most - 1) / most;
    assertEquals(fewest, (size + block - 1) / block, "no more blocks than need be");
    assertTrue(
        block == unit || (size + block - unit - 1) / (block - unit) > fewest,
        "a smaller size would not do");
  }

  @Property(tries = 500)
  void aPanelTakesTheVectorsThatItNeeds(
      @ForAll @IntRange(min = 1, max = 100) int columns,
      @ForAll @IntRange(min = 1, max = 16) int lanes,
      @ForAll @IntRange(max = 3) int log) {
    int most = 1 << log;
    int needed = Blocking.vectorsNeeded(columns, lanes, most);
    assertEquals(1, Integer.bitCount(needed));
    assertTrue(needed <= most);
    assertTrue(needed == 1 || (needed - 1) * lanes < columns, "the last one has a column");
    assertTrue(needed == most || (2 * needed - 1) * lanes >= columns, "the largest that has");
    int covering = Blocking.vectorsCovering(columns, lanes);
    assertEquals(1, Integer.bitCount(covering));
    assertTrue(covering * lanes >= columns);
    assertTrue(covering == 1 || covering / 2 * lanes < columns, "the smallest that does");
  }

  // ---- Parts

  @Property(tries = 1000)
  void partsCoverARangeOnceAndAreAboutEqual(
      @ForAll @LongRange(min = 1, max = 40) long batch,
      @ForAll @LongRange(min = 1, max = 300) long rows,
      @ForAll @LongRange(min = 1, max = 300) long columns,
      @ForAll @IntRange(min = 1, max = 20) int parts,
      @ForAll @IntRange(min = 1, max = 40) int unit,
      @ForAll boolean whole) {
    Range all =
        whole
            ? Range.whole(batch, rows, columns)
            : new Range(5, 5 + batch, 70, 70 + rows, 600, 600 + columns);
    assertParts(all, parts, unit);
  }

  /** Where it is a matter of one row, column or part which side is cut. */
  @Example
  void sidesAtTheLimits() {
    for (long n : new long[] {63, 64, 65}) {
      assertParts(Range.whole(1, 64, n), 2, 8);
      assertParts(Range.whole(1, 9, n), 2, 32);
      assertParts(Range.whole(n, 9, 9), 64, 8);
    }
  }

  private static void assertParts(Range all, int parts, int unit) {
    Range[] ranges = all.split(parts, unit);
    long rows = all.rowTo() - all.rowFrom();
    long columns = all.columnTo() - all.columnFrom();
    boolean byBatch = all.batchTo() - all.batchFrom() >= parts;
    boolean byColumns = !byBatch && columns >= rows && columns >= 2L * unit;
    long end = byBatch ? all.batchTo() : byColumns ? all.columnTo() : all.rowTo();
    long start = byBatch ? all.batchFrom() : byColumns ? all.columnFrom() : all.rowFrom();
    int step = byColumns ? unit : 1;
    assertEquals(Math.min(parts, (end - start) / step), ranges.length);
    long next = start;
    long[] lengths = new long[ranges.length];
    for (int i = 0; i < ranges.length; i++) {
      Range range = ranges[i];
      long to = byBatch ? range.batchTo() : byColumns ? range.columnTo() : range.rowTo();
      assertEquals(
          new Range(
              byBatch ? next : all.batchFrom(),
              byBatch ? to : all.batchTo(),
              byBatch || byColumns ? all.rowFrom() : next,
              byBatch || byColumns ? all.rowTo() : to,
              byColumns ? next : all.columnFrom(),
              byColumns ? to : all.columnTo()),
          range);
      assertTrue(to - next >= step && !range.isEmpty());
      assertTrue(to == end || (to - start) % step == 0);
      lengths[i] = to - next;
      next = to;
    }
    assertEquals(end, next);
    // The last one also has what is no whole unit.
    assertTrue(
        LongStream.of(lengths).max().orElseThrow() - LongStream.of(lengths).min().orElseThrow()
            < 2L * step);
  }

  @Example
  void nothingToComputeIsEmpty() {
    assertFalse(Range.whole(1, 1, 1).isEmpty());
    assertTrue(Range.whole(0, 1, 1).isEmpty());
    assertTrue(Range.whole(1, 0, 1).isEmpty());
    assertTrue(Range.whole(1, 1, 0).isEmpty());
  }

  @Example
  void workIsDividedWhereAThreadIsWorthWaking() {
    Parallelism four = Parallelism.of(Runnable::run, 4);
    double thread = 1 << 20;
    assertEquals(1, parts(2 * thread - 1, four));
    assertEquals(2, parts(2 * thread, four));
    assertEquals(3, parts(3.5 * thread, four));
    assertEquals(8, parts(8 * thread, four));
    assertEquals(8, parts(1e30, four));
    assertEquals(4, parts(1e30, Parallelism.of(Runnable::run, 2)));
    assertEquals(1, parts(1e30, Parallelism.NONE));
  }

  private static int parts(double multiplyAdds, Parallelism parallelism) {
    return new Division(Range.whole(9, 9, 9), multiplyAdds, 32).parts(parallelism);
  }

  @Example
  void aDivisionRunsItsPartsOrNothing() {
    List<Range> seen = Collections.synchronizedList(new ArrayList<>());
    MatrixProgram program =
        (a, aOffset, b, bOffset, c, cOffset, accumulate, range) -> {
          assertEquals(List.of(1L, 2L, 3L), List.of(aOffset, bOffset, cOffset));
          assertTrue(accumulate);
          seen.add(range);
        };
    Parallelism four = Parallelism.of(Runnable::run, 4);
    for (Division division :
        List.of(
            new Division(Range.whole(9, 9, 9), 5 << 20, 32),
            new Division(Range.whole(9, 9, 9), 1 << 20, 32),
            new Division(Range.whole(9, 0, 9), 1e30, 32))) {
      seen.clear();
      MemorySegment none = MemorySegment.NULL;
      division.run(program, none, 1, none, 2, none, 3, true, four);
      Range whole = division.whole();
      assertEquals(
          whole.isEmpty()
              ? List.of()
              : division.parts(four) == 1 ? List.of(whole) : List.of(whole.split(5, 32)),
          seen);
    }
  }

  // ---- Scratch memory

  @Example
  void scratchGrowsAndIsKept() {
    ScratchPool<Workspace<float[]>> pool = Workspace.pool(float[]::new);
    Workspace<float[]> workspace = pool.take();
    float[] rows = workspace.packedA(100);
    assertEquals(100, rows.length);
    assertSame(rows, workspace.packedA(100));
    assertSame(rows, workspace.packedA(7));
    assertEquals(101, workspace.packedA(101).length);
    List<MemorySegment> segments =
        List.of(workspace.packedB(1000), workspace.tile(1000), workspace.staging(1000));
    for (MemorySegment segment : segments) {
      assertEquals(1000, segment.byteSize());
      assertEquals(0, segment.address() % 64);
    }
    assertSame(segments.get(0), workspace.packedB(1000));
    assertSame(segments.get(1), workspace.tile(1000));
    assertSame(segments.get(2), workspace.staging(1000));
    assertSame(segments.get(2), workspace.staging(0));
    assertEquals(1001, workspace.packedB(1001).byteSize());
    assertEquals(1001, workspace.tile(1001).byteSize());
    assertEquals(1001, workspace.staging(1001).byteSize());
    pool.giveBack(workspace);
    assertSame(workspace, pool.take());
    assertNotSame(workspace, pool.take());
  }
}
