package dev.lanewise.jit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.internal.kernel.KernelSet;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * In a fresh JVM with default flags, and in one that has run other things first, a program that
 * mixes many shapes, plans and both types gets every kernel compiled by C2, keeps it so, and
 * allocates nothing: no vector is boxed. See {@link KernelProgram}. Nothing is timed; the limits
 * are for a machine that is very slow.
 *
 * <p>It takes three minutes, more where other programs run: {@code ./mvnw test -pl
 * core,property-tests -Dtest=KernelCompilationTest -Dsurefire.failIfNoSpecifiedTests=false}.
 */
@Tag("jit")
@ParameterizedClass
@EnumSource(KernelProgram.Start.class)
class KernelCompilationTest {
  private static final long LIMIT_MINUTES = 10;

  /** Some kernels have more nodes than C2 takes at once: see docs/verification.md. */
  private static final int MOST_PROGRAMS = 2;

  private static final String STEADY =
      "steady " + String.join(" ", Collections.nCopies(KernelProgram.STEADY_ROUNDS, "0"));

  private static List<String> output;
  private static CompilationLog log;
  private static Path instructions;

  @Parameter private KernelProgram.Start start;

  @BeforeParameterizedClassInvocation
  static void runProgram(KernelProgram.Start start, @TempDir Path folder)
      throws IOException, InterruptedException {
    Path recording = folder.resolve("recording.jfr");
    Path code = folder.resolve("code.txt");
    int programs = 0;
    do {
      programs++;
      instructions = folder.resolve("code" + programs);
      output = run(start, folder.resolve("output.txt"), recording, code);
      log = CompilationLog.read(recording, CompiledCode.parse(Files.readString(code)));
      if (!isSteady()) {
        System.out.printf(
            "%s, program %d of at most %d, allocates: %s%n",
            start, programs, MOST_PROGRAMS, log.allocations());
      }
    } while (!isSteady() && programs < MOST_PROGRAMS);
  }

  private static boolean isSteady() {
    return output.getLast().equals(STEADY);
  }

  private static List<String> run(
      KernelProgram.Start start, Path printed, Path recording, Path code)
      throws IOException, InterruptedException {
    Process program =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules",
                "jdk.incubator.vector",
                "-cp",
                System.getProperty("java.class.path"),
                KernelProgram.class.getName(),
                start.name(),
                recording.toString(),
                code.toString(),
                instructions.toString())
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
    assertTrue(
        isSteady(), () -> start + ":\n" + String.join("\n", output) + "\n" + log.allocations());
  }

  @Test
  void everyKernelThatRunsOftenIsC2Code() {
    assertEquals(
        List.of(),
        log.complaints(),
        () -> "other attempts that failed: " + log.attemptsThatFailed());
  }

  @Test
  void noTileSpillsVectors() throws IOException, InterruptedException {
    TileSpills.assumeReadable();
    assertEquals(List.of(), TileSpills.in(instructions, log.optimized()::contains));
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
