package dev.lanewise.checkpoint;

import static org.junit.jupiter.api.Assertions.assertTrue;

/** Checks of what a failure says. */
final class Messages {
  private Messages() {}

  static void assertContains(String expected, Throwable failure) {
    String message = String.valueOf(failure.getMessage());
    assertTrue(
        message.contains(expected), () -> "expected <" + expected + "> in <" + message + ">");
  }
}
