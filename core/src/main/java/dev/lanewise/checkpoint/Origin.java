package dev.lanewise.checkpoint;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Where bytes come from, so that every refusal can say it.
 *
 * @param file the file
 * @param entry the entry of the zip file, without its top folder; null for the file as a whole
 */
record Origin(Path file, @Nullable String entry) {

  /** The same file, another entry. */
  Origin at(String otherEntry) {
    return new Origin(file, otherEntry);
  }

  /** The exception to throw. */
  CheckpointException refuse(String reason) {
    return new CheckpointException(file, entry, reason, null);
  }

  /** The exception to throw because of another. */
  CheckpointException refuse(String reason, Exception cause) {
    return new CheckpointException(file, entry, reason, cause);
  }
}
