package dev.lanewise.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * npy and npz files that NumPy wrote (src/test/python/make_golden_numpy.py) are read exactly; what
 * is written has the form that NumPy's has; what is no such file is refused.
 */
final class NpyTest {
  @TempDir private Path folder;
  private final Arena arena = Arena.ofShared();

  @AfterEach
  void close() {
    arena.close();
  }

  private static Path golden(String name) {
    return GoldenFilesTest.golden("numpy/" + name);
  }

  private Path file() {
    return folder.resolve("array.npy");
  }

  // ----------------------------------------------------------------------------------------------
  // sound files

  @ParameterizedTest
  @ValueSource(strings = {"stored.npz", "deflated.npz", "swapped.npz"})
  void everyType(String name) throws IOException {
    StateDict state = StateDict.load(golden(name), arena);
    assertEquals(
        """
        StateDict of 9 tensors
          float32 float32 [2, 3]
          float64 float64 [2, 3]
          float16 float16 [2, 3]
          int8 int8 [2, 3]
          uint8 uint8 [2, 3]
          int16 int16 [2, 3]
          int32 int32 [2, 3]
          int64 int64 [2, 3]
          bool bool [2, 3]\
        """,
        state.toString());
    state
        .tensors()
        .forEach((type, tensor) -> {
          for (int i = 0; i < 6; i++) {
            long expected =
                switch (tensor.dtype()) {
                  case UINT8 -> i;
                  case BOOL -> i == 0 || i == 2 || i == 5 ? 1 : 0;
                  default -> i - 2;
                };
            assertEquals(expected, tensor.get(i / 3, i % 3), type);
          }
        });
  }

  @Test
  void unsignedTypes() throws IOException {
    StateDict state = StateDict.load(golden("unsigned.npz"), arena);
    assertEquals(6, state.size());
    for (DType dtype : List.of(DType.UINT16, DType.UINT32, DType.UINT64)) {
      for (String name : List.of(dtype.toString(), dtype + "_swapped")) {
        BigInteger largest = BigInteger.TWO.pow(8 * dtype.sizeBytes()).subtract(BigInteger.ONE);
        assertEquals(
            dtype
                + " [2, 2]\n[[0, 1],\n ["
                + largest.subtract(BigInteger.ONE)
                + ", "
                + largest
                + "]]",
            state.get(name).toString());
      }
    }
    Path saved = folder.resolve("unsigned.npz");
    state.save(saved, Format.NPZ);
    StateDict again = StateDict.map(saved, arena);
    state
        .tensors()
        .forEach((name, tensor) -> assertEquals(tensor.toString(), again.get(name).toString()));
  }

  @Test
  void ordersVersionsAndShapes() throws IOException {
    Tensor fortran = Npy.load(golden("fortran_order.npy"), arena);
    assertArrayEquals(new long[] {1, 2, 6}, fortran.strides());
    assertArrayEquals(LongStream.range(0, 24).toArray(), fortran.toLongArray());
    assertArrayEquals(
        new float[] {-2, -1, 0, 1, 2, 3}, Npy.load(golden("c_order.npy"), arena).toFloatArray());
    Tensor scalar = Npy.load(golden("scalar.npy"), arena);
    assertEquals(Shape.scalar(), scalar.shape());
    assertEquals(2.5, scalar.item());
    assertEquals(Shape.of(0, 4), Npy.load(golden("empty.npy"), arena).shape());
    assertEquals(DType.INT32, Npy.load(golden("version2.npy"), arena).dtype());
    assertEquals(3, Npy.load(golden("version3.npy"), arena).get(1, 2));
    assertEquals(0, StateDict.load(golden("none.npz"), arena).size());
  }

  @Test
  void mappedArray() throws IOException {
    Tensor mapped = Npy.map(golden("fortran_order.npy"), arena);
    assertTrue(mapped.segment().isMapped());
    assertTrue(mapped.segment().isReadOnly());
    assertEquals(23, mapped.getLong(1, 2, 3));
  }

  // -------------------------------------------------------------------------------------------------- writing

  @ParameterizedTest
  @ValueSource(strings = {"c_order.npy", "fortran_order.npy", "scalar.npy", "empty.npy"})
  void whatIsReadIsWrittenAsItWas(String name) throws IOException {
    Npy.save(file(), Npy.load(golden(name), arena));
    assertArrayEquals(Files.readAllBytes(golden(name)), Files.readAllBytes(file()));
  }

