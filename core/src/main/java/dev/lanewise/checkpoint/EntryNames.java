package dev.lanewise.checkpoint;

import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** What the entries of a zip file may be called, read and written. */
final class EntryNames {
  private static final int MAX_BYTES = 0xFFFF;

  private EntryNames() {}

  /** What is wrong with a name; null if nothing is. */
  static @Nullable String fault(String name) {
    String[] parts = name.split("/", -1);
    for (int i = 0; i < parts.length; i++) {
      // A last part without a name is how a folder is written.
      boolean named = !parts[i].isEmpty() || (i > 0 && i == parts.length - 1);
      if (!named || parts[i].equals("..") || parts[i].equals(".")) {
        return "is not the name of an entry: it must be a relative path without . and ..";
      }
    }
    if (name.indexOf('\\') >= 0 || name.chars().anyMatch(Character::isISOControl)) {
      return "is not the name of an entry: it has a backslash or a control character";
    }
    return name.getBytes(StandardCharsets.UTF_8).length > MAX_BYTES
        ? "is not the name of an entry: it is longer than " + MAX_BYTES + " bytes"
        : null;
  }

  /** Refuses to write an entry that would not be read. */
  static void requireValid(String name) {
    String fault = fault(name);
    if (fault != null) {
      throw new IllegalArgumentException("\"" + name + "\" " + fault);
    }
  }
}
