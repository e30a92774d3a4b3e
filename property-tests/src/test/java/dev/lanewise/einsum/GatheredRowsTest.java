package dev.lanewise.einsum;

import static dev.lanewise.Refusals.refused;
import static dev.lanewise.verification.TensorAssertions.assertSameBits;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.embedding.Embedding;
import dev.lanewise.parallel.Parallelism;
import dev.lanewise.tensor.Gradient;
import dev.lanewise.tensor.Parameter;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import dev.lanewise.verification.EquationCase;
import dev.lanewise.verification.FloatClass;
import dev.lanewise.verification.LanewiseArbitraries;
import dev.lanewise.verification.Layout;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tag;

/** Rows of a table as an operand, or as the result: the bits of the two steps. */
class GatheredRowsTest {
  private static final ContractionOptions ALONE = ContractionOptions.DEFAULT;

  /** Indices of many shapes, with rows in every place of a product of matrices, and in none. */
  private static final List<EquationCase> LARGE =
      List.of(
          EquationCase.of("ik,kj->ij", Shape.of(700, 33), Shape.of(33, 17)),
          EquationCase.of("ik,kj->ij", Shape.of(515, 300), Shape.of(300, 5)),
          EquationCase.of("ik,kj->ji", Shape.of(257, 64), Shape.of(64, 48)),
          EquationCase.of("ik,jk->ij", Shape.of(40, 700), Shape.of(35, 700)),
          EquationCase.of("kj,ik->ij", Shape.of(300, 40), Shape.of(21, 300)),
          EquationCase.of("ik,ij->kj", Shape.of(700, 33), Shape.of(700, 20)),
          EquationCase.of("ik,ij->jk", Shape.of(700, 33), Shape.of(700, 20)),
          EquationCase.of("blk,kj->blj", Shape.of(3, 300, 20), Shape.of(20, 17)),
          EquationCase.of("blk,blj->kj", Shape.of(3, 300, 20), Shape.of(3, 300, 17)),
          EquationCase.of("blk,bkj->blj", Shape.of(3, 300, 20), Shape.of(3, 20, 17)),
          EquationCase.of("bk,bkj->bj", Shape.of(300, 20), Shape.of(300, 20, 17)),
          EquationCase.of("bhk,kbj->hbj", Shape.of(70, 20, 31), Shape.of(31, 70, 2)),
          EquationCase.of("ik,k->i", Shape.of(1000, 33), Shape.of(33)),
          EquationCase.of("ik,ik->i", Shape.of(1000, 33), Shape.of(1000, 33)),
          EquationCase.of("ik,k->ik", Shape.of(1000, 33), Shape.of(33)),
          EquationCase.of("k,kj->j", Shape.of(33), Shape.of(33, 40)),
          EquationCase.of("ik,kj->ij", Shape.of(0, 33), Shape.of(33, 4)),
          EquationCase.of("ik,kj->ij", Shape.of(33, 0), Shape.of(0, 4)),
          EquationCase.of("ik,ij->kj", Shape.of(0, 33), Shape.of(0, 20)),
          EquationCase.of("id,kjd->ij", Shape.of(50, 24), Shape.of(3, 18, 24)),
          EquationCase.of("kjd,id->ij", Shape.of(3, 18, 24), Shape.of(50, 24)),
          EquationCase.of("ik,kj->ij", Shape.of(50, 1), Shape.of(24, 40)));

  @Provide
  Arbitrary<EquationCase> pairs() {
    return LanewiseArbitraries.equations(Arbitraries.just(2), 6, 5);
  }

  @Provide
  Arbitrary<Layout> layouts() {
    return LanewiseArbitraries.layouts();
  }

  @Provide
  Arbitrary<Layout> outputs() {
    return LanewiseArbitraries.writableLayouts();
  }

  @Provide
  Arbitrary<Long> seeds() {
    return LanewiseArbitraries.seeds();
  }

  private static Tensor place(Arena arena, Layout layout, Shape shape, long seed) {
    return layout.place(arena, shape, FloatClass.tame(seed, (int) shape.elementCount()), seed);
  }

