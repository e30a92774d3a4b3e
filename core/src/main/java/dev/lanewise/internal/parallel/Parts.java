package dev.lanewise.internal.parallel;

import dev.lanewise.parallel.Parallelism;
import java.util.Objects;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Parts of a piece of work, taken by whichever thread comes next; the caller takes parts until none
 * is left and then waits for those that others have begun.
 */
public final class Parts implements Runnable {
  /** How often the caller looks for the last part's end before it parks: some microseconds. */
  private static final int SPINS = 2000;

  private static final int PARTS_OF_A_THREAD = 4;

  private final int count;

  /**
   * What a part does; given up at the end, as an executor that is busy may keep this object in its
   * queue for long.
   */
  private @Nullable IntConsumer body;

  private final Thread caller = Thread.currentThread();
  private final AtomicInteger taken = new AtomicInteger();
  private final AtomicInteger finished = new AtomicInteger();
  private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();

  private Parts(int count, IntConsumer body) {
    this.count = count;
    this.body = body;
  }

  /**
   * How many parts to make of work that is worth some.
   *
   * @param parallelism who helps
   * @param worth into how many parts the work can be divided before they are too small
   * @return 1 to 4 for each thread, so that one who comes late is made up for
   */
  public static int count(Parallelism parallelism, long worth) {
    return parallelism.width() == 1
        ? 1
        : Math.clamp(worth, 1, PARTS_OF_A_THREAD * parallelism.width());
  }

  /**
   * Where a part begins, of pieces that are divided evenly.
   *
   * @param pieces how many there are
   * @param part from 0 to parts, for the end of the last
   * @param parts how many
   * @return a piece
   */
  public static long start(long pieces, int part, int parts) {
    return pieces / parts * part + Math.min(part, pieces % parts);
  }

  /**
   * Runs all parts and returns when all have ended.
   *
   * @param parallelism who helps
   * @param count the parts
   * @param body what a part does, given its number
   * @throws RuntimeException what a part, or the executor, threw; if several did, one of them. All
   *     parts that were begun have ended by then
   */
  public static void run(Parallelism parallelism, int count, IntConsumer body) {
    Parts parts = new Parts(count, body);
    try {
      for (int helper = 1; helper < Math.min(parallelism.width(), count); helper++) {
        parallelism.executor().execute(parts);
      }
    } catch (RejectedExecutionException e) {
      // Nobody more helps: the caller does the rest.
    } catch (RuntimeException | Error e) {
      // Those who were asked before may be at work already, so it is brought to its end.
      parts.failure.set(e);
    }
    parts.run();
    parts.await();
    parts.body = null;
    Throwable thrown = parts.failure.get();
    if (thrown instanceof Error error) {
      throw error;
    }
    if (thrown instanceof RuntimeException exception) {
      throw exception;
    }
  }

  /** Takes parts until none is left. */
  @Override
  public void run() {
    for (int part = taken.getAndIncrement(); part < count; part = taken.getAndIncrement()) {
      try {
        Objects.requireNonNull(body).accept(part);
      } catch (RuntimeException | Error e) {
        failure.compareAndSet(null, e);
      }
      if (finished.incrementAndGet() == count) {
        LockSupport.unpark(caller);
      }
    }
  }

  private void await() {
    for (int spin = 0; spin < SPINS && finished.get() < count; spin++) {
      Thread.onSpinWait();
    }
    boolean interrupted = false;
    while (finished.get() < count) {
      LockSupport.park(this);
      interrupted |= Thread.interrupted();
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
