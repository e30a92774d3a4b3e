package dev.lanewise.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.PythonScript;
import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What is written here is read by PyTorch, safetensors and NumPy: the same names, types, shapes,
 * strides, shared storages and bits. Runs where there is a Python that has them: {@code ./mvnw test
 * -Dtest=PythonCheckTest -Dlanewise.python=python3}.
 */
@EnabledIfSystemProperty(named = PythonScript.PYTHON, matches = ".+")
final class PythonCheckTest {
  @TempDir private Path folder;

  private static Tensor random(Arena arena, Random random, DType dtype, long... sizes) {
    Tensor tensor = Tensor.allocate(arena, dtype, Shape.of(sizes));
    byte[] bits = new byte[(int) tensor.shape().elementCount() * dtype.sizeBytes()];
    random.nextBytes(bits);
    if (dtype == DType.BOOL) {
      for (int i = 0; i < bits.length; i++) {
        bits[i] &= 1;
      }
    }
    MemorySegment.copy(bits, 0, tensor.segment(), ValueLayout.JAVA_BYTE, 0, bits.length);
    return tensor;
  }

  private static String hex(Tensor tensor) {
    try (Arena scratch = Arena.ofConfined()) {
      Tensor packed = tensor.contiguous(scratch);
      long bytes = packed.shape().elementCount() * packed.dtype().sizeBytes();
      return HexFormat.of()
          .formatHex(packed.segment().asSlice(0, bytes).toArray(ValueLayout.JAVA_BYTE));
    }
  }

  /** The lines of check_with_torch.py. */
  private static final class Lines {
    private final StringBuilder text = new StringBuilder();
    private final Map<Long, Integer> storages = new HashMap<>();

    void add(String path, Value value) {
      text.append(path).append(' ');
      switch (value) {
        case Value.TensorValue(Tensor t) -> {
          int storage = storages.computeIfAbsent(t.segment().address(), _ -> storages.size());
          text.append(t.dtype()).append(' ').append(t.shape()).append(' ');
          text.append(Arrays.toString(t.strides())).append(' ').append(storage).append(' ');
          text.append(t.offset()).append(' ').append(hex(t)).append('\n');
        }
        case Value.Int(long number) -> text.append("int ").append(number).append('\n');
        case Value.Real(double number) -> text.append("float ").append(number).append('\n');
        case Value.Bool(boolean flag) ->
            text.append("bool ").append(flag ? "True" : "False").append('\n');
        case Value.Text(String string) -> text.append("str '").append(string).append("'\n");
        case Value.None _ -> text.append("NoneType None\n");
        case Value.Type(DType type) -> text.append("dtype torch.").append(type).append('\n');
        case Value.Size(Shape shape) -> text.append("Size torch.Size(").append(shape).append(")\n");
        case Value.PyList(List<Value> items) -> items(path, "list", items);
        case Value.Tuple(List<Value> items) -> items(path, "tuple", items);
        case Value.Dict(var items) -> {
          text.append("dict\n");
          items.forEach((key, item) -> add(path + "." + StateDictPrinter.key(key), item));
        }
      }
    }

    private void items(String path, String kind, List<Value> items) {
      text.append(kind).append('\n');
      for (int i = 0; i < items.size(); i++) {
        add(path + "[" + i + "]", items.get(i));
      }
    }
  }

  @Test
  void torchReadsEveryTypeViewAndValue() throws IOException, InterruptedException {
    try (Arena arena = Arena.ofConfined()) {
      var random = new Random(1);
      var state = new StateDict();
      for (DType dtype : DType.values()) {
        state.put(dtype + " matrix", random(arena, random, dtype, 3, 5));
        state.put(dtype + " scalar", random(arena, random, dtype));
      }
      Tensor base = random(arena, random, DType.INT32, 4, 6);
      state.put("base", base).put("transposed", base.transpose(0, 1));
      state.put("part", base.slice(0, 1, 3)).put("columns", base.slice(1, 1, 6, 2));
      state.put("expanded", base.select(0, 1).expand(3, 6));
      state.put("größe", Value.of("ö"));
      state.put("model", StateDict.of("tied", base.select(1, 2)));
      state.put("empty", random(arena, random, DType.INT16, 0, 4));
      PlainValuesTest.everyKind()
          .asMap()
          .forEach((name, value) -> {
            // Python's repr of a text with quotes is its own.
            if (!name.equals("text")) {
              state.put(name, value);
            }
          });
      Path file = folder.resolve("all.pth");
      state.save(file);
      var expected = new Lines();
      state.asMap().forEach(expected::add);
      assertEquals(expected.text.toString().strip(), PythonScript.run("check_with_torch.py", file));
    }
  }

