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
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SequencedMap;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What is saved can be loaded again, the file has the form it should have, and a failed save
 * changes nothing.
 */
final class SaveTest {
  @TempDir private Path folder;
  private final Arena arena = Arena.ofShared();

  @AfterEach
  void close() {
    arena.close();
  }

  private StateDict saveAndLoad(StateDict state) throws IOException {
    Path file = folder.resolve("model.pth");
    state.save(file);
    return StateDict.load(file, arena);
  }

  private static byte[] elements(Tensor tensor) {
    try (Arena scratch = Arena.ofConfined()) {
      Tensor packed = tensor.contiguous(scratch);
      long bytes = packed.shape().elementCount() * packed.dtype().sizeBytes();
      return packed.segment().asSlice(0, bytes).toArray(ValueLayout.JAVA_BYTE);
    }
  }

  private static void assertSameState(StateDict expected, StateDict found) {
    assertEquals(expected.toString(), found.toString());
    expected
        .tensors()
        .forEach(
            (name, tensor) -> assertArrayEquals(elements(tensor), elements(found.get(name)), name));
  }

  @Test
  void roundTripOfEveryTypeKeepsTheBits() throws IOException {
    var random = new Random(1);
    var state = new StateDict();
    for (DType dtype : DType.values()) {
      for (Shape shape : List.of(Shape.scalar(), Shape.of(0, 4), Shape.of(3), Shape.of(2, 1, 5))) {
        Tensor tensor = Tensor.allocate(arena, dtype, shape);
        byte[] bits = new byte[(int) (shape.elementCount() * dtype.sizeBytes())];
        random.nextBytes(bits);
        MemorySegment.copy(bits, 0, tensor.segment(), ValueLayout.JAVA_BYTE, 0, bits.length);
        state.put(dtype + " of " + shape, tensor);
      }
    }
    assertSameState(state, saveAndLoad(state));
  }

  @Test
  void roundTripOfViews() throws IOException {
    Tensor base = Tensor.randn(arena, new Random(2), 6, 7, 4);
    StateDict state =
        StateDict.of(
                "transposed", base.permute(2, 0, 1),
                "strided", base.slice(1, 1, 6, 2),
                "expanded", base.slice(1, 3, 4).expand(6, 5, 4),
                "windows", base.select(2, 1).slidingWindow(1, 3, 2))
            .put("diagonal", base.diagonal(0, 1))
            .put("part", base.slice(0, 2, 4))
            .put("none", base.slice(0, 2, 2));
    assertSameState(state, saveAndLoad(state));
  }

  @Test
  void viewWithGapsThatIsLargerThanABuffer() throws IOException {
    Tensor table = Tensor.randn(arena, new Random(3), 1, 120_001, 9);
    StateDict state =
        StateDict.of(
            "columns", table.slice(2, 1, 6), "swapped", table.slice(2, 1, 6).transpose(1, 2));
    assertSameState(state, saveAndLoad(state));
  }

  @ParameterizedTest
  @EnumSource(Format.class)
  void sizesAroundThoseOfTheBuffers(Format format) throws IOException {
    var random = new Random(9);
    var state = new StateDict();
    int chunk = ElementChunks.CHUNK_BYTES / Float.BYTES;
    for (int size : new int[] {chunk - 17, chunk, 3, chunk + 1, 2 * chunk, 5 * chunk - 1, 1}) {
      state.put("w" + size, Tensor.randn(arena, random, size));
    }
    Path file = folder.resolve("model");
    state.save(file, format);
    StateDict loaded = StateDict.load(file, arena);
    state
        .tensors()
        .forEach((name, tensor) ->
            assertArrayEquals(elements(tensor), elements(loaded.get(name)), name));
  }

