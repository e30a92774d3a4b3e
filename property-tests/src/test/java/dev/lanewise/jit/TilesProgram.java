package dev.lanewise.jit;

import dev.lanewise.internal.kernel.KernelSet;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.Set;

/**
 * A program for a JVM of its own: runs every tile in turn until several rounds bring no
 * compilation, and leaves the instructions that C2 made of each last in a file, named by the
 * method. (There may be older code that enters a loop half way.) They are read where the JVM holds
 * them: what it prints is that of all tiers, some hundred megabytes.
 *
 * <p>Argument: the folder for the files.
 */
final class TilesProgram {
  private static final int RUNS = 2000;

  private TilesProgram() {}

  public static void main(String[] arguments) throws IOException {
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
    writeCode(Path.of(arguments[0]));
  }

  @SuppressWarnings("restricted") // Code in use stays where it is.
  private static void writeCode(Path folder) throws IOException {
    List<CompiledCode> all =
        CompiledCode.now().stream()
            .filter(piece -> piece.inUse() && piece.level() == CompiledCode.C2)
            .filter(piece -> piece.method().startsWith(CompilationLog.KERNELS))
            .sorted(Comparator.comparingInt(CompiledCode::id))
            .toList();
    for (CompiledCode piece : all) {
      Files.write(
          folder.resolve(piece.method().substring(0, piece.method().indexOf('('))),
          MemorySegment.ofAddress(piece.address())
              .reinterpret(piece.bytes())
              .toArray(ValueLayout.JAVA_BYTE));
    }
  }
}
