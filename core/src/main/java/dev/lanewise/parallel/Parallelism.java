package dev.lanewise.parallel;

import java.util.Objects;
import java.util.concurrent.Executor;
import java.util.concurrent.ForkJoinPool;

/**
 * Who helps with large work: an executor, and how many threads at most take part, the caller
 * included.
 *
 * <p>Work is divided by what is computed, never within a sum, so a result has the same bits
 * whatever the parallelism. The caller always takes part and waits for parts that others have
 * begun, never for threads that have yet to come: an executor that is busy, or that the caller
 * itself runs on, slows a call down but cannot block it.
 *
 * <p>An interrupt does not end a call: it returns with its whole result, and the caller's interrupt
 * status is still set.
 *
 * <p>Immutable and thread-safe. The executor stays its owner's, who shuts it down.
 */
public final class Parallelism {
  /** The caller alone. */
  public static final Parallelism NONE = new Parallelism(Runnable::run, 1);

  private final Executor executor;
  private final int width;

  private Parallelism(Executor executor, int width) {
    this.executor = executor;
    this.width = width;
  }

  /**
   * The caller and some threads of an executor.
   *
   * @param executor where the others run
   * @param width how many threads take part at most, the caller included
   * @return the parallelism
   * @throws IllegalArgumentException if the width is not positive
   */
  public static Parallelism of(Executor executor, int width) {
    if (width < 1) {
      throw new IllegalArgumentException("width: expected at least 1, got " + width);
    }
    Objects.requireNonNull(executor, "executor");
    return width == 1 ? NONE : new Parallelism(executor, width);
  }

  /**
   * The caller and the threads of a pool, as many as the pool's parallelism in all.
   *
   * @param pool where the others run
   * @return the parallelism
   */
  public static Parallelism of(ForkJoinPool pool) {
    return of(pool, pool.getParallelism());
  }

  /**
   * Where the others run.
   *
   * @return the executor
   */
  public Executor executor() {
    return executor;
  }

  /**
   * How many threads take part at most.
   *
   * @return at least 1
   */
  public int width() {
    return width;
  }

  /**
   * The width.
   *
   * @return for example {@code Parallelism(2)}
   */
  @Override
  public String toString() {
    return "Parallelism(" + width + ")";
  }
}
