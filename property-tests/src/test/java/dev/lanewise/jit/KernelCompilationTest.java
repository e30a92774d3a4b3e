package dev.lanewise.jit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lanewise.internal.kernel.KernelSet;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
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
 * In a fresh JVM with default flags, in one that has run other things first, and in one that knows
 * nothing of AVX-512, a program that mixes many shapes, plans and both types gets every kernel
 * compiled by C2, keeps it so, and allocates nothing: no vector is boxed. See {@link
 * KernelProgram}. Nothing is timed; the limits are for a machine that is very slow.
 *
 * <p>It takes four minutes, more where other programs run: {@code ./mvnw test -pl
 * core,property-tests -Dtest=KernelCompilationTest -Dsurefire.failIfNoSpecifiedTests=false}.
 */
@Tag("jit")
@ParameterizedClass
@EnumSource(KernelCompilationTest.Jvm.class)
class KernelCompilationTest {
  /** Where the program runs. */
  enum Jvm {
    FRESH(KernelProgram.Start.FRESH),
    WARMED(KernelProgram.Start.WARMED),
    /** Vectors of at most 256 bits, in 16 registers. (The option is of x86 alone.) */
    WITHOUT_AVX512(KernelProgram.Start.FRESH, "-XX:+IgnoreUnrecognizedVMOptions", "-XX:UseAVX=2");

    private final KernelProgram.Start start;
    private final String[] options;

    Jvm(KernelProgram.Start start, String... options) {
      this.start = start;
      this.options = options;
    }
  }

  private static final long LIMIT_MINUTES = 10;

  /** Some kernels have more nodes than C2 takes at once: see docs/verification.md. */
  private static final int MOST_PROGRAMS = 2;

  private static final String STEADY =
      "steady " + String.join(" ", Collections.nCopies(KernelProgram.STEADY_ROUNDS, "0"));

  private static List<String> output;
  private static CompilationLog log;
  private static Path instructions;

  @Parameter private Jvm jvm;

  @BeforeParameterizedClassInvocation
  static void runProgram(Jvm jvm, @TempDir Path folder) throws IOException, InterruptedException {
    Path recording = folder.resolve("recording.jfr");
    Path code = folder.resolve("code.txt");
    int programs = 0;
    do {
      programs++;
      instructions = folder.resolve("code" + programs);
      output = run(jvm, folder.resolve("output.txt"), recording, code);
      log = CompilationLog.read(recording, CompiledCode.parse(Files.readString(code)));
      if (!isSteady()) {
        System.out.printf(
            "%s, program %d of at most %d, allocates: %s%n",
            jvm, programs, MOST_PROGRAMS, log.allocations());
      }
    } while (!isSteady() && programs < MOST_PROGRAMS);
  }

  private static boolean isSteady() {
    return output.getLast().equals(STEADY);
  }

  private static List<String> run(Jvm jvm, Path printed, Path recording, Path code)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of(jvm.options));
    command.addAll(
        List.of(
            "--add-modules",
            "jdk.incubator.vector",
            "-cp",
            System.getProperty("java.class.path"),
            KernelProgram.class.getName(),
            jvm.start.name(),
            recording.toString(),
            code.toString(),
            instructions.toString()));
    Process program =
        new ProcessBuilder(command)
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
        isSteady(), () -> jvm + ":\n" + String.join("\n", output) + "\n" + log.allocations());
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
    assumeTilesAreOurs();
    TileSpills.assumeReadable();
    assertEquals(List.of(), TileSpills.in(instructions, log.optimized()::contains));
  }

  @Test
  void everyTileWasCompiled() {
    assumeTilesAreOurs();
    List<String> missing =
        Tile.of(KernelSet.active()).stream()
            .map(tile -> tile.method() + "(")
            .filter(tile -> log.kernels().stream().noneMatch(kernel -> kernel.startsWith(tile)))
            .toList();
    assertEquals(List.of(), missing, "tiles that the program did not make hot");
  }

  /** Which tiles the program has is known here if it uses the same vectors; see SpillTest. */
  private void assumeTilesAreOurs() {
    assumeTrue(jvm.options.length == 0, "a program with other tiles");
  }
}
