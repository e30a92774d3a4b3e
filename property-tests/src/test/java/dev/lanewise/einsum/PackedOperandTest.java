package dev.lanewise.einsum;

import static dev.lanewise.Refusals.refused;
import static dev.lanewise.verification.TensorAssertions.assertSameBits;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.internal.kernel.KernelSet;
import dev.lanewise.parallel.Parallelism;
import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import dev.lanewise.verification.EquationCase;
import dev.lanewise.verification.FloatClass;
import dev.lanewise.verification.LanewiseArbitraries;
import dev.lanewise.verification.Layout;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.Future;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tag;

/** Operands packed beforehand: the bits of the tensors they were packed from. */
class PackedOperandTest {
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

  /** The result with an operand packed, over NaN. */
  private static Tensor run(
      Tensor out, Contraction plan, Tensor a, Tensor b, int operand, PackedOperand packed) {
    if (operand == 0) {
      plan.execute(packed, b, out);
    } else {
      plan.execute(a, packed, out);
    }
    return out;
  }

  private static void assertPackedIsTheSame(
      Contraction plan, Tensor a, Tensor b, Layout output, long seed) {
    try (Arena arena = Arena.ofShared()) {
      Tensor expected = output.poisoned(arena, plan.outputShape(), seed);
      plan.execute(a, b, expected);
      Tensor twice = place(arena, output, plan.outputShape(), seed);
      plan.execute(a, b, twice, Accumulation.ADD);
      for (int operand = 0; operand < 2; operand++) {
        Tensor own = operand == 0 ? a : b;
        PackedOperand packed = plan.pack(arena, operand, own);
        assertEquals(plan.packedBytes(operand), packed.sizeBytes());
        String what = plan + ", operand " + operand + " packed";
        Tensor out = output.poisoned(arena, plan.outputShape(), seed);
        assertSameBits(what, expected, run(out, plan, a, b, operand, packed));
        Tensor added = place(arena, output, plan.outputShape(), seed);
        if (operand == 0) {
          plan.execute(packed, b, added, Accumulation.ADD);
        } else {
          plan.execute(a, packed, added, Accumulation.ADD);
        }
        assertSameBits(what + ", added", twice, added);
      }
    }
  }

  private static boolean isPackable(Contraction plan) {
    return plan.pathInfo().steps().size() == 1
        && plan.pathInfo().steps().getFirst().loops().startsWith("CHAIN");
  }

  @Tag("lanes")
  @Property(tries = 2000)
  void anyProductOfMatricesHasTheSameBits(
      @ForAll("pairs") EquationCase c,
      @ForAll("layouts") Layout first,
      @ForAll("layouts") Layout second,
      @ForAll("outputs") Layout output,
      @ForAll("seeds") long seed) {
    Contraction plan = Contraction.compile(c.equation(), c.shapes());
    try (Arena arena = Arena.ofConfined()) {
      Tensor a = place(arena, first, c.shape(0), seed);
      Tensor b = place(arena, second, c.shape(1), seed + 1);
      if (isPackable(plan)) {
        assertPackedIsTheSame(plan, a, b, output, seed);
      } else {
        assertThrows(IllegalArgumentException.class, () -> plan.pack(arena, 0, a));
        assertThrows(IllegalArgumentException.class, () -> plan.packedBytes(1));
      }
    }
  }

  @Tag("lanes")
  @Property(tries = 150)
  void anySizesHaveTheSameBits(@ForAll("seeds") long seed, @ForAll("layouts") Layout layout) {
    SplittableRandom random = new SplittableRandom(seed);
    long[] small = {0, 1, 2, 3, 5, 15, 16, 17, 31, 32, 33, 47, 48, 49, 65, 100};
    long[] sums = {0, 1, 3, 31, 255, 256, 257, 512, 513, 700};
    long m = small[random.nextInt(small.length)];
    long n = small[random.nextInt(small.length)];
    long k = sums[random.nextInt(sums.length)];
    long batch = random.nextInt(4);
    List<EquationCase> cases =
        List.of(
            EquationCase.of("ik,kj->ij", Shape.of(m, k), Shape.of(k, n)),
            EquationCase.of("ki,jk->ij", Shape.of(k, m), Shape.of(n, k)),
            EquationCase.of("ik,kj->ji", Shape.of(m, k), Shape.of(k, n)),
            EquationCase.of("bik,bkj->bij", Shape.of(batch, m, k), Shape.of(batch, k, n)),
            EquationCase.of("bik,bkj->ibj", Shape.of(batch, m, k), Shape.of(1, k, n)),
            EquationCase.of("bik,kj->bij", Shape.of(batch, m, k), Shape.of(k, n)));
    EquationCase c = cases.get(random.nextInt(cases.size()));
    try (Arena arena = Arena.ofConfined()) {
      assertPackedIsTheSame(
          Contraction.compile(c.equation(), c.shapes()),
          place(arena, layout, c.shape(0), seed),
          place(arena, Layout.CONTIGUOUS, c.shape(1), seed + 1),
          Layout.CONTIGUOUS,
          seed);
    }
  }

