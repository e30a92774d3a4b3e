package dev.lanewise;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Programs in JVMs of their own, on this one's class path. */
public final class ForkedJvm {
  private ForkedJvm() {}

  /**
   * Runs a program in a JVM like this one; it must end well.
   *
   * @return what it printed, with its errors
   */
  public static String run(Class<?> program, List<String> options, String... arguments)
      throws IOException, InterruptedException {
    return run(Path.of(System.getProperty("java.home")), program, options, arguments);
  }

  /** As the other, in the JVM of another home. */
  static String run(Path home, Class<?> program, List<String> options, String... arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(home.resolve("bin").resolve("java").toString());
    command.addAll(options);
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), program.getName()));
    command.addAll(List.of(arguments));
    return OtherProgram.run(command);
  }
}
