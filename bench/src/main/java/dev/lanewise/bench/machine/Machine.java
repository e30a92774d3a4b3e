package dev.lanewise.bench.machine;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;
import jdk.incubator.vector.FloatVector;

/** Names what the benchmarks run on. */
public final class Machine {
  private static final Path CPUINFO = Path.of("/proc/cpuinfo");

  private Machine() {}

  /** The facts that figures depend on. */
  public static Map<String, String> facts() {
    Map<String, String> facts = new LinkedHashMap<>();
    facts.put("date", Instant.now().truncatedTo(ChronoUnit.MINUTES).toString());
    facts.put("CPU", cpu());
    facts.put("processors", String.valueOf(Runtime.getRuntime().availableProcessors()));
    facts.put("vectors", FloatVector.SPECIES_PREFERRED.vectorBitSize() + " bits");
    facts.put("system", System.getProperty("os.name") + " " + System.getProperty("os.version"));
    facts.put(
        "JDK", System.getProperty("java.vm.name") + " " + System.getProperty("java.vm.version"));
    return facts;
  }

  /** The model, with the numbers that tell what the name may hide. */
  private static String cpu() {
    if (!Files.isReadable(CPUINFO)) {
      return System.getProperty("os.arch");
    }
    return cpuinfo("model name")
        + ", family "
        + cpuinfo("cpu family")
        + " model "
        + cpuinfo("model");
  }

  private static String cpuinfo(String key) {
    try (Stream<String> lines = Files.lines(CPUINFO)) {
      return lines
          .filter(line -> line.replaceFirst("\\s*:.*", "").equals(key))
          .map(line -> line.replaceFirst("[^:]*:\\s*", ""))
          .findFirst()
          .orElse("?");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
