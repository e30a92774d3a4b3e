package dev.lanewise.memory;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * A reader's hold on the value of a {@link Replaceable}: until it is closed, the value's memory is
 * not.
 *
 * <p>One object serves all readers of a value, so taking it allocates nothing. Each {@link
 * Replaceable#acquire} must be followed by exactly one {@link #close}, by any thread, as
 * try-with-resources does it; after that the value must not be used. One close too many hides
 * another reader. Where the numbers show it when the value is replaced, its memory is left open,
 * and the future that {@link Replaceable#replace} gave fails.
 *
 * @param <T> the kind of value
 */
public final class Lease<T> implements AutoCloseable {
  private final ReaderCount readers = new ReaderCount();
  private final T value;
  private final @Nullable AutoCloseable memory;
  private final CompletableFuture<T> released = new CompletableFuture<>();
  private final AtomicBoolean ended = new AtomicBoolean();

  /** Set after the last reader that may use the value has been counted. */
  private volatile boolean retired;

  Lease(T value, @Nullable AutoCloseable memory) {
    this.value = value;
    this.memory = memory;
  }

  /**
   * What is read.
   *
   * @return the value, the same each time
   */
  public T value() {
    return value;
  }

  /** Ends the hold. */
  @Override
  public void close() {
    readers.leave();
    // Whoever is counted out before this is set is seen by whoever sets it.
    if (retired) {
      endIfUnused();
    }
  }

  void enter() {
    readers.enter();
  }

  @SuppressWarnings("ReferenceEquality") // It is the same or it is not.
  boolean sharesMemory(Lease<?> other) {
    return memory != null && memory == other.memory;
  }

  /**
   * Ends the value once nobody reads it. Only when {@link Replaceable} hands it out no more.
   *
   * @return the value, when that has happened
   */
  CompletableFuture<T> retire() {
    retired = true;
    endIfUnused();
    return released;
  }

  private void endIfUnused() {
    if (readers.balance() <= 0 && ended.compareAndSet(false, true)) {
      // To give gigabytes back takes milliseconds, which no reader is to wait for.
      ForkJoinPool.commonPool().execute(this::end);
    }
  }

  private void end() {
    try {
      if (readers.balance() < 0) {
        throw new IllegalStateException(
            "a lease on "
                + value
                + " was closed more often than it was acquired: its memory stays open, because"
                + " somebody may be reading it");
      }
      if (memory != null) {
        memory.close();
      }
      released.complete(value);
    } catch (Throwable e) {
      released.completeExceptionally(e);
    }
  }
}
