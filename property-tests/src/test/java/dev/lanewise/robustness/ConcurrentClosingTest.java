package dev.lanewise.robustness;

import static dev.lanewise.verification.TensorAssertions.assertSameBits;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.einsum.Contraction;
import dev.lanewise.einsum.ContractionOptions;
import dev.lanewise.embedding.BagMode;
import dev.lanewise.embedding.Embedding;
import dev.lanewise.embedding.EmbeddingBag;
import dev.lanewise.embedding.NearestRows;
import dev.lanewise.embedding.Similarity;
import dev.lanewise.memory.TableArena;
import dev.lanewise.optim.Adagrad;
import dev.lanewise.optim.FusedUpdate;
import dev.lanewise.optim.RowwiseAdagrad;
import dev.lanewise.parallel.Parallelism;
import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Parameter;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import java.util.function.Supplier;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Memory that another thread closes while an operation uses it: the operation ends with an
 * IllegalStateException that says so, the JVM lives, and what was shared (plans, scratch) serves
 * the next call as if nothing had been.
 */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class ConcurrentClosingTest {
  private static final int ROUNDS = Integer.getInteger("lanewise.closing.rounds", 12);

  private static final int ROWS = 2000;
  private static final int WIDTH = 48;

  /** Shared by all rounds, as they would be in a service. */
  private static final Contraction PRODUCT = product(Parallelism.NONE);

  private static Contraction product(Parallelism parallelism) {
    return Contraction.compile(
        "ik,kj->ij",
        ContractionOptions.DEFAULT.withParallelism(parallelism),
        Shape.of(ROWS, WIDTH),
        Shape.of(WIDTH, 160));
  }

  /** What is done again and again with memory of an arena, given who helps. */
  private static final Map<String, Scenario> SCENARIOS =
      Map.of(
          "lookup", ConcurrentClosingTest::lookup,
          "bags", ConcurrentClosingTest::bags,
          "contraction", ConcurrentClosingTest::contraction,
          "gathered", ConcurrentClosingTest::gathered,
          "packed", ConcurrentClosingTest::packed,
          "nearest", ConcurrentClosingTest::nearest,
          "step", ConcurrentClosingTest::step,
          "fused", ConcurrentClosingTest::fused);

  private interface Scenario {
    Runnable in(Arena arena, Parallelism parallelism);
  }

  private static Tensor numbers(Arena arena, long... sizes) {
    return Tensor.uniform(arena, new SplittableRandom(7), -1, 1, sizes);
  }

  private static int[] ids() {
    return new SplittableRandom(3).ints(6000, 0, ROWS).toArray();
  }

  private static Runnable lookup(Arena arena, Parallelism parallelism) {
    Embedding table =
        Embedding.fromPretrained(numbers(arena, ROWS, WIDTH)).withParallelism(parallelism);
    int[] ids = ids();
    Tensor out = Tensor.zeros(arena, ids.length, WIDTH);
    return () -> table.forward(ids, out);
  }

  private static Runnable bags(Arena arena, Parallelism parallelism) {
    Embedding table = Embedding.fromPretrained(numbers(arena, ROWS, WIDTH));
    EmbeddingBag bag = EmbeddingBag.of(table, BagMode.MEAN).withParallelism(parallelism);
    int[] offsets = new int[600];
    Arrays.setAll(offsets, i -> 10 * i);
    int[] ids = ids();
    Tensor out = Tensor.zeros(arena, offsets.length, WIDTH);
    return () -> bag.forward(ids, offsets, out);
  }

  private static Runnable contraction(Arena arena, Parallelism parallelism) {
    Contraction plan = parallelism.width() == 1 ? PRODUCT : product(parallelism);
    Tensor a = numbers(arena, ROWS, WIDTH);
    Tensor b = numbers(arena, WIDTH, 160);
    Tensor out = Tensor.zeros(arena, ROWS, 160);
    return () -> plan.execute(a, b, out);
  }

  private static Runnable gathered(Arena arena, Parallelism parallelism) {
    Contraction plan =
        Contraction.compile(
            "ik,kj->ij",
            ContractionOptions.DEFAULT.withParallelism(parallelism),
            Shape.of(6000, WIDTH),
            Shape.of(WIDTH, 32));
    var rows = Embedding.fromPretrained(numbers(arena, ROWS, WIDTH)).rows(ids());
    Tensor b = numbers(arena, WIDTH, 32);
    Tensor out = Tensor.zeros(arena, 6000, 32);
    return () -> plan.execute(rows, b, out);
  }

  private static Runnable packed(Arena arena, Parallelism parallelism) {
    Contraction plan = parallelism.width() == 1 ? PRODUCT : product(parallelism);
    Tensor a = numbers(arena, ROWS, WIDTH);
    var b = plan.pack(arena, 1, numbers(arena, WIDTH, 160));
    Tensor out = Tensor.zeros(arena, ROWS, 160);
    return () -> plan.execute(a, b, out);
  }

  private static Runnable nearest(Arena arena, Parallelism parallelism) {
    NearestRows search =
        NearestRows.of(numbers(arena, ROWS, WIDTH), Similarity.EUCLIDEAN, 5)
            .withParallelism(parallelism);
    Tensor queries = numbers(arena, 20, WIDTH);
    Tensor rows = Tensor.allocate(arena, DType.INT64, Shape.of(20, 5));
    Tensor scores = Tensor.zeros(arena, 20, 5);
    return () -> search.search(queries, rows, scores);
  }

  private static Runnable step(Arena arena, Parallelism parallelism) {
    Parameter weight = Parameter.trainable(arena, numbers(arena, ROWS, WIDTH));
    Embedding table = Embedding.of(weight).withSparseGradient();
    Adagrad adagrad = Adagrad.of(0.01f, weight);
    int[] ids = ids();
    Tensor gradient = numbers(arena, ids.length, WIDTH);
    return () -> {
      adagrad.zeroGrad();
      table.backward(ids, gradient);
      adagrad.step();
    };
  }

  private static Runnable fused(Arena arena, Parallelism parallelism) {
    Parameter weight = Parameter.trainable(arena, numbers(arena, ROWS, WIDTH));
    FusedUpdate update =
        RowwiseAdagrad.of(0.01f, weight).fused(Embedding.of(weight)).withParallelism(parallelism);
    int[] ids = ids();
    Tensor gradient = numbers(arena, ids.length, WIDTH);
    return () -> update.backward(ids, gradient);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"lookup", "bags", "contraction", "gathered", "packed", "nearest", "step", "fused"})
  void anArenaThatIsClosedEndsTheCallWithAnError(String name) throws Exception {
    float[] before = product();
    SplittableRandom random = new SplittableRandom(name.hashCode());
    try (ExecutorService helpers = Executors.newFixedThreadPool(2);
        ExecutorService users = Executors.newFixedThreadPool(2)) {
      Supplier<Arena> ordinary = Arena::ofShared;
      Supplier<Arena> ofTables = TableArena::ofShared;
      for (int round = 0; round < ROUNDS; round++) {
        Function<Arena, Runnable> scenario =
            round % 2 == 0
                ? arena -> SCENARIOS.get(name).in(arena, Parallelism.NONE)
                : arena -> SCENARIOS.get(name).in(arena, Parallelism.of(helpers, 3));
        Arena arena = (round % 4 < 2 ? ordinary : ofTables).get();
        Runnable use = scenario.apply(arena);
        CountDownLatch running = new CountDownLatch(1);
        Future<Throwable> ended = users.submit(() -> untilItThrows(use, running));
        running.await();
        LockSupport.parkNanos(random.nextInt(2_000_000));
        arena.close();
        Throwable thrown = ended.get();
        assertEquals(IllegalStateException.class, thrown.getClass(), thrown::toString);
        assertTrue(
            String.valueOf(thrown.getMessage()).matches("(?s).*([Cc]losed).*"), thrown::toString);
      }
    }
    assertSameBits("after all that", before, product());
  }

  private static Throwable untilItThrows(Runnable use, CountDownLatch running) {
    try {
      use.run();
      running.countDown();
      while (true) {
        use.run();
      }
    } catch (RuntimeException | Error e) {
      return e;
    } finally {
      running.countDown();
    }
  }

  /** With the plan, and the scratch memory, that the rounds use. */
  private static float[] product() {
    try (Arena arena = Arena.ofConfined()) {
      Tensor out = Tensor.zeros(arena, ROWS, 160);
      PRODUCT.execute(numbers(arena, ROWS, WIDTH), numbers(arena, WIDTH, 160), out);
      return out.toFloatArray();
    }
  }
}