  /** What PyTorch wrote is for PyTorch the same after it went through a {@link StateDict}. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "module",
        "dtypes",
        "views",
        "plain",
        "many",
        "no_crc",
        "uint8",
        "nested",
        "integers",
        "unsigned",
        "structures",
        "optimizer",
        "optimizers"
      })
  void thereAndBack(String golden) throws IOException, InterruptedException {
    Path theirs = GoldenFilesTest.golden(golden + ".pth");
    Path ours = folder.resolve("ours.pth");
    try (Arena arena = Arena.ofConfined()) {
      StateDict.map(theirs, arena).save(ours);
    }
    assertEquals(contentOf(theirs), contentOf(ours));
  }

  /** Without offsets: of a storage of which no tensor shows the beginning, it is not written. */
  private static String contentOf(Path file) throws IOException, InterruptedException {
    return PythonScript.run("check_with_torch.py", file)
        .replaceAll("(?m)^(.* \\[.*\\] \\[.*\\] \\d+) \\d+", "$1");
  }

  @Test
  void safetensorsReadsEveryType() throws IOException, InterruptedException {
    try (Arena arena = Arena.ofConfined()) {
      var random = new Random(3);
      var state = new StateDict();
      for (DType dtype : DType.values()) {
        state.put(dtype + " matrix", random(arena, random, dtype, 3, 5));
        state.put(dtype + " scalar", random(arena, random, dtype));
        state.put(dtype + " transposed", random(arena, random, dtype, 3, 5).transpose(0, 1));
      }
      state.put("größe", random(arena, random, DType.INT16, 0, 4));
      Path file = folder.resolve("all.safetensors");
      state.save(file, Format.SAFETENSORS);
      var expected = new ArrayList<String>();
      state
          .tensors()
          .forEach((name, tensor) ->
              expected.add(
                  (name + " " + tensor.dtype() + " " + tensor.shape() + " " + hex(tensor))
                      .strip()));
      assertEquals(
          expected.stream().sorted().toList(),
          PythonScript.run("check_with_safetensors.py", file)
              .lines()
              .map(String::strip)
              .sorted()
              .toList());
    }
  }

  /** The golden file of the format's description is one for the library too. */
  @Test
  void safetensorsReadsTheGoldenFile() throws IOException, InterruptedException {
    Path file = GoldenFilesTest.golden("types.safetensors");
    String printed = PythonScript.run("check_with_safetensors.py", file);
    assertTrue(printed.startsWith("metadata by make_golden_safetensors.py"), printed);
    assertTrue(printed.contains("f32 float32 [2, 2] 0000003f0000c03f00002040000060c0"), printed);
  }

  @Test
  void numPyReadsEveryTypeAndOrder() throws IOException, InterruptedException {
    try (Arena arena = Arena.ofConfined()) {
      var random = new Random(2);
      var state = new StateDict();
      for (DType dtype : DType.values()) {
        if (dtype != DType.BFLOAT16) {
          state.put(dtype.toString(), random(arena, random, dtype, 3, 5));
          state.put(dtype + "_fortran", random(arena, random, dtype, 3, 5).transpose(0, 1));
          state.put(dtype + "_scalar", random(arena, random, dtype));
          state.put(dtype + "_gaps", random(arena, random, dtype, 3, 5).slice(1, 1, 4));
        }
      }
      state.put("empty", random(arena, random, DType.INT16, 0, 4));
      var expected = new StringBuilder();
      state
          .tensors()
          .forEach((name, tensor) -> {
            boolean fortran = name.endsWith("_fortran");
            expected.append(
                String.format(
                    Locale.ROOT,
                    "%s %s %s %s %s%n",
                    name,
                    tensor.dtype(),
                    tensor.shape(),
                    fortran ? "True" : "False",
                    hex(tensor)));
          });
      Path file = folder.resolve("all.npz");
      state.save(file, Format.NPZ);
      assertEquals(expected.toString().strip(), PythonScript.run("check_with_numpy.py", file));

      Path one = folder.resolve("one.npy");
      Npy.save(one, state.get("int16_fortran"));
      String line = PythonScript.run("check_with_numpy.py", one);
      assertTrue(line.startsWith("int16 [5, 3] True "), line);
    }
  }
}
