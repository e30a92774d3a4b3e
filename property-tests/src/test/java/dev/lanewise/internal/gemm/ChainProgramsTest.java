package dev.lanewise.internal.gemm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.lanewise.MappedFiles;
import dev.lanewise.internal.gemm.SlicingProgram.Operand;
import dev.lanewise.internal.kernel.ContractionKernels;
import dev.lanewise.internal.kernel.DirectKernels;
import dev.lanewise.internal.kernel.ElementType;
import dev.lanewise.internal.kernel.KernelSet;
import dev.lanewise.internal.kernel.Numbers;
import dev.lanewise.internal.kernel.PackedRows;
import dev.lanewise.internal.memory.ScratchPool;
import dev.lanewise.parallel.Parallelism;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Tag;

/**
 * Products of matrices over loops of any sizes and strides, by every program that can compute them,
 * not only the one that is chosen: whole and in parts, both types and both backends, against the
 * definition in the documented order, to the bit. What is not an output's element stays as it is,
 * and a part writes no other's.
 */
@Tag("lanes")
class ChainProgramsTest {
  private static final int[] SIZES = {
    1, 2, 3, 4, 5, 7, 8, 9, 13, 14, 15, 16, 17, 29, 31, 32, 33, 40, 65, 70, 100, 257, 300
  };
  private static final long MOST_STEPS = 20_000;

  /** Columns at whose multiples a product may be cut: two of the widest vectors. */
  private static final int COLUMN_UNIT = 32;

  /** Of all the ways to lay out a tensor, those that have programs of their own are drawn often. */
  private static final int LAYOUTS = 4;

  private static final int TABLE_ROWS = 8;

  /** The loops of a product, with strides in elements. */
  private record Case(List<Loop> batch, List<Loop> m, List<Loop> n, List<Loop> k) {
    static Case of(long[] sizes, int[] ends, long[] a, long[] b, long[] c) {
      List<List<Loop>> groups = new ArrayList<>();
      int at = 0;
      for (int end : ends) {
        List<Loop> loops = new ArrayList<>();
        for (; at < end; at++) {
          loops.add(new Loop(sizes[at], a[at], b[at], c[at]));
        }
        groups.add(loops);
      }
      return new Case(groups.get(0), groups.get(1), groups.get(2), groups.get(3));
    }

    /** {@code ik,kj->ij}, all side by side. */
    static Case matrices(long m, long n, long k) {
      return new Case(
          List.of(),
          List.of(new Loop(m, k, 0, n)),
          List.of(new Loop(n, 0, 1, 1)),
          List.of(new Loop(k, 1, n, 0)));
    }

    /** {@code bik,bkj->bij}, all side by side. */
    static Case batched(long batch, long m, long n, long k) {
      Case one = matrices(m, n, k);
      return one.with(LoopGroup.BATCH, List.of(new Loop(batch, m * k, k * n, m * n)));
    }

    /** {@code ik,jk->ij}, all side by side. */
    static Case transposed(long m, long n, long k) {
      return new Case(
          List.of(),
          List.of(new Loop(m, k, 0, n)),
          List.of(new Loop(n, 0, k, 1)),
          List.of(new Loop(k, 1, 1, 0)));
    }

    /** {@code ik,kj->ij} of every second column, and of some rows more than there are. */
    static Case everySecond(long m, long n, long k) {
      return new Case(
          List.of(),
          List.of(new Loop(m, 2 * k + 3, 0, 2 * n + 1)),
          List.of(new Loop(n, 0, 2, 2)),
          List.of(new Loop(k, 2, 2 * n, 0)));
    }

    /** In the order of {@link LoopGroup}. */
    List<List<Loop>> groups() {
      return List.of(batch, m, n, k);
    }

    Case with(LoopGroup group, List<Loop> loops) {
      List<List<Loop>> groups = new ArrayList<>(groups());
      groups.set(group.ordinal(), loops);
      return new Case(groups.get(0), groups.get(1), groups.get(2), groups.get(3));
    }

    int extent(int operand) {
      return LoopNests.extent(operand, batch, m, n, k);
    }

    Case inBytes(int size) {
      return new Case(
          LoopNests.inBytes(batch, size),
          LoopNests.inBytes(m, size),
          LoopNests.inBytes(n, size),
          LoopNests.inBytes(k, size));
    }

    ChainLoops folded() {
      return ChainLoops.folded(batch, m, n, k);
    }

