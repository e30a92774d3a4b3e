package dev.lanewise.internal.kernel;

import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A JDK whose mapped segments were no native ones would have to be told apart. */
class NativeSegmentsTest {
  @Test
  void everyKindOfNativeSegmentIsKnown(@TempDir Path folder) throws IOException {
    Path file = Files.write(folder.resolve("mapped"), new byte[8]);
    try (Arena confined = Arena.ofConfined();
        Arena shared = Arena.ofShared();
        FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      requireKnown(MemorySegment.NULL);
      requireKnown(Arena.global().allocate(8));
      requireKnown(Arena.ofAuto().allocate(8));
      requireKnown(confined.allocate(8));
      requireKnown(shared.allocate(8).asReadOnly());
      requireKnown(shared.allocate(8).asSlice(3, 2));
      requireKnown(channel.map(MapMode.READ_ONLY, 0, 8, shared));
    }
  }

  private static void requireKnown(MemorySegment segment) {
    assertSame(segment, NativeSegments.known(segment));
  }

  @Test
  void arraysAreRefused() {
    MemorySegment array = MemorySegment.ofArray(new float[2]);
    assertThrows(ClassCastException.class, () -> NativeSegments.known(array));
  }
}
