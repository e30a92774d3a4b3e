package dev.lanewise.einsum;

import static dev.lanewise.Refusals.refused;
import static dev.lanewise.verification.TensorAssertions.assertSameBits;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.NativeMemory;
import dev.lanewise.internal.parallel.Parts;
import dev.lanewise.parallel.Parallelism;
import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import dev.lanewise.verification.EquationCase;
import dev.lanewise.verification.FloatClass;
import dev.lanewise.verification.Layout;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Plans that divide their work: the bits of the caller alone, whoever helps, and no deadlock. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class ParallelContractionTest {
  private static final int[] WIDTHS = {1, 2, 3, 7};

  /** Enough work for several parts, for each program and each way to divide it. */
  private static final List<EquationCase> LARGE =
      List.of(
          EquationCase.of("ik,kj->ij", Shape.of(130, 300), Shape.of(300, 161)),
          EquationCase.of("ik,jk->ji", Shape.of(161, 300), Shape.of(130, 300)),
          EquationCase.of("ik,kj->ij", Shape.of(1001, 90), Shape.of(90, 33)),
          // Products of few rows: the parts are of columns, whose last are fewer than a vector.
          EquationCase.of("ik,kj->ij", Shape.of(1, 70_001), Shape.of(70_001, 33)),
          EquationCase.of("ik,kj->ij", Shape.of(2, 20_003), Shape.of(20_003, 65)),
          EquationCase.of("ik,kj->ij", Shape.of(3, 700), Shape.of(700, 1027)),
          EquationCase.of("bij,bjk->bik", Shape.of(13, 40, 70), Shape.of(13, 70, 64)),
          EquationCase.of("bij,bjk->bik", Shape.of(3, 40, 270), Shape.of(3, 270, 77)),
          EquationCase.of("bqhd,bkhd->bhqk", Shape.of(2, 60, 3, 64), Shape.of(2, 70, 3, 64)),
          EquationCase.of("ik,k->i", Shape.of(2500, 1001), Shape.of(1001)),
          EquationCase.of("ki,k->i", Shape.of(1001, 2500), Shape.of(1001)),
          EquationCase.of("bi,bi->b", Shape.of(2100, 1023), Shape.of(2100, 1023)),
          EquationCase.of("i,j->ij", Shape.of(1501), Shape.of(1700)),
          EquationCase.of("i,j->ji", Shape.of(1501), Shape.of(1700)),
          EquationCase.of("ij->ji", Shape.of(1501, 1700)),
          EquationCase.of("ij,ij->ji", Shape.of(1501, 1700), Shape.of(1501, 1700)),
          EquationCase.of("ij->j", Shape.of(1501, 1700)),
          EquationCase.of("abcd,dcef->abef", Shape.of(9, 8, 10, 11), Shape.of(11, 10, 13, 24)),
          EquationCase.of(
              "ij,jk,kl->il", Shape.of(120, 150), Shape.of(150, 170), Shape.of(170, 90)));

  private static Tensor[] operands(Arena arena, EquationCase c, Layout layout, long seed) {
    Tensor[] operands = new Tensor[c.operands()];
    for (int i = 0; i < operands.length; i++) {
      float[] values = FloatClass.tame(seed + i, (int) c.shape(i).elementCount());
      operands[i] = layout.place(arena, c.shape(i), values, seed + i);
    }
    return operands;
  }

  private static Tensor result(
      Arena arena, EquationCase c, Parallelism parallelism, Tensor... operands) {
    Contraction plan =
        Contraction.compile(
            c.equation(), ContractionOptions.DEFAULT.withParallelism(parallelism), c.shapes());
    Tensor out = Tensor.full(arena, Float.NaN, plan.outputShape().toArray());
    plan.execute(operands, out);
    plan.execute(operands, out, Accumulation.ADD);
    return out;
  }

  @Tag("lanes")
  @Test
  void anyWidthGivesTheBitsOfTheCallerAlone() {
    try (ForkJoinPool pool = new ForkJoinPool(3)) {
      for (EquationCase c : LARGE) {
        for (Layout layout : List.of(Layout.CONTIGUOUS, Layout.GAPPED)) {
          try (Arena arena = Arena.ofShared()) {
            Tensor[] operands = operands(arena, c, layout, 3);
            Tensor alone = result(arena, c, Parallelism.NONE, operands);
            for (int width : WIDTHS) {
              Tensor out = result(arena, c, Parallelism.of(pool, width), operands);
              assertSameBits(c + " " + layout + ", " + width + " threads", alone, out);
            }
          }
        }
      }
    }
  }

  private static void assertSameOn(String what, Parallelism parallelism) {
    try (Arena arena = Arena.ofShared()) {
      for (EquationCase c : List.of(LARGE.getFirst(), LARGE.getLast())) {
        Tensor[] operands = operands(arena, c, Layout.CONTIGUOUS, 5);
        Tensor alone = result(arena, c, Parallelism.NONE, operands);
        assertSameBits(what, alone, result(arena, c, parallelism, operands));
      }
    }
  }

  @Test
  void anyExecutorWillDo() throws Exception {
    try (ExecutorService fixed = Executors.newFixedThreadPool(2)) {
      assertSameOn("fixed pool", Parallelism.of(fixed, 3));
    }
    try (ExecutorService virtual = Executors.newVirtualThreadPerTaskExecutor()) {
      assertSameOn("virtual threads", Parallelism.of(virtual, 3));
    }
    assertSameOn("common pool", Parallelism.of(ForkJoinPool.commonPool(), 3));
    assertSameOn("the caller itself", Parallelism.of(Runnable::run, 3));
    assertSameOn("an executor that drops what it is given", Parallelism.of(task -> {}, 3));
    ExecutorService closed = Executors.newFixedThreadPool(2);
    closed.shutdown();
    assertSameOn("a pool that is shut down", Parallelism.of(closed, 3));
  }

  @Test
  void aSaturatedPoolAndThePoolsOwnOnlyThreadDoNotBlock() throws Exception {
    CountDownLatch release = new CountDownLatch(1);
    try (ExecutorService busy = Executors.newFixedThreadPool(1)) {
      Future<Boolean> blocked = busy.submit(() -> release.await(4, TimeUnit.MINUTES));
      assertSameOn("a saturated pool", Parallelism.of(busy, 3));
      release.countDown();
      assertTrue(blocked.get());
      busy.submit(() -> assertSameOn("from the pool's only thread", Parallelism.of(busy, 2))).get();
    }
    try (ForkJoinPool one = new ForkJoinPool(1)) {
      one.submit(() -> assertSameOn("from a ForkJoinPool's only thread", Parallelism.of(one, 3)))
          .get();
    }
  }

  @Test
  void severalThreadsTakePart() {
    Set<Thread> threads = ConcurrentHashMap.newKeySet();
    CountDownLatch both = new CountDownLatch(2);
    try (ExecutorService fixed = Executors.newFixedThreadPool(1)) {
      Parts.run(
          Parallelism.of(fixed, 2),
          2,
          part -> {
            threads.add(Thread.currentThread());
            both.countDown();
            try {
              assertTrue(both.await(1, TimeUnit.MINUTES));
            } catch (InterruptedException e) {
              throw new IllegalStateException(e);
            }
          });
    }
    assertEquals(2, threads.size());
  }

  @Test
  void whatAPartThrowsReachesTheCallerOnceAllPartsHaveEnded() {
    try (ExecutorService fixed = Executors.newFixedThreadPool(3)) {
      for (int failing = 0; failing < 8; failing++) {
        int bad = failing;
        AtomicInteger ran = new AtomicInteger();
        IllegalStateException thrown = new IllegalStateException("part " + bad);
        IllegalStateException caught =
            assertThrows(
                IllegalStateException.class,
                () ->
                    Parts.run(
                        Parallelism.of(fixed, 4),
                        8,
                        part -> {
                          ran.incrementAndGet();
                          if (part == bad) {
                            throw thrown;
                          }
                        }));
        assertSame(thrown, caught);
        assertEquals(8, ran.get());
      }
    }
  }

  @Test
  void anExecutorThatFailsDoesSoOnceAllPartsHaveEnded() {
    AtomicInteger ran = new AtomicInteger();
    Executor failing =
        task -> {
          throw new OutOfMemoryError("no thread");
        };
    OutOfMemoryError error =
        assertThrows(
            OutOfMemoryError.class,
            () -> Parts.run(Parallelism.of(failing, 4), 8, part -> ran.incrementAndGet()));
    assertEquals("no thread", error.getMessage());
    assertEquals(8, ran.get());
  }

  @Test
  void anInterruptedCallerGetsItsResultAndKeepsItsFlag() {
    try (ExecutorService fixed = Executors.newFixedThreadPool(2)) {
      Thread.currentThread().interrupt();
      assertSameOn("interrupted", Parallelism.of(fixed, 3));
      assertTrue(Thread.interrupted());
      assertFalse(Thread.interrupted());
      // While it waits.
      Thread caller = Thread.currentThread();
      AtomicInteger ended = new AtomicInteger();
      Parts.run(
          Parallelism.of(fixed, 3),
          3,
          part -> {
            if (Thread.currentThread() != caller) {
              caller.interrupt();
              sleep(100);
            } else {
              sleep(30);
            }
            ended.incrementAndGet();
          });
      assertEquals(3, ended.get());
      assertTrue(Thread.interrupted());
    }
  }

  private static void sleep(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void confinedOperandsAreRefusedWhereThreadsWouldReadThem() {
    Shape shape = Shape.of(200, 200);
    Contraction plan =
        Contraction.compile(
            "ik,kj->ij",
            ContractionOptions.DEFAULT.withParallelism(Parallelism.of(Runnable::run, 2)),
            shape,
            shape);
    Contraction path =
        Contraction.compile(
            "ij,jk,kl->il",
            ContractionOptions.DEFAULT.withParallelism(Parallelism.of(Runnable::run, 2)),
            shape,
            shape,
            shape);
    try (Arena confined = Arena.ofConfined();
        Arena shared = Arena.ofShared()) {
      Tensor own = Tensor.full(confined, 1f, 200, 200);
      Tensor anyones = Tensor.full(shared, 1f, 200, 200);
      Tensor out = Tensor.full(shared, 42f, 200, 200);
      Tensor ownOut = Tensor.full(confined, 42f, 200, 200);
      String why =
          ": this tensor of shape [200, 200] belongs to a confined arena, which the other threads of a parallel run cannot read or write: use Arena.ofShared() or Arena.ofAuto(), or a plan without parallelism";
      refused(WrongThreadException.class, "operand 0" + why, () -> plan.execute(own, anyones, out));
      refused(WrongThreadException.class, "operand 1" + why, () -> plan.execute(anyones, own, out));
      refused(
          WrongThreadException.class, "out" + why, () -> plan.execute(anyones, anyones, ownOut));
      for (int operand = 0; operand < 3; operand++) {
        Tensor[] operands = {anyones, anyones, anyones};
        operands[operand] = own;
        refused(
            WrongThreadException.class,
            "operand " + operand + why,
            () -> path.execute(operands, out));
      }
      Tensor[] operands = {anyones, anyones, anyones};
      refused(WrongThreadException.class, "out" + why, () -> path.execute(operands, ownOut));
      assertSameBits("out", Tensor.full(shared, 42f, 200, 200), out);
      assertSameBits("out", Tensor.full(shared, 42f, 200, 200), ownOut);
      // Too little work for two threads.
      Shape small = Shape.of(20, 20);
      Contraction alone =
          Contraction.compile(
              "ik,kj->ij",
              ContractionOptions.DEFAULT.withParallelism(Parallelism.of(Runnable::run, 2)),
              small,
              small);
      Tensor part = own.slice(0, 0, 20).slice(1, 0, 20);
      alone.execute(part, part, ownOut.slice(0, 0, 20).slice(1, 0, 20));
      assertEquals(20, ownOut.get(19, 19));
    }
  }

  @Test
  void gradientsAndCopiesOfOptionsKeepTheParallelism() {
    Parallelism two = Parallelism.of(Runnable::run, 2);
    ContractionOptions options =
        ContractionOptions.DEFAULT
            .withParallelism(two)
            .withDType(DType.FLOAT32)
            .withSearch(PathSearch.GREEDY)
            .withLargestIntermediate(1000)
            .withPath(ContractionPath.of(new int[] {0, 1}));
    assertSame(two, options.parallelism());
    assertSame(Parallelism.NONE, ContractionOptions.DEFAULT.parallelism());
    assertTrue(options.toString().endsWith(", on 2 threads"), options::toString);
    Contraction gradient =
        Contraction.compile(
                "ik,kj->ij",
                ContractionOptions.DEFAULT.withParallelism(two),
                Shape.of(200, 200),
                Shape.of(200, 200))
            .gradient(0);
    try (Arena arena = Arena.ofConfined()) {
      Tensor own = Tensor.full(arena, 1f, 200, 200);
      Tensor out = Tensor.full(arena, 1f, 200, 200);
      assertThrows(WrongThreadException.class, () -> gradient.execute(own, own, out));
    }
  }

  @Test
  void scratchIsBoundedUnderThousandsOfVirtualThreads() throws Exception {
    EquationCase c = LARGE.getLast();
    try (Arena arena = Arena.ofShared();
        ExecutorService virtual = Executors.newVirtualThreadPerTaskExecutor();
        ForkJoinPool pool = new ForkJoinPool(2)) {
      Contraction plan =
          Contraction.compile(
              c.equation(),
              ContractionOptions.DEFAULT.withParallelism(Parallelism.of(pool, 2)),
              c.shapes());
      Tensor[] operands = operands(arena, c, Layout.CONTIGUOUS, 7);
      Tensor expected = result(arena, c, Parallelism.NONE, operands);
      List<Tensor> outs = new ArrayList<>();
      for (int run = 0; run < 2000; run++) {
        outs.add(Tensor.zeros(arena, expected.shape().toArray()));
      }
      long before = NativeMemory.bytes();
      List<Future<?>> runs = new ArrayList<>();
      for (Tensor out : outs) {
        runs.add(
            virtual.submit(() -> {
              plan.execute(operands, out);
              plan.execute(operands, out, Accumulation.ADD);
            }));
      }
      for (Future<?> run : runs) {
        run.get();
      }
      long grown = NativeMemory.bytes() - before;
      assertTrue(grown < 64L << 20, "scratch has grown by " + grown + " bytes");
      for (Tensor out : outs) {
        assertSameBits("run", expected, out);
      }
    }
  }
}