  @Test
  void viewsWithGaps() throws IOException {
    Tensor view = Tensor.randn(arena, new Random(1), 40, 30).slice(1, 3, 20, 2);
    Npy.save(file(), view);
    assertArrayEquals(view.toFloatArray(), Npy.load(file(), arena).toFloatArray());
  }

  @Test
  void archiveOfEveryType() throws IOException {
    StateDict state = StateDict.load(golden("deflated.npz"), arena);
    state.put("in/a/folder", Npy.load(golden("fortran_order.npy"), arena));
    Path npz = folder.resolve("all.npz");
    state.save(npz, Format.NPZ);
    StateDict again = StateDict.map(npz, arena);
    assertEquals(state.toString(), again.toString());
    state
        .tensors()
        .forEach((name, tensor) -> {
          assertEquals(tensor.toString(), again.get(name).toString());
          assertEquals(0, again.get(name).segment().address() % 64, name);
        });
  }

  @Test
  void whatNumPyDoesNotHave() {
    Tensor brain = Tensor.allocate(arena, DType.BFLOAT16, Shape.of(1));
    for (var saving :
        new org.junit.jupiter.api.function.Executable[] {
          () -> Npy.save(file(), brain), () -> StateDict.of("w", brain).save(file(), Format.NPZ)
        }) {
      var refusal = assertThrows(IllegalArgumentException.class, saving);
      assertEquals(
          "NumPy has no bfloat16; convert it first, for example to float32 with to(...)",
          refusal.getMessage());
    }
    for (String name : new String[] {"/etc/w", "../w", "a//b", "a\\b", "a\0b", "."}) {
      StateDict state = StateDict.of(name + "/w", Tensor.zeros(arena, 1));
      var refusal =
          assertThrows(IllegalArgumentException.class, () -> state.save(file(), Format.NPZ));
      Messages.assertContains("is not the name of an entry", refusal);
    }
    assertEquals(false, Files.exists(file()));
  }

  @Test
  void longestNameOfAnEntry() throws IOException {
    Tensor w = Tensor.full(arena, 1, 1);
    for (String name : new String[] {"n".repeat(65_531), "\u6a21".repeat(21_843) + "nn"}) {
      StateDict.of(name, w).save(file(), Format.NPZ);
      assertEquals(1, StateDict.load(file(), arena).get(name).item());
      var refusal =
          assertThrows(
              IllegalArgumentException.class,
              () -> StateDict.of(name + "n", w).save(file(), Format.NPZ));
      Messages.assertContains(
          "is not the name of an entry: it is longer than 65535 bytes", refusal);
    }
  }

  // -------------------------------------------------------------------------------------------------- refusals

  private void write(String dict, int dataBytes) throws IOException {
    write(1, dict.length(), dict, dataBytes);
  }

  private void write(int version, int length, String dict, int dataBytes) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(70_000).order(ByteOrder.LITTLE_ENDIAN);
    bytes.put(new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', (byte) version, 0});
    if (version == 1) {
      bytes.putShort((short) length);
    } else {
      bytes.putInt(length);
    }
    bytes.put(dict.getBytes(StandardCharsets.ISO_8859_1)).put(new byte[dataBytes]);
    byte[] whole = new byte[bytes.position()];
    bytes.flip().get(whole);
    Files.write(file(), whole);
  }