  /** Rows of a table that make an operand of a shape, and the tensor that they are. */
  private record Operand(GatheredRows rows, Tensor tensor, int[] indices) {
    static Operand of(Arena arena, Shape shape, long seed) {
      SplittableRandom random = new SplittableRandom(seed);
      long length = shape.size(-1);
      int count = 1;
      for (int dim = 0; dim < shape.rank() - 1; dim++) {
        count *= (int) shape.size(dim);
      }
      int tableRows = random.nextInt(1, 9);
      int[] indices = random.ints(count, 0, tableRows).toArray();
      // Rows with gaps between them, and a table that does not start where its memory does.
      Tensor memory =
          Tensor.copyOf(
              arena,
              FloatClass.tame(seed, (int) ((tableRows + 1) * (length + 3))),
              tableRows + 1,
              length + 3);
      Tensor table = memory.slice(0, 1, tableRows + 1).slice(1, 2, length + 2);
      Tensor all = Tensor.zeros(arena, count, length);
      for (int i = 0; i < count && length > 0; i++) {
        all.select(0, i).copyFrom(table.select(0, indices[i]));
      }
      long[] sizes = Arrays.copyOf(shape.toArray(), shape.rank() - 1);
      Tensor ids =
          random.nextBoolean()
              ? Tensor.copyOf(arena, indices, count).reshape(sizes)
              : Tensor.copyOf(arena, IntStream.of(indices).asLongStream().toArray(), count)
                  .reshape(sizes);
      GatheredRows rows = GatheredRows.of(table).load(ids);
      assertEquals(shape, rows.shape());
      return new Operand(rows, all.reshape(shape.toArray()), indices);
    }
  }

  private static void execute(
      Contraction plan,
      int operand,
      GatheredRows rows,
      Tensor other,
      Tensor out,
      Accumulation how) {
    if (operand == 0) {
      plan.execute(rows, other, out, how);
    } else {
      plan.execute(other, rows, out, how);
    }
  }

  private static void assertGatheredIsTheSame(
      EquationCase c, ContractionOptions options, Layout layout, Layout output, long seed) {
    assertGatheredIsTheSame(
        Contraction.compile(c.equation(), options, c.shapes()),
        Contraction.compile(c.equation(), c.shapes()),
        layout,
        output,
        seed);
  }

  /** For each operand: a plan with rows in its place, and the same plan alone with tensors. */
  private static void assertGatheredIsTheSame(
      Contraction plan, Contraction alone, Layout layout, Layout output, long seed) {
    for (int operand = 0; operand < 2; operand++) {
      if (plan.operandShape(operand).rank() == 0) {
        continue;
      }
      try (Arena arena = Arena.ofShared()) {
        Operand own = Operand.of(arena, plan.operandShape(operand), seed);
        Tensor other = place(arena, layout, plan.operandShape(1 - operand), seed + 1);
        Tensor[] both =
            operand == 0 ? new Tensor[] {own.tensor, other} : new Tensor[] {other, own.tensor};
        for (Accumulation how : Accumulation.values()) {
          Tensor expected = place(arena, output, plan.outputShape(), seed + 2);
          Tensor out = place(arena, output, plan.outputShape(), seed + 2);
          alone.execute(both, expected, how);
          execute(plan, operand, own.rows, other, out, how);
          assertSameBits(plan + ", rows as operand " + operand + ", " + how, expected, out);
        }
      }
    }
  }

  @Tag("lanes")
  @Property(tries = 2000)
  void anyEquationHasTheBitsOfTheTwoSteps(
      @ForAll("pairs") EquationCase c,
      @ForAll("layouts") Layout layout,
      @ForAll("outputs") Layout output,
      @ForAll("seeds") long seed) {
    assertGatheredIsTheSame(c, ALONE, layout, output, seed);
  }

