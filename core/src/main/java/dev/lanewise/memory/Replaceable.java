package dev.lanewise.memory;

import java.lang.foreign.Arena;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * A value that can be replaced, and closed, while any number of threads read it: an embedding, a
 * bag over one, or a record of several tables that must change together. Each read sees one value
 * from its beginning to its end; the memory of a replaced one is closed when its last reader has
 * left.
 *
 * <pre>{@code
 * var live = new Replaceable<>(embedding, arena);     // the arena is live's now, and closed with it
 *
 * try (Lease<Embedding> lease = live.acquire()) {     // each request; allocates nothing
 *   lease.value().forward(ids, rows);
 * }
 *
 * live.replace(fresh, freshArena);                    // reads that begin after this see fresh
 * }</pre>
 *
 * <p><b>Readers</b> take no lock and never wait: two atomic increments on memory that other threads
 * seldom touch, and a second try if the value was replaced in the same moment. Nothing is
 * allocated. A read may contain others, of this value or of other ones.
 *
 * <p><b>Writers</b> take turns. {@link #replace} does not wait for readers; the future that it
 * gives is complete when the old value's memory is closed, or, where none was given, may be closed
 * or written anew. That closing happens in the common pool, so that neither readers nor writers
 * wait for the system to take gigabytes back. What a writer wrote into the new value before, its
 * readers see.
 *
 * <p><b>Misuse.</b> Memory that somebody closes directly gives its readers an {@link
 * IllegalStateException}, as any arena does; so does a value that is kept longer than its lease.
 * Neither reads memory that is gone.
 *
 * <p>Where memory comes from an automatic arena ({@link TableArena#ofAuto}) a {@code volatile}
 * field does the same as this, at the price that the old table stays until the garbage collector
 * looks.
 *
 * <p>Source: the pattern is read-copy-update; the pair of counters is that of P. Ramalhete and A.
 * Correia, <i>Left-Right: A Concurrency Control Technique with Wait-Free Population Oblivious
 * Reads</i>, 2015.
 *
 * @param <T> the kind of value; immutable, or safe to be read by many threads
 */
public final class Replaceable<T> implements AutoCloseable {
  private static final Thread SOME_OTHER_THREAD = Thread.ofPlatform().unstarted(() -> {});

  private final Object turn = new Object();
  private volatile @Nullable Lease<T> current;
  private @Nullable CompletableFuture<T> last;

  /**
   * Begins with a value whose memory is somebody else's: it is not closed here.
   *
   * @param value what readers see until it is replaced
   */
  public Replaceable(T value) {
    this.current = new Lease<>(Objects.requireNonNull(value, "value"), null);
  }

  /**
   * Begins with a value and its memory, which from now on is closed here and nowhere else.
   *
   * @param value what readers see until it is replaced
   * @param memory what to close after the value's last read: an arena, the value itself, or
   *     anything that any thread may close
   * @throws IllegalArgumentException if the memory is a confined arena
   * @throws IllegalStateException if it is a closed one
   */
  public Replaceable(T value, AutoCloseable memory) {
    requireShareable(memory);
    this.current = new Lease<>(Objects.requireNonNull(value, "value"), memory);
  }

  /**
   * Begins a read, which ends when the lease is closed.
   *
   * @return a hold on the value of this moment
   * @throws IllegalStateException after {@link #close}
   */
  @SuppressWarnings("ReferenceEquality") // It is the same or it is not.
  public Lease<T> acquire() {
    while (true) {
      Lease<T> lease = current;
      if (lease == null) {
        throw closed();
      }
      lease.enter();
      // If it still is the current one, whoever replaces it later will see this reader.
      if (current == lease) {
        return lease;
      }
      lease.close();
    }
  }

  /**
   * Puts another value in place, whose memory is somebody else's.
   *
   * @param next what reads see that begin after this call
   * @return the value before, once nobody reads it and its memory, if it was given here, is closed;
   *     fails with what the closing threw
   * @throws IllegalStateException after {@link #close}
   */
  public CompletableFuture<T> replace(T next) {
    return swap(new Lease<>(Objects.requireNonNull(next, "next"), null));
  }

  /**
   * Puts another value in place, with its memory.
   *
   * @param next what reads see that begin after this call
   * @param memory what to close after the last read of next; not the memory of the value before
   * @return the value before, once nobody reads it and its memory, if it was given here, is closed;
   *     fails with what the closing threw
   * @throws IllegalArgumentException if the memory is a confined arena, or that of the value before
   * @throws IllegalStateException after {@link #close}, or if the memory is a closed arena. The
   *     memory is still the caller's after a call that fails
   */
  public CompletableFuture<T> replace(T next, AutoCloseable memory) {
    requireShareable(memory);
    return swap(new Lease<>(Objects.requireNonNull(next, "next"), memory));
  }

  private CompletableFuture<T> swap(Lease<T> next) {
    synchronized (turn) {
      Lease<T> old = current;
      if (old == null) {
        throw closed();
      }
      if (old.sharesMemory(next)) {
        throw new IllegalArgumentException(
            "memory: expected memory of its own, got that of the value before, which will be"
                + " closed");
      }
      current = next;
      // A copy, so that nobody else can complete it.
      return old.retire().copy();
    }
  }

  /**
   * Takes the value away, without waiting: reads that begin after this call fail. Doing it again
   * changes nothing.
   *
   * @return the last value, once nobody reads it and its memory, if it was given here, is closed;
   *     fails with what the closing threw
   */
  public CompletableFuture<T> retire() {
    synchronized (turn) {
      Lease<T> old = current;
      if (old != null) {
        current = null;
        last = old.retire();
      }
      return Objects.requireNonNull(last).copy();
    }
  }

  /**
   * {@linkplain #retire Takes the value away} and waits for its last reader, and until its memory
   * is closed. Not from inside a read, which would wait for itself: there, retire.
   *
   * @throws java.util.concurrent.CompletionException with what the closing of the memory threw
   */
  @Override
  public void close() {
    retire().join();
  }

  private static void requireShareable(AutoCloseable memory) {
    Objects.requireNonNull(memory, "memory");
    if (memory instanceof Arena arena && !arena.allocate(1).isAccessibleBy(SOME_OTHER_THREAD)) {
      throw new IllegalArgumentException(
          "memory: expected an arena of all threads, got a confined one");
    }
  }

  private static IllegalStateException closed() {
    return new IllegalStateException(
        "this replaceable is closed: it has no value to read or to replace any more");
  }

  /**
   * The value of this moment.
   *
   * @return for example {@code Replaceable(Embedding(10, 4))}
   */
  @Override
  public String toString() {
    Lease<T> lease = current;
    return "Replaceable(" + (lease == null ? "closed" : lease.value()) + ")";
  }
}
