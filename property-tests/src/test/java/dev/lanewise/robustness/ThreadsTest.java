package dev.lanewise.robustness;

import static dev.lanewise.verification.TensorAssertions.assertSameBits;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.NativeMemory;
import dev.lanewise.einsum.Contraction;
import dev.lanewise.einsum.ContractionOptions;
import dev.lanewise.embedding.BagMode;
import dev.lanewise.embedding.Embedding;
import dev.lanewise.embedding.EmbeddingBag;
import dev.lanewise.embedding.NearestRows;
import dev.lanewise.embedding.Similarity;
import dev.lanewise.parallel.Parallelism;
import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * One plan, one table and one search for thousands of virtual threads, and for a thread that is
 * interrupted all the time: the bits of one thread alone, and scratch memory that does not grow
 * with the threads.
 */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class ThreadsTest {
  private static final int THREADS = Integer.getInteger("lanewise.virtual.threads", 2000);

  private static final int ROWS = 500;
  private static final int WIDTH = 40;
  private static final int IDS = 60;

  /** What one request needs at most, and from how many pools. */
  private static final long SCRATCH_BYTES = 1 << 17;

  private static final int POOLS = 4;

  /** What a request does: all that is shared is immutable. */
  private static final class Service {
    private final Embedding table;
    private final EmbeddingBag bag;
    private final NearestRows nearest;
    private final Contraction path;
    private final Tensor first;
    private final Tensor second;
    private final int[] ids = new SplittableRandom(5).ints(IDS, 0, ROWS).toArray();
    private final int[] offsets = {0, 7, 7, 30};

    Service(Arena arena, Parallelism parallelism) {
      var random = new SplittableRandom(11);
      table =
          Embedding.fromPretrained(Tensor.randn(arena, random, ROWS, WIDTH))
              .withParallelism(parallelism);
      bag = EmbeddingBag.of(table, BagMode.SUM).withParallelism(parallelism);
      nearest = NearestRows.of(table, Similarity.COSINE, 3).withParallelism(parallelism);
      first = Tensor.randn(arena, random, WIDTH, 30);
      second = Tensor.randn(arena, random, 30, 8);
      path =
          Contraction.compile(
              "bi,ij,jk->bk",
              ContractionOptions.DEFAULT.withParallelism(parallelism),
              Shape.of(IDS, WIDTH),
              first.shape(),
              second.shape());
    }

    /** All results of a request, one behind the other. */
    float[] serve(Arena arena) {
      Tensor rows = Tensor.zeros(arena, IDS, WIDTH);
      Tensor sums = Tensor.zeros(arena, offsets.length, WIDTH);
      Tensor scores = Tensor.zeros(arena, IDS, 8);
      Tensor similar = Tensor.zeros(arena, offsets.length, 3);
      Tensor numbers = Tensor.allocate(arena, DType.INT64, Shape.of(offsets.length, 3));
      table.forward(ids, rows);
      bag.forward(ids, offsets, sums);
      path.execute(new Tensor[] {rows, first, second}, scores);
      nearest.search(sums, numbers, similar);
      float[] all = new float[0];
      for (Tensor each : List.of(rows, sums, scores, similar)) {
        float[] values = each.toFloatArray();
        all = Arrays.copyOf(all, all.length + values.length);
        System.arraycopy(values, 0, all, all.length - values.length, values.length);
      }
      return all;
    }
  }

  @Test
  void thousandsOfVirtualThreadsGetTheBitsOfOne() throws Exception {
    try (Arena arena = Arena.ofShared();
        ExecutorService virtual = Executors.newVirtualThreadPerTaskExecutor()) {
      Service service = new Service(arena, Parallelism.NONE);
      long cold = NativeMemory.bytes();
      float[] expected;
      try (Arena own = Arena.ofShared()) {
        expected = service.serve(own);
      }
      long before = NativeMemory.bytes();
      assertTrue(before - cold <= SCRATCH_BYTES, () -> before - cold + " bytes for one request");
      List<Future<float[]>> served = new ArrayList<>();
      for (int i = 0; i < THREADS; i++) {
        served.add(
            virtual.submit(() -> {
              try (Arena own = Arena.ofShared()) {
                return service.serve(own);
              }
            }));
      }
      for (Future<float[]> each : served) {
        assertSameBits("a virtual thread", expected, each.get());
      }
      // Each of the pools that a request takes from keeps four pieces a processor at most; what was
      // made beyond them goes with the collector.
      long most = POOLS * 4L * Runtime.getRuntime().availableProcessors() * SCRATCH_BYTES;
      assertTrue(most < THREADS * SCRATCH_BYTES);
      for (int i = 0; NativeMemory.bytes() - before > most && i < 200; i++) {
        System.gc();
        Thread.sleep(10);
      }
      long grown = NativeMemory.bytes() - before;
      assertTrue(grown <= most, () -> "scratch has grown by " + grown + " bytes");
    }
  }

  @Test
  void anInterruptedThreadGetsItsResultAndKeepsItsFlag() throws Exception {
    try (Arena arena = Arena.ofShared();
        ExecutorService helpers = Executors.newFixedThreadPool(2)) {
      float[] expected = new Service(arena, Parallelism.NONE).serve(arena);
      Service service = new Service(arena, Parallelism.of(helpers, 3));
      Large large = new Large(arena, Parallelism.of(helpers, 3));
      float[] ofLarge = new Large(arena, Parallelism.NONE).serve();
      Thread caller = Thread.currentThread();
      Thread interrupting =
          Thread.ofPlatform()
              .start(() -> {
                while (!Thread.currentThread().isInterrupted()) {
                  caller.interrupt();
                  Thread.onSpinWait();
                }
              });
      try {
        for (int i = 0; i < 30; i++) {
          assertSameBits("interrupted", expected, service.serve(arena));
          assertSameBits("interrupted", ofLarge, large.serve());
        }
      } finally {
        interrupting.interrupt();
        join(interrupting);
      }
      // Nobody interrupts any more: it is the calls that must keep what was there.
      caller.interrupt();
      large.serve();
      service.serve(arena);
      assertTrue(Thread.interrupted());
      large.serve();
      assertFalse(Thread.interrupted());
    }
  }

  /** Enough work to be divided. */
  private static final class Large {
    private final Embedding table;
    private final EmbeddingBag bag;
    private final Contraction product;
    private final Tensor weight;
    private final int[] ids = new SplittableRandom(5).ints(20_000, 0, ROWS).toArray();
    private final int[] offsets = new int[1000];

    Large(Arena arena, Parallelism parallelism) {
      var random = new SplittableRandom(13);
      table =
          Embedding.fromPretrained(Tensor.randn(arena, random, ROWS, WIDTH))
              .withParallelism(parallelism);
      bag = EmbeddingBag.of(table, BagMode.MEAN).withParallelism(parallelism);
      weight = Tensor.randn(arena, random, WIDTH, 40);
      Arrays.setAll(offsets, i -> 20 * i);
      product =
          Contraction.compile(
              "ik,kj->ij",
              ContractionOptions.DEFAULT.withParallelism(parallelism),
              Shape.of(ids.length, WIDTH),
              weight.shape());
    }

    float[] serve() {
      try (Arena arena = Arena.ofShared()) {
        Tensor rows = Tensor.zeros(arena, ids.length, WIDTH);
        Tensor out = Tensor.zeros(arena, ids.length, 40);
        Tensor means = Tensor.zeros(arena, offsets.length, WIDTH);
        table.forward(ids, rows);
        bag.forward(ids, offsets, means);
        product.execute(rows, weight, out);
        float[] first = out.toFloatArray();
        float[] second = means.toFloatArray();
        float[] all = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, all, first.length, second.length);
        return all;
      }
    }
  }

  private static void join(Thread thread) {
    Thread.interrupted();
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException again) {
        // It is interrupting still.
      }
    }
    Thread.interrupted();
  }
}
