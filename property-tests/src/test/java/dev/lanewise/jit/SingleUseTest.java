package dev.lanewise.jit;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.lanewise.ForkedJvm;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * In a program that does one thing with the engine, no compiler gives up on a kernel, and nothing
 * is allocated in the end. C1 gives up where a method needs too many registers, most easily in such
 * a program: the fewer classes of vectors are loaded, the more of them it inlines. The method may
 * then never be compiled again.
 */
@Tag("jit")
class SingleUseTest {
  private static final String GAVE_UP = "COMPILE SKIPPED";

  /** C2 starts anew when a class was loaded meanwhile. */
  private static final String TRIED_AGAIN = "concurrent class loading";

  @Test
  void noCompilerGivesUpOnAKernelAndNothingIsAllocated()
      throws InterruptedException, ExecutionException {
    List<Future<List<String>>> programs = new ArrayList<>();
    try (ExecutorService two = Executors.newFixedThreadPool(2)) {
      for (SingleUse use : SingleUse.all()) {
        programs.add(two.submit(() -> complaints(use)));
      }
    }
    List<String> complaints = new ArrayList<>();
    for (Future<List<String>> program : programs) {
      complaints.addAll(program.get());
    }
    assertEquals(List.of(), complaints);
  }

  private static List<String> complaints(SingleUse use) throws IOException, InterruptedException {
    return ForkedJvm.run(
            SingleUse.class,
            List.of("--add-modules", "jdk.incubator.vector", "-XX:+PrintCompilation"),
            use.name())
        .lines()
        .filter(line -> isGivenUp(line) || isAllocating(line))
        .map(line -> use.name() + ": " + line.strip())
        .toList();
  }

  private static boolean isGivenUp(String line) {
    return line.contains(CompilationLog.KERNELS)
        && line.contains(GAVE_UP)
        && !line.contains(TRIED_AGAIN);
  }

  private static boolean isAllocating(String line) {
    return line.startsWith(SingleUse.ALLOCATED) && !line.equals(SingleUse.ALLOCATED + 0);
  }
}
