package dev.lanewise.internal.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Scratch memory belongs to one thread at a time. */
class ScratchPoolTest {
  @Test
  void nobodyElseHasAPieceThatIsLent() throws InterruptedException {
    ScratchPool<AtomicInteger> pool = new ScratchPool<>(AtomicInteger::new);
    AtomicInteger shared = new AtomicInteger();
    List<Thread> threads = new ArrayList<>();
    // More threads than slots, so that several begin their search at the same one.
    int count = 8 * Runtime.getRuntime().availableProcessors();
    for (int i = 0; i < count; i++) {
      threads.add(
          Thread.ofPlatform()
              .start(() -> {
                for (int round = 0; round < 100_000; round++) {
                  AtomicInteger piece = pool.take();
                  if (piece.getAndIncrement() != 0) {
                    shared.incrementAndGet();
                  }
                  piece.getAndDecrement();
                  pool.giveBack(piece);
                }
              }));
    }
    for (Thread thread : threads) {
      thread.join();
    }
    assertEquals(0, shared.get(), "times that a piece was another thread's, too");
  }
}
