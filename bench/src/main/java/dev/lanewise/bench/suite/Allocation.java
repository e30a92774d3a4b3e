package dev.lanewise.bench.suite;

import com.sun.management.ThreadMXBean;
import dev.lanewise.bench.engine.Work;
import java.lang.management.ManagementFactory;
import java.util.Objects;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.results.IterationResult;

/**
 * The Java heap that one call allocates, counted around that call alone: what JMH's profiler shows
 * has in it what JMH itself allocates in an iteration, which is not little beside a few long calls.
 */
@State(Scope.Thread)
@AuxCounters(AuxCounters.Type.EVENTS)
public class Allocation {
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private long bytes;

  /** Counts. */
  void count(Work work) {
    long before = THREADS.getCurrentThreadAllocatedBytes();
    work.run();
    bytes = THREADS.getCurrentThreadAllocatedBytes() - before;
  }

  /** The bytes; JMH knows the counter by this method's name. */
  public long allocatedByACall() {
    return bytes;
  }

  /** Reads them from a result. */
  static double of(IterationResult iteration) {
    return Objects.requireNonNull(iteration.getSecondaryResults().get("allocatedByACall"))
        .getScore();
  }
}