  @Test
  void sameMemoryIsStoredOnceAndSharedAgain() throws IOException {
    Tensor tied = Tensor.randn(arena, new Random(4), 50, 20);
    StateDict loaded =
        saveAndLoad(
            StateDict.of("in", tied, "out", tied.transpose(0, 1), "copy", tied.contiguous(arena)));
    loaded.get("in").set(123, 4, 5);
    assertEquals(123, loaded.get("out").get(5, 4));
    assertEquals(tied.get(4, 5), loaded.get("copy").get(4, 5));
    assertTrue(Files.size(folder.resolve("model.pth")) < 3 * 50 * 20 * 4);
  }

  @Test
  void overlappingViewsShareOneStorage() throws IOException {
    Tensor base = Tensor.randn(arena, new Random(6), 10, 8);
    StateDict loaded =
        saveAndLoad(
            StateDict.of(
                    "column", base.select(1, 3),
                    "top", base.slice(0, 0, 6),
                    "bottom", base.slice(0, 4, 10),
                    "alone", base.contiguous(arena).select(1, 3))
                .put("bits", bytesOf(base)));
    loaded.get("top").set(77, 5, 3);
    assertEquals(77, loaded.get("bottom").get(1, 3));
    assertEquals(77, loaded.get("column").get(5));
    assertEquals(base.get(5, 3), loaded.get("alone").get(5));
    assertEquals(
        10, loaded.get("alone").segment().byteSize() / Float.BYTES, "written without gaps");
    assertArrayEquals(elements(bytesOf(base)), elements(loaded.get("bits")));
    assertEquals(2 * 10 * 8 * 4 + 10 * 4, storageBytes(folder.resolve("model.pth")));
  }

  /** As PyTorch does, which has no typed storage for them; {@link PythonCheckTest} asks it. */
  @Test
  void unsignedTypesAreStoredAsBytes() throws IOException {
    Tensor base = Tensor.allocate(arena, DType.UINT32, Shape.of(3, 4)).fill(0xffff_ffffL);
    Tensor alone = Tensor.allocate(arena, DType.UINT64, Shape.of(1));
    StateDict loaded =
        saveAndLoad(StateDict.of("base", base, "row", base.select(0, 1), "alone", alone));
    assertEquals(0xffff_ffffL, loaded.get("base").getLong(2, 3));
    loaded.get("base").set(7, 1, 2);
    assertEquals(7, loaded.get("row").getLong(2));
    Path file = folder.resolve("model.pth");
    assertEquals(3 * 4 * Integer.BYTES + Long.BYTES, storageBytes(file));
    String text = Files.readString(file, StandardCharsets.ISO_8859_1);
    assertTrue(text.contains("ctorch._utils\n_rebuild_tensor_v3\n"));
    assertTrue(text.contains("ctorch.storage\nUntypedStorage\n"));
    assertTrue(text.contains("ctorch\nuint32\n"));
    assertTrue(text.contains("ctorch\nuint64\n"));
  }

  /** The same memory as numbers of another type, which PyTorch's files cannot share. */
  private static Tensor bytesOf(Tensor tensor) {
    return Tensor.wrap(tensor.segment(), DType.UINT8, Shape.of(tensor.segment().byteSize()));
  }

  private static long storageBytes(Path file) throws IOException {
    try (var zip = new java.util.zip.ZipFile(file.toFile())) {
      return zip.stream()
          .filter(entry -> entry.getName().contains("/data/"))
          .mapToLong(java.util.zip.ZipEntry::getSize)
          .sum();
    }
  }

  @Test
  void overlappingSegmentsOfWhichNoneHoldsBoth() throws IOException {
    MemorySegment memory = Tensor.randn(arena, new Random(7), 30).segment();
    StateDict state =
        StateDict.of(
            "first", Tensor.wrap(memory.asSlice(0, 80), DType.FLOAT32, Shape.of(20)),
            "second", Tensor.wrap(memory.asSlice(40, 80), DType.FLOAT32, Shape.of(20)),
            "odd", Tensor.wrap(memory.asSlice(2, 80), DType.FLOAT32, Shape.of(20)));
    assertSameState(state, saveAndLoad(state));
  }

