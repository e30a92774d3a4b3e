package dev.lanewise.jit;

import dev.lanewise.AllocatedBytes;
import dev.lanewise.internal.kernel.KernelSet;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import jdk.jfr.Recording;

/**
 * A program for a JVM of its own: runs many plans mixed, and every kernel, in rounds until several
 * in a row bring no compilation; then says what the rounds allocated, and leaves the recorded
 * compilations and the code that is held at the end. It gives up, too, when the code does not
 * change any more and the rounds still allocate, though what allocates has been called often.
 *
 * <p>Arguments: how it starts, where the recording goes, where the list of code goes, a folder for
 * {@linkplain CompiledCode#writeKernels the code}. The last line of the output is {@code steady}
 * followed by the bytes that each of the last rounds allocated, or {@code unsteady} if it ran out
 * of time.
 */
final class KernelProgram {
  /** What the JVM has done before the rounds. */
  enum Start {
    /** Nothing. */
    FRESH,
    /** It has used segments on the heap, and all plans for a while, but no kernel by itself. */
    WARMED;

    private static final int TIMES = 300;

    private void before(List<Runnable> plans) {
      if (this == WARMED) {
        HeapSegments.use();
        for (int time = 0; time < TIMES; time++) {
          plans.forEach(Runnable::run);
        }
      }
    }
  }

  /** More than the 5000 calls, in as many rounds as must be steady, after which C2 compiles. */
  private static final int RUNS = 2000;

  private static final Duration OFTEN = Duration.ofMillis(200);

  static final int STEADY_ROUNDS = 3;

  /** With the same code for so long, what is allocated will not go away. */
  private static final int MOST_ROUNDS = 12;

  /** In each round, one of the plans is run after so many turns of all kernels. */
  private static final int TURNS_OF_A_PLAN = 8;

  private static final Duration LIMIT = Duration.ofMinutes(6);

  private final List<Runnable> kernels = new ArrayList<>();
  private final List<Runnable> plans;
  private int next;

  private KernelProgram(Arena arena) {
    KernelSet set = KernelSet.active();
    kernels.addAll(KernelCalls.of(arena, set.float32()));
    kernels.addAll(KernelCalls.of(arena, set.float64()));
    kernels.addAll(KernelCalls.ofDistances(arena, set));
    kernels.addAll(LayerCalls.of(arena, set));
    Collections.shuffle(kernels, new Random(1));
    plans = MixedPlans.of(arena);
    Collections.shuffle(plans, new Random(2));
    System.out.println(
        set.description() + ": " + plans.size() + " plans, " + kernels.size() + " kernel calls");
  }

  public static void main(String[] arguments) throws IOException {
    try (Arena arena = Arena.ofShared();
        Recording recording = new Recording()) {
      for (String event :
          List.of("jdk.Compilation", "jdk.CompilationFailure", "jdk.CompilerInlining")) {
        recording.enable(event).withoutThreshold();
      }
      recording.enable("jdk.ObjectAllocationSample").with("throttle", "100/s");
      recording.start();
      KernelProgram program = new KernelProgram(arena);
      Start.valueOf(arguments[0]).before(program.plans);
      String outcome = program.run();
      Files.writeString(Path.of(arguments[2]), CompiledCode.command("compilerCodelist"));
      CompiledCode.writeKernels(Files.createDirectories(Path.of(arguments[3])));
      recording.stop();
      recording.dump(Path.of(arguments[1]));
      System.out.println(outcome);
    }
  }

  private String run() {
    long start = System.nanoTime();
    List<Long> steady = new ArrayList<>();
    Set<Integer> code = Set.of();
    plans.forEach(Runnable::run);
    int unchanged = 0;
    while (steady.size() < STEADY_ROUNDS && unchanged < MOST_ROUNDS) {
      if (System.nanoTime() - start > LIMIT.toNanos()) {
        return "unsteady " + steady;
      }
      long allocated = AllocatedBytes.of(1, this::round);
      CompiledCode.awaitCompilers();
      Set<Integer> now = kernelCode();
      unchanged = now.equals(code) ? unchanged + 1 : 0;
      if (unchanged == 0 || allocated > 0) {
        steady.clear();
      } else {
        steady.add(allocated);
      }
      code = now;
      if (unchanged == MOST_ROUNDS / 2 && allocated > 0) {
        callOftenWhatAllocates();
      }
      System.out.printf(
          "%.1f s: %d bytes allocated, %d pieces of kernel code%n",
          (System.nanoTime() - start) / 1e9, allocated, code.size());
    }
    if (steady.size() < STEADY_ROUNDS) {
      callOftenWhatAllocates();
    }
    return "steady " + steady.stream().map(String::valueOf).collect(Collectors.joining(" "));
  }

  /**
   * Runs each call and plan that allocates for a while. Some way through a plan may be taken so
   * seldom that it would not be compiled before the end; what allocates in spite of that shows in
   * the recording.
   */
  private void callOftenWhatAllocates() {
    List<Runnable> all = new ArrayList<>(kernels);
    all.addAll(plans);
    for (Runnable call : all) {
      call.run();
      if (AllocatedBytes.of(1, call) > 0) {
        long start = System.nanoTime();
        while (System.nanoTime() - start < OFTEN.toNanos()) {
          call.run();
        }
      }
    }
  }

  private void round() {
    for (int run = 0; run < RUNS; run++) {
      for (int call = 0; call < kernels.size(); call++) {
        kernels.get(call).run();
      }
      if (run % TURNS_OF_A_PLAN == 0) {
        plans.get(next++ % plans.size()).run();
      }
    }
  }

  /** The compilations of kernels whose code is in use. */
  static Set<Integer> kernelCode() {
    return CompiledCode.now().stream()
        .filter(piece -> piece.inUse() && piece.method().startsWith(CompilationLog.KERNELS))
        .map(CompiledCode::id)
        .collect(Collectors.toSet());
  }
}
