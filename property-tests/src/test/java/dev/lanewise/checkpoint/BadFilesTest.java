package dev.lanewise.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Files that are missing, damaged or of another kind are refused with the file, the entry and the
 * reason; no memory is taken for them.
 */
final class BadFilesTest {
  @TempDir private Path folder;

  /** Notices when memory is asked for. */
  private static final class WatchedArena implements Arena {
    private final Arena arena = Arena.ofConfined();
    private boolean used;

    @Override
    public MemorySegment allocate(long byteSize, long byteAlignment) {
      used = true;
      return arena.allocate(byteSize, byteAlignment);
    }

    @Override
    public MemorySegment.Scope scope() {
      return arena.scope();
    }

    @Override
    public void close() {
      arena.close();
    }
  }

  private Path file() {
    return folder.resolve("model.pth");
  }

  private void assertRefused(String message) {
    try (WatchedArena arena = new WatchedArena()) {
      assertStartsWith(
          message, assertThrows(CheckpointException.class, () -> StateDict.load(file(), arena)));
      assertFalse(arena.used, "memory was taken");
    }
  }

  /** For what can only be noticed once the memory is there. */
  private void assertRefusedLate(String message) {
    try (Arena arena = Arena.ofConfined()) {
      assertStartsWith(
          message, assertThrows(CheckpointException.class, () -> StateDict.load(file(), arena)));
    }
  }

  private void assertStartsWith(String message, CheckpointException refusal) {
    String found = String.valueOf(refusal.getMessage());
    String expected = file() + ": " + message;
    assertTrue(
        found.startsWith(expected),
        () -> "expected <" + expected + "> at the start of <" + found + ">");
  }

  private void assertPickleRefused(String message, Object... instructions) {
    new ForgedCheckpoint().pickle(ForgedCheckpoint.pickled(instructions)).write(file());
    assertRefused("data.pkl: " + message);
  }

  private void writeTensor(
      String storage, int elementCount, int offset, int[] sizes, int[] strides) {
    byte[] tensor = ForgedCheckpoint.tensor(storage, "0", elementCount, offset, sizes, strides);
    new ForgedCheckpoint().pickle(ForgedCheckpoint.stateDict(tensor)).write(file());
  }

  // ------------------------------------------------------------------------------------------------------- sound forgeries

