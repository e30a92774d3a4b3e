package dev.lanewise.internal.memory;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Whether this process can ask the system for huge pages, and why not.
 *
 * @param mappable whether memory can be mapped and advised by calls of the C library
 * @param hugePageBytes the size of a huge page, to which mapped memory is aligned; 0 if there is
 *     none
 * @param granted whether the system gives huge pages to memory that asks for them
 * @param expected false where a user would want to know that speed is lost, and how to get it back
 * @param reason one line for the log
 */
public record PageSupport(
    boolean mappable, long hugePageBytes, boolean granted, boolean expected, String reason) {
  /** Pages of 512 MiB, as on ARM with base pages of 64 KiB, would waste more than they win. */
  private static final long LARGEST_HUGE_PAGE_BYTES = 64L << 20;

  private static final Path SETTINGS = Path.of("/sys/kernel/mm/transparent_hugepage");

  /** What holds for this process. */
  public static PageSupport system() {
    return ThisProcess.SUPPORT;
  }

  /**
   * Judges by what a system says of itself.
   *
   * @param osName the property os.name
   * @param addressBytes the size of an address
   * @param nativeAccess whether the engine's module may call native code
   * @param module its name for the command line
   * @param enabled the text of transparent_hugepage/enabled; empty if there is none
   * @param pageBytes the text of transparent_hugepage/hpage_pmd_size; empty if there is none
   */
  public static PageSupport of(
      String osName,
      long addressBytes,
      boolean nativeAccess,
      String module,
      String enabled,
      String pageBytes) {
    if (!osName.equals("Linux") || addressBytes != Long.BYTES) {
      return new PageSupport(
          false, 0, false, true, "huge pages are asked for on 64-bit Linux only, not on " + osName);
    }
    String chosen = chosen(enabled);
    long size = size(pageBytes);
    if (chosen.isEmpty() || size == 0) {
      return new PageSupport(
          false, 0, false, true, "this kernel has no transparent huge pages (" + SETTINGS + ")");
    }
    if (size > LARGEST_HUGE_PAGE_BYTES) {
      return new PageSupport(
          false,
          0,
          false,
          true,
          "huge pages have " + (size >> 20) + " MiB here, too many for a table to be rounded to");
    }
    if (!nativeAccess) {
      return new PageSupport(
          false,
          size,
          false,
          false,
          "native access is not enabled; start java with --enable-native-access=" + module);
    }
    if (chosen.equals("never")) {
      return new PageSupport(
          true,
          size,
          false,
          false,
          SETTINGS + "/enabled says never; write madvise there to allow huge pages");
    }
    return new PageSupport(true, size, true, true, SETTINGS + "/enabled says " + chosen);
  }

  /** The word in brackets: {@code always [madvise] never}. */
  private static String chosen(String enabled) {
    int from = enabled.indexOf('[');
    int to = enabled.indexOf(']', from + 1);
    return from < 0 || to < 0 ? "" : enabled.substring(from + 1, to);
  }

  private static long size(String pageBytes) {
    try {
      long size = Long.parseLong(pageBytes.strip());
      return Long.bitCount(size) == 1 && size > 0 ? size : 0;
    } catch (NumberFormatException e) {
      return 0;
    }
  }

  /** The lazily made judgement. */
  private static final class ThisProcess {
    static final PageSupport SUPPORT =
        of(
            System.getProperty("os.name", ""),
            ValueLayout.ADDRESS.byteSize(),
            PageSupport.class.getModule().isNativeAccessEnabled(),
            PageSupport.class.getModule().isNamed()
                ? PageSupport.class.getModule().getName()
                : "ALL-UNNAMED",
            read("enabled"),
            read("hpage_pmd_size"));

    private static String read(String name) {
      try {
        return Files.readString(SETTINGS.resolve(name));
      } catch (IOException | SecurityException e) {
        return "";
      }
    }
  }
}
