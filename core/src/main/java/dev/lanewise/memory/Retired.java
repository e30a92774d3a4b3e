package dev.lanewise.memory;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;

/**
 * A value that no reader gets any more, but which some may still be reading. Once it is unused it
 * belongs to whoever holds this, and its memory may be closed. Thread-safe.
 *
 * @param <T> the kind of value
 */
public final class Retired<T> {
  private static final int SPINS = 100;

  /** Readers do not signal, which would cost each of them: whoever waits looks again. */
  private static final long PAUSE_NANOS = 50_000;

  private final Lease<T> lease;
  private volatile boolean unused;

  Retired(Lease<T> lease) {
    this.lease = lease;
  }

  /**
   * What was replaced.
   *
   * @return the value; others may be reading it
   */
  public T value() {
    return lease.value();
  }

  /**
   * Whether the last reader has gone; then it stays so.
   *
   * @return true if nobody reads the value
   */
  public boolean isUnused() {
    if (!unused && lease.readers().wasZero()) {
      unused = true;
    }
    return unused;
  }

  /**
   * Waits for the last reader. Never from inside a read of this value, which would wait for itself.
   *
   * @return the value, which nobody else reads
   * @throws InterruptedException if this thread is interrupted; the value stays retired
   */
  public T await() throws InterruptedException {
    await(Long.MAX_VALUE);
    return lease.value();
  }

  /**
   * Waits for the last reader, but not for ever.
   *
   * @param timeout how long at most; 0 or less looks once
   * @return whether the value is unused
   * @throws InterruptedException if this thread is interrupted; the value stays retired
   */
  public boolean await(Duration timeout) throws InterruptedException {
    // Larger durations than a long can count are for ever.
    boolean endless = timeout.compareTo(Duration.ofNanos(Long.MAX_VALUE)) > 0;
    return await(endless ? Long.MAX_VALUE : timeout.isNegative() ? 0 : timeout.toNanos());
  }

  private boolean await(long nanos) throws InterruptedException {
    long start = System.nanoTime();
    for (int looks = 0; !isUnused(); looks++) {
      if (Thread.interrupted()) {
        throw new InterruptedException("waiting for the readers of " + lease.value());
      }
      if (System.nanoTime() - start >= nanos) {
        return false;
      }
      pause(looks);
    }
    return true;
  }

  /** Waits for the last reader whatever happens, and keeps an interrupt for later. */
  void awaitUninterruptibly() {
    boolean interrupted = false;
    for (int looks = 0; !isUnused(); looks++) {
      interrupted |= Thread.interrupted();
      pause(looks);
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private static void pause(int looks) {
    if (looks < SPINS) {
      Thread.onSpinWait();
    } else {
      LockSupport.parkNanos(PAUSE_NANOS);
    }
  }

  /**
   * What was replaced, and whether it is in use.
   *
   * @return for example {@code Retired(Embedding(10, 4), in use)}
   */
  @Override
  public String toString() {
    return "Retired(" + lease.value() + (isUnused() ? ", unused)" : ", in use)");
  }
}
