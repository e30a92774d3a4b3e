package dev.lanewise.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SequencedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Every rule of the format is held, in reading and in writing. */
final class SafetensorsTest {
  @TempDir private Path folder;
  private final Arena arena = Arena.ofShared();

  @AfterEach
  void close() {
    arena.close();
  }

  private Path file() {
    return folder.resolve("model.safetensors");
  }

  private Path write(byte[] header, int dataBytes) throws IOException {
    ByteBuffer bytes =
        ByteBuffer.allocate(8 + header.length + dataBytes).order(ByteOrder.LITTLE_ENDIAN);
    return Files.write(file(), bytes.putLong(header.length).put(header).array());
  }

  private Path write(String header, int dataBytes) throws IOException {
    return write(header.getBytes(StandardCharsets.UTF_8), dataBytes);
  }

  private void assertRefused(String message) {
    for (Access access : Access.values()) {
      var refusal =
          assertThrows(CheckpointException.class, () -> CheckpointFile.read(file(), arena, access));
      assertEquals(file() + ": " + message, refusal.getMessage());
    }
  }

  // ----------------------------------------------------------------------------------------------
  // sound files

  @Test
  void everyType() throws IOException {
    StateDict state = StateDict.load(GoldenFilesTest.golden("types.safetensors"), arena);
    assertEquals(
        """
        StateDict of 14 tensors and 1 other value
          __metadata__ dict of 2
            format "pt"
            by "make_golden_safetensors.py"
          f64 float64 [2]
          i64 int64 [2]
          u64 uint64 [2]
          f32 float32 [2, 2]
          i32 int32 [1, 2]
          u32 uint32 [2]
          bf16 bfloat16 [2]
          f16 float16 [2]
          i16 int16 [2]
          none float16 [3, 0]
          u16 uint16 [2]
          bool bool [3]
          größe "\\
         int8 [2]
          scalar uint8 []\
        """,
        state.toString());
    assertEquals(1.1, state.get("f64").get(0));
    assertEquals(Double.MIN_VALUE, state.get("f64").get(1));
    assertArrayEquals(new long[] {Long.MIN_VALUE, Long.MAX_VALUE}, state.get("i64").toLongArray());
    assertArrayEquals(new float[] {0.5f, 1.5f, 2.5f, -3.5f}, state.get("f32").toFloatArray());
    assertArrayEquals(
        new long[] {Integer.MIN_VALUE, Integer.MAX_VALUE}, state.get("i32").toLongArray());
    assertEquals(1.1015625, state.get("bf16").get(0));
    assertEquals(-3, state.get("bf16").get(1));
    assertEquals(1.099609375, state.get("f16").get(0));
    assertEquals(65504, state.get("f16").get(1));
    assertArrayEquals(
        new long[] {Short.MIN_VALUE, Short.MAX_VALUE}, state.get("i16").toLongArray());
    assertArrayEquals(new long[] {0x8000, 0xffff}, state.get("u16").toLongArray());
    assertArrayEquals(new long[] {0x80000000L, 0xffffffffL}, state.get("u32").toLongArray());
    assertEquals(
        "uint64 [2] [9223372036854775808, 18446744073709551615]", state.get("u64").toString());
    assertArrayEquals(new long[] {1, 0, 1}, state.get("bool").toLongArray());
    assertArrayEquals(new long[] {-128, 127}, state.get("größe \"\\\n").toLongArray());
    assertEquals(255, state.get("scalar").item());
  }

  @Test
  void writingKeepsTensorsAndMetadataToTheBit() throws IOException {
    StateDict state = StateDict.load(GoldenFilesTest.golden("types.safetensors"), arena);
    state.save(file(), Format.SAFETENSORS);
    // The script wrote in the order of writing, but for one pair of names.
    StateDict again = StateDict.load(file(), arena);
    assertEquals(state.value("__metadata__"), again.value("__metadata__"));
    state
        .tensors()
        .forEach((name, tensor) -> {
          assertEquals(tensor.dtype(), again.get(name).dtype());
          assertEquals(tensor.shape(), again.get(name).shape());
          assertArrayEquals(
              tensor.segment().toArray(ValueLayout.JAVA_BYTE),
              again.get(name).segment().toArray(ValueLayout.JAVA_BYTE));
        });
  }

  @Test
  void widestTypesFirstThenByNameAndPaddedToEight() throws IOException {
    Tensor w = Tensor.copyOf(arena, new float[] {1, 2, 3, 4, 5, 6}, 2, 3);
    new StateDict()
        .put("z", Tensor.copyOf(arena, new long[] {7}))
        .put("b", w.transpose(0, 1))
        .put("a", w.select(1, 1))
        .save(file(), Format.SAFETENSORS);
    byte[] bytes = Files.readAllBytes(file());
    String header =
        """
        {"z":{"dtype":"I64","shape":[1],"data_offsets":[0,8]},\
        "a":{"dtype":"F32","shape":[2],"data_offsets":[8,16]},\
        "b":{"dtype":"F32","shape":[3,2],"data_offsets":[16,40]}}\
        """;
    int padded = (header.length() + 7) / 8 * 8;
    ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    assertEquals(padded, buffer.getLong());
    assertEquals(
        header + " ".repeat(padded - header.length()),
        new String(bytes, 8, padded, StandardCharsets.UTF_8));
    assertEquals(8 + padded + 40, bytes.length);
    assertEquals(7, buffer.getLong(8 + padded));
    assertEquals(5, buffer.getFloat(8 + padded + 12));
    assertEquals(4, buffer.getFloat(8 + padded + 20), "the first of the transposed second row");
  }

