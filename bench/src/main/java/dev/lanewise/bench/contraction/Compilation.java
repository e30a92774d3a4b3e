package dev.lanewise.bench.contraction;

import dev.lanewise.bench.contraction.engine.Work;
import java.lang.management.CompilationMXBean;
import java.lang.management.ManagementFactory;
import java.util.concurrent.TimeUnit;

/**
 * Waits for the JIT compilers: on a machine with one processor to spare, or with other work, the
 * usual warm-up ends before they do, and what is then measured is the interpreter.
 */
final class Compilation {
  private static final long QUIET_NANOS = TimeUnit.MILLISECONDS.toNanos(700);
  private static final long LONGEST_NANOS = TimeUnit.SECONDS.toNanos(30);

  private Compilation() {}

  /** Runs until nothing has been compiled for a while, or for too long. */
  static void await(Work work) {
    CompilationMXBean compilers = ManagementFactory.getCompilationMXBean();
    long start = System.nanoTime();
    long lastChange = start;
    long compiledMillis = 0;
    long now = start;
    while (now - lastChange < QUIET_NANOS && now - start < LONGEST_NANOS) {
      work.run();
      now = System.nanoTime();
      long millis = compilers.getTotalCompilationTime();
      if (millis != compiledMillis) {
        compiledMillis = millis;
        lastChange = now;
      }
    }
  }
}
