package dev.lanewise.internal.memory;

import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Supplier;

/**
 * Lends scratch memory to whoever runs a plan, without a lock and, once warm, without allocating.
 * At most as many pieces are kept as there are slots, so memory stays bounded however many
 * (virtual) threads ask; when all are lent out, a new piece is made and later dropped.
 *
 * @param <T> the kind of scratch
 */
public final class ScratchPool<T> {
  private final AtomicReferenceArray<T> slots;
  private final Supplier<T> factory;

  /** A pool with two to four slots for every processor. */
  public ScratchPool(Supplier<T> factory) {
    int processors = Runtime.getRuntime().availableProcessors();
    this.slots = new AtomicReferenceArray<>(2 * Integer.highestOneBit(2 * processors - 1));
    this.factory = factory;
  }

  /** A piece that nobody else uses until it is given back. */
  public T take() {
    int last = slots.length() - 1;
    int start = (int) Thread.currentThread().threadId();
    for (int i = 0; i <= last; i++) {
      int slot = (start + i) & last;
      T piece = slots.getPlain(slot);
      if (piece != null && slots.compareAndSet(slot, piece, null)) {
        return piece;
      }
    }
    return factory.get();
  }

  /** Gives a piece back, or drops it if every slot is full. */
  public void giveBack(T piece) {
    int last = slots.length() - 1;
    int start = (int) Thread.currentThread().threadId();
    for (int i = 0; i <= last; i++) {
      int slot = (start + i) & last;
      if (slots.getPlain(slot) == null && slots.compareAndSet(slot, null, piece)) {
        return;
      }
    }
  }
}
