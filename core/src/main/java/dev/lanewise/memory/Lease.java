package dev.lanewise.memory;

/**
 * A reader's hold on the value of a {@link Replaceable}: until it is closed, whoever replaced the
 * value is kept waiting.
 *
 * <p>One object serves all readers of a value, so taking it allocates nothing. Each {@link
 * Replaceable#acquire} must be followed by exactly one {@link #close}, by any thread, as
 * try-with-resources does it; one too many would hide another reader. The value must not be used
 * after that.
 *
 * @param <T> the kind of value
 */
public final class Lease<T> implements AutoCloseable {
  private final ReaderCount readers = new ReaderCount();
  private final T value;

  Lease(T value) {
    this.value = value;
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
  }

  ReaderCount readers() {
    return readers;
  }
}
