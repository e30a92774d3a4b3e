package dev.lanewise.bench.machine;

import com.sun.management.OperatingSystemMXBean;
import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * The part of an iteration's time that the measuring thread was running: 1 on a quiet machine. On
 * one that others use too, a time multiplied with it is still the thread's own.
 */
@State(Scope.Thread)
@AuxCounters(AuxCounters.Type.EVENTS)
public class ProcessorShare {
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private static final OperatingSystemMXBean PROCESS =
      ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);

  private long startNanos;
  private long startProcessorNanos;
  private long startProcessNanos;
  private double share;
  private double processors;

  /** The iteration begins. */
  @Setup(Level.Iteration)
  public void start() {
    startNanos = System.nanoTime();
    startProcessorNanos = THREADS.getCurrentThreadCpuTime();
    startProcessNanos = PROCESS.getProcessCpuTime();
  }

  /** The iteration is over. */
  public void stop() {
    double nanos = System.nanoTime() - startNanos;
    share = (THREADS.getCurrentThreadCpuTime() - startProcessorNanos) / nanos;
    processors = (PROCESS.getProcessCpuTime() - startProcessNanos) / nanos;
  }

  /** The share; JMH knows the counter by this method's name. */
  public double processorShare() {
    return share;
  }

  /**
   * How many processors the whole process used: a library's own threads, which the share does not
   * see, are in it.
   */
  public double processors() {
    return processors;
  }
}
