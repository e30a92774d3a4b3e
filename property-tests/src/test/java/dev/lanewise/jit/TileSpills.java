package dev.lanewise.jit;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lanewise.OtherProgram;
import dev.lanewise.internal.kernel.KernelSet;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.IntPredicate;

/** The vectors that tiles keep on the stack in their loops, read from code by GNU objdump. */
final class TileSpills {
  private TileSpills() {}

  /** Passes over a test where there is no such code, or nothing to read it with. */
  static void assumeReadable() throws InterruptedException {
    assumeTrue(
        List.of("amd64", "x86_64").contains(System.getProperty("os.arch")),
        "only code of x86-64 can be read");
    assumeTrue(hasObjdump(), "no GNU objdump to disassemble with");
    assumeTrue(
        !KernelSet.active().description().equals(KernelSet.scalar().description()),
        "no vectors here");
  }

  /**
   * What is wrong with the tiles of this machine.
   *
   * @param folder the {@linkplain CompiledCode#writeKernels code} of a program
   * @param isMeant the compilations to look at; of a tile's, the last one is
   */
  static List<String> in(Path folder, IntPredicate isMeant)
      throws IOException, InterruptedException {
    Map<String, Integer> last = new HashMap<>();
    for (String file : Objects.requireNonNull(folder.toFile().list())) {
      int dash = file.lastIndexOf('-');
      int id = Integer.parseInt(file.substring(dash + 1));
      if (isMeant.test(id)) {
        last.merge(file.substring(0, dash), id, Math::max);
      }
    }
    List<String> complaints = new ArrayList<>();
    for (Tile tile : Tile.of(KernelSet.active())) {
      Integer id = last.get(tile.method());
      if (id == null) {
        complaints.add(tile.method() + ": no code by C2");
      } else {
        addComplaints(tile, folder.resolve(tile.method() + "-" + id), complaints);
      }
    }
    return complaints;
  }

  private static void addComplaints(Tile tile, Path code, List<String> complaints)
      throws IOException, InterruptedException {
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
