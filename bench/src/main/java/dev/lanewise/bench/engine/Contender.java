package dev.lanewise.bench.engine;

import java.util.List;

/**
 * An engine as a suite runs it.
 *
 * @param name what options and reports call it
 * @param engine the engine
 * @param side whose it is
 * @param jvmOptions what the JVM that runs it is to be given
 * @param <C> the cases
 * @param <D> a case's numbers
 */
public record Contender<C extends Case, D>(
    String name, Engine<C, D> engine, Side side, List<String> jvmOptions) {
  /** The contender that ratios are of: the time of another divided by this one's. */
  public static final String OURS = "lanewise";

  /** Whose an engine is. */
  public enum Side {
    /** This project's. */
    OURS,
    /** Somebody else's: one to be compared with. */
    PEER,
    /** Shown beside the others and never the best peer, such as what the machine can do at most. */
    BESIDE
  }

  /**
   * One by its name.
   *
   * @throws IllegalArgumentException if there is none of that name
   */
  public static <C extends Case, D> Contender<C, D> named(
      String name, List<Contender<C, D>> contenders) {
    return contenders.stream()
        .filter(contender -> contender.name().equals(name))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("there is no engine " + name));
  }
}
