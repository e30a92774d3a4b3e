package dev.lanewise.bench.contraction.engine;

import java.util.List;

/**
 * An engine as the suite runs it.
 *
 * @param name what options and reports call it
 * @param engine the engine
 * @param side whose it is
 * @param jvmOptions what the JVM that runs it is to be given
 */
public record Contender(String name, Engine engine, Side side, List<String> jvmOptions) {
  /** Whose an engine is. */
  public enum Side {
    /** This project's. */
    OURS,
    /** Somebody else's: one to be compared with. */
    PEER
  }
}
