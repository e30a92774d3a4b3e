package dev.lanewise.bench.engine;

import java.util.Map;

/**
 * Something that does what cases ask for. Making one loads no native library.
 *
 * @param <C> the cases
 * @param <D> a case's numbers
 */
public interface Engine<C extends Case, D> {
  /** Whether the engine has a call, or a loop of calls, that does the case as it is asked for. */
  boolean supports(C asked);

  /**
   * Makes a case ready: whatever a program would do once is done here.
   *
   * @param asked a case that is supported
   * @param data its numbers, which outlive the work
   */
  Work prepare(C asked, D data);

  /**
   * What a reader must know of the engine as it runs here: version, kernels chosen, threads.
   *
   * @return for example version: 1.0; empty if there is nothing to say
   * @throws LinkageError if the engine's native library is not there
   * @throws AbsentException if something else is not there
   */
  Map<String, String> facts();
}
