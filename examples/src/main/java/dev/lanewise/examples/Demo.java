package dev.lanewise.examples;

import java.io.IOException;

/** Runs the three examples one after the other. */
public final class Demo {
  private Demo() {}

  /**
   * Runs the examples.
   *
   * @param args not used
   * @throws IOException if a checkpoint or picture cannot be written
   */
  public static void main(String[] args) throws IOException {
    System.out.println("=== 1. The simple example ===\n");
    SimpleExample.main(args);
    System.out.println("\n=== 2. The text classifier ===\n");
    TextClassifier.main(args);
    System.out.println("\n=== 3. Pixels ===\n");
    Pixels.main(args);
  }
}
