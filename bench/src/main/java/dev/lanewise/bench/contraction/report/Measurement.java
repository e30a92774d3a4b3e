package dev.lanewise.bench.contraction.report;

import dev.lanewise.bench.contraction.cases.ContractionCase;
import dev.lanewise.bench.contraction.engine.Contender;

/**
 * What was measured of one case on one engine.
 *
 * @param contraction the case
 * @param engine the engine
 * @param nanos the median time of a call; in one thread, the time that the thread was running
 * @param processorShare the part of the time that it was: 1 on a quiet machine
 * @param bytes the Java heap that a call allocates
 */
public record Measurement(
    ContractionCase contraction,
    Contender engine,
    double nanos,
    double processorShare,
    double bytes) {
  /** Floating-point operations a nanosecond, by the case's own count. */
  public double gigaflops() {
    return contraction.flops() / nanos;
  }
}
