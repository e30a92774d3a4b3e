package dev.lanewise.jit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lanewise.ForkedJvm;
import dev.lanewise.OtherProgram;
import dev.lanewise.internal.kernel.KernelSet;
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
 * <p>The tiles run in a program of their own, {@link TilesProgram}.
 */
@Tag("jit")
class SpillTest {
  @Test
  void noTileSpillsVectors(@TempDir Path folder) throws IOException, InterruptedException {
    assumeTrue(
        List.of("amd64", "x86_64").contains(System.getProperty("os.arch")),
        "only code of x86-64 can be read");
    assumeTrue(hasObjdump(), "no GNU objdump to disassemble with");
    KernelSet set = KernelSet.active();
    assumeTrue(!set.description().equals(KernelSet.scalar().description()), "no vectors here");

    ForkedJvm.run(
        TilesProgram.class,
        List.of("--add-modules", "jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED"),
        folder.toString());
    List<String> complaints = new ArrayList<>();
    for (Tile tile : Tile.of(set)) {
      addComplaints(tile, folder.resolve(tile.method()), complaints);
    }
    assertEquals(List.of(), complaints);
  }

  private static void addComplaints(Tile tile, Path code, List<String> complaints)
      throws IOException, InterruptedException {
    if (!Files.exists(code)) {
      complaints.add(tile.method() + ": no code by C2");
      return;
    }
    List<VectorLoop> steps =
        VectorLoop.in(disassembled(code)).stream()
            .filter(loop -> loop.multiplyAdds() >= tile.multiplyAdds())
            .toList();
    if (steps.isEmpty()) {
      complaints.add(
          tile.method() + ": no loop of " + tile.multiplyAdds() + " multiply-adds in its code");
    }
    for (VectorLoop step : steps) {
      if (!step.spills().isEmpty()) {
        complaints.add(
            "%s: %d of %d instructions spill, for %d multiply-adds: %s"
                .formatted(
                    tile.method(),
                    step.spills().size(),
                    step.instructions().size(),
                    step.multiplyAdds(),
                    step.spills()));
      }
    }
  }

  private static boolean hasObjdump() throws InterruptedException {
    try {
      return OtherProgram.run(List.of("objdump", "--version")).startsWith("GNU");
    } catch (IOException _) {
      return false;
    }
  }

  private static String disassembled(Path code) throws IOException, InterruptedException {
    return OtherProgram.run(
        List.of(
            "objdump",
            "-D",
            "--no-show-raw-insn",
            "--target=binary",
            "--architecture=i386:x86-64",
            "--disassembler-options=att",
            code.toString()));
  }
}