  @Test
  void manyRandomViewsOfFewSegments() throws IOException {
    var random = new Random(8);
    for (int round = 0; round < 50; round++) {
      MemorySegment memory = Tensor.randn(arena, random, 200).segment();
      var state = new StateDict();
      for (int i = 0; i < 12; i++) {
        long from = random.nextInt(100);
        MemorySegment part = memory.asSlice(from, 400 + random.nextInt(200));
        long[] strides = {random.nextInt(8), random.nextInt(3)};
        Tensor flat = Tensor.wrap(part, DType.FLOAT32, Shape.of(100));
        state.put(
            "v" + i,
            flat.asStrided(
                Shape.of(1 + random.nextInt(8), 1 + random.nextInt(6)),
                strides,
                random.nextInt(20)));
      }
      assertSameState(state, saveAndLoad(state));
    }
  }

  @Test
  void namesOfAnyText() throws IOException {
    Tensor w = Tensor.full(arena, 1, 1);
    StateDict state = StateDict.of("größe", w, "", w, "模型\n\0\"", w, "\ud83d\ude00".repeat(100), w);
    assertSameState(state, saveAndLoad(state));
  }

  @Test
  void noTensors() throws IOException {
    assertEquals(0, saveAndLoad(new StateDict()).size());
  }

  @Test
  void entriesAreThoseOfPyTorchStoredAndAligned() throws IOException {
    var state = new StateDict();
    for (int i = 0; i < 70; i++) {
      state.put("w" + i, Tensor.full(arena, i, i));
    }
    Path file = folder.resolve("some.model.pth");
    state.save(file);

    Map<String, byte[]> entries = storedEntries(Files.readAllBytes(file));
    List<String> names = List.copyOf(entries.keySet());
    assertEquals(
        List.of(
            "some.model/data.pkl",
            "some.model/.format_version",
            "some.model/.storage_alignment",
            "some.model/byteorder"),
        names.subList(0, 4));
    assertEquals("some.model/data/0", names.get(4));
    assertEquals(
        List.of("some.model/version", "some.model/.data/serialization_id"), names.subList(74, 76));
    assertEquals("3\n", new String(entries.get("some.model/version"), StandardCharsets.US_ASCII));
    assertEquals(
        "64", new String(entries.get("some.model/.storage_alignment"), StandardCharsets.US_ASCII));
    assertEquals(40, entries.get("some.model/.data/serialization_id").length);
  }

  /**
   * Walks the directory and the local headers, by the zip specification (APPNOTE 4.3), and checks
   * that each payload is aligned.
   */
  private static Map<String, byte[]> storedEntries(byte[] file) {
    Map<String, byte[]> entries = new LinkedHashMap<>();
    ByteBuffer zip = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
    int next = zip.getInt(file.length - 6);
    while (zip.getInt(next) == 0x02014b50) {
      int at = zip.getInt(next + 42);
      assertEquals(0x04034b50, zip.getInt(at));
      assertEquals(0, zip.getShort(at + 8), "compression method");
      int size = zip.getInt(next + 24);
      int nameLength = zip.getShort(at + 26);
      String name = new String(file, at + 30, nameLength, StandardCharsets.UTF_8);
      int payload = at + 30 + nameLength + zip.getShort(at + 28);
      assertEquals(0, payload % 64, name);
      assertEquals("FB", new String(file, at + 30 + nameLength, 2, StandardCharsets.US_ASCII));
      byte[] bytes = new byte[size];
      zip.get(payload, bytes);
      entries.put(name, bytes);
      var crc = new CRC32();
      crc.update(bytes);
      assertEquals((int) crc.getValue(), zip.getInt(next + 16), name);
      // The descriptor behind the payload says what the directory does.
      assertEquals(0x08074b50, zip.getInt(payload + size));
      assertEquals(zip.getInt(next + 16), zip.getInt(payload + size + 4), "checksum");
      assertEquals(size, zip.getInt(payload + size + 8));
      assertEquals(size, zip.getInt(payload + size + 12));
      next += 46 + zip.getShort(next + 28) + zip.getShort(next + 30) + zip.getShort(next + 32);
    }
    return entries;
  }

