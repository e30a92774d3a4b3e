package dev.lanewise.bench.engine;

import java.util.OptionalDouble;

/** What every engine is asked for: a row of a report. */
public interface Case {
  /** The part of the report it belongs to. */
  String group();

  /** Unique, without blanks. */
  String name();

  /** How many threads an engine may use. */
  default int threads() {
    return 1;
  }

  /**
   * The name of the case that this one is a variant of, to be compared with; empty if it is none.
   */
  default String baseline() {
    return "";
  }

  /** What exactly is done, as a line of a table. */
  String description();

  /**
   * A call's time in terms of what the call does.
   *
   * @param nanos the time
   * @return in {@link #rateUnit}; empty if the case has no such measure
   */
  OptionalDouble rate(double nanos);

  /** What {@link #rate} counts, such as GFLOP/s. */
  String rateUnit();
}
