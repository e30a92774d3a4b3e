package dev.lanewise.internal.kernel;

import java.util.Map;

/**
 * Which backend a JVM gets, and why. Vector API code that C2 does not compile runs two orders of
 * magnitude slower than scalar code, so the vector kernels are chosen only where C2 is known to be
 * at work.
 *
 * @param vector whether the vector kernels are to be used
 * @param expected false where a user would want to know that speed is lost, and how to get it back
 * @param reason one line for the log
 */
public record BackendChoice(boolean vector, boolean expected, String reason) {
  /** The system property that forces a backend: {@code scalar} or {@code vector}. */
  public static final String PROPERTY = "dev.lanewise.backend";

  /**
   * Chooses from what a JVM says of itself.
   *
   * @param properties the values of {@link #PROPERTY}, java.vm.name and java.vm.info; empty where
   *     unset
   * @param vectorModule whether the module jdk.incubator.vector is in the boot layer
   * @throws IllegalArgumentException if the property names no backend
   * @throws IllegalStateException if it forces the vector backend without the module
   */
  public static BackendChoice of(Map<String, String> properties, boolean vectorModule) {
    String forced = properties.getOrDefault(PROPERTY, "");
    String name = properties.getOrDefault("java.vm.name", "");
    String info = properties.getOrDefault("java.vm.info", "");
    String addModule = "start java with --add-modules jdk.incubator.vector";
    if (forced.equals("scalar")) {
      return new BackendChoice(false, true, "forced by -D" + PROPERTY + "=scalar");
    }
    if (forced.equals("vector")) {
      if (!vectorModule) {
        throw new IllegalStateException(
            "-D" + PROPERTY + "=vector needs the module jdk.incubator.vector: " + addModule);
      }
      return new BackendChoice(true, true, "forced by -D" + PROPERTY + "=vector");
    }
    if (!forced.isEmpty()) {
      throw new IllegalArgumentException(
          "-D" + PROPERTY + "=" + forced + " is neither scalar nor vector");
    }
    if (!vectorModule) {
      return new BackendChoice(
          false, false, "the module jdk.incubator.vector is missing; " + addModule);
    }
    if (info.contains("interpreted")) {
      return new BackendChoice(false, false, "this JVM only interprets (" + info + ")");
    }
    if (info.contains("emulated-client")) {
      return new BackendChoice(false, false, "this JVM has no C2 compiler (" + info + ")");
    }
    if (info.contains("jvmci") || !name.contains("Server VM")) {
      return new BackendChoice(
          false,
          false,
          "the vector kernels are not known to be fast on " + name + " (" + info + ")");
    }
    return new BackendChoice(true, true, "C2 compiles them on " + name);
  }
}