  @Tag("lanes")
  @Example
  void largeOnesHaveTheBitsOfTheTwoStepsOnAnyNumberOfThreads() {
    try (ForkJoinPool pool = new ForkJoinPool(2)) {
      for (EquationCase c : LARGE) {
        assertGatheredIsTheSame(c, ALONE, Layout.CONTIGUOUS, Layout.CONTIGUOUS, 5);
        assertGatheredIsTheSame(
            c, ALONE.withParallelism(Parallelism.of(pool, 3)), Layout.GAPPED, Layout.PERMUTED, 6);
      }
      EquationCase parallel = EquationCase.of("ik,kj->ij", Shape.of(3000, 100), Shape.of(100, 40));
      assertGatheredIsTheSame(
          parallel,
          ALONE.withParallelism(Parallelism.of(pool, 3)),
          Layout.CONTIGUOUS,
          Layout.CONTIGUOUS,
          7);
    }
  }

  /** The way back in two steps: all rows, then their addition in order. */
  private static void assertScatterIsTheSame(
      EquationCase c, ContractionOptions options, Layout layout, long seed) {
    Contraction forward = Contraction.compile(c.equation(), c.shapes());
    for (int operand = 0; operand < 2; operand++) {
      if (c.shape(operand).rank() == 0) {
        continue;
      }
      Contraction back = forward.gradient(operand, options);
      Contraction alone = forward.gradient(operand);
      try (Arena arena = Arena.ofShared()) {
        Operand own = Operand.of(arena, c.shape(operand), seed);
        Tensor g = place(arena, layout, back.operandShape(0), seed + 1);
        Tensor other = place(arena, layout, back.operandShape(1), seed + 2);
        Tensor rowGradients = Tensor.full(arena, Float.NaN, c.shape(operand).toArray());
        alone.execute(g, other, rowGradients);
        Tensor table = own.rows.table();
        int padding = seed % 3 == 0 ? (int) (seed % table.size(0)) : -1;
        GatheredRows rows = own.rows;
        if (padding >= 0) {
          long[] sizes = rows.indicesShape().toArray();
          rows =
              GatheredRows.of(table)
                  .withPaddingIdx(padding)
                  .load(Tensor.copyOf(arena, own.indices, own.indices.length).reshape(sizes));
        }
        Parameter expected = Parameter.trainable(arena, table.contiguous(arena));
        Parameter actual = Parameter.trainable(arena, table.contiguous(arena));
        Tensor start = place(arena, Layout.CONTIGUOUS, table.shape(), seed + 3);
        expected.gradient().tensor().copyFrom(start);
        actual.gradient().tensor().copyFrom(start);
        Tensor flat = rowGradients.reshape(own.indices.length, table.size(1));
        for (int i = 0; i < own.indices.length; i++) {
          if (own.indices[i] != padding) {
            Tensor row = expected.gradient().tensor().select(0, own.indices[i]);
            for (long d = 0; d < table.size(1); d++) {
              row.set((float) row.get(d) + (float) flat.get(i, d), d);
            }
            expected.gradient().touchRow(own.indices[i]);
          }
        }
        for (int run = 0; run < 2; run++) {
          back.scatterAdd(g, other, rows, actual.gradient());
          String what = c + ", gradient of operand " + operand;
          assertSameBits(what, expected.gradient().tensor(), actual.gradient().tensor());
          assertEquals(touched(expected.gradient()), touched(actual.gradient()));
          actual.gradient().tensor().copyFrom(start);
        }
      }
    }
  }

  private static List<Integer> touched(Gradient gradient) {
    assertFalse(gradient.allRowsTouched());
    return IntStream.range(0, gradient.touchedRowCount())
        .map(gradient::touchedRow)
        .boxed()
        .toList();
  }

  @Tag("lanes")
  @Property(tries = 1500)
  void theWayBackHasTheBitsOfTheTwoSteps(
      @ForAll("pairs") EquationCase c,
      @ForAll("layouts") Layout layout,
      @ForAll("seeds") long seed) {
    assertScatterIsTheSame(c, ALONE, layout, seed);
  }

