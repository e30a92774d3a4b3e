package dev.lanewise.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Files that PyTorch wrote (src/test/python/make_golden.py) are read exactly, or refused for what
 * they are.
 */
final class GoldenFilesTest {
  static Path golden(String name) {
    try {
      return Path.of(
          Objects.requireNonNull(GoldenFilesTest.class.getResource("/golden/" + name), name)
              .toURI());
    } catch (URISyntaxException e) {
      throw new AssertionError(e);
    }
  }

  private static float[] counting(int count) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = i + 0.5f;
    }
    return values;
  }

  @Test
  void moduleStateDictWithMetadata() throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      StateDict state = StateDict.load(golden("module.pth"), arena);
      assertEquals(List.of("emb.weight", "fc.weight", "fc.bias"), List.copyOf(state.names()));
      assertEquals(Shape.of(5, 3), state.get("emb.weight").shape());
      assertArrayEquals(counting(15), state.get("emb.weight").toFloatArray());
      assertEquals(Shape.of(2, 3), state.get("fc.weight").shape());
      assertArrayEquals(
          new float[] {-0.5f, -1.5f, -2.5f, -3.5f, -4.5f, -5.5f},
          state.get("fc.weight").toFloatArray());
      assertArrayEquals(
          new float[] {0.1f, Float.POSITIVE_INFINITY}, state.get("fc.bias").toFloatArray());
    }
  }

  @Test
  void everyType() throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      StateDict state = StateDict.load(golden("dtypes.pth"), arena);
      for (String name : state.names()) {
        DType dtype = state.get(name).dtype();
        assertEquals(name, dtype.toString());
        assertEquals(0, state.get(dtype.toString()).segment().address() % 64);
      }
      assertArrayEquals(
          new float[] {1.1f, -0.0f, Float.NaN, Float.NEGATIVE_INFINITY},
          state.get("float32").toFloatArray());
      assertEquals(1.1, state.get("float64").get(0));
      assertEquals(Double.MIN_VALUE, state.get("float64").get(1));
      assertEquals(1.1015625, state.get("bfloat16").get(0));
      assertEquals(-3.0, state.get("bfloat16").get(1));
      assertEquals(1.099609375, state.get("float16").get(0));
      assertEquals(65504.0, state.get("float16").get(1));
      assertArrayEquals(new long[] {-128, 127}, state.get("int8").toLongArray());
      assertArrayEquals(
          new long[] {Integer.MIN_VALUE, Integer.MAX_VALUE}, state.get("int32").toLongArray());
      assertArrayEquals(
          new long[] {Long.MIN_VALUE, Long.MAX_VALUE}, state.get("int64").toLongArray());
    }
  }

  @Test
  void viewsShareTheirStorage() throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      StateDict state = StateDict.load(golden("views.pth"), arena);
      Tensor base = state.get("base");
      assertArrayEquals(counting(12), base.toFloatArray());
      assertEquals(Shape.of(4, 3), state.get("transposed").shape());
      assertArrayEquals(new long[] {1, 4}, state.get("transposed").strides());
      assertArrayEquals(
          base.transpose(0, 1).toFloatArray(), state.get("transposed").toFloatArray());
      assertArrayEquals(new float[] {1.5f, 5.5f, 9.5f}, state.get("column").toFloatArray());
      assertArrayEquals(
          new float[] {4.5f, 6.5f, 8.5f, 10.5f}, state.get("every_second").toFloatArray());
      assertArrayEquals(new float[] {7, 7, 7, 8, 8, 8}, state.get("expanded").toFloatArray());
      assertArrayEquals(
          new float[] {4.5f, 8.5f, 5.5f, 9.5f, 6.5f, 10.5f, 7.5f, 11.5f},
          state.get("alone").toFloatArray());

      base.set(99, 1, 2);
      assertEquals(99, state.get("transposed").get(2, 1));
      assertEquals(99, state.get("every_second").get(0, 1));
      assertEquals(6.5, state.get("alone").get(2, 0));
    }
  }

  @Test
  void plainDictWithValuesThatAreNoTensors() throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      StateDict state = StateDict.load(golden("plain.pth"), arena);
      assertEquals(
          """
          StateDict of 5 tensors and 7 other values
            scalar float32 []
            empty float32 [0, 4]
            empty_ids int64 [0]
            parameter float32 [2, 2]
            größe int32 [2]
            epoch 3
            big 1099511627776
            rate 0.5
            note "text"
            flag True
            nothing None
            type torch.float32\
          """,
          state.toString());
      assertEquals(2.5, state.get("scalar").item());
      assertArrayEquals(counting(4), state.get("parameter").toFloatArray());
      assertArrayEquals(new long[] {0, 1}, state.get("größe").toLongArray());
    }
  }

  @Test
  void manyTensorsNeedLongMemoIndices() throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      StateDict state = StateDict.load(golden("many.pth"), arena);
      assertEquals(
          IntStream.range(0, 300).mapToObj(i -> "layer" + i).toList(), List.copyOf(state.names()));
      for (int i = 0; i < 300; i++) {
        assertEquals(i, state.get("layer" + i).item());
      }
    }
  }

  @Test
  void fileWithoutChecksums() throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      Tensor w = StateDict.load(golden("no_crc.pth"), arena).get("w");
      assertEquals(0.5f, w.segment().get(ValueLayout.JAVA_FLOAT, 0));
    }
  }

  @Test
  void integerTypesAndBool() throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      StateDict state = StateDict.load(golden("integers.pth"), arena);
      assertEquals(
          """
          StateDict of 4 tensors
            uint8 uint8 [3]
            int16 int16 [2]
            bool bool [2]
            int8 int8 [1]\
          """,
          state.toString());
      assertArrayEquals(new long[] {0, 128, 255}, state.get("uint8").toLongArray());
      assertArrayEquals(
          new long[] {Short.MIN_VALUE, Short.MAX_VALUE}, state.get("int16").toLongArray());
      assertArrayEquals(new long[] {0, 1}, state.get("bool").toLongArray());
      assertArrayEquals(new long[] {-128}, state.get("int8").toLongArray());
      Tensor uint8 = StateDict.load(golden("uint8.pth"), arena).get("w");
      assertEquals(DType.UINT8, uint8.dtype());
      assertArrayEquals(new long[] {1}, uint8.toLongArray());
    }
  }

  @Test
  void unsignedTypes() throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      for (StateDict state :
          List.of(
              StateDict.load(golden("unsigned.pth"), arena),
              StateDict.map(golden("unsigned.pth"), arena))) {
        assertEquals(
            """
            StateDict of 8 tensors and 1 other value
              uint16 uint16 [3]
              uint32 uint32 [3]
              uint64 uint64 [4]
              matrix uint16 [2, 3]
              transposed uint16 [3, 2]
              row uint16 [3]
              scalar uint32 []
              empty uint64 [0, 4]
              type torch.uint16\
            """,
            state.toString());
        assertEquals("uint16 [3] [0, 32768, 65535]", state.get("uint16").toString());
        assertEquals("uint32 [3] [0, 2147483648, 4294967295]", state.get("uint32").toString());
        assertEquals(
            "uint64 [4] [0, 9223372036854775807, 9223372036854775808, 18446744073709551615]",
            state.get("uint64").toString());
        assertArrayEquals(new long[] {1, 3}, state.get("transposed").strides());
        assertArrayEquals(
            new long[] {0, 65533, 1, 65534, 2, 65535}, state.get("transposed").toLongArray());
        assertEquals(3, state.get("row").offset());
        assertEquals(4294967295L, state.get("scalar").item());
        assertEquals(new Value.Type(DType.UINT16), state.value("type"));
      }
      StateDict state = StateDict.load(golden("unsigned.pth"), arena);
      state.get("matrix").set(7, 1, 2);
      assertEquals(7, state.get("transposed").getLong(2, 1));
      assertEquals(7, state.get("row").getLong(2));
    }
  }

  @Test
  void nestedStructures() throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      StateDict state = StateDict.load(golden("structures.pth"), arena);
      assertEquals(
          """
          StateDict of 0 tensors and 9 other values
            model dict of 2
              fc.weight float32 [2, 3]
              fc.bias float32 [2]
            tied list of 3
              [0] float32 [2, 3]
              [1] float32 [3, 2]
              [2] tuple of 2
                [0] float32 [3]
                [1] None
            history list of 2
              [0] dict of 2
                epoch 1
                loss 0.5
              [1] dict of 2
                epoch 2
                loss 0.25
            by_number dict of 3
              0 "zero"
              -3 "three below"
              1099511627776 float32 [1]
            shape torch.Size [2, 3]
            types tuple of 2
              [0] torch.float16
              [1] torch.bool
            flags tuple of 2
              [0] True
              [1] False
            numbers list of 9
              [0] 255
              [1] 256
              [2] 65536
              [3] -1
              [4] -9223372036854775808
              [5] 9223372036854775807
              [6] Infinity
              [7] -0.0
              [8] 4.9E-324
            empty list of 5
              [0] tuple of 0
              [1] list of 0
              [2] dict of 0
              [3] ""
              [4] float32 [0]\
          """,
          state.toString());
      Tensor weight = state.dict("model").get("fc.weight");
      assertArrayEquals(counting(6), weight.toFloatArray());
      weight.set(99, 1, 2);
      var tied = (Value.PyList) state.value("tied");
      assertEquals(99, ((Value.TensorValue) tied.items().get(1)).tensor().get(2, 1));
      var row = (Value.Tuple) tied.items().get(2);
      assertEquals(99, ((Value.TensorValue) row.items().get(0)).tensor().get(2));
    }
  }

  @Test
  void modelInsideACheckpoint() throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      StateDict state = StateDict.load(golden("nested.pth"), arena);
      assertArrayEquals(counting(2), state.dict("model").get("w").toFloatArray());
      assertEquals(Value.of(3), state.value("epoch"));
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          legacy.pth       | legacy.pth: is in the format of PyTorch before 1.6, which is not read; re-save it with PyTorch 1.6 or later
          float8.pth       | float8.pth: data.pkl: torch.float8_e4m3fn is an element type that is not supported; supported are float32,
          whole_module.pth | whole_module.pth: data.pkl: torch.nn.modules.linear.Linear is not among the names a checkpoint may use;
          tensor.pth       | tensor.pth: data.pkl: holds a tensor instead of a state dict, a dict of names and tensors
          protocol4.pth    | protocol4.pth: data.pkl: is pickled with protocol 4; only 2, the default of torch.save, is read
          """)
  void refusedByName(String file, String message) {
    try (Arena arena = Arena.ofConfined()) {
      var refusal =
          assertThrows(CheckpointException.class, () -> StateDict.load(golden(file), arena));
      Messages.assertContains(message, refusal);
    }
  }
}
