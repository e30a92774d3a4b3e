package dev.lanewise.jit;

import dev.lanewise.internal.kernel.KernelSet;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.Set;

/**
 * A program for a JVM of its own: runs every tile in turn until several rounds bring no
 * compilation, and looks at {@linkplain CompiledCode#writeKernels their code}.
 *
 * <p>Arguments: a folder for the code; a file for what is {@linkplain TileSpills wrong} with it.
 */
final class TilesProgram {
  private static final int RUNS = 2000;

  private TilesProgram() {}

  public static void main(String[] arguments) throws IOException, InterruptedException {
    try (Arena arena = Arena.ofShared()) {
      KernelSet set = KernelSet.active();
      List<Runnable> calls = new ArrayList<>(KernelCalls.ofTiles(arena, set.float32()));
      calls.addAll(KernelCalls.ofTiles(arena, set.float64()));
      Collections.shuffle(calls, new Random(1));
      Set<Integer> code = Set.of();
      for (int steady = 0; steady < KernelProgram.STEADY_ROUNDS; ) {
        for (int run = 0; run < RUNS; run++) {
          calls.forEach(Runnable::run);
        }
        CompiledCode.awaitCompilers();
        Set<Integer> now = KernelProgram.kernelCode();
        steady = now.equals(code) ? steady + 1 : 0;
        code = now;
      }
    }
    Path folder = Path.of(arguments[0]);
    CompiledCode.writeKernels(folder);
    Files.write(Path.of(arguments[1]), TileSpills.in(folder, _ -> true));
  }
}
