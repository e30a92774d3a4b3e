package dev.lanewise.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.embedding.BagMode;
import dev.lanewise.embedding.Embedding;
import dev.lanewise.embedding.EmbeddingBag;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Many readers while the value is replaced and at last closed. */
@Timeout(120)
final class ReplaceableStressTest {
  private static final int READERS = 6;

  /** Of large memory, so that the pages go when it is closed. */
  private static final int ROWS = 40_000;

  private static final int DIM = 64;

  static Stream<Callable<ExecutorService>> threads() {
    return Stream.of(
        () -> Executors.newFixedThreadPool(READERS), Executors::newVirtualThreadPerTaskExecutor);
  }

  /** A table all of whose elements are its number, so that a mix of two shows. */
  private static Embedding table(Arena arena, int number) {
    return Embedding.fromPretrained(Tensor.full(arena, number, ROWS, DIM));
  }

  @ParameterizedTest
  @MethodSource("threads")
  void readersGetTheOldTableOrTheNewOne(Callable<ExecutorService> threads) throws Exception {
    int replacements = 40;
    List<Arena> arenas = new ArrayList<>();
    arenas.add(TableArena.ofShared());
    var live = new Replaceable<>(table(arenas.get(0), 1), arenas.get(0));
    var reads = new AtomicInteger();
    var begun = new CountDownLatch(READERS);
    try (ExecutorService pool = threads.call()) {
      List<Future<Integer>> readers = new ArrayList<>();
      for (int i = 0; i < READERS; i++) {
        int seed = i;
        readers.add(pool.submit(() -> readUntilClosed(live, reads, begun, seed)));
      }
      begun.await();
      List<CompletableFuture<Embedding>> old = new ArrayList<>();
      for (int i = 2; i <= replacements + 1; i++) {
        Arena arena = TableArena.ofShared();
        arenas.add(arena);
        Embedding next = table(arena, i);
        int before = reads.get();
        old.add(live.replace(next, arena));
        while (reads.get() < before + READERS) {
          Thread.yield();
        }
      }
      live.close();
      for (Future<Integer> reader : readers) {
        assertTrue(reader.get(60, TimeUnit.SECONDS) > 0);
      }
      for (var each : old) {
        each.get(60, TimeUnit.SECONDS);
      }
    }
    arenas.forEach(arena -> assertFalse(arena.scope().isAlive()));
  }

  /** The number of the last table that was seen. */
  private static int readUntilClosed(
      Replaceable<Embedding> live, AtomicInteger reads, CountDownLatch begun, int seed)
      throws InterruptedException {
    int[] ids = {seed, 39_999, 20_000 - seed, 12_345};
    try (Arena arena = Arena.ofConfined()) {
      Tensor out = Tensor.zeros(arena, ids.length, DIM);
      Tensor mean = Tensor.zeros(arena, 1, DIM);
      int last = 0;
      while (true) {
        Lease<Embedding> lease;
        try {
          lease = live.acquire();
        } catch (IllegalStateException closed) {
          return last;
        }
        try (lease) {
          // Two uses in one read are of one table.
          lease.value().forward(ids, out);
          EmbeddingBag.of(lease.value(), BagMode.MEAN).forward(ids, new int[] {0}, mean);
        }
        int number = (int) out.get(0, 0);
        for (float element : out.toFloatArray()) {
          assertEquals(number, element, "a mix");
        }
        for (float element : mean.toFloatArray()) {
          assertEquals(number, element, "a mix");
        }
        assertTrue(number >= last, "a table came back");
        if (last == 0) {
          // More virtual threads than processors: each is to have its turn.
          begun.countDown();
          begun.await();
        }
        last = number;
        reads.incrementAndGet();
        Thread.yield();
      }
    }
  }

  /** Fails a reader that meets it closed. */
  private static final class Guarded implements AutoCloseable {
    private volatile boolean closed;
    private final AtomicInteger closings = new AtomicInteger();

    @Override
    public void close() {
      closed = true;
      closings.incrementAndGet();
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3})
  void eachIsClosedOnceAndNeverDuringARead(int writers) throws Exception {
    int replacements = 6_000;
    var first = new Guarded();
    var live = new Replaceable<>(first, first);
    List<Guarded> all = new ArrayList<>(List.of(first));
    try (ExecutorService pool = Executors.newFixedThreadPool(READERS + writers)) {
      List<Future<Integer>> readers = new ArrayList<>();
      for (int i = 0; i < READERS; i++) {
        readers.add(pool.submit(() -> guardUntilClosed(live)));
      }
      List<Future<List<Guarded>>> written = new ArrayList<>();
      for (int i = 0; i < writers; i++) {
        written.add(pool.submit(() -> replaceOften(live, replacements / writers)));
      }
      for (Future<List<Guarded>> each : written) {
        all.addAll(each.get(60, TimeUnit.SECONDS));
      }
      live.close();
      for (Future<Integer> reader : readers) {
        assertEquals(0, reader.get(60, TimeUnit.SECONDS), "reads of what was closed");
      }
    }
    assertEquals(1 + replacements, all.size());
    all.forEach(each -> assertEquals(1, each.closings.get(), "closings"));
  }

  private static List<Guarded> replaceOften(Replaceable<Guarded> live, int times) throws Exception {
    List<Guarded> mine = new ArrayList<>();
    List<CompletableFuture<Guarded>> old = new ArrayList<>();
    for (int i = 0; i < times; i++) {
      var next = new Guarded();
      mine.add(next);
      old.add(live.replace(next, next));
    }
    for (var each : old) {
      assertTrue(each.get(60, TimeUnit.SECONDS).closed);
    }
    return mine;
  }

  private static int guardUntilClosed(Replaceable<Guarded> live) {
    int wrong = 0;
    while (true) {
      Lease<Guarded> lease;
      try {
        lease = live.acquire();
      } catch (IllegalStateException closed) {
        return wrong;
      }
      try (lease) {
        wrong += lease.value().closed ? 1 : 0;
        Thread.onSpinWait();
        wrong += lease.value().closed ? 1 : 0;
      }
    }
  }
}