    Nest nest(KernelSet kernels, ElementType type) {
      return new Nest(kernels, type, Program.CHAIN, batch, m, n, k);
    }
  }

  private static Case draw(Random random) {
    int[] counts = new int[4];
    for (int group = 0; group < counts.length; group++) {
      counts[group] = random.nextInt(3) == 0 ? random.nextInt(3) : 1;
    }
    counts[0] = random.nextBoolean() ? 0 : counts[0];
    int[] ends = counts.clone();
    Arrays.parallelPrefix(ends, Integer::sum);
    long[] sizes = new long[ends[3]];
    List<Integer> order = new ArrayList<>();
    for (int i = 0; i < sizes.length; i++) {
      order.add(i);
    }
    Collections.shuffle(order, random);
    long steps = 1;
    for (int i : order) {
      long size = random.nextInt(60) == 0 ? 0 : SIZES[random.nextInt(SIZES.length)];
      // Of what is left, so that no group is always the one that gets nothing.
      sizes[i] = steps * size > MOST_STEPS ? Math.min(size, MOST_STEPS / steps) : size;
      steps *= Math.max(1, sizes[i]);
    }
    return Case.of(
        sizes,
        ends,
        strides(random, sizes, ends, 0.9, 0, 1, 3),
        strides(random, sizes, ends, 0.9, 0, 3, 2),
        strides(random, sizes, ends, 1, 0, 1, 2));
  }

  /** A tensor of three of the groups. */
  private static long[] strides(
      Random random, long[] sizes, int[] ends, double share, int batch, int rows, int columns) {
    int layout = random.nextInt(LAYOUTS);
    List<Integer> order = new ArrayList<>();
    for (int group :
        layout == 0 ? new int[] {rows, columns, batch} : new int[] {columns, rows, batch}) {
      for (int i = ends[group] - 1; i >= (group == 0 ? 0 : ends[group - 1]); i--) {
        order.add(i);
      }
    }
    if (layout == 1) {
      Collections.shuffle(order, random);
    }
    return LoopNests.strides(random, sizes, order, share);
  }

  @Property(tries = 200)
  void everyProgramGivesTheBitsOfTheDefinition(@ForAll long seed) {
    Random random = new Random(seed);
    check(draw(random), random);
  }

  /** Sizes at which tiles, panels and blocks of all sides begin and end. */
  @Example
  void largeOnes() {
    Random random = new Random(2);
    // More rows than a block, more columns than one, both with a last tile that is not whole.
    check(Case.matrices(270, 65, 3), random);
    check(Case.transposed(141, 1070, 2), random);
    // Panels of several blocks of the sum, which more rows than a block use again.
    check(Case.transposed(131, 17, 300), random);
    check(Case.matrices(3, 32, 300), random);
    check(Case.matrices(3, 63, 520), random);
  }

  /** Rows of C that are stored over one another, in one block of the sum and in two. */
  @Example
  void fewColumns() {
    Random random = new Random(7);
    for (int n = 2; n <= 15; n++) {
      check(Case.batched(2, 64 + n, n, 5 + n), false, random);
      check(Case.matrices(70, n, 257), random);
    }
    // More rows than are added at a time.
    check(Case.matrices(257, 3, 9), true, random);
    check(Case.matrices(257, 5, 9), true, random);
  }

  /** One and two rows, which meet two panels at once; C's rows or its columns side by side. */
  @Example
  void fewRowsOfTwoPanels() {
    Random random = new Random(9);
    for (int m = 1; m <= 3; m++) {
      for (int n = 5; n <= 140; n += 9) {
        for (int k : new int[] {9, 257}) {
          Case rows = Case.matrices(m, n, k);
          Case columns =
              rows.with(LoopGroup.M, List.of(new Loop(m, k, 0, 1)))
                  .with(LoopGroup.N, List.of(new Loop(n, 0, 1, m)));
          check(rows, random);
          check(columns, random);
        }
      }
    }
  }

  /** What lies apart in the operands is packed, and the output leaves room between its numbers. */
  @Example
  void everySecondColumn() {
    Random random = new Random(10);
    for (int n : new int[] {3, 8, 16, 17, 33, 70}) {
      for (int k : new int[] {40, 257}) {
        check(Case.everySecond(n, n, k), random);
        check(Case.everySecond(5, n, k), true, random);
        // A's columns and B's rows lie closer together than what they are columns and rows of.
        Case across =
            new Case(
                List.of(),
                List.of(new Loop(n, 2, 0, n)),
                List.of(new Loop(9, 0, 2 * k, n * n)),
                List.of(new Loop(k, 2 * n + 2, 2, 0)));
        check(across, random);
      }
    }
  }

