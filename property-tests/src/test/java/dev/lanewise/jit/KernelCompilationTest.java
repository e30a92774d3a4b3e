package dev.lanewise.jit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.internal.kernel.KernelSet;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/**
 * In a fresh JVM with default flags, a program that mixes many shapes, plans and both types gets
 * every kernel compiled by C2, keeps it so, and allocates nothing: no vector is boxed. See {@link
 * KernelProgram}. Nothing is timed; the limits are for a machine that is very slow.
 *
 * <p>What C2 inlines depends on the profiles at the moment when it compiles, and on a machine that
 * is busy or slow a kernel or two of 700 get vectors that are boxed, in about half of all runs,
 * others each time (see docs/verification.md). So one of a few programs has to be steady; those
 * that are not are printed.
 *
 * <p>It takes a minute, more where other programs run: {@code ./mvnw test -pl core,property-tests
 * -Dtest=KernelCompilationTest -Dsurefire.failIfNoSpecifiedTests=false}.
 */
@Tag("jit")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class KernelCompilationTest {
  private static final long LIMIT_MINUTES = 10;
  private static final int MOST_PROGRAMS = 3;
  private static final String STEADY =
      "steady " + String.join(" ", Collections.nCopies(KernelProgram.STEADY_ROUNDS, "0"));

  private final List<String> unsteady = new ArrayList<>();
  private CompilationLog log;

  @BeforeAll
  void runPrograms(@TempDir Path folder) throws IOException, InterruptedException {
    List<String> output;
    do {
      Path recording = folder.resolve("recording.jfr");
      Path code = folder.resolve("code.txt");
      output = run(folder.resolve("output.txt"), recording, code);
      log = CompilationLog.read(recording, CompiledCode.parse(Files.readString(code)));
      if (!output.getLast().equals(STEADY)) {
        unsteady.add(String.join("\n", output) + "\n" + log.allocations());
        System.out.printf(
            "Program %d of at most %d allocates: %s%n",
            unsteady.size(), MOST_PROGRAMS, log.allocations());
      }
    } while (!output.getLast().equals(STEADY) && unsteady.size() < MOST_PROGRAMS);
  }

  private static List<String> run(Path printed, Path recording, Path code)
      throws IOException, InterruptedException {
    Process program =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules",
                "jdk.incubator.vector",
                "-cp",
                System.getProperty("java.class.path"),
                KernelProgram.class.getName(),
                recording.toString(),
                code.toString())
            .redirectErrorStream(true)
            .redirectOutput(printed.toFile())
            .start();
    try {
      boolean ended = program.waitFor(LIMIT_MINUTES, TimeUnit.MINUTES);
      List<String> output = Files.readAllLines(printed, StandardCharsets.UTF_8);
      assertTrue(ended, () -> "the program did not end: " + output);
      assertEquals(0, program.exitValue(), () -> "the program failed: " + output);
      return output;
    } finally {
      program.destroyForcibly();
    }
  }

  @Test
  void aProgramBecomesSteadyAndThenAllocatesNothing() {
    assertTrue(unsteady.size() < MOST_PROGRAMS, () -> String.join("\n\n", unsteady));
  }

  @Test
  void everyKernelThatRunsOftenIsC2Code() {
    assertEquals(
        List.of(),
        log.complaints(),
        () -> "other attempts that failed: " + log.attemptsThatFailed());
  }

  @Test
  void everyTileWasCompiled() {
    List<String> missing =
        Tile.of(KernelSet.active()).stream()
            .map(tile -> tile.method() + "(")
            .filter(tile -> log.kernels().stream().noneMatch(kernel -> kernel.startsWith(tile)))
            .toList();
    assertEquals(List.of(), missing, "tiles that the program did not make hot");
  }
}
