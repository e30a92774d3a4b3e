package dev.lanewise;

import java.io.IOException;
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

  /** What the script printed, without the last line end; it must end well. */
  public static String run(String script, Object... arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(System.getProperty(PYTHON));
    command.add(SCRIPTS.resolve(script).toString());
    for (Object argument : arguments) {
      command.add(argument.toString());
    }
    return OtherProgram.run(command).strip();
  }
}