  /** Mapped operands have no slices that kernels could read: they are packed. */
  @Example
  void mappedOperands() {
    Random random = new Random(8);
    for (boolean accumulate : new boolean[] {false, true}) {
      for (Case loops :
          List.of(
              Case.matrices(5, 20, 9), // one panel
              Case.batched(2, 5, 90, 9),
              Case.everySecond(17, 40, 33),
              Case.transposed(9, 20, 9), // B packed
              Case.transposed(20, 40, 40), // the same by rows that are transposed
              Case.transposed(1, 40, 40), // one row
              Case.matrices(70, 5, 9))) { // few columns
        for (ElementType type : ElementType.values()) {
          Operands operands = new Operands(loops, type, accumulate, random);
          for (Set<Integer> mapped : List.of(Set.of(Loop.A), Set.of(Loop.B, Loop.C))) {
            operands.mapped = mapped;
            check(operands);
          }
        }
      }
    }
  }

  /** One row and the columns of a matrix, a vector of them or fewer at a time. */
  @Example
  void oneRow() {
    Random random = new Random(9);
    for (int k : new int[] {1, 3, 4, 7, 8, 9, 15, 40, 256, 259, 264, 513}) {
      // Of the last, fewer columns than a vector are left behind 1 KiB of them.
      for (int n : new int[] {2, 4, 8, 16, 17, 33, 70, 300, 257}) {
        check(Case.transposed(1, n, k), random);
      }
      check(
          Case.transposed(1, 40, k).with(LoopGroup.BATCH, List.of(new Loop(3, k, 40 * k, 40))),
          random);
    }
  }

  /** Few rows, few columns, long sums and one term: what small programs count by themselves. */
  @Example
  void thinOnes() {
    Random random = new Random(5);
    for (int k : new int[] {0, 1, 255, 256, 257, 300, 512, 520}) {
      for (int[] mn : new int[][] {{1, 20}, {2, 3}, {1, 33}, {3, 17}}) {
        check(Case.matrices(mn[0], mn[1], k), random);
        check(Case.batched(3, mn[0], mn[1], k), random);
      }
    }
    // One term, in parts of the columns too.
    for (int i = 0; i < 4; i++) {
      check(Case.batched(2, 5, 100, 1), false, random);
    }
    // One row whose result is computed some columns at a time.
    check(Case.batched(2, 1, 4100, 3), false, random);
    check(Case.batched(2, 1, 4100, 3), true, random);
  }

  /** So many columns that not all blocks of the sum are packed at a time. */
  @Example
  void moreThanIsPackedAtATime() {
    Random random = new Random(3);
    checkBlocked(Case.transposed(2, 9001, 300), ElementType.FLOAT32, random);
    checkBlocked(Case.matrices(15, 4700, 260), ElementType.FLOAT32, random);
    // A large B that more rows use than a block has.
    checkBlocked(Case.matrices(161, 523, 130), ElementType.FLOAT32, random);
    // And both.
    checkBlocked(Case.transposed(65, 1370, 520), ElementType.FLOAT64, random);
  }

  private static void checkBlocked(Case loops, ElementType type, Random random) {
    Operands operands = new Operands(loops, type, false, random);
    MatrixMaps maps = operands.inBytes.folded().maps();
    operands.check("blocked", Gemm.of(KernelSet.vector(), type, maps), maps);
  }

