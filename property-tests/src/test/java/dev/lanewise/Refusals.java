package dev.lanewise;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.function.Executable;

/** Calls that must fail, with the very message. */
public final class Refusals {
  private Refusals() {}

  /** Fails unless the call throws the exception with this message. */
  public static <T extends Throwable> void refused(Class<T> type, String message, Executable call) {
    assertEquals(message, assertThrows(type, call).getMessage());
  }
}
