package dev.lanewise.checkpoint;

import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** What the entries of a zip file may be called, read and written. */
final class EntryNames {
  private static final int MAX_BYTES = 0xFFFF;

  private EntryNames() {}

  /** What is wrong with a name; null if nothing is. */
  static @Nullable String fault(String name) {
    int start = 0;
    for (int i = 0; i <= name.length(); i++) {
      char c = i < name.length() ? name.charAt(i) : '/';
      if (c == '\\' || Character.isISOControl(c)) {
        return "is not the name of an entry: it has a backslash or a control character";
      }
      if (c == '/') {
        if (!isPart(name, start, i)) {
          return "is not the name of an entry: it must be a relative path without . and ..";
        }
        start = i + 1;
      }
    }
    // A character takes at most three bytes, or four with its other half.
    return name.length() > MAX_BYTES / 3 && name.getBytes(StandardCharsets.UTF_8).length > MAX_BYTES
        ? "is not the name of an entry: it is longer than " + MAX_BYTES + " bytes"
        : null;
  }

  private static boolean isPart(String name, int start, int end) {
    // A last part without a name is how a folder is written.
    boolean isFolderEnd = start == end && start == name.length() && start > 0;
    String part = name.substring(start, end);
    boolean isDots = part.equals(".") || part.equals("..");
    return isFolderEnd || (start < end && !isDots);
  }

  /** Refuses to write an entry that would not be read. */
  static void requireValid(String name) {
    String fault = fault(name);
    if (fault != null) {
      throw new IllegalArgumentException("\"" + name + "\" " + fault);
    }
  }
}