  @Test
  void noTensors() throws IOException {
    assertEquals(0, StateDict.load(write("{}", 0), arena).size());
    new StateDict().save(file(), Format.SAFETENSORS);
    assertEquals(0, StateDict.load(file(), arena).size());
  }

  @Test
  void escapesAndBlanks() throws IOException {
    write(
        " { \"\\u0041\\ud83d\\ude00\\n\\/\" :\n{\"shape\":[ ],\"data_offsets\":[0,1],\"dtype\":\"U8\"}\t}\r\n "
            .substring(1),
        1);
    assertEquals(List.of("A\ud83d\ude00\n/"), List.copyOf(StateDict.load(file(), arena).names()));
  }

  // ------------------------------------------------------------------------------------------------- lying sizes

  @ParameterizedTest
  @CsvSource({
    "-1, 18446744073709551615 bytes; at most 100000000 are read",
    "100000001, 100000001 bytes; at most 100000000 are read",
    "100000000, '100000000 bytes, in a file of 12'",
    "5, '5 bytes, in a file of 12'"
  })
  void headerOfAnotherLength(long length, String message) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(12).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putLong(length).put("{}  ".getBytes(StandardCharsets.US_ASCII));
    Files.write(file(), bytes.array());
    assertRefused("header: is said to have " + message);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          F32 | 2       | 0, 4   | [0, 4], but float32 [2] takes 8 bytes
          F32 | 2       | 0, 9   | [0, 9], but float32 [2] takes 8 bytes
          F32 | 2       | 8, 0   | [8, 0], but float32 [2] takes 8 bytes
          BOOL| 2,0,5   | 0, 8   | [0, 8], but bool [2, 0, 5] takes 0 bytes
          F32 | 2       | 9223372036854775807, 7 | [9223372036854775807, 7], but float32 [2] takes 8 bytes
          """)
  void sizeThatIsNotWhatTheShapeTakes(String dtype, String shape, String offsets, String message)
      throws IOException {
    writeTensor(dtype, shape, offsets, 8);
    assertRefused("w: has data_offsets " + message);
  }

  private void writeTensor(String dtype, String shape, String offsets, int dataBytes)
      throws IOException {
    write(
        "{\"w\":{\"dtype\":\""
            + dtype
            + "\",\"shape\":["
            + shape
            + "],\"data_offsets\":["
            + offsets
            + "]}}",
        dataBytes);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "4294967296,4294967296 | w: has more bytes than can be counted",
        "4611686018427387904 | w: has more bytes than can be counted",
        "9223372036854775808 | header: has a number that is too large at byte 29",
        "-1 | header: should have a number without sign, fraction and exponent at byte 29, but has '-'",
        "1.0 | header: should have a number without sign, fraction and exponent at byte 29, but has '1'",
        "1e3 | header: should have a number without sign, fraction and exponent at byte 29, but has '1'",
        "01 | header: should have a number without sign, fraction and exponent at byte 29, but has '0'",
        "\"1\" | header: should have a number without sign, fraction and exponent at byte 29, but has '\"'",
        "1, | header: should have a number without sign, fraction and exponent at byte 31, but has ']'"
      })
  void sizesThatAreNone(String shape, String message) throws IOException {
    writeTensor("F32", shape, "0,8", 8);
    assertRefused(message);
  }

  @Test
  void tooManyDimensions() throws IOException {
    writeTensor("U8", "1,".repeat(64) + "1", "0,1", 1);
    assertRefused("w: a tensor has 65 dimensions; at most 64 are read");
  }

  // -------------------------------------------------------------------------------------- holes
  // and overlaps

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          0,4 | 4,8  | 9 | has 9 bytes of data, but its tensors take 8
          0,4 | 4,8  | 7 | has 7 bytes of data, but its tensors take 8
          0,4 | 5,9  | 9 | b: begins at byte 5 of the data, but the tensor before it ends at byte 4
          0,4 | 3,7  | 7 | b: begins at byte 3 of the data, but the tensor before it ends at byte 4
          0,4 | 0,4  | 4 | b: begins at byte 0 of the data, but the tensor before it ends at byte 4
          4,8 | 8,12 | 12| a: begins at byte 4 of the data, but the tensor before it ends at byte 0
          """)
  void tensorsThatDoNotTileTheData(String a, String b, int dataBytes, String message)
      throws IOException {
    String tensor = "{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[%s]}";
    write("{\"a\":" + tensor.formatted(a) + ",\"b\":" + tensor.formatted(b) + "}", dataBytes);
    assertRefused(message);
  }

  // -------------------------------------------------------------------------------------------------- the JSON

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          {"w":T,"w":T}                       | w: occurs twice
          {"w":T,"\\u0077":T}                 | w: occurs twice
          {"__metadata__":{},"__metadata__":{}} | __metadata__: occurs twice
          {"__metadata__":{"a":"1","a":"2"}}  | __metadata__: has "a" twice
          {"__metadata__":{"a":1}}            | header: should have a string at byte 21, but has '1'
          {"__metadata__":[]}                 | header: should have '{' at byte 16, but has '['
          {"w":{"dtype":"F8_E4M3","shape":[],"data_offsets":[0,1]}} | w: is of type "F8_E4M3", which is not supported; supported are F32, F64, BF16, F16, I8, U8, I16, I32, I64, U16, U32, U64, BOOL
          {"w":{"dtype":"F32","shape":[]}}    | w: must have dtype, shape and data_offsets, two numbers
          {"w":{"dtype":"F32","shape":[],"data_offsets":[0]}} | w: must have dtype, shape and data_offsets, two numbers
          {"w":{"dtype":"F32","shape":[],"data_offsets":[0,4],"shape":[]}} | w: has "shape" twice
          {"w":{"dtype":"F32","shape":[],"data_offsets":[0,4],"stride":[]}} | w: has "stride"; a tensor has dtype, shape and data_offsets
          {"w":[]}                            | header: should have '{' at byte 5, but has '['
          {"w":{"shape":[[[[                  | header: should have a number without sign, fraction and exponent at byte 15, but has '['
          {"w":                               | header: should have '{' at byte 5, but ends there
          {"w                                 | header: ends within a string
          {,}                                 | header: should have a string at byte 1, but has ','
          {"w":T,}                            | header: should have a string at byte 54, but has '}'
          {}{}                                | header: should have the end at byte 2, but has '{'
          {'w':T}                             | header: should have a string at byte 1, but has '''
          {"\\ud800":T}                       | header: has an unpaired surrogate in a string before byte 9
          {"\\x":T}                           | header: has an unknown escape in a string before byte 4
          {"\\u00g0":T}                       | header: has an unknown escape in a string before byte 7
          """)
  void headerThatIsNotWhatItShouldBe(String header, String message) throws IOException {
    String tensor = "{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}";
    write(header.replace("T", tensor.replace("T", "")), 4);
    assertRefused(message);
  }

  @Test
  void bytesThatAreNotText() throws IOException {
    write(new byte[] {'{', '"', (byte) 0xff, '"', ':'}, 0);
    assertRefused("header: has a string at byte 2 that is not UTF-8");
    for (byte control : new byte[] {0, '\n', 0x1f}) {
      write(new byte[] {'{', '"', control, '"', ':'}, 0);
      assertRefused("header: has a control character in a string at byte 2");
    }
    write(new byte[] {'{', 0x7f}, 0);
    assertRefused("header: should have a string at byte 1, but has byte 127");
    write(new byte[] {'{', '~'}, 0);
    assertRefused("header: should have a string at byte 1, but has '~'");
  }

  @Test
  void namesOfBlanksAndDel() throws IOException {
    write("{\" \u007f\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[0,1]}}", 1);
    assertEquals(List.of(" \u007f"), List.copyOf(StateDict.load(file(), arena).names()));
  }

  // -------------------------------------------------------------------------------------------------- writing

  @Test
  void valuesThatTheFormatDoesNotHave() {
    StateDict state =
        StateDict.of("w", Tensor.zeros(arena, 1))
            .put("epoch", Value.of(3))
            .put("optimizer", new StateDict());
    var refusal =
        assertThrows(IllegalArgumentException.class, () -> state.save(file(), Format.SAFETENSORS));
    assertEquals(
        "SAFETENSORS files hold tensors only: \"epoch\" is an integer; \"optimizer\" is a dict",
        refusal.getMessage());
    assertEquals(false, Files.exists(file()));
  }

  @Test
  void metadataThatIsNotStrings() {
    SequencedMap<String, Value> numbers = new TreeMap<>();
    numbers.put("epoch", Value.of(3));
    for (Value bad :
        List.of(Value.of(Tensor.zeros(arena, 1)), Value.Dict.of(numbers), Value.of("x"))) {
      StateDict state = new StateDict().put("__metadata__", bad);
      var refusal =
          assertThrows(
              IllegalArgumentException.class, () -> state.save(file(), Format.SAFETENSORS));
      assertEquals(
          "\"__metadata__\" must be a dict of strings in safetensors", refusal.getMessage());
    }
  }

  @Test
  void shapesWithoutElements() throws IOException {
    writeTensor("F32", "0,9223372036854775807", "0,0", 0);
    assertEquals(Shape.of(0, Long.MAX_VALUE), StateDict.load(file(), arena).get("w").shape());
    writeTensor("F32", "0,9223372036854775807,9223372036854775807", "0,0", 0);
    assertRefused(
        "w: has an impossible shape: a view of shape [0, 9223372036854775807, 9223372036854775807]"
            + " and strides [1, 9223372036854775807, 1] reaches further than a long can count");
  }
}