  @Tag("lanes")
  @Example
  void largeMatricesAndBothBackendsHaveTheSameBits() {
    for (KernelSet kernels : List.of(KernelSet.vector(), KernelSet.scalar())) {
      for (long[] size : new long[][] {{130, 300, 2100}, {2100, 260, 70}, {3, 1000, 1111}}) {
        Shape first = Shape.of(size[0], size[1]);
        Shape second = Shape.of(size[1], size[2]);
        Contraction plan =
            Contraction.compile(
                kernels, Equation.parse("ik,kj->ij"), ContractionOptions.DEFAULT, first, second);
        try (Arena arena = Arena.ofConfined()) {
          assertPackedIsTheSame(
              plan,
              place(arena, Layout.CONTIGUOUS, first, 1),
              place(arena, Layout.CONTIGUOUS, second, 2),
              Layout.CONTIGUOUS,
              3);
        }
      }
    }
  }

  @Tag("lanes")
  @Example
  void aWeightPackedOnceServesBatchesOfAnySizeOnAnyNumberOfThreads() throws Exception {
    try (Arena arena = Arena.ofShared();
        ForkJoinPool pool = new ForkJoinPool(3);
        ExecutorService virtual = Executors.newVirtualThreadPerTaskExecutor()) {
      Tensor weight = place(arena, Layout.GAPPED, Shape.of(200, 300), 1);
      PackedOperand packed =
          Contraction.compile("ik,jk->ij", Shape.of(1, 300), weight.shape()).pack(arena, 1, weight);
      List<Future<?>> runs = new ArrayList<>();
      for (int rows : new int[] {0, 1, 8, 33, 1000}) {
        Tensor x = place(arena, Layout.CONTIGUOUS, Shape.of(rows, 300), rows);
        Tensor expected = Tensor.full(arena, Float.NaN, rows, 200);
        Contraction plan = Contraction.compile("ik,jk->ij", x.shape(), weight.shape());
        plan.execute(x, weight, expected);
        Contraction parallel =
            Contraction.compile(
                "ik,jk->ij",
                ContractionOptions.DEFAULT.withParallelism(Parallelism.of(pool)),
                x.shape(),
                weight.shape());
        for (int run = 0; run < 20; run++) {
          Contraction chosen = run % 2 == 0 ? plan : parallel;
          Tensor out = Tensor.full(arena, Float.NaN, rows, 200);
          runs.add(
              virtual.submit(() -> {
                chosen.execute(x, packed, out);
                assertSameBits(rows + " rows", expected, out);
              }));
        }
      }
      for (Future<?> run : runs) {
        run.get();
      }
    }
  }

  @Example
  void itIsASnapshot() {
    try (Arena arena = Arena.ofConfined()) {
      Tensor weight = Tensor.full(arena, 2f, 3, 2);
      Tensor x = Tensor.full(arena, 1f, 2, 3);
      Tensor out = Tensor.zeros(arena, 2, 2);
      Contraction plan = Contraction.compile("ik,kj->ij", x.shape(), weight.shape());
      PackedOperand packed = plan.pack(arena, 1, weight);
      weight.fill(0);
      plan.execute(x, packed, out);
      assertSameBits("out", new float[] {6, 6, 6, 6}, out.toFloatArray());
      assertEquals(
          "PackedOperand 1 of equation \"ik,kj->ij\", float32 [3, 2], "
              + packed.sizeBytes()
              + " bytes",
          packed.toString());
      assertEquals(1, packed.operand());
      assertEquals(Shape.of(3, 2), packed.shape());
      assertEquals(DType.FLOAT32, packed.dtype());
    }
  }

  @Example
  void gradientsTakePackedOperandsToo() {
    try (Arena arena = Arena.ofConfined()) {
      Tensor weight = place(arena, Layout.CONTIGUOUS, Shape.of(30, 20), 1);
      Tensor g = place(arena, Layout.CONTIGUOUS, Shape.of(7, 20), 2);
      Contraction gradient =
          Contraction.compile("ik,kj->ij", Shape.of(7, 30), weight.shape()).gradient(0);
      assertPackedIsTheSame(gradient, g, weight, Layout.CONTIGUOUS, 3);
      // Of an operand with a label twice: a diagonal, over zeros or added to.
      Contraction diagonal =
          Contraction.compile("iik,kj->ij", Shape.of(7, 7, 30), weight.shape()).gradient(0);
      assertPackedIsTheSame(diagonal, g, weight, Layout.CONTIGUOUS, 4);
    }
  }

