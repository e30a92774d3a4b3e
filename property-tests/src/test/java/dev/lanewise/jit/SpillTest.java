package dev.lanewise.jit;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.lanewise.ForkedJvm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * In a fresh JVM with default flags, C2 keeps all sums of every tile in registers: no loop of its
 * code that does a step of the sum moves a vector to the stack or back. One such move on the chain
 * of a sum halves a tile's speed. It is read from C2's code, by GNU objdump, not from clocks.
 *
 * <p>The tiles run in a program of their own, {@link TilesProgram}. {@link KernelCompilationTest}
 * looks at them in one that does other things, too.
 */
@Tag("jit")
class SpillTest {
  @Test
  void noTileSpillsVectors(@TempDir Path folder) throws IOException, InterruptedException {
    assertNoSpills(folder);
  }

  /** Of vectors of 256 bits there are 16 registers. */
  @Test
  void noTileSpillsWithoutAvx512(@TempDir Path folder) throws IOException, InterruptedException {
    assertNoSpills(folder, "-XX:UseAVX=2");
  }

  private static void assertNoSpills(Path folder, String... jvmOptions)
      throws IOException, InterruptedException {
    TileSpills.assumeReadable();
    List<String> options = new ArrayList<>(List.of(jvmOptions));
    options.addAll(
        List.of("--add-modules", "jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED"));
    Path code = Files.createDirectory(folder.resolve("code"));
    Path complaints = folder.resolve("complaints");
    ForkedJvm.run(TilesProgram.class, options, code.toString(), complaints.toString());
    assertEquals(List.of(), Files.readAllLines(complaints));
  }
}