  /**
   * A part of packed columns whose last block is narrower than a vector: what is computed again
   * with it belongs to a block whose sums are complete.
   */
  @Example
  void aPackedPartMayEndInANarrowBlock() {
    int n = 17 * 64 + 3;
    Operands operands =
        new Operands(Case.matrices(128, n, 257), ElementType.FLOAT32, false, new Random(4));
    MatrixMaps maps = operands.inBytes.folded().maps();
    Gemm<?> packing = Gemm.of(KernelSet.vector(), operands.type, maps);
    Gemm<?> program = Gemm.prepacked(KernelSet.vector(), operands.type, maps);
    int unit = packing.columnUnit();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment panels = arena.allocate(packing.packedBytes(), 64);
      // Blocks of a half of the columns: the second part is such a block and three columns.
      for (long cut = 448; cut <= 576; cut += unit) {
        Range[] parts = {new Range(0, 1, 0, 128, 0, cut), new Range(0, 1, 0, 128, cut, n)};
        operands.checkWhole(
            "packed, cut at " + cut,
            (a, b, c) -> {
              packing.pack(b, 0, panels, 0);
              for (Range part : parts) {
                program.run(a, 0, panels, 0, c, 0, false, part);
              }
            });
      }
    }
  }

  /** No block of no terms is added behind the last, which would make a zero positive. */
  @Example
  void aProductTooSmallForTheTypeKeepsItsSign() {
    Random random = new Random(6);
    for (int[] mnk :
        new int[][] {
          {1, 20, 256}, {3, 20, 256}, {3, 20, 512}, {64, 3, 256}, {64, 5, 256}, {64, 5, 512}
        }) {
      Case loops = Case.batched(2, mnk[0], mnk[1], mnk[2]);
      for (ElementType type : ElementType.values()) {
        double small = type == ElementType.FLOAT32 ? 0x1p-100 : 0x1p-600;
        double[] x = new double[loops.extent(Loop.A)];
        for (int i = 255; i < x.length; i += 256) {
          x[i] = -small;
        }
        double[] y = new double[loops.extent(Loop.B)];
        Arrays.fill(y, small);
        Operands operands = new Operands(loops, type, false, random, x, y);
        assertEquals(-0.0, operands.expected[0]);
        check(operands);
      }
    }
  }

  private static void check(Case loops, Random random) {
    check(loops, random.nextInt(3) == 0, random);
  }

  private static void check(Case loops, boolean accumulate, Random random) {
    for (ElementType type : ElementType.values()) {
      Operands operands = new Operands(loops, type, accumulate, random);
      check(operands);
    }
  }

  private static void check(Operands operands) {
    for (KernelSet set : new KernelSet[] {KernelSet.scalar(), KernelSet.vector()}) {
      if (operands.type == ElementType.FLOAT32) {
        checkPrograms(operands, set.float32());
      } else {
        checkPrograms(operands, set.float64());
      }
      checkNests(operands, set);
      checkPrepacked(operands, set);
    }
  }

  /** Every program that can compute a product, over maps in both orders of the factors. */
  private static <A> void checkPrograms(Operands operands, ContractionKernels<A> kernels) {
    ChainLoops loops = operands.inBytes.folded();
    for (boolean swapped : new boolean[] {false, true}) {
      MatrixMaps maps = (swapped ? loops.swapped() : loops).maps();
      for (MatrixProgram program : programs(maps, kernels)) {
        operands.swapped = swapped;
        operands.check(kernels.tiles().lanes() + " lanes", program, maps);
      }
    }
  }

  private static <A> List<MatrixProgram> programs(MatrixMaps maps, ContractionKernels<A> kernels) {
    int size = kernels.type().sizeBytes();
    List<MatrixProgram> programs = new ArrayList<>();
    programs.add(new Gemm<>(maps, kernels, pool(kernels)));
    if (PackedFactorProgram.reads(maps, kernels)) {
      programs.add(
          slicing(
              Operand.A, new PackedFactorProgram<>(maps, kernels, pool(kernels)), maps, kernels));
    }
    if (GemvProgram.fits(maps, kernels)) {
      programs.add(
          slicing(Operand.B, new GemvProgram<>(maps, kernels, pool(kernels)), maps, kernels));
    }
    if (!OutputBlocks.isDirect(maps.cRows(), maps.cColumns(), size)) {
      for (MatrixProgram one : programs(ScatteredOutputProgram.sideBySide(maps, size), kernels)) {
        programs.add(new ScatteredOutputProgram<>(maps, one, kernels, pool(kernels)));
      }
    }
    if (maps.isStrided()) {
      programs.add(new StridedProgram(maps, kernels.strided()));
      if (FewColumnsProgram.fits(maps, kernels)) {
        programs.add(
            slicing(
                Operand.A, new FewColumnsProgram<>(maps, kernels, pool(kernels)), maps, kernels));
      }
      if (maps.bColumns().isContiguous(size) && maps.cColumns().isContiguous(size)) {
        if (maps.m() == 1) {
          programs.add(new StreamProgram<>(maps, kernels, pool(kernels)));
        }
        for (DirectKernels direct : kernels.direct()) {
          if (direct.lanes() <= maps.n() && maps.k() > 0) {
            DirectProgram<A> program = new DirectProgram<>(maps, direct, kernels, pool(kernels));
            MatrixProgram general = slicing(Operand.A, program, maps, kernels);
            programs.add(general);
            int vectors = program.vectors((int) maps.n());
            if (TileProgram.fits(maps, direct, vectors)) {
              programs.add(new TileProgram(maps, direct, vectors, general, size));
            }
            if (maps.k() == 1) {
              programs.add(new OuterProductProgram(maps, kernels.products(), general, size));
            }
          }
        }
      }
    }
    return programs;
  }

  private static <A> MatrixProgram slicing(
      Operand sliced, MatrixProgram program, MatrixMaps maps, ContractionKernels<A> kernels) {
    return new SlicingProgram(sliced, program, maps, kernels, pool(kernels));
  }

  /** A program's own, which no other one has made grow. */
  private static <A> ScratchPool<Workspace<A>> pool(ContractionKernels<A> kernels) {
    return Workspace.pool(kernels.arrays());
  }

  /** What a caller outside of the package gets, and operands that were packed beforehand. */
  private static void checkNests(Operands operands, KernelSet set) {
    Case loops = operands.inBytes;
    Nest nest = loops.nest(set, operands.type);
    operands.checkWhole(
        set.description() + ", " + nest,
        (a, b, c) -> nest.run(a, 0, b, 0, c, 0, operands.accumulate, Parallelism.NONE));
    for (int packed : new int[] {0, 1}) {
      PackedNest packedNest =
          new PackedNest(set, operands.type, packed, loops.batch, loops.m, loops.n, loops.k);
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment panels = arena.allocate(packedNest.packedBytes(), 64);
        operands.checkWhole(
            set.description() + ", operand " + packed + " of " + packedNest,
            (a, b, c) -> {
              packedNest.pack(packed == 0 ? a : b, 0, panels);
              packedNest.run(
                  packed == 0 ? b : a, 0, panels, c, 0, operands.accumulate, Parallelism.NONE);
            });
      }
    }
  }

  /** A B that was packed beforehand, in parts: its columns are cut between panels. */
  private static void checkPrepacked(Operands operands, KernelSet set) {
    MatrixMaps maps = operands.inBytes.folded().maps();
    if (maps.batch() != 1) {
      return;
    }
    Gemm<?> packing = Gemm.of(set, operands.type, maps);
    Gemm<?> program = Gemm.prepacked(set, operands.type, maps);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment panels = arena.allocate(packing.packedBytes() + 8, 64);
      operands.checkWhole(
          "prepacked",
          (a, b, c) -> {
            packing.pack(b, 0, panels, 8);
            for (Range part : operands.split(program, maps, packing.columnUnit())) {
              byte[] before = c.toArray(ValueLayout.JAVA_BYTE);
              program.run(a, 0, panels, 8, c, 0, operands.accumulate, part);
              Operands.assertNothingElseWritten(part, maps, operands.type.sizeBytes(), before, c);
            }
          });
    }
  }

  /** One operand is made of rows of a table: the product of the rows laid out. */
  @Property(tries = 150)
  void gatheredRowsGiveTheBitsOfTheirCopy(@ForAll long seed) {
    Random random = new Random(seed);
    Case drawn = draw(random);
    int operand = random.nextInt(2);
    LoopGroup side = operand == Loop.A ? LoopGroup.M : LoopGroup.N;
    LoopGroup group = List.of(side, LoopGroup.K, LoopGroup.BATCH).get(random.nextInt(3));
    Gathered gathered = Gathered.of(drawn, operand, group, random);
    int pitch = gathered.rowLength + random.nextInt(3);
    long[] rows = random.longs(gathered.places, 0, TABLE_ROWS).toArray();
    double[] table = LoopNests.numbers(random, TABLE_ROWS * pitch);
    double[] copy = new double[gathered.places * gathered.rowLength];
    for (int i = 0; i < copy.length; i++) {
      copy[i] = table[(int) rows[i / gathered.rowLength] * pitch + i % gathered.rowLength];
    }
    double[] other = LoopNests.numbers(random, drawn.extent(1 - operand));
    for (ElementType type : ElementType.values()) {
      Operands operands =
          new Operands(
              gathered.copied,
              type,
              random.nextInt(3) == 0,
              random,
              operand == Loop.A ? copy : other,
              operand == Loop.A ? other : copy);
      Case loops = gathered.inBytes(operand, group, type.sizeBytes());
      for (KernelSet set : new KernelSet[] {KernelSet.scalar(), KernelSet.vector()}) {
        GatheredNest nest =
            new GatheredNest(set, type, operand, group, loops.batch, loops.m, loops.n, loops.k);
        try (Arena arena = Arena.ofConfined()) {
          Numbers from = operands.place(arena, Loop.A, table);
          operands.checkWhole(
              set.description() + ", " + group + " of operand " + operand + ", " + nest,
              (a, b, c) ->
                  nest.run(
                      rows,
                      (long) pitch * type.sizeBytes(),
                      operand == Loop.A ? from.segment() : a,
                      operand == Loop.A ? from.offsetBytes() : 0,
                      operand == Loop.A ? b : from.segment(),
                      operand == Loop.A ? 0 : from.offsetBytes(),
                      c,
                      0,
                      operands.accumulate,
                      Parallelism.NONE));
          from.assertHolds("the table", table);
        }
      }
    }
  }

  /**
   * A product one of whose operands is gathered.
   *
   * @param copied where that operand is a copy of its rows, one behind the other
   * @param listed where its strides in the group are places in the list of rows
   * @param rowLength the elements of a row that it reads
   * @param places how many rows are listed
   */
  private record Gathered(Case copied, Case listed, int rowLength, int places) {
    static Gathered of(Case drawn, int operand, LoopGroup group, Random random) {
      int rowLength = Math.max(1, drawn.with(group, List.of()).extent(operand));
      List<Loop> loops = drawn.groups().get(group.ordinal());
      Loop[] copied = new Loop[loops.size()];
      Loop[] listed = new Loop[loops.size()];
      boolean backwards = random.nextInt(4) == 0;
      int places = random.nextInt(8) == 0 ? 2 : 1;
      for (int i = 0; i < copied.length; i++) {
        int at = backwards ? i : copied.length - 1 - i;
        copied[at] = moving(loops.get(at), operand, (long) places * rowLength);
        listed[at] = moving(loops.get(at), operand, places);
        places *= Math.max(1, (int) loops.get(at).size());
      }
      return new Gathered(
          drawn.with(group, List.of(copied)),
          drawn.with(group, List.of(listed)),
          rowLength,
          places);
    }

    private static Loop moving(Loop loop, int operand, long stride) {
      return operand == Loop.A
          ? new Loop(loop.size(), stride, loop.bStride(), loop.cStride())
          : new Loop(loop.size(), loop.aStride(), stride, loop.cStride());
    }

    /** Strides in bytes, but for those that are places. */
    Case inBytes(int operand, LoopGroup group, int size) {
      List<Loop> loops = new ArrayList<>();
      for (Loop loop : listed.groups().get(group.ordinal())) {
        long place = loop.strideBytes(operand);
        loops.add(moving(LoopNests.inBytes(List.of(loop), size).getFirst(), operand, place));
      }
      return listed.inBytes(size).with(group, loops);
    }
  }

  private interface Run {
    void run(MemorySegment a, MemorySegment b, MemorySegment c);
  }

  /** The numbers of a case, and what must become of them. */
  private static final class Operands {
    final Case loops;
    final Case inBytes;
    final ElementType type;
    final boolean accumulate;
    final Random random;
    final double[] x;
    final double[] y;
    final double[] old;
    final double[] expected;
    boolean swapped;

    /** Which of them lie in mapped files. */
    Set<Integer> mapped = Set.of();

    Operands(Case loops, ElementType type, boolean accumulate, Random random) {
      this(
          loops,
          type,
          accumulate,
          random,
          LoopNests.numbers(random, loops.extent(Loop.A)),
          LoopNests.numbers(random, loops.extent(Loop.B)));
    }

    Operands(
        Case loops, ElementType type, boolean accumulate, Random random, double[] x, double[] y) {
      this.loops = loops;
      this.inBytes = loops.inBytes(type.sizeBytes());
      this.type = type;
      this.accumulate = accumulate;
      this.random = random;
      this.x = x;
      this.y = y;
      this.old = LoopNests.numbers(random, loops.extent(Loop.C));
      this.expected = expected();
    }

    private double[] expected() {
      double[] values = old.clone();
      int[] aTerms = LoopNests.positions(loops.k).stream().mapToInt(p -> (int) p[Loop.A]).toArray();
      int[] bTerms = LoopNests.positions(loops.k).stream().mapToInt(p -> (int) p[Loop.B]).toArray();
      List<Loop> outputs = new ArrayList<>(loops.batch);
      outputs.addAll(loops.m);
      outputs.addAll(loops.n);
      for (long[] output : LoopNests.positions(outputs)) {
        int a = (int) output[Loop.A];
        int b = (int) output[Loop.B];
        int c = (int) output[Loop.C];
        boolean add = accumulate;
        int t = 0;
        do { // a sum over nothing is 0
          int end = Math.min(t + PackedRows.LENGTH, aTerms.length);
          double chain = 0;
          for (; t < end; t++) {
            chain = Numbers.fma(type, x[a + aTerms[t]], y[b + bTerms[t]], chain);
          }
          values[c] = add ? Numbers.add(type, values[c], chain) : chain;
          add = true;
        } while (t < aTerms.length);
      }
      return values;
    }

    /** Runs something that computes the whole product. */
    void checkWhole(String what, Run run) {
      try (Arena arena = Arena.ofConfined()) {
        Numbers a = place(arena, Loop.A, x);
        Numbers b = place(arena, Loop.B, y);
        Numbers c = place(arena, Loop.C, old);
        run.run(a.exact(), b.exact(), c.exact());
        String text = type + " " + loops + ", " + what;
        c.assertHolds(text, expected);
        a.assertHolds(text, x);
        b.assertHolds(text, y);
      }
    }

    /** Runs a program whole, and in parts as far as it can be divided. */
    void check(String what, MatrixProgram program, MatrixMaps maps) {
      Range whole = maps.whole();
      if (whole.isEmpty()) {
        return;
      }
      for (Range[] parts : List.of(new Range[] {whole}, split(program, maps, COLUMN_UNIT))) {
        checkWhole(
            what + ", " + maps.describe(program) + " in " + parts.length,
            (a, b, c) -> {
              for (Range part : parts) {
                byte[] before = c.toArray(ValueLayout.JAVA_BYTE);
                program.run(swapped ? b : a, 0, swapped ? a : b, 0, c, 0, accumulate, part);
                assertNothingElseWritten(part, maps, type.sizeBytes(), before, c);
              }
            });
      }
    }

    private static void assertNothingElseWritten(
        Range part, MatrixMaps maps, int elementBytes, byte[] before, MemorySegment c) {
      byte[] after = c.toArray(ValueLayout.JAVA_BYTE);
      for (long i = part.batchFrom(); i < part.batchTo(); i++) {
        for (long row = part.rowFrom(); row < part.rowTo(); row++) {
          for (long column = part.columnFrom(); column < part.columnTo(); column++) {
            int at =
                (int) (maps.cBatch().at(i) + maps.cRows().at(row) + maps.cColumns().at(column));
            System.arraycopy(before, at, after, at, elementBytes);
          }
        }
      }
      assertArrayEquals(before, after, () -> part + " wrote another's elements");
    }

    private Range[] split(MatrixProgram program, MatrixMaps maps, int columnUnit) {
      Range whole = maps.whole();
      if (program instanceof TileProgram) {
        return new Range[] {whole};
      }
      boolean batchOnly = program instanceof StridedProgram;
      long[] batch = LoopNests.cuts(whole.batchTo(), 1, random);
      long[] rows =
          batchOnly ? new long[] {0, whole.rowTo()} : LoopNests.cuts(whole.rowTo(), 1, random);
      long[] columns =
          batchOnly
              ? new long[] {0, whole.columnTo()}
              : LoopNests.cuts(whole.columnTo(), columnUnit, random);
      List<Range> parts = new ArrayList<>();
      for (int i = 1; i < batch.length; i++) {
        for (int r = 1; r < rows.length; r++) {
          for (int q = 1; q < columns.length; q++) {
            parts.add(
                new Range(
                    batch[i - 1], batch[i], rows[r - 1], rows[r], columns[q - 1], columns[q]));
          }
        }
      }
      Collections.shuffle(parts, random);
      return parts.toArray(Range[]::new);
    }

    private Numbers place(Arena arena, int operand, double[] values) {
      Arena memory = mapped.contains(operand) ? new MappedFiles(arena) : arena;
      return Numbers.of(type, memory, values, 4 * random.nextInt(16));
    }
  }
}