  /** What is packed does not depend on the other operand, nor on how often it is repeated. */
  @Example
  void aPackedOperandServesAnySizesOfTheOther() {
    try (Arena arena = Arena.ofConfined()) {
      for (int operand = 0; operand < 2; operand++) {
        Shape own = operand == 0 ? Shape.of(1, 5, 6) : Shape.of(1, 6, 5);
        Tensor tensor = place(arena, Layout.CONTIGUOUS, own, 1);
        PackedOperand packed = null;
        for (long[] size : new long[][] {{3, 4}, {2, 7}, {1, 1}}) {
          Shape shape =
              operand == 0 ? Shape.of(size[0], 6, size[1]) : Shape.of(size[0], size[1], 6);
          Tensor other = place(arena, Layout.CONTIGUOUS, shape, 2);
          Tensor a = operand == 0 ? tensor : other;
          Tensor b = operand == 0 ? other : tensor;
          Contraction plan = Contraction.compile("bik,bkj->bij", a.shape(), b.shape());
          packed = packed == null ? plan.pack(arena, operand, tensor) : packed;
          Tensor expected = Tensor.allocate(arena, DType.FLOAT32, plan.outputShape());
          plan.execute(a, b, expected);
          Tensor out = Layout.CONTIGUOUS.poisoned(arena, plan.outputShape(), 3);
          assertSameBits(plan.toString(), expected, run(out, plan, a, b, operand, packed));
        }
      }
    }
  }

  @Example
  void repeatedElementsArePackedLikeOthers() {
    try (Arena arena = Arena.ofConfined()) {
      Contraction plan = Contraction.compile("ik,kj->ij", Shape.of(4, 6), Shape.of(6, 5));
      Tensor a = place(arena, Layout.CONTIGUOUS, Shape.of(1, 6), 1).expand(4, 6);
      Tensor b = place(arena, Layout.CONTIGUOUS, Shape.of(6, 1), 2).expand(6, 5);
      assertPackedIsTheSame(plan, a, b, Layout.CONTIGUOUS, 3);
      Tensor one = Tensor.full(arena, 2f, 1, 1);
      assertPackedIsTheSame(plan, one.expand(4, 6), one.expand(6, 5), Layout.CONTIGUOUS, 4);
    }
  }

