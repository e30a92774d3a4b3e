package dev.lanewise;

import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** For tests of files that are mostly holes. */
public final class SparseFiles {
  private SparseFiles() {}

  /** Skips the test unless a hole of 1 GiB costs nothing: it would fill the disk. */
  public static void assumeIn(Path folder) throws IOException {
    Path probe = folder.resolve("probe");
    try (var channel =
        FileChannel.open(
            probe,
            StandardOpenOption.CREATE_NEW,
            StandardOpenOption.SPARSE,
            StandardOpenOption.WRITE)) {
      long before = Files.getFileStore(probe).getUsableSpace();
      channel.write(ByteBuffer.allocate(1), 1L << 30);
      long taken = before - Files.getFileStore(probe).getUsableSpace();
      assumeTrue(taken < 1L << 29, "no sparse files here");
    } catch (IOException e) {
      abort("no large files here: " + e.getMessage());
    } finally {
      Files.deleteIfExists(probe);
    }
  }
}
