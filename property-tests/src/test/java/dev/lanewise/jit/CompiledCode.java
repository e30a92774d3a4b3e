package dev.lanewise.jit;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
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

  /**
   * Leaves the instructions of all code in use that C2 made of kernels in files of a folder, named
   * by class, method, a dash and the number of the compilation. (Of a method there may be code that
   * enters a loop half way, too.) They are read where the JVM holds them: what it prints is that of
   * all tiers, some hundred megabytes.
   */
  @SuppressWarnings("restricted") // Code in use stays where it is.
  static void writeKernels(Path folder) throws IOException {
    List<CompiledCode> all =
        now().stream()
            .filter(piece -> piece.inUse() && piece.level() == C2)
            .filter(piece -> piece.method().startsWith(CompilationLog.KERNELS))
            .toList();
    for (CompiledCode piece : all) {
      Files.write(
          folder.resolve(
              piece.method().substring(0, piece.method().indexOf('(')) + "-" + piece.id()),
          MemorySegment.ofAddress(piece.address())
              .reinterpret(piece.bytes())
              .toArray(ValueLayout.JAVA_BYTE));
    }
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