  @Example
  void whatDoesNotFitIsRefusedBeforeAnythingIsWritten() {
    try (Arena arena = Arena.ofShared()) {
      Shape matrix = Shape.of(4, 4);
      Tensor x = Tensor.full(arena, 1f, 4, 4);
      Tensor out = Tensor.full(arena, 42f, 4, 4);
      Contraction plan = Contraction.compile("ik,kj->ij", matrix, matrix);
      PackedOperand second = plan.pack(arena, 1, x);
      refused(
          IllegalArgumentException.class,
          "operand 0: expected operand 0 packed, got operand 1",
          () -> plan.execute(second, x, out));
      refused(
          IllegalArgumentException.class,
          "operand 1: expected an operand packed for equation \"ik,jk->ij\", got one for equation \"ik,kj->ij\"",
          () -> Contraction.compile("ik,jk->ij", matrix, matrix).execute(x, second, out));
      refused(
          IllegalArgumentException.class,
          "operand 1: expected shape [4, 5], got [4, 4]",
          () -> Contraction.compile("ik,kj->ij", matrix, Shape.of(4, 5)).execute(x, second, out));
      Tensor row = Tensor.full(arena, 1f, 1, 4);
      PackedOperand repeated =
          Contraction.compile("ik,kj->ij", matrix, row.shape()).pack(arena, 1, row);
      refused(
          IllegalArgumentException.class,
          "operand 1: expected an operand packed for loops of batch [], free [4], summed [7], got one for batch [], free [4], summed [4]",
          () ->
              Contraction.compile("ik,kj->ij", Shape.of(4, 7), row.shape())
                  .execute(Tensor.full(arena, 1f, 4, 7), repeated, out));
      Contraction scalar =
          Contraction.compile(
              KernelSet.scalar(),
              Equation.parse("ik,kj->ij"),
              ContractionOptions.DEFAULT,
              matrix,
              matrix);
      if (!KernelSet.active().description().equals(KernelSet.scalar().description())) {
        refused(
            IllegalArgumentException.class,
            "operand 1: expected an operand packed for scalar kernels, got one for "
                + KernelSet.active().description(),
            () -> scalar.execute(x, second, out));
      }
      refused(
          IllegalArgumentException.class,
          "operand 1: expected shape [4, 4], got [1, 4]",
          () -> plan.pack(arena, 1, row));
      refused(
          IllegalArgumentException.class,
          "operand 1: expected float32, got int32",
          () -> plan.pack(arena, 1, Tensor.copyOf(arena, new int[16], 4, 4)));
      refused(
          IndexOutOfBoundsException.class,
          "contraction ik,kj->ij has no operand 2",
          () -> plan.pack(arena, 2, x));
      refused(
          IndexOutOfBoundsException.class,
          "contraction ik,kj->ij has no operand -1",
          () -> plan.packedBytes(-1));
      Contraction doubles =
          Contraction.compile(
              "ik,kj->ij", ContractionOptions.DEFAULT.withDType(DType.FLOAT64), matrix, matrix);
      Tensor wide = Tensor.allocate(arena, DType.FLOAT64, matrix);
      refused(
          IllegalArgumentException.class,
          "operand 1: expected float64, got float32",
          () -> doubles.execute(wide, second, wide));
      String nothing =
          " cannot be packed: there is something to pack only where both operands have a label of their own in the output and a label is summed, in one step";
      refused(
          IllegalArgumentException.class,
          "equation \"ik,k->i\": operand 0" + nothing,
          () -> Contraction.compile("ik,k->i", matrix, Shape.of(4)).pack(arena, 0, x));
      refused(
          IllegalArgumentException.class,
          "equation \"ij,ij->ij\": operand 1" + nothing,
          () -> Contraction.compile("ij,ij->ij", matrix, matrix).packedBytes(1));
      refused(
          IllegalArgumentException.class,
          "contraction ij,jk,kl->il has 3 operands: only a contraction of two takes a packed operand",
          () -> Contraction.compile("ij,jk,kl->il", matrix, matrix, matrix).pack(arena, 1, x));
      refused(
          IllegalArgumentException.class,
          "contraction ij->ji has 1 operands: only a contraction of two takes a packed operand",
          () -> Contraction.compile("ij->ji", matrix).pack(arena, 0, x));
      refused(
          IllegalArgumentException.class,
          "out must not overlap operand 0 in memory",
          () -> plan.execute(out, second, out));
      refused(
          IllegalArgumentException.class,
          "out: expected shape [4, 4], got [1, 4]",
          () -> plan.execute(x, second, row));
      Arena closing = Arena.ofConfined();
      PackedOperand closed = plan.pack(closing, 1, x);
      closing.close();
      refused(
          IllegalStateException.class,
          "operand 1: the arena of this packed operand of shape [4, 4] is closed",
          () -> plan.execute(x, closed, out));
      assertThrows(IllegalStateException.class, () -> plan.pack(closing, 1, x));
      assertSameBits("out", Tensor.full(arena, 42f, 4, 4), out);
      assertSameBits("x", Tensor.full(arena, 1f, 4, 4), x);
    }
  }

  @Example
  void confinedOnesAreRefusedWhereThreadsWouldReadThem() throws Exception {
    Shape matrix = Shape.of(200, 200);
    Contraction plan =
        Contraction.compile(
            "ik,kj->ij",
            ContractionOptions.DEFAULT.withParallelism(Parallelism.of(Runnable::run, 2)),
            matrix,
            matrix);
    try (Arena shared = Arena.ofShared();
        Arena confined = Arena.ofConfined();
        ExecutorService other = Executors.newSingleThreadExecutor()) {
      Tensor x = Tensor.full(shared, 1f, 200, 200);
      Tensor out = Tensor.full(shared, 42f, 200, 200);
      PackedOperand packed = plan.pack(confined, 1, x);
      refused(
          WrongThreadException.class,
          "operand 1: this packed operand of shape [200, 200] belongs to a confined arena, which the other threads of a parallel run cannot read or write: use Arena.ofShared() or Arena.ofAuto(), or a plan without parallelism",
          () -> plan.execute(x, packed, out));
      Future<WrongThreadException> elsewhere =
          other.submit(
              () -> assertThrows(WrongThreadException.class, () -> plan.execute(x, packed, out)));
      assertTrue(
          elsewhere.get().getMessage().startsWith("operand 1: this packed operand of shape"));
      assertSameBits("out", Tensor.full(shared, 42f, 200, 200), out);
    }
  }
}
