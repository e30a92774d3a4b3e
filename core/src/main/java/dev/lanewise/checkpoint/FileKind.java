package dev.lanewise.checkpoint;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.util.Arrays;

/**
 * Tells by its first bytes what a file is, because the zip reader's word for any other file is "zip
 * END header not found".
 */
final class FileKind {
  private static final byte[] ZIP = {'P', 'K', 3, 4};

  /**
   * The magic number, pickled, with which PyTorch before 1.6 began: {@code 0x1950a86a20f9469cfc6c}.
   */
  private static final byte[] LEGACY = {
    (byte) 0x80,
    2,
    (byte) 0x8a,
    10,
    0x6c,
    (byte) 0xfc,
    (byte) 0x9c,
    0x46,
    (byte) 0xf9,
    0x20,
    0x6a,
    (byte) 0xa8,
    0x50,
    0x19
  };

  private FileKind() {}

  static void requireZip(Origin origin) throws CheckpointException {
    if (!Files.exists(origin.file())) {
      throw origin.refuse("there is no such file");
    }
    if (!Files.isRegularFile(origin.file())) {
      throw origin.refuse("is not a regular file");
    }
    byte[] start;
    try (InputStream in = Files.newInputStream(origin.file())) {
      start = in.readNBytes(LEGACY.length);
    } catch (IOException e) {
      throw origin.refuse("cannot be read: " + e.getMessage(), e);
    }
    if (Arrays.equals(start, LEGACY)) {
      throw origin.refuse(
          "is in the format of PyTorch before 1.6, which is not read; load it in PyTorch and save it again with torch.save");
    }
    if (start.length < ZIP.length || !Arrays.equals(start, 0, ZIP.length, ZIP, 0, ZIP.length)) {
      throw origin.refuse(
          start.length == 0
              ? "is empty"
              : "is not a zip file, so it was not written by torch.save");
    }
  }
}
