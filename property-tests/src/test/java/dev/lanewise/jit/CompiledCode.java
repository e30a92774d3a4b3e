package dev.lanewise.jit;

import java.lang.management.ManagementFactory;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.MatchResult;
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
 * @param address where its instructions begin
 * @param bytes how long they are
 */
record CompiledCode(int id, int level, boolean inUse, String method, long address, long bytes) {
  static final int C2 = 4;

  private static final Pattern LINE =
      Pattern.compile(
          "(\\d+) (\\d+) (-?\\d+) (\\S+) \\[0x\\w+, 0x(?<from>\\w+) - 0x(?<to>\\w+)\\]");
  private static final String IN_USE = "0";

  /** All code that the JVM holds now. */
  static List<CompiledCode> now() {
    return parse(command("compilerCodelist"));
  }

  static List<CompiledCode> parse(String text) {
    return text.lines().map(LINE::matcher).filter(Matcher::matches).map(CompiledCode::of).toList();
  }

  private static CompiledCode of(MatchResult line) {
    long from = HexFormat.fromHexDigitsToLong(line.group("from"));
    return new CompiledCode(
        Integer.parseInt(line.group(1)),
        Integer.parseInt(line.group(2)),
        line.group(3).equals(IN_USE),
        line.group(4),
        from,
        HexFormat.fromHexDigitsToLong(line.group("to")) - from);
  }

  /** Returns when no compiler has anything to do, or to begin with. */
  static void awaitCompilers() {
    while (!compilersAreIdle()) {
      LockSupport.parkNanos(20_000_000);
    }
  }

  private static boolean compilersAreIdle() {
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
