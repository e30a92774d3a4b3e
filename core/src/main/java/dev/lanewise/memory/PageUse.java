package dev.lanewise.memory;

import java.io.BufferedReader;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * What memory lies on, as the system counts it: how much of it is in RAM, and how much of that on
 * huge pages. For looking whether a table got what it was to get; slow (the system walks all pages
 * of the process), and a snapshot.
 *
 * <p>Counted are the system's mappings that the memory lies in, as a whole: neighbours in the same
 * mapping count with it.
 *
 * @param mappedBytes the size of the mappings
 * @param residentBytes what of it is in RAM
 * @param hugeBytes what of that is on huge pages
 */
public record PageUse(long mappedBytes, long residentBytes, long hugeBytes) {
  private static final Path MAPPINGS = Path.of("/proc/self/smaps");

  /**
   * Looks in {@code /proc/self/smaps}, which needs no native access.
   *
   * @param memory native memory
   * @return its pages; empty if the system does not say, as none but Linux does
   * @throws IllegalArgumentException if the memory is on the heap
   * @throws IllegalStateException if its arena is closed
   */
  public static Optional<PageUse> of(MemorySegment memory) {
    if (!memory.isNative()) {
      throw new IllegalArgumentException("memory: expected native memory, got " + memory);
    }
    if (!memory.scope().isAlive()) {
      throw new IllegalStateException("memory: the arena of " + memory + " is closed");
    }
    // Names of files in it may be of any encoding.
    try (BufferedReader lines = Files.newBufferedReader(MAPPINGS, StandardCharsets.ISO_8859_1)) {
      return Optional.of(sum(lines, memory.address(), memory.address() + memory.byteSize()));
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  private static PageUse sum(BufferedReader lines, long from, long to) throws IOException {
    var sum = new PageUse(0, 0, 0);
    boolean inside = false;
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      String[] words = line.split("\\s+", 3);
      if (!words[0].endsWith(":")) {
        // A mapping begins with its addresses: 7f0000000000-7f0000200000 rw-p ...
        String[] range = words[0].split("-", 2);
        long start = Long.parseUnsignedLong(range[0], 16);
        inside = start < to && from < Long.parseUnsignedLong(range[1], 16);
      } else if (inside) {
        sum = sum.plus(words);
      }
    }
    return sum;
  }

  private PageUse plus(String... words) {
    return switch (words[0]) {
      case "Size:" -> new PageUse(mappedBytes + bytes(words), residentBytes, hugeBytes);
      case "Rss:" -> new PageUse(mappedBytes, residentBytes + bytes(words), hugeBytes);
      case "AnonHugePages:", "FilePmdMapped:", "ShmemPmdMapped:" ->
          new PageUse(mappedBytes, residentBytes, hugeBytes + bytes(words));
      default -> this;
    };
  }

  private static long bytes(String... words) {
    return Long.parseLong(words[1]) << 10;
  }
}
