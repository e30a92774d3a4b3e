package dev.lanewise;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A script of src/test/python in the Python that {@value #PYTHON} names, for tests that are enabled
 * by it.
 */
public final class PythonScript {
  /** The system property with the command of a Python that has PyTorch, NumPy and safetensors. */
  public static final String PYTHON = "lanewise.python";

  private static final Path SCRIPTS = Path.of("src", "test", "python");

  private PythonScript() {}

  /**
   * What the script printed, without the last line end.
   *
   * @throws IOException if it ended with an error; the message has what it printed
   */
  public static String run(String script, Object... arguments) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(System.getProperty(PYTHON));
    command.add(SCRIPTS.resolve(script).toString());
    for (Object argument : arguments) {
      command.add(argument.toString());
    }
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String printed =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    try {
      if (process.waitFor() != 0) {
        throw new IOException(script + " failed: " + printed);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException(e);
    }
    return printed;
  }
}
