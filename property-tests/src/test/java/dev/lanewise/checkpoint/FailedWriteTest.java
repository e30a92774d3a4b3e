package dev.lanewise.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A write that fails half-way leaves the target as it was and nothing beside it. */
final class FailedWriteTest {
  @TempDir private Path folder;

  @Test
  void diskThatIsFullHalfWay() throws IOException {
    Path target = Files.writeString(folder.resolve("model.pth"), "old");
    var full = new IOException("no space left on device");
    var failure =
        assertThrows(
            IOException.class,
            () ->
                AtomicFile.write(
                    target,
                    out -> {
                      out.write(new byte[1000]);
                      throw full;
                    }));
    assertSame(full, failure);
    assertEquals("old", Files.readString(target));
    try (Stream<Path> files = Files.list(folder)) {
      assertEquals(List.of(target), files.toList());
    }
  }
}
