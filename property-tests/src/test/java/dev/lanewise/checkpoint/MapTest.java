package dev.lanewise.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.einsum.Einsum;
import dev.lanewise.embedding.Embedding;
import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Parameter;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** A mapped file gives the tensors that a loaded one gives, straight from the file. */
final class MapTest {
  @TempDir private Path folder;
  private final Arena arena = Arena.ofShared();

  @AfterEach
  void close() {
    arena.close();
  }

  private Path file() {
    return folder.resolve("model");
  }

  @ParameterizedTest
  @EnumSource(Format.class)
  void elementsAreThoseOfTheFile(Format format) throws IOException {
    StateDict state =
        StateDict.of("w", Tensor.randn(arena, new Random(1), 30, 7), "v", Tensor.full(arena, 2, 5));
    state.save(file(), format);
    StateDict mapped = StateDict.map(file(), arena);
    for (String name : state.names()) {
      Tensor tensor = mapped.get(name);
      assertTrue(tensor.segment().isMapped(), name);
      assertTrue(tensor.segment().isReadOnly(), name);
      assertEquals(0, tensor.segment().address() % 4, "both formats align what we write");
      assertArrayEquals(state.get(name).toFloatArray(), tensor.toFloatArray());
    }
  }

  @ParameterizedTest
  @CsvSource({
    "views.pth",
    "structures.pth",
    "integers.pth",
    "types.safetensors",
    "numpy/stored.npz",
    "numpy/deflated.npz",
    "numpy/swapped.npz",
    "numpy/none.npz"
  })
  void goldenFilesAreMappedAsTheyAreLoaded(String name) throws IOException {
    Path golden = GoldenFilesTest.golden(name);
    StateDict loaded = StateDict.load(golden, arena);
    StateDict mapped = StateDict.map(golden, arena);
    assertEquals(loaded.toString(), mapped.toString());
    loaded
        .tensors()
        .forEach((each, tensor) -> {
          assertEquals(tensor.toString(), mapped.get(each).toString());
          assertTrue(mapped.get(each).segment().isReadOnly());
        });
    StateDict.verify(golden);
  }

  @Test
  void lookupAndContractionStraightFromAMappedTable() throws IOException {
    Tensor table = Tensor.randn(arena, new Random(2), 1000, 33);
    StateDict.of("table", table).save(file());
    Tensor mapped = StateDict.map(file(), arena).get("table");
    assertLookup(table, mapped);
  }

  @Test
  void elementsAtAnyAddressAreUsedWhereTheyLie() throws IOException {
    Tensor table = Tensor.randn(arena, new Random(3), 100, 19);
    StateDict.of("a", table).save(file(), Format.SAFETENSORS);
    byte[] bytes = Files.readAllBytes(file());
    int length = bytes[0];
    // One blank more in the header: everything behind it is at an odd address.
    byte[] shifted = new byte[bytes.length + 1];
    System.arraycopy(bytes, 0, shifted, 0, 8 + length);
    shifted[0]++;
    shifted[8 + length] = ' ';
    System.arraycopy(bytes, 8 + length, shifted, 9 + length, bytes.length - 8 - length);
    Files.write(file(), shifted);
    Tensor mapped = StateDict.map(file(), arena).get("a");
    assertTrue(mapped.segment().isMapped());
    assertEquals(1, mapped.segment().address() % 2);
    assertLookup(table, mapped);
  }

  private void assertLookup(Tensor table, Tensor mapped) {
    int[] ids = {7, 0, 99, 7};
    Tensor expected = Tensor.zeros(arena, ids.length, table.size(1));
    Embedding.fromPretrained(table).forward(ids, expected);
    Tensor found = Tensor.zeros(arena, ids.length, table.size(1));
    Embedding.fromPretrained(mapped).forward(ids, found);
    assertArrayEquals(expected.toFloatArray(), found.toFloatArray());
    assertArrayEquals(table.select(0, 99).toFloatArray(), found.select(0, 2).toFloatArray());
    assertArrayEquals(
        Einsum.einsum(arena, "ik,jk->ij", table, table).toFloatArray(),
        Einsum.einsum(arena, "ik,jk->ij", mapped, mapped).toFloatArray());
    var refusal =
        assertThrows(IllegalArgumentException.class, () -> Parameter.trainable(arena, mapped));
    Messages.assertContains("must not be read-only", refusal);
  }

  @Test
  void whatCannotBeMappedIsReadAndStillReadOnly() throws IOException {
    byte[] big = {0x3f, (byte) 0x80, 0, 0, 0x40, 0, 0, 0};
    new ForgedCheckpoint().entry("byteorder", "big").entry("data/0", big).write(file());
    Tensor w = StateDict.map(file(), arena).get("w");
    assertArrayEquals(new float[] {1, 2}, w.toFloatArray());
    assertFalse(w.segment().isMapped());
    assertTrue(w.segment().isReadOnly());
  }

  @Test
  void closingTheArenaEndsTheMapping() throws IOException {
    StateDict.of("w", Tensor.full(arena, 1, 3)).save(file());
    Tensor w;
    try (Arena shortLived = Arena.ofConfined()) {
      w = StateDict.map(file(), shortLived).get("w");
      assertEquals(1, w.get(0));
    }
    assertThrows(IllegalStateException.class, () -> w.get(0));
  }

  @Test
  void aMappedFileCanBeSavedOver() throws IOException {
    StateDict.of("w", Tensor.full(arena, 1, 3)).save(file());
    Tensor old = StateDict.map(file(), arena).get("w");
    StateDict.of("w", Tensor.full(arena, 2, 3)).save(file());
    assertEquals(1, old.get(0));
    assertEquals(2, StateDict.map(file(), arena).get("w").get(0));
  }

  @Test
  void damagedElementsAreFoundByVerifyingOnly() throws IOException {
    StateDict.of("w", Tensor.full(arena, 1, 1000)).save(file());
    byte[] bytes = Files.readAllBytes(file());
    bytes[bytes.length / 2] ^= 1;
    Files.write(file(), bytes);
    assertEquals(1, StateDict.map(file(), arena).size());
    for (var reading :
        new org.junit.jupiter.api.function.Executable[] {
          () -> StateDict.verify(file()), () -> StateDict.load(file(), arena)
        }) {
      Messages.assertContains(
          "data/0: is damaged: its checksum is not the one in the zip directory",
          assertThrows(CheckpointException.class, reading));
    }
  }

  @Test
  void nothingButTheDescriptionIsReadOfALargeFile() throws IOException {
    // A file with a hole: 64 GiB that take no room. Reading it all would take minutes.
    long elements = 1L << 34;
    String json =
        "{\"w\":{\"dtype\":\"F32\",\"shape\":["
            + elements
            + "],\"data_offsets\":[0,"
            + 4 * elements
            + "]}}   ";
    try (var out = new java.io.RandomAccessFile(file().toFile(), "rw")) {
      out.writeLong(Long.reverseBytes(json.length()));
      out.writeBytes(json);
      out.setLength(8 + json.length() + 4 * elements);
    }
    long start = System.nanoTime();
    Tensor w = StateDict.map(file(), arena).get("w");
    assertEquals(Shape.of(elements), w.shape());
    assertEquals(DType.FLOAT32, w.dtype());
    assertEquals(0, w.get(elements - 1));
    assertTrue(System.nanoTime() - start < 5_000_000_000L, "the elements were read");
  }
}
