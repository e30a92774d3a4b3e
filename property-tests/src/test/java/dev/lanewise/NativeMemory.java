package dev.lanewise;

import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;

/** What the JVM says of the native memory that arenas hold. */
public final class NativeMemory {
  private NativeMemory() {}

  /** The bytes that all arenas of this process hold now. */
  public static long bytes() {
    return ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
        .filter(pool -> pool.getName().equals("direct"))
        .mapToLong(BufferPoolMXBean::getTotalCapacity)
        .sum();
  }
}