  /** Sharing is for memory that is shared, not for what lies side by side. */
  @Test
  void neighboursHaveStoragesOfTheirOwn() throws IOException {
    Tensor base = Tensor.randn(arena, new Random(11), 4, 3);
    StateDict state =
        StateDict.of(
            "none", base.slice(0, 0, 0),
            "first", base.slice(0, 0, 2).transpose(0, 1),
            "second", base.slice(0, 2, 4));
    StateDict loaded = saveAndLoad(state);
    assertSameState(state, loaded);
    assertArrayEquals(new long[] {1, 3}, loaded.get("first").strides());
    assertEquals(2 * 3 * Float.BYTES, loaded.get("first").segment().byteSize());
    assertEquals(2 * 3 * Float.BYTES, loaded.get("second").segment().byteSize());
  }

  @ParameterizedTest
  @EnumSource(
      value = Format.class,
      names = {"PYTORCH", "SAFETENSORS"})
  void descriptionThatIsLargerThanTheBuffers(Format format) throws IOException {
    SequencedMap<String, Value> texts = new LinkedHashMap<>();
    texts.put("text", Value.of("x".repeat(4 * ElementChunks.CHUNK_BYTES)));
    StateDict state =
        new StateDict()
            .put("__metadata__", Value.Dict.of(texts))
            .put("w", Tensor.full(arena, 5, 3));
    Path file = folder.resolve("model");
    state.save(file, format);
    StateDict loaded = StateDict.load(file, arena);
    assertEquals(state.value("__metadata__"), loaded.value("__metadata__"));
    assertArrayEquals(new float[] {5, 5, 5}, loaded.get("w").toFloatArray());
  }

  /** As {@code pickletools.dis} shows the first instructions of PyTorch's own files. */
  @Test
  void pickleOfNothing() throws IOException {
    Path file = folder.resolve("model.pth");
    new StateDict().save(file);
    assertEquals(
        "\u0080\2ccollections\nOrderedDict\nq\0)R.",
        new String(
            storedEntries(Files.readAllBytes(file)).get("model/data.pkl"),
            StandardCharsets.ISO_8859_1));
  }

  @Test
  void folderOfAFileWithoutAStem() throws IOException {
    for (var names : Map.of("model", "model", ".pth", "archive", "a.b.", "a.b").entrySet()) {
      Path file = folder.resolve(names.getKey());
      new StateDict().save(file);
      assertTrue(
          storedEntries(Files.readAllBytes(file)).containsKey(names.getValue() + "/data.pkl"),
          names.getKey());
    }
  }

  /** A reader that has seen the id before may take the contents for the same. */
  @Test
  void otherNamesAndOtherElementsHaveAnotherId() throws IOException {
    Tensor w = Tensor.full(arena, 1, 2);
    List<StateDict> states =
        List.of(
            StateDict.of("w", w),
            StateDict.of("v", w),
            StateDict.of("w", Tensor.full(arena, 2, 2)),
            StateDict.of("w", w, "v", w));
    List<String> ids = new ArrayList<>();
    for (StateDict state : states) {
      Path file = folder.resolve("model.pth");
      state.save(file);
      Map<String, byte[]> entries = storedEntries(Files.readAllBytes(file));
      ids.add(new String(entries.get("model/.data/serialization_id"), StandardCharsets.US_ASCII));
    }
    assertEquals(states.size(), ids.stream().distinct().count(), ids.toString());
  }

