package dev.lanewise.jit;

import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.management.JMException;
import javax.management.ObjectName;

/**
 * One piece of compiled code that the JVM holds, as its own diagnostic commands tell: those of
 * {@code jcmd}, called from inside.
 *
 * @param id the number of the compilation
 * @param level the tier: 4 is C2
 * @param inUse false for code that was made not entrant
 * @param method class, name and descriptor
 */
record CompiledCode(int id, int level, boolean inUse, String method) {
  private static final Pattern LINE = Pattern.compile("(\\d+) (\\d+) (-?\\d+) (\\S+) \\[.*");
  private static final String IN_USE = "0";

  /** All code that the JVM holds now. */
  static List<CompiledCode> now() {
    return parse(command("compilerCodelist"));
  }

  static List<CompiledCode> parse(String text) {
    return text.lines()
        .map(LINE::matcher)
        .filter(Matcher::matches)
        .map(line ->
            new CompiledCode(
                Integer.parseInt(line.group(1)),
                Integer.parseInt(line.group(2)),
                line.group(3).equals(IN_USE),
                line.group(4)))
        .toList();
  }

  /** Whether no compiler has anything to do, or to begin with. */
  static boolean compilersAreIdle() {
    return command("compilerQueue")
        .lines()
        .allMatch(line ->
            line.isBlank() || line.equals("Empty") || line.endsWith(":") || line.endsWith(": "));
  }

  static String command(String name) {
    try {
      Object result =
          ManagementFactory.getPlatformMBeanServer()
              .invoke(
                  new ObjectName("com.sun.management:type=DiagnosticCommand"),
                  name,
                  new Object[0],
                  new String[0]);
      return String.valueOf(result);
    } catch (JMException e) {
      throw new IllegalStateException("no diagnostic command " + name, e);
    }
  }
}
