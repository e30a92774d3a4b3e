package dev.lanewise.memory;

import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A value that can be replaced, and closed, while any number of threads read it: an embedding, a
 * bag over one, or a record of several tables that must change together. Each read sees one value
 * from its beginning to its end.
 *
 * <pre>{@code
 * var live = new Replaceable<>(embedding);            // its memory is oldArena's
 *
 * try (Lease<Embedding> lease = live.acquire()) {     // each request; allocates nothing
 *   lease.value().forward(ids, rows);
 * }
 *
 * live.replace(fresh).await();                        // the writer: from the first call on, reads see fresh;
 * oldArena.close();                                   // after the second nobody reads the old one
 * }</pre>
 *
 * <p><b>Readers</b> take no lock and never wait: two atomic increments on memory that other threads
 * seldom touch, and a second try if the value was replaced in the same moment. Nothing is
 * allocated. A read may contain others, of this value or of other ones.
 *
 * <p><b>Writers</b> take turns. {@link #replace} does not wait for readers; the {@link Retired}
 * that it gives does, if asked to. What a writer wrote into the new value before, its readers see.
 *
 * <p>This only keeps time: it closes nothing, and whoever closes an arena without waiting gives its
 * readers an {@link IllegalStateException}, as with any arena. Where memory comes from an automatic
 * arena ({@link TableArena#ofAuto}) a {@code volatile} field does the same as this, at the price
 * that the old table stays until the garbage collector looks.
 *
 * <p>Source: the pattern is read-copy-update; the pair of counters is that of P. Ramalhete and A.
 * Correia, <i>Left-Right: A Concurrency Control Technique with Wait-Free Population Oblivious
 * Reads</i>, 2015.
 *
 * @param <T> the kind of value; immutable, or safe to be read by many threads
 */
public final class Replaceable<T> implements AutoCloseable {
  private final Object turn = new Object();
  private volatile @Nullable Lease<T> current;
  private @Nullable Retired<T> last;

  /**
   * Begins with a value.
   *
   * @param value what readers see until it is replaced
   */
  public Replaceable(T value) {
    this.current = new Lease<>(Objects.requireNonNull(value, "value"));
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
      lease.readers().enter();
      // If it still is the current one, whoever replaces it later will see this reader.
      if (current == lease) {
        return lease;
      }
      lease.readers().leave();
    }
  }

  /**
   * One read, as a function.
   *
   * @param reader what to do with the value; must not keep it
   * @param <R> the kind of result
   * @return the function's result
   * @throws IllegalStateException after {@link #close}
   */
  public <R extends @Nullable Object> R read(Function<? super T, ? extends R> reader) {
    try (Lease<T> lease = acquire()) {
      return reader.apply(lease.value());
    }
  }

  /**
   * One read, as a function without a result. (A lambda that captures variables is an object; where
   * not even that may be allocated, use {@link #acquire}.)
   *
   * @param reader what to do with the value; must not keep it
   * @throws IllegalStateException after {@link #close}
   */
  public void use(Consumer<? super T> reader) {
    try (Lease<T> lease = acquire()) {
      reader.accept(lease.value());
    }
  }

  /**
   * Puts another value in place: reads that begin after this call see it.
   *
   * @param next what readers see from now on
   * @return the one before, which earlier reads may still use
   * @throws IllegalStateException after {@link #close}; next is then still the caller's
   */
  public Retired<T> replace(T next) {
    var lease = new Lease<T>(Objects.requireNonNull(next, "next"));
    synchronized (turn) {
      Lease<T> old = current;
      if (old == null) {
        throw closed();
      }
      current = lease;
      return new Retired<>(old);
    }
  }

  /**
   * Takes the value away: reads that begin after this call fail. Waits for those that began before,
   * so that the value's memory may be closed when this returns; never from inside a read, which
   * would wait for itself. Closing again only waits.
   */
  @Override
  public void close() {
    Retired<T> retired;
    synchronized (turn) {
      Lease<T> old = current;
      if (old != null) {
        last = new Retired<>(old);
        current = null;
      }
      retired = Objects.requireNonNull(last);
    }
    retired.awaitUninterruptibly();
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