  @Test
  void tensorsThatOnlyContainersHoldShareTheirStorage() throws IOException {
    Tensor w = Tensor.randn(arena, new Random(10), 4, 3);
    List<Value> both = List.of(Value.of(w), Value.of(w.select(1, 2)));
    SequencedMap<Value.Key, Value> items = new LinkedHashMap<>();
    items.put(new Value.Int(0), both.get(0));
    items.put(new Value.Int(1), both.get(1));
    for (Value container :
        List.of(new Value.PyList(both), new Value.Tuple(both), new Value.Dict(items))) {
      StateDict state = new StateDict().put("inside", container);
      assertEquals(state.toString(), saveAndLoad(state).toString());
      assertEquals(4 * 3 * 4, storageBytes(folder.resolve("model.pth")), container.kind());
    }
  }

  @Test
  void sameTensorsGiveTheSameBytes() throws IOException {
    StateDict state = StateDict.of("w", Tensor.randn(arena, new Random(5), 9, 9));
    Path first = Files.createDirectory(folder.resolve("1")).resolve("m.pth");
    Path second = Files.createDirectory(folder.resolve("2")).resolve("m.pth");
    state.save(first);
    state.save(second);
    assertArrayEquals(Files.readAllBytes(first), Files.readAllBytes(second));
  }

  @Test
  void replacesAFileAndFollowsALink() throws IOException {
    Path file = Files.writeString(folder.resolve("real.pth"), "old");
    Path link = Files.createSymbolicLink(folder.resolve("link.pth"), file);
    StateDict.of("w", Tensor.full(arena, 3, 1)).save(link);
    assertTrue(Files.isSymbolicLink(link));
    assertEquals(3, StateDict.load(file, arena).get("w").item());
    assertFolderHolds("link.pth", "real.pth");
  }

  @Test
  void closedTensorLeavesTheTargetAlone() throws IOException {
    Path file = Files.writeString(folder.resolve("model.pth"), "old");
    Tensor closed;
    try (Arena shortLived = Arena.ofConfined()) {
      closed = Tensor.zeros(shortLived, 1);
    }
    StateDict state = StateDict.of("w", Tensor.zeros(arena, 1), "v", closed);
    var failure = assertThrows(IllegalStateException.class, () -> state.save(file));
    assertEquals("v: the arena of this tensor of shape [1] is closed", failure.getMessage());
    assertEquals("old", Files.readString(file));
    assertFolderHolds("model.pth");
  }

  @Test
  void memoryOfAnotherThread() throws Exception {
    try (Arena confined = Arena.ofConfined()) {
      StateDict state = StateDict.of("w", Tensor.zeros(confined, 1));
      Throwable[] failure = new Throwable[1];
      Thread.ofPlatform()
          .start(() ->
              failure[0] =
                  assertThrows(
                      WrongThreadException.class, () -> state.save(folder.resolve("m.pth"))))
          .join();
      Messages.assertContains(
          "w: this tensor of shape [1] belongs to a confined arena of another thread", failure[0]);
      assertFolderHolds();
    }
  }

  @Test
  void folderAsTarget() throws IOException {
    Path target = Files.createDirectory(folder.resolve("model.pth"));
    StateDict state = StateDict.of("w", Tensor.zeros(arena, 1));
    var failure = assertThrows(FileSystemException.class, () -> state.save(target));
    Messages.assertContains("is a folder", failure);
    assertFolderHolds("model.pth");
  }

  @Test
  void folderThatDoesNotExist() throws IOException {
    StateDict state = StateDict.of("w", Tensor.zeros(arena, 1));
    var failure =
        assertThrows(NoSuchFileException.class, () -> state.save(folder.resolve("none/m.pth")));
    Messages.assertContains("its folder does not exist", failure);
    assertFolderHolds();
  }

  private void assertFolderHolds(String... names) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      assertEquals(
          List.of(names), files.map(file -> file.getFileName().toString()).sorted().toList());
    }
  }
}