  @Test
  void deflatedEntriesAreRead() throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      StateDict state = StateDict.load(new ForgedCheckpoint().write(file()), arena);
      assertArrayEquals(new float[] {1, 2}, state.get("w").toFloatArray());
    }
  }

  @Test
  void missingByteOrderMeansLittle() throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      StateDict state =
          StateDict.load(new ForgedCheckpoint().without("byteorder").write(file()), arena);
      assertArrayEquals(new float[] {1, 2}, state.get("w").toFloatArray());
    }
  }

  @Test
  void bigEndianIsConverted() throws IOException {
    byte[] big = {0x3f, (byte) 0x80, 0, 0, 0x40, 0, 0, 0};
    try (Arena arena = Arena.ofConfined()) {
      new ForgedCheckpoint().entry("byteorder", "big").entry("data/0", big).write(file());
      assertArrayEquals(new float[] {1, 2}, StateDict.load(file(), arena).get("w").toFloatArray());
    }
  }

  /** A tensor of all the eight bytes of a storage, in a file of the other byte order. */
  private void assertReversed(byte[] tensor, int elementBytes) throws IOException {
    byte[] big = {0, 1, 2, 3, 4, 5, 6, 7};
    new ForgedCheckpoint()
        .entry("byteorder", "big")
        .entry("data/0", big)
        .pickle(ForgedCheckpoint.stateDict(tensor))
        .write(file());
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment memory = StateDict.load(file(), arena).get("w").segment();
      for (int i = 0; i < 8; i++) {
        int placeInElement = elementBytes - 1 - i % elementBytes;
        assertEquals(
            i, memory.get(ValueLayout.JAVA_BYTE, i / elementBytes * elementBytes + placeInElement));
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"CharStorage, 1", "HalfStorage, 2", "IntStorage, 4", "LongStorage, 8"})
  void bigEndianElementsOfEverySize(String storage, int elementBytes) throws IOException {
    int count = 8 / elementBytes;
    byte[] tensor =
        ForgedCheckpoint.tensor(storage, "0", count, 0, new int[] {count}, new int[] {1});
    assertReversed(tensor, elementBytes);
  }

  // ------------------------------------------------------------------------------------------------------- the file itself

  @Test
  void missing() {
    assertRefused("there is no such file");
  }

  @Test
  void folderInsteadOfAFile() throws IOException {
    Files.createDirectory(file());
    assertRefused("is not a regular file");
  }

  @Test
  void empty() throws IOException {
    Files.createFile(file());
    assertRefused("is empty");
  }

  @Test
  void notAZip() throws IOException {
    Files.writeString(file(), "these are not the weights you are looking for");
    assertRefused(
        "is neither a zip file, as torch.save and numpy.savez write, nor safetensors, nor npy");
  }

  @Test
  void tooShortForAnything() throws IOException {
    for (int length = 1; length <= 8; length++) {
      Files.writeString(file(), "{".repeat(length));
      assertRefused(
          "is neither a zip file, as torch.save and numpy.savez write, nor safetensors, nor npy");
    }
  }

  @Test
  void truncated() throws IOException {
    byte[] whole = Files.readAllBytes(new ForgedCheckpoint().write(file()));
    Files.write(file(), Arrays.copyOf(whole, whole.length / 2));
    assertRefused("its zip directory cannot be read, so it is truncated or damaged (");
  }

  @Test
  void zipOfSomethingElse() {
    new ForgedCheckpoint().without("data.pkl").write(file());
    assertRefused(
        "is a zip file without a folder that has a data.pkl, so it was not written by torch.save");
  }

  @Test
  void noTopFolder() {
    new ForgedCheckpoint().folder("").write(file());
    assertRefused("is a zip file without a folder that has a data.pkl");
  }

  @Test
  void noVersion() {
    new ForgedCheckpoint().without("version").write(file());
    assertRefused("has no entry \"version\"");
  }

  @Test
  void versionOfTheFuture() {
    new ForgedCheckpoint().entry("version", "11\n").write(file());
    assertRefused("version: is \"11\"; versions 1 to 10 are read");
  }

  @Test
  void unknownByteOrder() {
    new ForgedCheckpoint().entry("byteorder", "middle").write(file());
    assertRefused("byteorder: is \"middle\" instead of \"little\" or \"big\"");
  }

  @Test
  void overlongText() {
    new ForgedCheckpoint().entry("byteorder", "little".repeat(100)).write(file());
    assertRefused("byteorder: has 600 bytes; at most 64 are read");
  }

  @Test
  void damagedBytes() throws IOException {
    Files.copy(GoldenFilesTest.golden("views.pth"), file());
    String text = Files.readString(file(), StandardCharsets.ISO_8859_1);
    try (var bytes = new RandomAccessFile(file().toFile(), "rw")) {
      bytes.seek(text.indexOf("\0\0\0?"));
      bytes.write(1);
    }
    assertRefusedLate("data/0: is damaged: its checksum is not the one in the zip directory");
  }

  // ----------------------------------------------------------------------------------------------------------- the storages

  @Test
  void missingStorage() {
    new ForgedCheckpoint().without("data/0").write(file());
    assertRefused("has no entry \"data/0\", so it is not a whole checkpoint of torch.save");
  }

  @Test
  void storageSmallerThanItsCount() {
    writeTensor("FloatStorage", 1000, 0, new int[] {1000}, new int[] {1});
    assertRefused("data/0: has 8 bytes, but should hold 1000 elements of float32");
  }

  @Test
  void storageLargerThanItsCount() {
    writeTensor("FloatStorage", 1, 0, new int[] {1}, new int[] {1});
    assertRefused("data/0: has 8 bytes, but should hold 1 elements of float32");
  }

  @Test
  void negativeCount() {
    writeTensor("FloatStorage", -2, 0, new int[] {2}, new int[] {1});
    assertRefused("data/0: has 8 bytes, but should hold -2 elements of float32");
  }

  @Test
  void unsupportedType() {
    writeTensor("ComplexFloatStorage", 1, 0, new int[] {1}, new int[] {1});
    assertRefused(
        "data.pkl: torch.ComplexFloatStorage holds elements of a type that is not supported; supported are FloatStorage");
  }

  @Test
  void storageDescribedTwice() {
    assertPickleRefused(
        "storage \"0\" is described both as 2 elements of float32 and as 8 elements of int8",
        "}",
        ForgedCheckpoint.storage("FloatStorage", "0", 2),
        ForgedCheckpoint.storage("CharStorage", "0", 8));
  }

  @Test
  void stridesOutOfTheStorage() {
    writeTensor("FloatStorage", 2, 0, new int[] {2, 3}, new int[] {3, 1});
    assertRefusedLate(
        "data.pkl: tensor \"w\" does not fit its storage \"0\": a float32 view of shape [2, 3], strides [3, 1] and offset 0 needs 24"
            + " bytes, but the segment has 8");
  }

  @Test
  void offsetOutOfTheStorage() {
    writeTensor("FloatStorage", 2, 1, new int[] {2}, new int[] {1});
    assertRefusedLate(
        "data.pkl: tensor \"w\" does not fit its storage \"0\": a float32 view of shape [2], strides [1] and offset 1 needs");
  }

  @Test
  void negativeOffset() {
    writeTensor("FloatStorage", 2, -1, new int[] {2}, new int[] {1});
    assertRefusedLate("data.pkl: tensor \"w\" does not fit its storage \"0\": ");
  }

  @Test
  void negativeStride() {
    writeTensor("FloatStorage", 2, 1, new int[] {2}, new int[] {-1});
    assertRefusedLate(
        "data.pkl: tensor \"w\" does not fit its storage \"0\": stride -1 of dimension 0 is negative");
  }

  @Test
  void negativeSize() {
    writeTensor("FloatStorage", 2, 0, new int[] {-2}, new int[] {1});
    assertRefusedLate(
        "data.pkl: tensor \"w\" does not fit its storage \"0\": size -2 of dimension 0 is negative");
  }

  @Test
  void overflowingSizes() {
    int huge = Integer.MAX_VALUE;
    writeTensor("FloatStorage", 2, 0, new int[] {huge, huge, huge}, new int[] {0, 0, 0});
    assertRefusedLate(
        "data.pkl: tensor \"w\" does not fit its storage \"0\": shape [2147483647, 2147483647, 2147483647] has more elements");
  }

  @Test
  void overflowingStrides() {
    int huge = Integer.MAX_VALUE;
    writeTensor("FloatStorage", 2, 0, new int[] {huge, huge}, new int[] {huge, huge});
    assertRefusedLate("data.pkl: tensor \"w\" does not fit its storage \"0\": ");
  }

  private void assertRefusedWithoutBytes(byte[] tensor) {
    new ForgedCheckpoint()
        .entry("data/0", "")
        .pickle(ForgedCheckpoint.stateDict(tensor))
        .write(file());
    assertRefusedLate("data.pkl: tensor \"w\" does not fit its storage \"0\": ");
  }

  @Test
  void elementOfAnEmptyStorage() {
    byte[] tensor = ForgedCheckpoint.tensor("CharStorage", "0", 0, 0, new int[] {1}, new int[] {1});
    assertRefusedWithoutBytes(tensor);
  }

  @Test
  void moreSizesThanStrides() {
    writeTensor("FloatStorage", 2, 0, new int[] {2, 1}, new int[] {1});
    assertRefused("data.pkl: a tensor has 2 sizes but 1 strides");
  }

  // ------------------------------------------------------------------------------------------------------------- the pickle

  @Test
  void forbiddenGlobal() {
    assertPickleRefused(
        "os.system is not among the names a checkpoint may use",
        "cos\nsystem\n(",
        ForgedCheckpoint.text("touch owned"),
        "tR");
  }

  @Test
  void javaClassAsGlobal() {
    assertPickleRefused(
        "java.lang.Runtime is not among the names a checkpoint may use", "cjava.lang\nRuntime\n");
  }

  @Test
  void globalThatIsNoName() {
    assertPickleRefused(
        "has something that is not a Python name at byte 5", "co\u001b[2Js\nsystem\n");
  }

  @Test
  void forbiddenInstruction() {
    assertPickleRefused(
        "has instruction 0x69 at byte 2, which is not one of those in a state dict",
        "ios\nsystem\n");
  }

  @Test
  void callOfAValue() {
    assertPickleRefused("a string cannot be called", ForgedCheckpoint.text("system"), ")R");
  }

  @Test
  void buildOnATensor() {
    assertPickleRefused(
        "attributes can be set on a dict only, from a dict, not on a tensor from a dict",
        ForgedCheckpoint.tensor("FloatStorage", "0", 2, 0, new int[] {2}, new int[] {1}),
        "}b");
  }

  @Test
  void persistentIdOfAnotherKind() {
    assertPickleRefused(
        "a persistent id must be ('storage', class, key, location, element count)",
        ForgedCheckpoint.text("file:///etc"),
        "Q");
  }

  @Test
  void stringLongerThanTheFile() {
    assertPickleRefused(
        "needs 4294967280 bytes at byte 7 but has 1 left", "X", ForgedCheckpoint.littleEndian(-16));
  }

  @Test
  void stringThatIsNotUtf8() {
    assertPickleRefused(
        "has a string before byte 8 that is not UTF-8",
        "X",
        ForgedCheckpoint.littleEndian(1),
        "\u00ff");
  }

  @Test
  void integerThatIsTooLong() {
    assertPickleRefused(
        "has an integer of 9 bytes at byte 4; integers of up to 8 are read",
        "\u008a\u0009",
        new byte[9]);
  }

  @Test
  void endlessPickle() {
    new ForgedCheckpoint().pickle(ForgedCheckpoint.bytes("\u0080\u0002}")).write(file());
    assertRefused("data.pkl: needs 1 bytes at byte 3 but has 0 left; it is truncated or damaged");
  }

  @Test
  void everyTruncation() {
    byte[] whole =
        ForgedCheckpoint.pickled(
            "}(",
            ForgedCheckpoint.text("a"),
            "K\7\u0085r\0\1\0\0",
            "M\0\1J\0\0\1\0\u0087",
            "\u008a\3\1\2\3\u0086",
            "j\0\1\0\0\u0086",
            ForgedCheckpoint.text("b"),
            "G\0\0\0\0\0\0\0\0",
            "u");
    for (int length = 0; length < whole.length; length++) {
      new ForgedCheckpoint().pickle(Arrays.copyOf(whole, length)).write(file());
      assertRefused("data.pkl: needs ");
    }
  }

  @Test
  void emptyStack() {
    assertPickleRefused("takes more values than it made", "\u0086");
    assertPickleRefused("takes more values than it made");
    assertPickleRefused("takes more values than it made", "N(");
    assertPickleRefused("takes more values than it made", "N(Q");
    assertPickleRefused("takes more values than it made", "N(NR");
    assertPickleRefused("takes more values than it made", "(q\0");
  }

  @Test
  void valuesBelowAMark() {
    assertPickleRefused("takes more values than it made", "}NN(s");
  }

  @Test
  void groupWithoutABeginning() {
    assertPickleRefused("ends a group that was never begun", "t");
  }

  @Test
  void memoThatWasNotFilled() {
    assertPickleRefused("uses value 7 of its memo before it was put there", "h\u0007");
  }

  @Test
  void tooManyValues() {
    assertPickleRefused("nests more than 1048576 values", "N".repeat((1 << 20) + 1));
  }

  @Test
  void tooManyGroups() {
    assertPickleRefused("nests more than 1048576 values", "(".repeat((1 << 20) + 1));
  }

  @Test
  void tooManyMemoEntries() {
    var filling = new StringBuilder("N");
    for (int i = 0; i <= 1 << 22; i++) {
      filling.append('r');
      for (byte b : ForgedCheckpoint.littleEndian(i)) {
        filling.append((char) Byte.toUnsignedInt(b));
      }
    }
    assertPickleRefused("remembers more than 4194304 values", filling);
  }

  @Test
  void tooManyInstructions() {
    assertPickleRefused("has more than 8388608 instructions", "N" + "q\0".repeat((1 << 23) - 1));
  }

  @Test
  void pickleThatIsTooLarge() {
    new ForgedCheckpoint().entry("data.pkl", new byte[(1 << 26) + 1]).write(file());
    assertRefused("data.pkl: has 67108865 bytes; at most 67108864 are read");
  }

  @Test
  void dictThatHoldsItself() {
    assertPickleRefused(
        "nests more than 100 containers in each other", "}q\0", ForgedCheckpoint.text("w"), "h\0s");
  }

  @Test
  void listThatHoldsItselfTwice() {
    assertPickleRefused(
        "nests more than 100 containers in each other",
        "}",
        ForgedCheckpoint.text("w"),
        "]q\0(h\0h\0es");
  }

  @Test
  void deepNesting() {
    assertPickleRefused(
        "nests more than 100 containers in each other",
        "}",
        ForgedCheckpoint.text("w"),
        "N" + "\u0085".repeat(1_000_000),
        "s");
  }

  @Test
  void memoBomb() {
    // Sixty lists, each of the one before and again the one before: 2^60 values for a walker.
    var lists = new StringBuilder("(]q\0");
    for (int i = 0; i < 60; i++) {
      lists.append("](h").append((char) i).append('h').append((char) i).append('e');
      lists.append('q').append((char) (i + 1));
    }
    assertPickleRefused(
        "holds more than 4194304 values, shared ones counted wherever they occur",
        "}",
        ForgedCheckpoint.text("w"),
        lists,
        "ts");
  }

  @Test
  void sharedContainersThatAreNoBomb() throws IOException {
    new ForgedCheckpoint()
        .pickle(
            ForgedCheckpoint.pickled(
                "}(",
                ForgedCheckpoint.text("a"),
                "]q\0",
                ForgedCheckpoint.text("b"),
                "h\0",
                ForgedCheckpoint.text("c"),
                "h\0h\0\u0086",
                "u"))
        .write(file());
    try (Arena arena = Arena.ofConfined()) {
      StateDict state = StateDict.load(file(), arena);
      assertEquals(state.value("a"), state.value("b"));
      assertEquals(
          "StateDict of 0 tensors and 3 other values",
          state.toString().lines().findFirst().orElseThrow());
    }
  }

  @Test
  void namesOfOneHash() {
    // 2^16 names whose hashes are all equal, as "Aa" and "BB" are: a table must not become a list.
    // The tensor at the end is what is refused.
    var items = new StringBuilder();
    for (int i = 0; i < 1 << 16; i++) {
      var name = new StringBuilder();
      for (int bit = 0; bit < 16; bit++) {
        name.append((i >> bit & 1) == 0 ? "Aa" : "BB");
      }
      items.append(new String(ForgedCheckpoint.text(name.toString()), StandardCharsets.ISO_8859_1));
      items.append("Ns");
    }
    new ForgedCheckpoint().pickle(ForgedCheckpoint.pickled("}", items, "K")).write(file());
    org.junit.jupiter.api.Assertions.assertTimeoutPreemptively(
        java.time.Duration.ofSeconds(20), () -> assertRefused("data.pkl: "));
  }

  @Test
  void callsThatShareALongTuple() {
    // A tuple of 2^20 sizes, taken from the memo for each of many tensors.
    assertPickleRefused(
        "a tensor has 1000000 dimensions; at most 64 are read",
        "}",
        ForgedCheckpoint.text("w"),
        "(" + "K\u0001".repeat(1_000_000) + "tq\u0007",
        "ctorch._utils\n_rebuild_tensor_v2\n(",
        ForgedCheckpoint.storage("FloatStorage", "0", 2),
        "K\0h\u0007h\u0007\u0089}tR");
  }

  @Test
  void functionAsAValue() {
    assertPickleRefused(
        "has torch._utils._rebuild_tensor_v2 where a tensor or a plain value is expected",
        "}",
        ForgedCheckpoint.text("w"),
        "ctorch._utils\n_rebuild_tensor_v2\ns");
  }

  @Test
  void storageAsAValue() {
    assertPickleRefused(
        "has a storage where a tensor or a plain value is expected",
        "}",
        ForgedCheckpoint.text("w"),
        ForgedCheckpoint.storage("FloatStorage", "0", 2),
        "s");
  }

  @Test
  void impossibleSize() {
    assertPickleRefused(
        "a torch.Size is impossible: size -1 of dimension 0 is negative",
        "ctorch\nSize\n",
        ForgedCheckpoint.tuple(-1),
        "\u0085R");
  }

  @Test
  void tensorOfAListInANestedDict() {
    byte[] tensor =
        ForgedCheckpoint.tensor("FloatStorage", "0", 2, 1, new int[] {2}, new int[] {1});
    new ForgedCheckpoint()
        .pickle(
            ForgedCheckpoint.pickled(
                "}",
                ForgedCheckpoint.text("model"),
                "}",
                ForgedCheckpoint.text("heads"),
                "]N",
                "a",
                tensor,
                "ass"))
        .write(file());
    assertRefusedLate("data.pkl: tensor \"model.heads[1]\" does not fit its storage \"0\": ");
  }

  @Test
  void listAsAKey() {
    assertPickleRefused(
        "has a dict with a list as a key; keys must be strings or integers", "}]q\0h\0ah\0s");
  }

  @Test
  void numberAsAName() {
    assertPickleRefused(
        "holds a dict with an integer as a key; a state dict has names", "}K\u0001Ns");
  }

  @Test
  void itemsPutIntoAString() {
    assertPickleRefused(
        "puts items into a string as if it were a dict", ForgedCheckpoint.text("w"), "NNs");
  }

  @Test
  void itemsAppendedToADict() {
    assertPickleRefused("appends to a dict as if it were a list", "}Na");
  }

  @Test
  void keyWithoutValue() {
    assertPickleRefused("puts a key without a value into a dict", "}(Nu");
  }

  @Test
  void tensorWithFlags() {
    byte[] sound = ForgedCheckpoint.tensor("FloatStorage", "0", 2, 0, new int[] {2}, new int[] {1});
    byte[] withoutCall = Arrays.copyOf(sound, sound.length - 2);
    assertPickleRefused(
        "a tensor has flags (negative or conjugate view), which are not supported",
        withoutCall,
        "}",
        ForgedCheckpoint.text("neg"),
        "\u0088stR");
  }

  // ------------------------------------------------------------------------------------------------- calls and their arguments

  private static final byte[] STORAGE = ForgedCheckpoint.storage("FloatStorage", "0", 2);

  /**
   * A call of {@code _rebuild_tensor_v2}; sound are a storage, 0, a tuple, a tuple, False and {}.
   */
  private void assertTensorRefused(String message, Object... arguments) {
    assertPickleRefused(
        message, "ctorch._utils\n_rebuild_tensor_v2\n(", ForgedCheckpoint.bytes(arguments), "tR");
  }

  @Test
  void numbersOfArguments() {
    byte[] shape = ForgedCheckpoint.tuple(1);
    assertPickleRefused(
        "collections.OrderedDict takes 0 arguments here, not 1",
        "ccollections\nOrderedDict\nN\u0085R");
    assertPickleRefused("torch.Size takes 1 arguments here, not 0", "ctorch\nSize\n)R");
    assertPickleRefused("torch.Size takes 1 arguments here, not 2", "ctorch\nSize\n))\u0086R");
    assertTensorRefused(
        "torch._utils._rebuild_tensor_v2 takes 6 to 7 arguments here, not 5",
        STORAGE,
        "K\0",
        shape,
        shape,
        "\u0089");
    assertTensorRefused(
        "torch._utils._rebuild_tensor_v2 takes 6 to 7 arguments here, not 8",
        STORAGE,
        "K\0",
        shape,
        shape,
        "\u0089}}}");
    assertPickleRefused(
        "torch._utils._rebuild_parameter takes 3 arguments here, not 2",
        "ctorch._utils\n_rebuild_parameter\nNN\u0086R");
    assertPickleRefused(
        "torch._utils._rebuild_parameter takes 3 arguments here, not 4",
        "ctorch._utils\n_rebuild_parameter\n(NNNNtR");
  }

  @Test
  void kindsOfArguments() {
    byte[] shape = ForgedCheckpoint.tuple(1);
    assertPickleRefused(
        "the arguments of torch.Size must be a tuple, not a list", "ctorch\nSize\n]R");
    assertPickleRefused(
        "the value of a parameter must be a tensor, not None",
        "ctorch._utils\n_rebuild_parameter\nNNN\u0087R");
    assertTensorRefused(
        "a tensor must be made of a storage, not of torch.FloatStorage",
        "ctorch\nFloatStorage\n",
        "K\0",
        shape,
        shape,
        "\u0089}");
    assertTensorRefused(
        "a tensor's offset must be an integer, not a float",
        STORAGE,
        "G\0\0\0\0\0\0\0\0",
        shape,
        shape,
        "\u0089}");
    assertTensorRefused(
        "a tensor's shape must be a tuple, not a dict", STORAGE, "K\0}", shape, "\u0089}");
    assertTensorRefused(
        "an item of a tensor's strides must be an integer, not a boolean",
        STORAGE,
        "K\0",
        shape,
        "\u0088\u0085\u0089}");
    assertPickleRefused(
        "attributes can be set on a dict only, from a dict, not on a dict from a list", "}]b");
  }

  @Test
  void asManyDimensionsAsAreRead() throws IOException {
    int[] ones = new int[64];
    Arrays.fill(ones, 1);
    writeTensor("FloatStorage", 2, 1, ones, ones);
    try (Arena arena = Arena.ofConfined()) {
      assertEquals(2, StateDict.load(file(), arena).get("w").item());
    }
    int[] more = new int[65];
    Arrays.fill(more, 1);
    writeTensor("FloatStorage", 2, 1, more, more);
    assertRefused("data.pkl: a tensor has 65 dimensions; at most 64 are read");
  }

  /** Sound is the sequence "(", "storage", class, key, location, count, "t". */
  @Test
  void persistentIdsThatAreAlmostOne() {
    String message = "a persistent id must be ('storage', class, key, location, element count)";
    Object[] sound = {
      ForgedCheckpoint.text("storage"),
      "ctorch\nFloatStorage\n",
      ForgedCheckpoint.text("0"),
      ForgedCheckpoint.text("cpu"),
      "K\u0002"
    };
    for (int i = 0; i < sound.length; i++) {
      Object[] wrong = sound.clone();
      wrong[i] = "N";
      assertPickleRefused(message, "(", ForgedCheckpoint.bytes(wrong), "tQ");
      wrong[i] = "";
      assertPickleRefused(message, "(", ForgedCheckpoint.bytes(wrong), "tQ");
    }
    assertPickleRefused(message, "(", ForgedCheckpoint.bytes(sound), "NtQ");
    sound[0] = ForgedCheckpoint.text("module");
    assertPickleRefused(message, "(", ForgedCheckpoint.bytes(sound), "tQ");
  }

  @Test
  void tensorWithNoFlags() throws IOException {
    byte[] sound = ForgedCheckpoint.tensor("FloatStorage", "0", 2, 0, new int[] {2}, new int[] {1});
    byte[] withoutCall = Arrays.copyOf(sound, sound.length - 2);
    new ForgedCheckpoint()
        .pickle(ForgedCheckpoint.stateDict(ForgedCheckpoint.bytes(withoutCall, "}tR")))
        .write(file());
    try (Arena arena = Arena.ofConfined()) {
      assertArrayEquals(new float[] {1, 2}, StateDict.load(file(), arena).get("w").toFloatArray());
    }
    new ForgedCheckpoint()
        .pickle(ForgedCheckpoint.stateDict(ForgedCheckpoint.bytes(withoutCall, "NtR")))
        .write(file());
    assertRefused("data.pkl: a tensor has flags (negative or conjugate view)");
  }

  @Test
  void notAPickle() {
    new ForgedCheckpoint().entry("data.pkl", "{}").write(file());
    assertRefused("data.pkl: does not begin as a pickle");
    new ForgedCheckpoint().pickle(ForgedCheckpoint.bytes("\u0080\u0003}.")).write(file());
    assertRefused(
        "data.pkl: is pickled with protocol 3; only 2, the default of torch.save, is read");
  }

  @Test
  void twoPickles() {
    new ForgedCheckpoint()
        .folder("")
        .entry("a/data.pkl", "")
        .entry("b/data.pkl", "")
        .entry("b/data", "")
        .write(file());
    assertRefused("has more than one data.pkl");
  }

  /** A pickle, or a file of that name, deeper down is an entry as any other. */
  @Test
  void picklesOfOtherFolders() throws IOException {
    new ForgedCheckpoint()
        .entry("data/data.pkl", "")
        .entry("notdata.pkl", "")
        .entry("data.pkl2", "")
        .write(file());
    try (Arena arena = Arena.ofConfined()) {
      assertEquals(1, StateDict.load(file(), arena).size());
    }
  }

  @Test
  void everyVersionThatIsRead() throws IOException {
    for (int version = 1; version <= 10; version++) {
      new ForgedCheckpoint().entry("version", version + "\n").write(file());
      try (Arena arena = Arena.ofConfined()) {
        assertEquals(1, StateDict.load(file(), arena).size());
      }
    }
    new ForgedCheckpoint().entry("version", "0").write(file());
    assertRefused("version: is \"0\"; versions 1 to 10 are read");
    new ForgedCheckpoint().entry("version", " ".repeat(63) + "3").write(file());
    try (Arena arena = Arena.ofConfined()) {
      assertEquals(1, StateDict.load(file(), arena).size());
    }
    new ForgedCheckpoint().entry("version", " ".repeat(64) + "3").write(file());
    assertRefused("version: has 65 bytes; at most 64 are read");
  }

  @Test
  void storageClassAsAValue() {
    assertPickleRefused(
        "has torch.FloatStorage where a tensor or a plain value is expected",
        "}",
        ForgedCheckpoint.text("w"),
        "ctorch\nFloatStorage\ns");
  }

  /** Shared containers are as high wherever they stand. */
  @Test
  void sharedContainersOnTopOfEachOther() throws IOException {
    // 60 tuples in each other, remembered, and again inside of 40 and of 41 more.
    String tower = "N" + "\u0085".repeat(60) + "q\0";
    for (int more = 40; more <= 41; more++) {
      byte[] pickle =
          ForgedCheckpoint.pickled(
              "}",
              ForgedCheckpoint.text("a"),
              tower,
              "s",
              ForgedCheckpoint.text("b"),
              "h\0" + "\u0085".repeat(more) + "s");
      new ForgedCheckpoint().pickle(pickle).write(file());
      if (more == 41) {
        assertRefused("data.pkl: nests more than 100 containers in each other");
      } else {
        try (Arena arena = Arena.ofConfined()) {
          assertEquals(2, StateDict.load(file(), arena).size());
        }
      }
    }
  }

  /** A list of one and the same list of nothing: with the dict, 2 + lists * (1 + items) values. */
  private void writeValues(int lists, int items) {
    byte[] pickle =
        ForgedCheckpoint.pickled(
            "}",
            ForgedCheckpoint.text("w"),
            "](](" + "N".repeat(items) + "eq\0" + "h\0".repeat(lists - 1) + "es");
    new ForgedCheckpoint().pickle(pickle).write(file());
  }

  @Test
  void asManySharedValuesAsAreRead() throws IOException {
    writeValues(674, 6222);
    assertEquals(1 << 22, 2 + 674 * 6223);
    try (Arena arena = Arena.ofConfined()) {
      var list = (Value.PyList) StateDict.load(file(), arena).value("w");
      assertEquals(674, list.items().size());
    }
    writeValues(2048, 2048);
    assertRefused("data.pkl: holds more than 4194304 values, shared ones counted");
  }

  @Test
  void sizesInPlaceOfTuples() throws IOException {
    String size = "ctorch\nSize\n";
    byte[] tensor =
        ForgedCheckpoint.bytes(
            "ctorch._utils\n_rebuild_tensor_v2\n(",
            STORAGE,
            "K\0",
            size,
            ForgedCheckpoint.tuple(2, 1),
            "\u0085R",
            size,
            ForgedCheckpoint.tuple(1, 2),
            "\u0085R",
            "\u0089}tR");
    new ForgedCheckpoint().pickle(ForgedCheckpoint.stateDict(tensor)).write(file());
    try (Arena arena = Arena.ofConfined()) {
      var w = StateDict.load(file(), arena).get("w");
      assertArrayEquals(new long[] {2, 1}, w.shape().toArray());
      assertArrayEquals(new long[] {1, 2}, w.strides());
    }
  }

  @Test
  void longMemoIndicesAndTuplesThatAreAGroup() throws IOException {
    byte[] largest = ForgedCheckpoint.littleEndian(-1);
    new ForgedCheckpoint()
        .pickle(
            ForgedCheckpoint.pickled(
                "}",
                ForgedCheckpoint.text("w"),
                "(K\7r",
                largest,
                "\u0085tK\1j",
                largest,
                "\u0087s"))
        .write(file());
    Value seven = Value.of(7);
    Value group = new Value.Tuple(List.of(new Value.Tuple(List.of(seven))));
    try (Arena arena = Arena.ofConfined()) {
      assertEquals(
          new Value.Tuple(List.of(group, Value.of(1), seven)),
          StateDict.load(file(), arena).value("w"));
    }
  }

  // ---------------------------------------------------------------------------------------------------- numbers and names

  /** By the definition of LONG1: two's complement, the lowest byte first, none at all for 0. */
  @Test
  void integersOfEveryLength() throws IOException {
    long[] values = {0, 1, -1, 0x7f, -0x80, 0x1234, -0x1234, 0x7f0102, -0x7f0102, Long.MIN_VALUE};
    for (long value : values) {
      for (int count = 0; count <= 8; count++) {
        byte[] bytes = ForgedCheckpoint.bytes("\u008a", String.valueOf((char) count));
        byte[] digits = new byte[count];
        for (int i = 0; i < count; i++) {
          digits[i] = (byte) (value >> 8 * i);
        }
        int unused = 64 - 8 * count;
        Value expected = Value.of(count == 0 ? 0 : value << unused >> unused);
        new ForgedCheckpoint()
            .pickle(ForgedCheckpoint.stateDict(ForgedCheckpoint.bytes(bytes, digits)))
            .write(file());
        try (Arena arena = Arena.ofConfined()) {
          assertEquals(expected, StateDict.load(file(), arena).value("w"));
        }
      }
    }
  }

  @Test
  void longestName() {
    String name = "n".repeat(200);
    assertPickleRefused(
        name + ".x is not among the names a checkpoint may use", "c" + name + "\nx\n");
    assertPickleRefused(
        "has something that is not a Python name at byte 204", "c" + name + "n\nx\n");
  }

  @Test
  void lettersThatAreNotAscii() {
    assertPickleRefused("has something that is not a Python name at byte 4", "c\u00e4\nx\n");
  }

  // ---------------------------------------------------------------------------------------------------- tensors of bytes

  private void writeUntyped(String dtype, int byteCount, int offset, int[] sizes, int[] strides) {
    byte[] tensor = ForgedCheckpoint.untypedTensor(dtype, "0", byteCount, offset, sizes, strides);
    new ForgedCheckpoint().pickle(ForgedCheckpoint.stateDict(tensor)).write(file());
  }

  private static ForgedCheckpoint twoTensors(byte[] a, byte[] b) {
    return new ForgedCheckpoint()
        .pickle(
            ForgedCheckpoint.pickled(
                "}(", ForgedCheckpoint.text("a"), a, ForgedCheckpoint.text("b"), b, "u"));
  }

  /** A tensor of all the eight bytes of a storage. */
  private static byte[] all(String dtype, int count) {
    return ForgedCheckpoint.untypedTensor(dtype, "0", 8, 0, new int[] {count}, new int[] {1});
  }

  /** The bytes are those of the float32 numbers 1 and 2. */
  @Test
  void bytesAsElementsOfAnyType() throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      writeUntyped("float32", 8, 0, new int[] {2}, new int[] {1});
      assertArrayEquals(new float[] {1, 2}, StateDict.load(file(), arena).get("w").toFloatArray());
      writeUntyped("uint16", 8, 1, new int[] {3}, new int[] {1});
      assertArrayEquals(
          new long[] {0x3f80, 0, 0x4000}, StateDict.load(file(), arena).get("w").toLongArray());
      writeUntyped("uint8", 8, 7, new int[] {}, new int[] {});
      assertEquals(0x40, StateDict.load(file(), arena).get("w").item());
    }
  }

  @Test
  void typesThatShareBytes() throws IOException {
    twoTensors(all("uint16", 4), all("uint32", 2)).write(file());
    try (Arena arena = Arena.ofConfined()) {
      StateDict state = StateDict.load(file(), arena);
      assertArrayEquals(new long[] {0, 0x3f80, 0, 0x4000}, state.get("a").toLongArray());
      assertArrayEquals(new long[] {0x3f800000, 0x40000000}, state.get("b").toLongArray());
      state.get("a").set(0xffff, 3);
      assertEquals(0xffff0000L, state.get("b").getLong(1));
      assertEquals(0x40000000L, StateDict.map(file(), arena).get("b").getLong(1));
    }
  }

  /** As torch.save writes {@code {"a": bytes, "b": bytes.view(torch.uint16)}}. */
  @Test
  void typedBytesThatAreShared() throws IOException {
    byte[] typed = ForgedCheckpoint.tensor("ByteStorage", "0", 8, 0, new int[] {8}, new int[] {1});
    byte[] untyped = all("uint16", 4);
    for (var pair : List.of(List.of(typed, untyped), List.of(untyped, typed))) {
      ForgedCheckpoint both = twoTensors(pair.getFirst(), pair.getLast());
      both.write(file());
      try (Arena arena = Arena.ofConfined()) {
        StateDict state = StateDict.load(file(), arena);
        state.get("a").set(7, 0);
        assertEquals(7, state.get("b").getLong(0));
      }
      both.entry("byteorder", "big").write(file());
      assertRefused("data/0: is BIG_ENDIAN and has elements of ");
    }
  }

  @ParameterizedTest
  @CsvSource({"uint8, 1", "uint16, 2", "uint32, 4", "float32, 4", "uint64, 8"})
  void bigEndianBytes(String dtype, int elementBytes) throws IOException {
    assertReversed(all(dtype, 8 / elementBytes), elementBytes);
  }

  @Test
  void bigEndianBytesOfTwoTypes() throws IOException {
    twoTensors(all("uint32", 2), all("int32", 2)).entry("byteorder", "big").write(file());
    try (Arena arena = Arena.ofConfined()) {
      StateDict state = StateDict.load(file(), arena);
      assertArrayEquals(new long[] {0x803f, 0x40}, state.get("a").toLongArray());
      assertArrayEquals(new long[] {0x803f, 0x40}, state.get("b").toLongArray());
    }
    twoTensors(all("uint16", 4), all("uint32", 2)).entry("byteorder", "big").write(file());
    assertRefused(
        "data/0: is BIG_ENDIAN and has elements of 2 bytes and of 4; only elements of one size are converted");
  }

  @Test
  void bytesThatAreMoreOrLessThanTheirCount() {
    for (int count : new int[] {1000, 6, -8}) {
      writeUntyped("uint16", count, 0, new int[] {2}, new int[] {1});
      assertRefused("data/0: has 8 bytes, but should hold " + count + " bytes");
    }
  }

  @Test
  void bytesThatAreNoWholeNumberOfElements() throws IOException {
    byte[] tensor =
        ForgedCheckpoint.untypedTensor("uint16", "0", 7, 0, new int[] {3}, new int[] {1});
    var seven =
        new ForgedCheckpoint()
            .entry("data/0", new byte[] {1, 0, 2, 0, 3, 0, 9})
            .pickle(ForgedCheckpoint.stateDict(tensor));
    seven.write(file());
    try (Arena arena = Arena.ofConfined()) {
      for (StateDict state : List.of(StateDict.load(file(), arena), StateDict.map(file(), arena))) {
        assertArrayEquals(
            new long[] {1, 2, 3}, state.tensors().firstEntry().getValue().toLongArray());
      }
    }
    seven.entry("byteorder", "big").write(file());
    assertRefused("data/0: is BIG_ENDIAN and has 7 bytes, which is no whole number of uint16s");
  }

  @Test
  void bytesDescribedTwice() {
    assertPickleRefused(
        "storage \"0\" is described both as 2 elements of float32 and as 8 bytes",
        "}",
        ForgedCheckpoint.storage("FloatStorage", "0", 2),
        ForgedCheckpoint.untypedStorage("0", 8));
    assertPickleRefused(
        "storage \"0\" is described both as 8 bytes and as 8 elements of int8",
        "}",
        ForgedCheckpoint.untypedStorage("0", 8),
        ForgedCheckpoint.storage("CharStorage", "0", 8));
    assertPickleRefused(
        "storage \"0\" is described both as 4 elements of uint8 and as 8 bytes",
        "}",
        ForgedCheckpoint.storage("ByteStorage", "0", 4),
        ForgedCheckpoint.untypedStorage("0", 8));
    assertPickleRefused(
        "storage \"0\" is described both as 8 bytes and as 4 bytes",
        "}",
        ForgedCheckpoint.untypedStorage("0", 8),
        ForgedCheckpoint.untypedStorage("0", 4));
  }

  @Test
  void viewsThatLeaveTheirBytes() {
    String unfit = "data.pkl: tensor \"w\" does not fit its storage \"0\": ";
    writeUntyped("uint16", 8, 0, new int[] {2, 3}, new int[] {3, 1});
    assertRefusedLate(
        unfit
            + "a uint16 view of shape [2, 3], strides [3, 1] and offset 0 needs 12 bytes, but the segment has 8");
    writeUntyped("uint64", 8, 1, new int[] {1}, new int[] {1});
    assertRefusedLate(unfit + "a uint64 view of shape [1], strides [1] and offset 1 needs");
    // Within the count of bytes, but not of elements.
    writeUntyped("uint32", 8, 2, new int[] {1}, new int[] {1});
    assertRefusedLate(unfit + "a uint32 view of shape [1], strides [1] and offset 2 needs");
    writeUntyped("uint16", 8, -1, new int[] {2}, new int[] {1});
    assertRefusedLate(unfit);
    writeUntyped("uint16", 8, 3, new int[] {2}, new int[] {-1});
    assertRefusedLate(unfit + "stride -1 of dimension 0 is negative");
    writeUntyped("uint16", 8, 0, new int[] {-2}, new int[] {1});
    assertRefusedLate(unfit + "size -2 of dimension 0 is negative");
    int huge = Integer.MAX_VALUE;
    writeUntyped("uint16", 8, 0, new int[] {huge, huge, huge}, new int[] {0, 0, 0});
    assertRefusedLate(unfit + "shape [2147483647, 2147483647, 2147483647] has more elements");
    writeUntyped("uint16", 8, 0, new int[] {huge, huge}, new int[] {huge, huge});
    assertRefusedLate(unfit);
  }

  /** Places whose bytes are more than a long can count. */
  @Test
  void offsetsThatOverflow() {
    byte[] one = ForgedCheckpoint.tuple(1);
    for (int shift = 1; shift <= 4; shift++) {
      long offset = Long.MAX_VALUE >>> shift;
      for (String dtype : List.of("uint16", "uint32", "uint64")) {
        byte[] tensor =
            ForgedCheckpoint.bytes(
                "ctorch._utils\n_rebuild_tensor_v3\n(",
                BYTES,
                "\u008a\u0008",
                ForgedCheckpoint.littleEndian((int) offset),
                ForgedCheckpoint.littleEndian((int) (offset >>> 32)),
                one,
                one,
                "\u0089}ctorch\n" + dtype + "\ntR");
        new ForgedCheckpoint().pickle(ForgedCheckpoint.stateDict(tensor)).write(file());
        assertRefusedLate("data.pkl: tensor \"w\" does not fit its storage \"0\": ");
      }
    }
  }

  @Test
  void elementOfNoBytes() {
    byte[] tensor =
        ForgedCheckpoint.untypedTensor("uint16", "0", 0, 0, new int[] {1}, new int[] {1});
    assertRefusedWithoutBytes(tensor);
  }

  @Test
  void moreStridesThanSizesOverBytes() {
    writeUntyped("uint16", 8, 0, new int[] {1}, new int[] {1, 1});
    assertRefused("data.pkl: a tensor has 1 sizes but 2 strides");
    int[] more = new int[65];
    Arrays.fill(more, 1);
    writeUntyped("uint16", 8, 0, more, more);
    assertRefused("data.pkl: a tensor has 65 dimensions; at most 64 are read");
  }

  @ParameterizedTest
  @CsvSource({"float8_e4m3fn", "complex64", "qint8", "quint4x2", "bits1x8", "uint1", "int4"})
  void unsupportedTypeOfElements(String dtype) {
    writeUntyped(dtype, 8, 0, new int[] {1}, new int[] {1});
    assertRefused(
        "data.pkl: torch."
            + dtype
            + " is an element type that is not supported; supported are float32, float64,");
  }

  @Test
  void namesThatAreNoType() {
    for (String name : List.of("float", "intrinsic", "uint16x.y", "bitsy1")) {
      assertPickleRefused(
          "torch." + name + " is not among the names a checkpoint may use",
          "ctorch\n" + name + "\n");
    }
    assertPickleRefused(
        "torch.storage.TypedStorage is not among the names a checkpoint may use",
        "ctorch.storage\nTypedStorage\n");
    assertPickleRefused("os.uint16 is not among the names a checkpoint may use", "cos\nuint16\n");
  }

  private static final byte[] BYTES = ForgedCheckpoint.untypedStorage("0", 8);
  private static final String UINT16 = "ctorch\nuint16\n";

  /**
   * A call of {@code _rebuild_tensor_v3}; sound are bytes, 0, a tuple, a tuple, False, {} and a
   * type.
   */
  private void assertUntypedRefused(String message, Object... arguments) {
    assertPickleRefused(
        message, "ctorch._utils\n_rebuild_tensor_v3\n(", ForgedCheckpoint.bytes(arguments), "tR");
  }

  @Test
  void argumentsOfATensorOfBytes() {
    byte[] shape = ForgedCheckpoint.tuple(1);
    assertUntypedRefused(
        "torch._utils._rebuild_tensor_v3 takes 7 to 8 arguments here, not 6",
        BYTES,
        "K\0",
        shape,
        shape,
        "\u0089}");
    assertUntypedRefused(
        "torch._utils._rebuild_tensor_v3 takes 7 to 8 arguments here, not 9",
        BYTES,
        "K\0",
        shape,
        shape,
        "\u0089}",
        UINT16,
        "}}");
    assertUntypedRefused(
        "a tensor must be made of a storage, not of torch.storage.UntypedStorage",
        "ctorch.storage\nUntypedStorage\n",
        "K\0",
        shape,
        shape,
        "\u0089}",
        UINT16);
    assertUntypedRefused(
        "a tensor's offset must be an integer, not a boolean",
        BYTES,
        "\u0088",
        shape,
        shape,
        "\u0089}",
        UINT16);
    assertUntypedRefused(
        "an item of a tensor's shape must be an integer, not a float",
        BYTES,
        "K\0",
        "G\0\0\0\0\0\0\0\0\u0085",
        shape,
        "\u0089}",
        UINT16);
    for (var wrong :
        List.of(
            List.of("a string", ForgedCheckpoint.text("uint16")),
            List.of("None", "N"),
            List.of("torch.ShortStorage", "ctorch\nShortStorage\n"))) {
      assertUntypedRefused(
          "a tensor's type must be a dtype, not " + wrong.getFirst(),
          BYTES,
          "K\0",
          shape,
          shape,
          "\u0089}",
          wrong.getLast());
    }
  }

  @Test
  void storagesOfTheOtherKind() {
    byte[] shape = ForgedCheckpoint.tuple(1);
    assertUntypedRefused(
        "torch._utils._rebuild_tensor_v3 takes a torch.storage.UntypedStorage, not a torch.FloatStorage",
        STORAGE,
        "K\0",
        shape,
        shape,
        "\u0089}ctorch\nfloat32\n");
    assertTensorRefused(
        "torch._utils._rebuild_tensor_v2 takes a storage of a type, not a torch.storage.UntypedStorage",
        BYTES,
        "K\0",
        shape,
        shape,
        "\u0089}");
  }

  @Test
  void flagsOfATensorOfBytes() throws IOException {
    byte[] sound =
        ForgedCheckpoint.untypedTensor("uint16", "0", 8, 1, new int[] {1}, new int[] {1});
    byte[] withoutCall = Arrays.copyOf(sound, sound.length - 2);
    new ForgedCheckpoint()
        .pickle(ForgedCheckpoint.stateDict(ForgedCheckpoint.bytes(withoutCall, "}tR")))
        .write(file());
    try (Arena arena = Arena.ofConfined()) {
      assertEquals(0x3f80, StateDict.load(file(), arena).get("w").item());
    }
    String flags = "a tensor has flags (negative or conjugate view), which are not supported";
    assertPickleRefused(flags, withoutCall, "NtR");
    assertPickleRefused(flags, withoutCall, "}", ForgedCheckpoint.text("neg"), "\u0088stR");
  }

  @Test
  void classOfBytesAsAValue() {
    assertPickleRefused(
        "has torch.storage.UntypedStorage where a tensor or a plain value is expected",
        "}",
        ForgedCheckpoint.text("w"),
        "ctorch.storage\nUntypedStorage\ns");
    assertPickleRefused(
        "has torch._utils._rebuild_tensor_v3 where a tensor or a plain value is expected",
        "}",
        ForgedCheckpoint.text("w"),
        "ctorch._utils\n_rebuild_tensor_v3\ns");
  }

  // ----------------------------------------------------------------------------------------------------------- a changing file

  @Test
  void fileThatIsCutWhileItIsRead() throws IOException {
    Files.write(file(), new byte[100]);
    try (FileBytes bytes = FileBytes.open(file());
        var cutting = new RandomAccessFile(file().toFile(), "rw")) {
      assertEquals(100, bytes.size());
      cutting.setLength(40);
      assertEquals(40, bytes.read(0, 40).length);
      assertStartsWith(
          "was cut to 40 bytes while it was read",
          assertThrows(CheckpointException.class, () -> bytes.read(30, 11)));
      assertThrows(IndexOutOfBoundsException.class, () -> bytes.read(90, 11));
      assertThrows(IndexOutOfBoundsException.class, () -> bytes.stream(90, 11));
    }
  }

  @Test
  void bytesOneByOneAndManyAtOnce() throws IOException {
    Files.write(file(), new byte[] {9, -1, 2, 3, 9});
    try (FileBytes bytes = FileBytes.open(file())) {
      var in = bytes.stream(1, 3);
      assertEquals(0, in.read(new byte[1], 0, 0));
      assertEquals(255, in.read());
      assertEquals(2, in.read());
      byte[] rest = {7, 7, 7};
      assertEquals(1, in.read(rest, 1, 2));
      assertArrayEquals(new byte[] {7, 3, 7}, rest);
      assertEquals(-1, in.read());
      assertEquals(-1, in.read(rest, 0, 3));
      assertEquals(0, in.read(rest, 0, 0));
    }
  }

  @Test
  void fileThatMayNotBeRead() throws IOException {
    Files.write(file(), new byte[100]);
    assertTrue(file().toFile().setReadable(false));
    assumeFalse(Files.isReadable(file()), "this user may read everything");
    assertRefused("may not be read by this process");
  }
}
