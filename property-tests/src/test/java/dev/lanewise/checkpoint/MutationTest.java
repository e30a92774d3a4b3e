package dev.lanewise.checkpoint;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A damaged file is read or refused; it never does anything else. */
final class MutationTest {
  private static final int ROUNDS = 500;

  @TempDir private Path folder;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "views.pth",
        "plain.pth",
        "no_crc.pth",
        "whole_module.pth",
        "structures.pth",
        "unsigned.pth",
        "types.safetensors",
        "numpy/stored.npz",
        "numpy/deflated.npz",
        "numpy/fortran_order.npy"
      })
  void flippedAndTruncatedFiles(String name) throws IOException {
    damage(Files.readAllBytes(GoldenFilesTest.golden(name)), new Random(42), "file");
  }

  @ParameterizedTest
  @CsvSource({"little, false", "big, false", "little, true", "big, true"})
  void flippedPicklesInSoundFiles(String byteOrder, boolean untyped) throws IOException {
    int[] sizes = {2};
    int[] strides = {1};
    byte[] pickle =
        ForgedCheckpoint.stateDict(
            untyped
                ? ForgedCheckpoint.untypedTensor("uint32", "0", 8, 0, sizes, strides)
                : ForgedCheckpoint.tensor("FloatStorage", "0", 2, 0, sizes, strides));
    var random = new Random(43);
    for (int round = 0; round < ROUNDS; round++) {
      byte[] damaged = mutate(pickle, random);
      load(
          new ForgedCheckpoint()
              .pickle(damaged)
              .entry("byteorder", byteOrder)
              .write(folder.resolve("m.pth")),
          "pickle " + round);
    }
  }

  private void damage(byte[] sound, Random random, String what) throws IOException {
    int refused = 0;
    for (int round = 0; round < ROUNDS; round++) {
      Path file = Files.write(folder.resolve("m.pth"), mutate(sound, random));
      refused += load(file, what + " " + round) ? 0 : 1;
    }
    assertTrue(refused > 0, "no damage was noticed");
  }

  private static byte[] mutate(byte[] sound, Random random) {
    byte[] bytes = sound.clone();
    for (int flips = 1 + random.nextInt(4); flips > 0; flips--) {
      int at = random.nextInt(bytes.length);
      bytes[at] =
          random.nextBoolean()
              ? (byte) random.nextInt()
              : (byte) (bytes[at] ^ (1 << random.nextInt(8)));
    }
    return random.nextInt(8) == 0 ? Arrays.copyOf(bytes, random.nextInt(bytes.length)) : bytes;
  }

  private static boolean load(Path file, String round) {
    try {
      return FuzzTarget.read(file);
    } catch (RuntimeException | Error e) {
      throw new AssertionError(round + " failed with " + e, e);
    }
  }
}