  /**
   * Rows along three axes, of which one is about as long as the rows that are computed at a time
   * are many, in every place of a product of matrices.
   */
  private static EquationCase anyNumberOfRows(SplittableRandom random) {
    long[] around = {0, 1, 2, 127, 128, 129, 255, 256, 257, 300, 511, 512, 513};
    long[] n = random.longs(3, 1, 4).toArray();
    n[random.nextInt(n.length)] = around[random.nextInt(around.length)];
    long k = random.nextInt(1, 4);
    long j = random.nextInt(1, 4);
    Shape rows = Shape.of(n[0], n[1], n[2], k);
    List<EquationCase> cases =
        List.of(
            EquationCase.of("abck,kj->abcj", rows, Shape.of(k, j)),
            EquationCase.of("jk,abck->abcj", Shape.of(j, k), rows),
            EquationCase.of("abck,bkj->cbaj", rows, Shape.of(n[1], k, j)),
            EquationCase.of("abck,akj->abcj", rows, Shape.of(n[0], k, j)),
            EquationCase.of("abck,cbkj->abcj", rows, Shape.of(n[2], n[1], k, j)),
            EquationCase.of("abck,abcj->kj", rows, Shape.of(n[0], n[1], n[2], j)),
            EquationCase.of("abck,abcjl->abckj", rows, Shape.of(n[0], n[1], n[2], j, 2)),
            EquationCase.of("abck,k->", rows, Shape.of(k)),
            // Repeated rows, whose gradients are summed.
            EquationCase.of("abck,akj->abcj", Shape.of(1, n[1], n[2], k), Shape.of(n[0], k, j)),
            EquationCase.of("abck,bkj->abcj", Shape.of(n[0], 1, n[2], k), Shape.of(n[1], k, j)),
            EquationCase.of("abck,ckj->abcj", Shape.of(n[0], n[1], 1, k), Shape.of(n[2], k, j)));
    return cases.get(random.nextInt(cases.size()));
  }

  @Tag("lanes")
  @Property(tries = 300)
  void anyNumberOfRowsHasTheBitsOfTheTwoSteps(
      @ForAll("layouts") Layout layout,
      @ForAll("outputs") Layout output,
      @ForAll("seeds") long seed) {
    EquationCase c = anyNumberOfRows(new SplittableRandom(seed));
    assertGatheredIsTheSame(c, ALONE, layout, output, seed);
  }

  @Tag("lanes")
  @Property(tries = 300)
  void theWayBackHasTheBitsOfTheTwoStepsForAnyNumberOfRows(
      @ForAll("layouts") Layout layout, @ForAll("seeds") long seed) {
    assertScatterIsTheSame(anyNumberOfRows(new SplittableRandom(seed)), ALONE, layout, seed);
  }

  @Example
  void oneRowIsReadInPlaceWhateverRunsAlongIt() {
    Shape row = Shape.of(1, 3);
    for (EquationCase c :
        List.of(
            EquationCase.of("ik,kj->ij", row, Shape.of(3, 5)),
            EquationCase.of("ki,kj->ij", row, Shape.of(4, 5)),
            EquationCase.of("jk,ki->ij", Shape.of(5, 1), row))) {
      assertGatheredIsTheSame(c, ALONE, Layout.CONTIGUOUS, Layout.CONTIGUOUS, 3);
    }
  }

  /** The gradient of an operand with a label twice. */
  @Example
  void aDiagonalIsWrittenOverZerosOrAddedTo() {
    Contraction gradient =
        Contraction.compile("iik,kj->ij", Shape.of(4, 4, 3), Shape.of(3, 5)).gradient(0);
    assertTrue(gradient.isFused(0));
    assertGatheredIsTheSame(gradient, gradient, Layout.CONTIGUOUS, Layout.CONTIGUOUS, 1);
    assertScatterIsTheSame(
        EquationCase.of("iik,kj->ij", Shape.of(4, 4, 3), Shape.of(3, 5)),
        ALONE,
        Layout.CONTIGUOUS,
        2);
  }

  @Tag("lanes")
  @Example
  void theWayBackHasTheBitsOfTheTwoStepsInManyChunks() {
    try (ForkJoinPool pool = new ForkJoinPool(2)) {
      for (EquationCase c : LARGE) {
        assertScatterIsTheSame(c, ALONE, Layout.CONTIGUOUS, 9);
        assertScatterIsTheSame(
            c, ALONE.withParallelism(Parallelism.of(pool, 3)), Layout.GAPPED, 10);
      }
      EquationCase parallel = EquationCase.of("ik,kj->ij", Shape.of(1030, 130), Shape.of(130, 140));
      assertScatterIsTheSame(
          parallel, ALONE.withParallelism(Parallelism.of(pool, 3)), Layout.CONTIGUOUS, 11);
    }
  }

