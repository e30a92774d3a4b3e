package dev.lanewise.bench.report;

import dev.lanewise.bench.engine.Case;
import dev.lanewise.bench.engine.Contender;
import java.util.OptionalDouble;

/**
 * What was measured of one case on one engine.
 *
 * @param asked the case
 * @param engine the engine
 * @param nanos the median time of a call; in one thread, the time that the thread was running
 * @param processorShare the part of the time that it was: 1 on a quiet machine
 * @param bytes the Java heap that a call allocates
 * @param <C> the cases
 */
public record Measurement<C extends Case>(
    C asked, Contender<C, ?> engine, double nanos, double processorShare, double bytes) {
  /** The time in the case's own measure. */
  public OptionalDouble rate() {
    return asked.rate(nanos);
  }
}
