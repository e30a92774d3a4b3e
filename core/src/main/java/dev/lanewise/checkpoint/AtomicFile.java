package dev.lanewise.checkpoint;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.UUID;

/**
 * Creates or replaces a file in one step: other processes see the old file or the new one, never a
 * part.
 */
final class AtomicFile {
  private AtomicFile() {}

  /** Writes the new content. */
  interface Content {
    void writeTo(FileOutput out) throws IOException;
  }

  /**
   * Writes beside the target, forces the bytes to the disk, then renames. After a failure nothing
   * is left behind.
   */
  static void write(Path path, Content content) throws IOException {
    // Renaming onto a symbolic link would replace the link and leave the file behind it old.
    Path target = Files.exists(path) ? path.toRealPath() : path.toAbsolutePath();
    Path folder = target.getParent();
    if (Files.isDirectory(target)) {
      throw new FileSystemException(path.toString(), null, "is a folder");
    }
    if (folder == null || !Files.isDirectory(folder)) {
      throw new NoSuchFileException(path.toString(), null, "its folder does not exist");
    }
    // Not Files.createTempFile: that gives a file only its owner may read, which the rename would
    // keep.
    Path temporary = folder.resolve("." + target.getFileName() + "." + UUID.randomUUID() + ".tmp");
    try {
      try (FileChannel channel =
          FileChannel.open(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
        var out = new FileOutput(channel);
        content.writeTo(out);
        out.flush();
        channel.force(true);
      }
      Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(temporary);
    }
  }
}
