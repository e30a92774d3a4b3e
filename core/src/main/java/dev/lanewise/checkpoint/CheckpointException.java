package dev.lanewise.checkpoint;

import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A file cannot be read as a checkpoint. The message names the file, the entry in it where there is
 * one, and the reason: {@code model.pth: data.pkl: os.system is not among the names a checkpoint
 * may use ...}.
 *
 * <p>An {@link IOException}, because a caller who loads a file must expect it to be missing,
 * damaged or of another kind.
 */
public final class CheckpointException extends IOException {
  private static final long serialVersionUID = 1L;

  /**
   * A new exception.
   *
   * @param file the file that was read
   * @param entry the entry of the zip file, without its top folder; null if the file as a whole is
   *     meant
   * @param reason what is wrong
   * @param cause the failure underneath, if there was one
   */
  CheckpointException(Path file, @Nullable String entry, String reason, @Nullable Throwable cause) {
    super(file + ": " + (entry == null ? "" : entry + ": ") + reason, cause);
  }
}
