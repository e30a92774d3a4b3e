package dev.lanewise.internal.kernel.vector;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What the system says of the processor; empty where it says nothing. The JVM tells how long
 * vectors may be, but not how many a processor multiplies at a time.
 *
 * @param vendor who made it, as it says itself
 * @param family the generation, a number of the vendor's own
 */
record Processor(String vendor, String family) {
  /** A paragraph for each processor, of lines {@code key : value}. */
  private static final Path CPUINFO = Path.of("/proc/cpuinfo");

  private static final Processor UNKNOWN = new Processor("", "");

  static Processor ofThisMachine() {
    try (BufferedReader reader = Files.newBufferedReader(CPUINFO)) {
      return of(reader.lines());
    } catch (IOException | RuntimeException e) {
      // Only speed depends on it.
      return UNKNOWN;
    }
  }

  /** The first processor that is described. */
  static Processor of(Stream<String> cpuinfo) {
    Map<String, String> entries =
        cpuinfo
            .takeWhile(line -> !line.isBlank())
            .map(line -> line.split("\\s*:\\s*", 2))
            .filter(entry -> entry.length == 2)
            .collect(
                Collectors.toMap(entry -> entry[0], entry -> entry[1], (first, next) -> first));
    return new Processor(
        entries.getOrDefault("vendor_id", ""), entries.getOrDefault("cpu family", ""));
  }

  /**
   * Whether two vectors of 512 bits are multiplied at a time, if there are such vectors: by all but
   * AMD's family 25 (Zen 4) and some of Intel's, which cannot be told from the others this way.
   */
  boolean multipliesTwoWidest() {
    return !(vendor.equals("AuthenticAMD") && family.equals("25"));
  }
}
