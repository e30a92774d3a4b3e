package dev.lanewise.bench.contraction.engine;

import dev.lanewise.bench.contraction.cases.ContractionCase;
import dev.lanewise.bench.contraction.cases.Data;
import java.util.Map;

/** Something that computes contractions. Making one loads no native library. */
public interface Engine {
  /**
   * Whether the engine has a call, or a loop of calls, that computes the case without first copying
   * an operand into another order.
   */
  boolean supports(ContractionCase contraction);

  /**
   * Makes a case ready: whatever a program would do once is done here.
   *
   * @param contraction a case that is supported
   * @param data its numbers, which outlive the work
   */
  Work prepare(ContractionCase contraction, Data data);

  /**
   * What a reader must know of the engine as it runs here: version, kernels chosen, threads.
   *
   * @return for example version: 1.0; empty if there is nothing to say
   * @throws LinkageError if the engine's native library is not there
   */
  Map<String, String> facts();
}