  private void assertRefused(String message) {
    for (var reading :
        new org.junit.jupiter.api.function.Executable[] {
          () -> Npy.load(file(), arena), () -> Npy.map(file(), arena)
        }) {
      var refusal = assertThrows(CheckpointException.class, reading);
      assertEquals(file() + ": " + message, refusal.getMessage());
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          {'descr': '<f4', 'fortran_order': False, 'shape': (3,)}  | has 8 bytes behind its header, but float32 [3] takes 12
          {'descr': '<f4', 'fortran_order': False, 'shape': (1,)}  | has 8 bytes behind its header, but float32 [1] takes 4
          {'descr': '<f4', 'fortran_order': False, 'shape': (-2,)} | header: should have a size at byte 51
          {'descr': '<f4', 'fortran_order': False, 'shape': (2)}   | header: should have a comma in the tuple before it at byte 53
          {'descr': '<f4', 'fortran_order': False, 'shape': (2L,)} | header: should have a size at byte 51
          {'descr': '<f4', 'fortran_order': False, 'shape': (02,)} | header: should have a size at byte 51
          {'descr': '<f4', 'fortran_order': False, 'shape': [2]}   | header: should have '(' at byte 50
          {'descr': '<f4', 'fortran_order': False, 'shape': (1 2)} | header: should have ',' or ')' at byte 53
          {'descr': '<f4', 'fortran_order': False, 'shape': (9999999999999999999,)} | header: has a size that is too large: 9999999999999999999
          {'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775807,)} | has more bytes than can be counted
          {'descr': '<f4', 'fortran_order': False, 'shape': (4294967296,4294967296)} | has an impossible shape: shape [4294967296, 4294967296] has more elements than a long can count
          {'descr': '<f4', 'fortran_order': 0, 'shape': (2,)}      | header: should have True or False at byte 35
          {'descr': '<f4', 'fortran_order': False}                 | must have descr, fortran_order and shape in its header
          {'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2,)} | has "descr" twice in its header
          {'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'x': 1} | has "x" in its header; there are descr, fortran_order and shape
          {'descr': '<V2', 'fortran_order': False, 'shape': (4,)}  | has elements of type "<V2", which is not supported; supported are f4 (float32), f8 (float64), f2 (float16), i1 (int8), u1 (uint8), i2 (int16), i4 (int32), i8 (int64), u2 (uint16), u4 (uint32), u8 (uint64), b1 (bool)
          {'descr': 'f4', 'fortran_order': False, 'shape': (2,)}   | has elements of type "f4", which is not supported; supported are f4 (float32), f8 (float64), f2 (float16), i1 (int8), u1 (uint8), i2 (int16), i4 (int32), i8 (int64), u2 (uint16), u4 (uint32), u8 (uint64), b1 (bool)
          {'descr': __import__('os'), 'shape': ()}                 | header: should have a string at byte 10
          {'descr': '<f\\x34'}                                     | header: should have a plain string at byte 10
          {'descr': '<f4                                           | header: should have a plain string at byte 10
          [1, 2]                                                   | header: should have '{' at byte 0
          {'descr': '<f4'} {}                                      | header: should have the end at byte 17
          {'a' 'b'}                                                | header: should have ':' at byte 5
          """)
  void headerThatIsNotWhatItShouldBe(String dict, String message) throws IOException {
    write(dict, 8);
    assertRefused(message);
  }

  @Test
  void headerThatEndsEarly() throws IOException {
    String dict = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1, ), }";
    for (int length = 0; length < dict.length(); length++) {
      write(1, length, dict.substring(0, length), 8);
      assertThrows(CheckpointException.class, () -> Npy.load(file(), arena));
    }
    write(1, dict.length(), dict, 8);
    assertEquals(Shape.of(2, 1), Npy.load(file(), arena).shape());
  }

  @Test
  void blanksInStrings() throws IOException {
    write("{'a b~': 1}", 8);
    assertRefused("has \"a b~\" in its header; there are descr, fortran_order and shape");
  }

  @Test
  void headerOfAnotherLengthOrVersion() throws IOException {
    String dict = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}";
    write(1, 0xFFFF, dict, 8);
    assertRefused("has a header that is said to have 65535 bytes; there are 63 left");
    write(2, -1, dict, 8);
    assertRefused("has a header that is said to have 4294967295 bytes; there are 63 left");
    write(2, 69_000, " ".repeat(69_000), 8);
    assertRefused(
        "has a header that is said to have 69000 bytes; there are 65524, the most that are read");
    write(4, dict.length(), dict, 8);
    assertRefused("is of npy version 4.0; 1.0, 2.0 and 3.0 are read");
    write("{'descr': '<f4', 'fortran_order': False, 'shape': (" + "1,".repeat(65) + ")}", 4);
    assertRefused("header: a tensor has 65 dimensions; at most 64 are read");
    Files.write(file(), new byte[] {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y', 1});
    assertRefused("is not an npy array");
    Files.write(file(), new byte[0]);
    assertRefused("is not an npy array");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '!',
      textBlock =
          """
          complex.npy    ! has elements of type "<c16", which is not supported;
          structured.npy ! header: should have a string at byte 10
          objects.npy    ! has elements of type "|O", which is not supported;
          """)
  void arraysOfOtherThings(String name, String message) {
    var refusal = assertThrows(CheckpointException.class, () -> Npy.load(golden(name), arena));
    Messages.assertContains(name + ": " + message, refusal);
  }

  @Test
  void oneArrayIsNoStateDict() {
    var refusal =
        assertThrows(CheckpointException.class, () -> StateDict.load(golden("c_order.npy"), arena));
    Messages.assertContains(
        "is one npy array without a name; read it with Npy.load or Npy.map", refusal);
  }
}
