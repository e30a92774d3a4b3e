package dev.lanewise.bench.suite;

import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;

/**
 * Sees to it that the peers choose their kernels themselves. OPENBLAS_CORETYPE, MKL_ENABLE_... and
 * the like, set for the sake of something else, make a library slower than it is; a JVM cannot take
 * them out of its own environment, and JMH gives its forks that of its own. So a JVM that has any
 * starts the program again without them.
 */
public final class CleanEnvironment {
  private static final List<String> PREFIXES =
      List.of("OPENBLAS_", "GOTO_", "MKL_", "OMP_", "KMP_");

  private CleanEnvironment() {}

  /**
   * Runs the program again in a clean environment, if this one is not.
   *
   * @param program the main class
   * @param arguments its arguments
   * @return its exit status; nothing if the environment is clean
   */
  public static OptionalInt runAgain(Class<?> program, String... arguments) {
    List<String> names =
        System.getenv().keySet().stream()
            .filter(name -> PREFIXES.stream().anyMatch(name::startsWith))
            .sorted()
            .toList();
    if (names.isEmpty()) {
      return OptionalInt.empty();
    }
    System.out.println("Without the environment's " + String.join(", ", names));
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
    command.add("-cp");
    command.add(System.getProperty("java.class.path"));
    command.add(program.getName());
    command.addAll(Arrays.asList(arguments));
    ProcessBuilder again = new ProcessBuilder(command);
    names.forEach(again.environment()::remove);
    again.redirectInput(Redirect.INHERIT);
    again.redirectOutput(Redirect.INHERIT);
    again.redirectError(Redirect.INHERIT);
    try {
      return OptionalInt.of(again.start().waitFor());
    } catch (IOException e) {
      throw new IllegalStateException("java cannot be started again", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return OptionalInt.of(1);
    }
  }
}
