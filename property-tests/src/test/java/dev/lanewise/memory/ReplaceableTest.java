package dev.lanewise.memory;

import static dev.lanewise.Refusals.refused;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.embedding.BagMode;
import dev.lanewise.embedding.Embedding;
import dev.lanewise.embedding.EmbeddingBag;
import dev.lanewise.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * What readers, writers and those who close see, one after the other; ReplaceableStressTest is the
 * rest.
 */
@Timeout(60)
final class ReplaceableTest {
  private static final String CLOSED =
      "this replaceable is closed: it has no value to read or to replace any more";

  /** Counts how often it was closed. */
  private static final class Memory implements AutoCloseable {
    private final AtomicInteger closed = new AtomicInteger();

    @Override
    public void close() {
      closed.incrementAndGet();
    }

    int closed() {
      return closed.get();
    }
  }

  private static <T> T get(CompletableFuture<T> future) throws Exception {
    return future.get(30, TimeUnit.SECONDS);
  }

  @Test
  void theOldMemoryIsClosedWhenTheLastReaderLeaves() throws Exception {
    var first = new Memory();
    var second = new Memory();
    var live = new Replaceable<>("first", first);
    Lease<String> one = live.acquire();
    Lease<String> two = live.acquire();
    CompletableFuture<String> old = live.replace("second", second);
    try (Lease<String> lease = live.acquire()) {
      assertEquals("second", lease.value());
    }
    assertEquals("first", one.value());
    one.close();
    assertFalse(old.isDone());
    assertEquals(0, first.closed());
    // By a thread that did not take it.
    CompletableFuture.runAsync(two::close).join();
    assertEquals("first", get(old));
    assertEquals(1, first.closed());
    assertEquals(0, second.closed());
    live.close();
    assertEquals(1, second.closed());
    assertEquals(1, first.closed());
  }

  @Test
  void withoutReadersItIsClosedAtOnce() throws Exception {
    var memory = new Memory();
    var live = new Replaceable<>("first", memory);
    assertEquals("first", get(live.replace("second")));
    assertEquals(1, memory.closed());
    // What was given without memory is given back when it is free.
    assertEquals("second", get(live.replace("third", new Memory())));
    live.close();
  }

  @Test
  void readsNestAndSeeTheValueOfTheirBeginning() throws Exception {
    var memory = new Memory();
    var live = new Replaceable<>(1, memory);
    CompletableFuture<Integer> old;
    try (Lease<Integer> outer = live.acquire()) {
      try (Lease<Integer> inner = live.acquire()) {
        assertSame(outer, inner);
      }
      old = live.replace(2);
      try (Lease<Integer> inner = live.acquire()) {
        assertEquals(1, outer.value());
        assertEquals(2, inner.value());
      }
      assertFalse(old.isDone());
    }
    assertEquals(1, get(old));
    assertEquals(1, memory.closed());
  }

  @Test
  void closingWaitsForReaders() throws Exception {
    var memory = new Memory();
    var live = new Replaceable<>("value", memory);
    Lease<String> reader = live.acquire();
    CompletableFuture<Void> closing = CompletableFuture.runAsync(live::close);
    while (!live.toString().equals("Replaceable(closed)")) {
      Thread.onSpinWait();
    }
    refused(IllegalStateException.class, CLOSED, live::acquire);
    refused(IllegalStateException.class, CLOSED, () -> live.replace("other"));
    assertEquals("value", reader.value());
    assertFalse(closing.isDone());
    assertEquals(0, memory.closed());
    reader.close();
    get(closing);
    assertEquals(1, memory.closed());
  }

  @Test
  void closingAgainChangesNothing() throws Exception {
    var memory = new Memory();
    var live = new Replaceable<>("value", memory);
    assertEquals("Replaceable(value)", live.toString());
    live.close();
    live.close();
    assertEquals("value", get(live.retire()));
    assertEquals(1, memory.closed());
    var refusedMemory = new Memory();
    refused(IllegalStateException.class, CLOSED, () -> live.replace("other", refusedMemory));
    assertEquals(0, refusedMemory.closed());
  }

  @Test
  void retiringFromInsideAReadDoesNotWait() throws Exception {
    var memory = new Memory();
    var live = new Replaceable<>("value", memory);
    CompletableFuture<String> last;
    try (Lease<String> lease = live.acquire()) {
      last = live.retire();
      assertEquals("value", lease.value());
      assertEquals(0, memory.closed());
    }
    assertEquals("value", get(last));
    assertEquals(1, memory.closed());
  }

  @Test
  void nobodyElseCanCompleteTheFuture() throws Exception {
    var memory = new Memory();
    var live = new Replaceable<>("value", memory);
    try (Lease<String> lease = live.acquire()) {
      assertTrue(live.retire().complete("forged"));
      assertFalse(live.retire().isDone());
      assertEquals("value", lease.value());
      assertEquals(0, memory.closed());
    }
    assertEquals("value", get(live.retire()));
  }

  // ------------------------------------------------------------------------------------------
  // misuse

  @Test
  void aLeaseClosedTwiceLeavesTheMemoryOpen() {
    var memory = new Memory();
    var live = new Replaceable<>("value", memory);
    Lease<String> lease = live.acquire();
    lease.close();
    lease.close();
    var failure = assertThrows(ExecutionException.class, () -> get(live.replace("next")));
    assertInstanceOf(IllegalStateException.class, failure.getCause());
    assertEquals(
        "a lease on value was closed more often than it was acquired: its memory stays open,"
            + " because somebody may be reading it",
        failure.getCause().getMessage());
    assertEquals(0, memory.closed());
    try (Lease<String> next = live.acquire()) {
      assertEquals("next", next.value());
    }
    live.close();
  }

