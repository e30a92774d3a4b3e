package dev.lanewise;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.memory.TableArena;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** A table arena in JVMs with and without native access, as a module and on the class path. */
final class MemoryProgramTest {
  private static final String ALLOWED =
      "TableArena(ordinary pages, because native access is not enabled; start java with"
          + " --enable-native-access=%s)";

  private static String run(String... options) throws IOException, InterruptedException {
    return ForkedJvm.run(MemoryProgram.class, List.of(options));
  }

  private static int count(String part, String whole) {
    return (int) Pattern.compile(Pattern.quote(part)).matcher(whole).results().count();
  }

  /** What this machine says of itself where native access is enabled, as it is here. */
  private static boolean hugePagesHere() {
    try (TableArena arena = TableArena.ofConfined()) {
      return arena.description().startsWith("pages of ");
    }
  }

  private static void assertHuge(String output) {
    boolean huge = hugePagesHere();
    assertEquals(huge ? 2 : 0, count("HUGE\n", output), output);
    assertEquals(huge ? 0 : 1, count("Lanewise's tables", output), output);
    assertEquals(2, count("7.0\n", output), output);
    assertFalse(output.contains("WARNING"), output);
  }

  private static void assertFallback(String module, String output) {
    boolean huge = hugePagesHere();
    assertEquals(1, count("Lanewise's tables: ordinary pages", output), output);
    assertEquals(2, count("ORDINARY\n", output), output);
    assertEquals(2, count("7.0\n", output), output);
    assertFalse(output.contains("restricted method"), output);
    assertTrue(!huge || count(ALLOWED.formatted(module), output) == 2, output);
  }

  @Test
  void withoutNativeAccessOneLineSaysWhatWouldHelp() throws Exception {
    assertFallback("ALL-UNNAMED", run());
  }

  @Test
  void withNativeAccessNothingIsSaid() throws Exception {
    assertHuge(run("--enable-native-access=ALL-UNNAMED"));
  }

  @Test
  void asModule() throws Exception {
    String core = TableArena.class.getProtectionDomain().getCodeSource().getLocation().getPath();
    String[] module = {"--module-path", core, "--add-modules", "dev.lanewise.core"};
    assertFallback("dev.lanewise.core", run(module));
    List<String> allowed = new ArrayList<>(List.of(module));
    allowed.add("--enable-native-access=dev.lanewise.core");
    // The JVM's own line about the incubator module is a warning, too.
    String output = run(allowed.toArray(String[]::new));
    assertHuge(output.replaceFirst("WARNING: Using incubator modules.*\n", ""));
  }
}