  @Example
  void manyThreadsRunOnePlanWithRowsOfTheirOwn() throws Exception {
    try (Arena arena = Arena.ofShared();
        ExecutorService virtual = Executors.newVirtualThreadPerTaskExecutor()) {
      Shape shape = Shape.of(40, 33);
      Tensor weight = place(arena, Layout.CONTIGUOUS, Shape.of(33, 17), 1);
      Contraction plan = Contraction.compile("ik,kj->ij", shape, weight.shape());
      List<Future<?>> runs = new ArrayList<>();
      for (int run = 0; run < 500; run++) {
        Operand own = Operand.of(arena, shape, run);
        Tensor expected = Tensor.zeros(arena, 40, 17);
        plan.execute(own.tensor, weight, expected);
        Tensor out = Tensor.zeros(arena, 40, 17);
        runs.add(
            virtual.submit(() -> {
              plan.execute(own.rows, weight, out);
              assertSameBits("run", expected, out);
            }));
      }
      for (Future<?> run : runs) {
        run.get();
      }
    }
  }

  @Example
  void rowsAreReadInPlaceWhereTheyFormOneGroup() {
    Shape[] shapes = {Shape.of(4, 3), Shape.of(3, 5)};
    assertTrue(isFused("ik,kj->ij", 0, shapes));
    assertTrue(isFused("jk,ki->ij", 0, shapes));
    assertTrue(isFused("ki,jk->ij", 1, Shape.of(3, 4), Shape.of(5, 3)));
    assertTrue(isFused("ik,ij->kj", 0, Shape.of(4, 3), Shape.of(4, 5)));
    assertTrue(isFused("blk,kj->blj", 0, Shape.of(2, 4, 3), Shape.of(3, 5)));
    assertTrue(isFused("cm,cnk->cmn", 0, Shape.of(4, 3), Shape.of(4, 2, 5)));
    assertTrue(isFused("ik,kj->ij", 0, Shape.of(1, 3), Shape.of(3, 5)));
    assertFalse(isFused("blk,bkj->blj", 0, Shape.of(2, 4, 3), Shape.of(2, 3, 5)));
    assertFalse(isFused("ik,k->i", 0, Shape.of(4, 3), Shape.of(3)));
    assertFalse(isFused("ik,jl->ikj", 0, shapes));
  }

  private static boolean isFused(String equation, int operand, Shape... shapes) {
    return Contraction.compile(equation, shapes).isFused(operand);
  }

  @Example
  void indicesCanBeLoadedAgainAndBadOnesChangeNothing() {
    try (Arena arena = Arena.ofConfined()) {
      Tensor table = Tensor.copyOf(arena, new float[] {1, 2, 3, 4, 5, 6}, 3, 2);
      Embedding embedding = Embedding.fromPretrained(table).withPaddingIdx(-1);
      GatheredRows rows = embedding.rows(0, 2);
      assertEquals(2, rows.paddingIdx());
      assertSame(table, rows.table());
      assertEquals("GatheredRows [2, 2] of a table [3, 2]", rows.toString());
      Tensor identity = Tensor.copyOf(arena, new float[] {1, 0, 0, 1}, 2, 2);
      Tensor out = Tensor.zeros(arena, 2, 2);
      Contraction plan = Contraction.compile("ik,kj->ij", rows.shape(), identity.shape());
      plan.execute(rows, identity, out);
      assertSameBits("rows", new float[] {1, 2, 5, 6}, out.toFloatArray());
      refused(
          IndexOutOfBoundsException.class,
          "index 3 at position [1] is outside the embedding's 3 rows",
          () -> rows.load(1, 3));
      refused(
          IndexOutOfBoundsException.class,
          "index -1 at position [1, 0] is outside the embedding's 3 rows",
          () -> rows.load(Tensor.copyOf(arena, new long[] {0, -1}, 2, 1)));
      refused(
          IllegalArgumentException.class,
          "indices: expected int32 or int64, got float32",
          () -> rows.load(table));
      plan.execute(rows, identity, out);
      assertSameBits("rows", new float[] {1, 2, 5, 6}, out.toFloatArray());
      plan.execute(rows.load(1, 1), identity, out);
      assertSameBits("rows", new float[] {3, 4, 3, 4}, out.toFloatArray());
      plan.execute(embedding.rows(Tensor.copyOf(arena, new int[] {2, 0})), identity, out);
      assertSameBits("rows", new float[] {5, 6, 1, 2}, out.toFloatArray());
      // As many in another shape.
      assertEquals(
          Shape.of(2, 1), rows.load(Tensor.copyOf(arena, new int[] {2, 0}, 2, 1)).indicesShape());
      assertEquals(Shape.of(2), rows.load(1, 1).indicesShape());
      // The table is read when the plan is run.
      table.fill(7);
      plan.execute(rows, identity, out);
      assertSameBits("rows", new float[] {7, 7, 7, 7}, out.toFloatArray());
    }
  }