  @Test
  void whatCannotBeClosedSaysSo() {
    var live =
        new Replaceable<>(
            "value",
            () -> {
              throw new IOException("busy");
            });
    var failure = assertThrows(ExecutionException.class, () -> get(live.replace("next")));
    assertEquals("busy", failure.getCause().getMessage());
    get0(live.replace("other", Arena.ofAuto()));
    // An automatic arena cannot be closed.
    var closing = assertThrows(CompletionException.class, live::close);
    assertInstanceOf(UnsupportedOperationException.class, closing.getCause());
    assertThrows(IllegalStateException.class, live::acquire);
  }

  private static void get0(CompletableFuture<String> future) {
    assertEquals("next", future.join());
  }

  @Test
  void memoryThatReadersCannotUseIsRefused() {
    var live = new Replaceable<>("value");
    Arena closed = Arena.ofShared();
    closed.close();
    try (Arena confined = Arena.ofConfined();
        TableArena confinedTables = TableArena.ofConfined()) {
      for (Arena arena : List.of(confined, confinedTables)) {
        String message = "memory: expected an arena of all threads, got a confined one";
        refused(IllegalArgumentException.class, message, () -> new Replaceable<>("value", arena));
        refused(IllegalArgumentException.class, message, () -> live.replace("next", arena));
      }
      assertThrows(IllegalStateException.class, () -> live.replace("next", closed));
      assertThrows(IllegalStateException.class, () -> new Replaceable<>("value", closed));
    }
    try (Lease<String> lease = live.acquire()) {
      assertEquals("value", lease.value());
    }
  }

  @Test
  void theSameMemoryTwiceIsRefused() throws Exception {
    var memory = new Memory();
    var live = new Replaceable<>("value", memory);
    refused(
        IllegalArgumentException.class,
        "memory: expected memory of its own, got that of the value before, which will be closed",
        () -> live.replace("next", memory));
    assertEquals(0, memory.closed());
    try (Lease<String> lease = live.acquire()) {
      assertEquals("value", lease.value());
    }
    live.close();
    assertEquals(1, memory.closed());
  }

  @Test
  @SuppressWarnings("NullAway")
  void nullIsRefused() {
    var live = new Replaceable<>("value");
    assertEquals(
        "value",
        assertThrows(NullPointerException.class, () -> new Replaceable<String>(null)).getMessage());
    assertEquals(
        "next", assertThrows(NullPointerException.class, () -> live.replace(null)).getMessage());
    assertEquals(
        "memory",
        assertThrows(NullPointerException.class, () -> live.replace("next", null)).getMessage());
    try (Lease<String> lease = live.acquire()) {
      assertEquals("value", lease.value());
    }
  }

  @Test
  void aTableKeptLongerThanItsLeaseIsAnErrorNotACrash() throws Exception {
    TableArena arena = TableArena.ofShared();
    var live =
        new Replaceable<>(Embedding.fromPretrained(Tensor.full(arena, 1, 50_000, 64)), arena);
    try (Arena outs = Arena.ofConfined()) {
      Tensor out = Tensor.full(outs, 9, 2, 64);
      Embedding kept;
      try (Lease<Embedding> lease = live.acquire()) {
        kept = lease.value();
      }
      TableArena fresh = TableArena.ofShared();
      get(live.replace(Embedding.fromPretrained(Tensor.full(fresh, 2, 50_000, 64)), fresh));
      assertThrows(IllegalStateException.class, () -> kept.forward(new int[] {1, 49_999}, out));
      assertEquals(9, out.get(1, 63));
      try (Lease<Embedding> lease = live.acquire()) {
        assertNotSame(kept, lease.value());
        lease.value().forward(new int[] {1, 49_999}, out);
      }
      assertEquals(2, out.get(1, 63));
    }
    live.close();
  }

  @Test
  void severalTablesChangeTogether() throws Exception {
    record Tables(Embedding words, EmbeddingBag items) {}
    TableArena arena = TableArena.ofShared();
    Embedding words = Embedding.fromPretrained(Tensor.full(arena, 1, 10, 4));
    Embedding items = Embedding.fromPretrained(Tensor.full(arena, 2, 20, 4));
    var live = new Replaceable<>(new Tables(words, EmbeddingBag.of(items, BagMode.SUM)), arena);
    try (Arena outs = Arena.ofConfined();
        Lease<Tables> lease = live.acquire()) {
      Tensor out = Tensor.zeros(outs, 1, 4);
      lease.value().items().forward(new int[] {3, 19}, new int[] {0}, out);
      assertEquals(4, out.get(0, 3));
    }
    live.close();
    assertFalse(arena.scope().isAlive());
  }

  @Test
  void whatAWriterWroteItsReadersSee() throws Exception {
    // Plain fields: only the replacing orders them.
    var live = new Replaceable<>(new int[1]);
    var started = new CountDownLatch(1);
    CompletableFuture<Integer> mixes =
        CompletableFuture.supplyAsync(() -> {
          int found = 0;
          int last = 0;
          started.countDown();
          while (last < 20_000) {
            try (Lease<int[]> lease = live.acquire()) {
              int seen = lease.value()[0];
              found += seen < last ? 1 : 0;
              last = seen;
            }
          }
          return found;
        });
    started.await();
    for (int i = 1; i <= 20_000; i++) {
      live.replace(new int[] {i});
    }
    assertEquals(0, get(mixes));
  }
}
