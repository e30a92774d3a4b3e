package dev.lanewise.bench.contraction.engine;

import dev.lanewise.bench.engine.Engine;
import java.lang.foreign.MemorySegment;
import java.util.Map;

/** A BLAS implementation. */
interface Blas {
  /** Sets how many threads a call may use. */
  void useThreads(int threads);

  /**
   * Binds the routines to memory.
   *
   * @param buffers native memory: the operands and intermediate results, by number; a is one of
   *     them
   * @param flops of one call, for a choice between ways to call
   */
  Binding bind(MemorySegment[] buffers, double flops);

  /** See {@link Engine#facts()}. */
  Map<String, String> facts();

  /** Buffers as a BLAS sees them. */
  interface Binding {
    /** The routines on three of the buffers. */
    BlasCalls calls(int a, int b, int c);

    /** Copies a buffer back into the memory that it was made of, where it is another. */
    default void publish(int buffer) {}
  }
}