  @Example
  void whatDoesNotFitIsRefusedBeforeAnythingIsWritten() {
    try (Arena arena = Arena.ofConfined()) {
      Parameter table = Parameter.trainable(arena, Tensor.full(arena, 1f, 3, 2));
      Embedding embedding = Embedding.of(table);
      GatheredRows rows = embedding.rows(0, 2);
      Tensor weight = Tensor.full(arena, 1f, 2, 4);
      Tensor out = Tensor.full(arena, 42f, 2, 4);
      Contraction plan = Contraction.compile("ik,kj->ij", rows.shape(), weight.shape());
      GatheredRows three = embedding.rows(0, 1, 2);
      refused(
          IllegalArgumentException.class,
          "operand 0: expected shape [2, 2], got rows of shape [3, 2]",
          () -> plan.execute(three, weight, out));
      refused(
          IllegalArgumentException.class,
          "operand 1: expected shape [2, 4], got [2, 2]",
          () -> plan.execute(rows, weight.slice(1, 0, 2), out));
      refused(
          IllegalArgumentException.class,
          "out must not overlap operand 0 in memory",
          () ->
              Contraction.compile("ik,kj->ij", Shape.of(2, 2), Shape.of(2, 2))
                  .execute(rows, weight.slice(1, 0, 2), table.value().slice(0, 0, 2)));
      GatheredRows integers =
          GatheredRows.of(Tensor.copyOf(arena, new int[] {1, 2, 3, 4}, 2, 2)).load(0, 1);
      refused(
          IllegalArgumentException.class,
          "operand 0: expected float32, got int32",
          () -> plan.execute(integers, weight, out));
      refused(
          IllegalArgumentException.class,
          "contraction ij,jk,kl->il has 3 operands: only a contraction of two takes gathered rows",
          () ->
              Contraction.compile("ij,jk,kl->il", Shape.of(2, 2), Shape.of(2, 2), Shape.of(2, 2))
                  .execute(rows, weight, out));
      refused(
          IllegalArgumentException.class,
          "table: expected shape [rows, row length], got [4]",
          () -> GatheredRows.of(Tensor.zeros(arena, 4)));
      refused(
          IllegalArgumentException.class,
          "table: the elements of a row must lie side by side, but have stride 2; copy it with contiguous(arena)",
          () -> GatheredRows.of(Tensor.zeros(arena, 2, 2).transpose(0, 1)));
      refused(
          IndexOutOfBoundsException.class,
          "paddingIdx 3 is outside the table's 3 rows",
          () -> rows.withPaddingIdx(3));

      Contraction back = plan.gradient(0);
      Tensor g = Tensor.full(arena, 1f, 2, 4);
      refused(
          IllegalArgumentException.class,
          "rows: expected shape [2, 2], got [3, 2]",
          () -> back.scatterAdd(g, weight, three, table.gradient()));
      Parameter other = Parameter.trainable(arena, Tensor.full(arena, 1f, 4, 2));
      refused(
          IllegalArgumentException.class,
          "gradient: expected shape [3, 2], got [4, 2]",
          () -> back.scatterAdd(g, weight, rows, other.gradient()));
      refused(
          IllegalArgumentException.class,
          "the output's gradient: expected shape [2, 4], got [2, 2]",
          () -> back.scatterAdd(g.slice(1, 0, 2), weight, rows, table.gradient()));
      refused(
          IllegalArgumentException.class,
          "operand 1: expected shape [2, 4], got [2, 2]",
          () -> back.scatterAdd(g, weight.slice(1, 0, 2), rows, table.gradient()));
      Parameter four = Parameter.trainable(arena, Tensor.full(arena, 1f, 4, 2));
      GatheredRows two = Embedding.of(four).rows(0, 2);
      Tensor inGradient = four.gradient().tensor().reshape(2, 4);
      refused(
          IllegalArgumentException.class,
          "gradient must not overlap the output's gradient in memory",
          () -> back.scatterAdd(inGradient, weight, two, four.gradient()));
      refused(
          IllegalArgumentException.class,
          "gradient must not overlap operand 1 in memory",
          () -> back.scatterAdd(g, inGradient, two, four.gradient()));
      assertSameBits("gradient", Tensor.zeros(arena, 2, 4), inGradient);
      Arena closing = Arena.ofConfined();
      Gradient gone = Parameter.trainable(closing, table.value()).gradient();
      GatheredRows closed = GatheredRows.of(Tensor.full(closing, 1f, 3, 2)).load(0, 1);
      closing.close();
      refused(
          IllegalStateException.class,
          "operand 0: the arena of this tensor of shape [3, 2] is closed",
          () -> plan.execute(closed, weight, out));
      assertThrows(IllegalStateException.class, () -> GatheredRows.of(closed.table()));
      refused(
          IllegalStateException.class,
          "gradient: the arena of this tensor of shape [3, 2] is closed",
          () -> back.scatterAdd(g, weight, rows, gone));
      assertSameBits("out", Tensor.full(arena, 42f, 2, 4), out);
      assertSameBits("table", Tensor.full(arena, 1f, 3, 2), table.value());
      assertSameBits("gradient", Tensor.zeros(arena, 3, 2), table.gradient().tensor());
      assertEquals(0, table.gradient().touchedRowCount());
    }
  }

