package dev.lanewise.bench.machine;

import com.sun.management.OperatingSystemMXBean;
import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.concurrent.TimeUnit;

/**
 * Waits for the JIT compilers: on a machine with one processor to spare, or with other work, the
 * usual warm-up ends before they do, and what is then measured is the interpreter.
 */
public final class Compilation {
  private static final long WINDOW_NANOS = TimeUnit.MILLISECONDS.toNanos(400);
  private static final long LONGEST_NANOS = TimeUnit.SECONDS.toNanos(20);

  /** What the JVM's other threads may use of a window when nothing is being compiled. */
  private static final double IDLE = 0.03;

  private static final OperatingSystemMXBean PROCESS =
      (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private Compilation() {}

  /**
   * Runs until the JVM's other threads have done next to nothing for a while, or for too long. All
   * times are processor times, of which the compilers get as much as this thread on a busy machine.
   */
  public static void await(Runnable work) {
    long start = THREADS.getCurrentThreadCpuTime();
    long now = start;
    double others;
    do {
      long windowStart = now;
      long processStart = PROCESS.getProcessCpuTime();
      do {
        work.run();
        now = THREADS.getCurrentThreadCpuTime();
      } while (now - windowStart < WINDOW_NANOS);
      long own = now - windowStart;
      others = (double) (PROCESS.getProcessCpuTime() - processStart - own) / own;
    } while (others > IDLE && now - start < LONGEST_NANOS);
  }
}
