package dev.lanewise.checkpoint;

import dev.lanewise.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * What a fuzzer feeds: bytes that become a file, which is loaded, mapped and verified. It may be
 * read or refused with a {@link CheckpointException}; anything else is a finding.
 *
 * <p>Jazzer calls it: {@code ./mvnw -B test-compile -Pfuzz -pl core,property-tests}, see the
 * profile. The inputs it found to reach new code are in resources/fuzz, and run in {@link
 * FuzzCorpusTest}.
 */
public final class FuzzTarget {
  private static final Path FILE = temporaryFile();

  private FuzzTarget() {}

  /** The first byte says what the others are. */
  public static void fuzzerTestOneInput(byte[] input) throws IOException {
    if (input.length == 0) {
      return;
    }
    byte[] rest = Arrays.copyOfRange(input, 1, input.length);
    switch (input[0]) {
      case 'p' -> new ForgedCheckpoint().pickle(rest).write(FILE);
      case 's' -> Files.write(FILE, safetensors(rest));
      default -> Files.write(FILE, rest);
    }
    read(FILE);
  }

  /** The length that the header up to the last brace has, then all. */
  private static byte[] safetensors(byte[] rest) {
    int end = rest.length;
    while (end > 0 && rest[end - 1] != '}') {
      end--;
    }
    return ByteBuffer.allocate(8 + rest.length)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(end)
        .put(rest)
        .array();
  }

  /** Reads a file in every way; whether one of them gave something. */
  static boolean read(Path file) {
    boolean accepted = false;
    try (Arena arena = Arena.ofConfined()) {
      for (Access access : Access.values()) {
        accepted |= accepts(() -> use(CheckpointFile.read(file, arena, access).asMap().values()));
      }
      accepted |= accepts(() -> use(Npy.load(file, arena)));
      accepted |= accepts(() -> use(Npy.map(file, arena)));
      accepted |= accepts(() -> StateDict.verify(file));
    }
    return accepted;
  }

  private interface Reading {
    void run() throws CheckpointException;
  }

  private static boolean accepts(Reading reading) {
    try {
      reading.run();
      return true;
    } catch (CheckpointException expected) {
      if (!String.valueOf(expected.getMessage()).contains(": ")) {
        throw new AssertionError("a message without a file: " + expected.getMessage());
      }
      return false;
    }
  }

  private static void use(Iterable<Value> values) {
    for (Value value : values) {
      switch (value) {
        case Value.TensorValue(Tensor tensor) -> use(tensor);
        case Value.PyList(var items) -> use(items);
        case Value.Tuple(var items) -> use(items);
        case Value.Dict(var items) -> use(items.values());
        case Value other -> other.kind();
      }
    }
  }

  /**
   * Printing reads elements, the first and the last included: no view may reach outside its memory.
   */
  private static void use(Tensor tensor) {
    if (tensor.toString().isEmpty()) {
      throw new AssertionError("no text");
    }
  }

  private static Path temporaryFile() {
    try {
      Path file = Files.createTempFile("fuzz", ".bin");
      file.toFile().deleteOnExit();
      return file;
    } catch (IOException e) {
      throw new ExceptionInInitializerError(e);
    }
  }
}