  @Example
  void confinedOnesAreRefusedWhereThreadsWouldReadThem() {
    Shape matrix = Shape.of(200, 200);
    Contraction plan =
        Contraction.compile(
            "ik,kj->ij", ALONE.withParallelism(Parallelism.of(Runnable::run, 2)), matrix, matrix);
    int[] ids = IntStream.range(0, 200).toArray();
    String belongs =
        ": this tensor of shape [200, 200] belongs to a confined arena, which the other threads of a parallel run cannot read or write: use Arena.ofShared() or Arena.ofAuto(), or a plan without parallelism";
    try (Arena shared = Arena.ofShared();
        Arena confined = Arena.ofConfined()) {
      Tensor weight = Tensor.full(shared, 1f, 200, 200);
      Tensor out = Tensor.full(shared, 42f, 200, 200);
      GatheredRows rows = GatheredRows.of(Tensor.full(confined, 1f, 200, 200)).load(ids);
      refused(
          WrongThreadException.class, "operand 0" + belongs, () -> plan.execute(rows, weight, out));
      assertSameBits("out", Tensor.full(shared, 42f, 200, 200), out);
      Contraction back = plan.gradient(0);
      Gradient gradient = Parameter.trainable(shared, out).gradient();
      Tensor own = Tensor.full(confined, 1f, 200, 200);
      GatheredRows added = GatheredRows.of(out).load(ids);
      refused(
          WrongThreadException.class,
          "the output's gradient" + belongs,
          () -> back.scatterAdd(own, weight, added, gradient));
      refused(
          WrongThreadException.class,
          "operand 1" + belongs,
          () -> back.scatterAdd(weight, own, added, gradient));
      assertSameBits("gradient", Tensor.zeros(shared, 200, 200), gradient.tensor());
      // Nobody else reads them where the work is not divided.
      Contraction.compile("ik,kj->ij", matrix, matrix)
          .gradient(0)
          .scatterAdd(own, own, added, gradient);
      assertSameBits("gradient", Tensor.full(shared, 200f, 200, 200), gradient.tensor());
    }
  }
}
