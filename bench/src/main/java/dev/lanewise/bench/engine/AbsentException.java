package dev.lanewise.bench.engine;

import java.io.Serial;

/** An engine cannot run on this machine. */
public final class AbsentException extends RuntimeException {
  @Serial private static final long serialVersionUID = 1;

  /**
   * @param reason what is missing
   */
  public AbsentException(String reason) {
    super(reason);
  }
}
