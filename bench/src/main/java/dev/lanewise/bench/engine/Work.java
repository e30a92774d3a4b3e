package dev.lanewise.bench.engine;

/** A case made ready for one engine: what is timed. */
@FunctionalInterface
public interface Work {
  /** Computes the case once, from its operands as they are now. */
  void run();

  /** Brings the result into the case's output, for an engine that keeps it elsewhere; not timed. */
  default void publish() {}
}
