package dev.lanewise;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;

/** What the JVM counts of the objects that a thread allocates. */
public final class AllocatedBytes {
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private AllocatedBytes() {}

  /** The bytes that this thread allocates while something is run some times. */
  public static long of(int times, Runnable run) {
    long before = THREADS.getCurrentThreadAllocatedBytes();
    for (int i = 0; i < times; i++) {
      run.run();
    }
    return THREADS.getCurrentThreadAllocatedBytes() - before;
  }
}
