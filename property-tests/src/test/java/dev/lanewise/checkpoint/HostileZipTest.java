package dev.lanewise.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.SparseFiles;
import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.zip.Deflater;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Zip files that lie, of PyTorch and of NumPy: names that lead elsewhere or occur twice, entries
 * that overlap or leave the file, sizes that are none. Nothing is taken or read for them.
 */
final class HostileZipTest {
  @TempDir private Path folder;

  private Path file() {
    return folder.resolve("model");
  }

  private void assertRefused(String message) {
    for (Access access : Access.values()) {
      try (Arena arena = Arena.ofConfined()) {
        var refusal =
            assertThrows(
                CheckpointException.class, () -> CheckpointFile.read(file(), arena, access));
        String found = String.valueOf(refusal.getMessage());
        String expected = file() + ": " + message;
        assertTrue(
            found.startsWith(expected),
            () -> "expected <" + expected + "> at the start of <" + found + ">");
      }
    }
  }

  /** A sound file with a stored entry "a.npy" and another, to be damaged. */
  private ByteBuffer sound(Format format) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      StateDict.of("a", Tensor.full(arena, 1, 4), "b", Tensor.full(arena, 2, 4))
          .save(file(), format);
    }
    return zip();
  }

  private void write(ByteBuffer zip) throws IOException {
    Files.write(file(), zip.array());
  }

  private static int end(ByteBuffer zip) {
    return zip.capacity() - 22;
  }

  private static int directory(ByteBuffer zip) {
    return zip.getInt(end(zip) + 16);
  }

  /** The file, to be changed. */
  private ByteBuffer zip() throws IOException {
    return ByteBuffer.wrap(Files.readAllBytes(file())).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Where the directory has an entry. */
  private static int inDirectory(ByteBuffer zip, int index) {
    int at = directory(zip);
    for (int i = 0; i < index; i++) {
      at = behind(zip, at);
    }
    return at;
  }

  private static int inDirectory(ByteBuffer zip, String entry) {
    int at = directory(zip);
    while (!name(zip, at).equals(entry)) {
      at = behind(zip, at);
    }
    return at;
  }

  /** Where the next entry of the directory is. */
  private static int behind(ByteBuffer zip, int at) {
    return at + 46 + zip.getShort(at + 28) + zip.getShort(at + 30) + zip.getShort(at + 32);
  }

  // ---------------------------------------------------------------------------------------------------- names

  @ParameterizedTest
  @ValueSource(
      strings = {"/w.npy", "../w.npy", "a/../../w.npy", "a//w.npy", "./w.npy", "a/./w.npy"})
  void pathsThatLeadElsewhere(String name) {
    new ForgedCheckpoint().entry("../" + name, "").folder("").write(file());
    assertRefused("../" + name + ": is not the name of an entry: it must be a relative path");
    new ForgedCheckpoint().folder("").entry(name, "").write(file());
    assertRefused(name + ": is not the name of an entry: it must be a relative path");
  }

  @ParameterizedTest
  @ValueSource(strings = {"a\\w.npy", "C:\\w.npy", "a\nb.npy", "a\0.npy", "a\u007f.npy"})
  void namesOfAnotherSystem(String name) {
    new ForgedCheckpoint().entry(name, "").write(file());
    assertRefused("model/" + name + ": is not the name of an entry: it has a backslash or");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", ".", "..", "a/.", "a/..", "a//"})
  void namesThatEndInNoName(String name) {
    new ForgedCheckpoint().folder("").entry(name, "").write(file());
    assertRefused(name + ": is not the name of an entry: it must be a relative path");
  }

  @Test
  void nameThatOccursTwice() throws IOException {
    ByteBuffer zip = sound(Format.NPZ);
    // In the directory and in the local header.
    zip.put(inDirectory(zip, 1) + 46, (byte) 'a');
    zip.put(zip.getInt(inDirectory(zip, 1) + 42) + 30, (byte) 'a');
    write(zip);
    assertRefused("a.npy: occurs twice");
  }

  @Test
  void nameThatIsAnotherInTheFile() throws IOException {
    ByteBuffer zip = sound(Format.NPZ);
    zip.put(inDirectory(zip, 1) + 46, (byte) 'c');
    write(zip);
    assertRefused("c.npy: is described otherwise at byte ");
  }

  @Test
  void nameThatIsNotUtf8() throws IOException {
    ByteBuffer zip = sound(Format.NPZ);
    zip.put(inDirectory(zip, 1) + 46, (byte) 0xff);
    write(zip);
    assertRefused("has an entry in its zip directory whose name is not UTF-8");
  }

  // -------------------------------------------------------------------------------------------
  // places and sizes

  @ParameterizedTest
  @EnumSource(
      value = Format.class,
      names = {"PYTORCH", "NPZ"})
  void entriesThatOverlap(Format format) throws IOException {
    ByteBuffer zip = sound(format);
    // The first entry is made to reach over the second.
    int first = inDirectory(zip, 0);
    int size = zip.getInt(first + 24) + 100;
    zip.putInt(first + 20, size).putInt(first + 24, size);
    write(zip);
    assertRefused(
        (format == Format.NPZ ? "b.npy" : "model/.format_version")
            + ": overlaps another entry in the file");
  }

  @ParameterizedTest
  @CsvSource({
    "20, 'is said to have 144 bytes, packed 4294967294, in a file of '",
    "24, 'is said to have 4294967294 bytes, packed 144, in a file of '",
    "42, 'is said to be at byte 4294967294 of the file'"
  })
  void sizesAndPlacesBeyondTheFile(int field, String message) throws IOException {
    ByteBuffer zip = sound(Format.NPZ);
    zip.putInt(inDirectory(zip, 0) + field, -2);
    write(zip);
    assertRefused("a.npy: " + message);
  }

  @Test
  void entryThatReachesIntoTheDirectory() throws IOException {
    ByteBuffer zip = sound(Format.NPZ);
    int last = inDirectory(zip, 1);
    // Over the 16 bytes of the descriptor, and one more.
    int size = zip.getInt(last + 24) + 17;
    zip.putInt(last + 20, size).putInt(last + 24, size);
    write(zip);
    assertRefused("b.npy: is said to have 161 bytes from byte ");
  }

  @Test
  void headersAtTheEndOfTheEntries() throws IOException {
    ByteBuffer zip = sound(Format.NPZ);
    int last = directory(zip) - 30;
    int field = inDirectory(zip, 0) + 42;
    write(zip.putInt(field, last));
    assertRefused("a.npy: is described otherwise at byte " + last + " of the file");
    write(zip.putInt(field, last + 1));
    assertRefused("a.npy: is said to be at byte " + (last + 1) + " of the file");
  }

  /** What counts is where entries are, not in which order the directory has them. */
  @Test
  void directoryInAnotherOrder() throws IOException {
    ByteBuffer zip = sound(Format.NPZ);
    int first = inDirectory(zip, 0);
    int second = inDirectory(zip, 1);
    byte[] one = Arrays.copyOfRange(zip.array(), first, second);
    byte[] two = Arrays.copyOfRange(zip.array(), second, end(zip));
    zip.put(first, two).put(first + two.length, one);
    write(zip);
    try (Arena arena = Arena.ofConfined()) {
      StateDict state = StateDict.load(file(), arena);
      assertEquals(List.of("b", "a"), List.copyOf(state.names()));
      assertEquals(1, state.get("a").get(0));
      assertEquals(2, state.get("b").get(0));
    }
  }

  @Test
  void entriesWithComments() throws IOException {
    try (Arena arena = Arena.ofConfined();
        var zip = new ZipOutputStream(Files.newOutputStream(file()))) {
      Path array = folder.resolve("array.npy");
      Npy.save(array, Tensor.full(arena, 3, 1));
      for (String name : List.of("a.npy", "b.npy")) {
        var entry = new ZipEntry(name);
        entry.setComment("a comment of " + name);
        zip.putNextEntry(entry);
        zip.write(Files.readAllBytes(array));
      }
    }
    try (Arena arena = Arena.ofConfined()) {
      assertEquals(3, StateDict.load(file(), arena).get("b").item());
    }
  }

  @Test
  void largeSizeWithoutItsField() throws IOException {
    ByteBuffer zip = sound(Format.NPZ);
    zip.putInt(inDirectory(zip, 0) + 24, -1);
    write(zip);
    assertRefused("a.npy: lacks its size or place in the zip directory");
  }

  @ParameterizedTest
  @CsvSource({
    "10, 9, 'is packed with method 9; stored and deflated entries are read'",
    "8, 1, 'is encrypted, which is not read'",
    "10, 8, 'is described otherwise at byte 0 of the file'"
  })
  void packingThatIsNotRead(int field, int value, String message) throws IOException {
    ByteBuffer zip = sound(Format.NPZ);
    zip.putShort(inDirectory(zip, 0) + field, (short) value);
    write(zip);
    assertRefused("a.npy: " + message);
  }

  // ------------------------------------------------------------------------------------------------ the directory

  @ParameterizedTest
  @CsvSource({
    "10, 3, 'it is said to have 3 entries, but has 2'",
    "12, 2000000000, 'its end record speaks of 2000000000 bytes at byte '",
    "12, -2, 'its end record speaks of 4294967294 bytes at byte '",
    "16, 7, 'its end record speaks of '",
    "16, -2, 'its end record speaks of '",
    "4, 1, 'its end record speaks of '",
    "20, 1, 'it has no end record'"
  })
  void endRecordThatLies(int field, int value, String message) throws IOException {
    ByteBuffer zip = sound(Format.NPZ);
    if (field == 12 || field == 16) {
      zip.putInt(end(zip) + field, value);
    } else {
      zip.putShort(end(zip) + field, (short) value);
    }
    write(zip);
    assertRefused("its zip directory cannot be read, so it is truncated or damaged (" + message);
  }

  @ParameterizedTest
  @CsvSource({
    "-1, 'its zip64 record is said to be at byte -1'",
    "9223372036854775807, 'its zip64 record is said to be at byte 9223372036854775807'",
    "0, 'there is no zip64 record at byte 0'",
    "3, 'there is no zip64 record at byte 3'"
  })
  void zip64RecordThatIsNotThere(long place, String message) throws IOException {
    ByteBuffer zip = sound(Format.NPZ);
    ByteBuffer larger = ByteBuffer.allocate(zip.capacity() + 20).order(ByteOrder.LITTLE_ENDIAN);
    larger.put(zip.array(), 0, end(zip)).putInt(0x07064b50).putInt(0).putLong(place).putInt(1);
    larger.put(zip.array(), end(zip), 22);
    write(larger);
    assertRefused("its zip directory cannot be read, so it is truncated or damaged (" + message);
  }

  @Test
  void zip64RecordThatReachesIntoItsLocator() throws IOException {
    ByteBuffer zip = sound(Format.NPZ);
    for (int place : new int[] {end(zip) - 55, end(zip)}) {
      ByteBuffer larger = ByteBuffer.allocate(zip.capacity() + 20).order(ByteOrder.LITTLE_ENDIAN);
      larger.put(zip.array(), 0, end(zip)).putInt(0x07064b50).putInt(0).putLong(place).putInt(1);
      larger.put(zip.array(), end(zip), 22);
      write(larger);
      assertRefused(
          "its zip directory cannot be read, so it is truncated or damaged (its zip64 record is said to be at byte "
              + place);
    }
  }

  @Test
  void zip64RecordThatLies() throws IOException {
    ByteBuffer zip = sound(Format.NPZ);
    for (long size : new long[] {-1, Long.MAX_VALUE, 1L << 62}) {
      ByteBuffer larger = ByteBuffer.allocate(zip.capacity() + 76).order(ByteOrder.LITTLE_ENDIAN);
      larger.put(zip.array(), 0, end(zip)).putInt(0x06064b50).putLong(44);
      larger.putInt(0).putInt(0).putInt(0).putLong(2).putLong(2).putLong(size);
      larger.putLong(Long.MAX_VALUE);
      larger.putInt(0x07064b50).putInt(0).putLong(end(zip)).putInt(1);
      larger.put(zip.array(), end(zip), 22);
      write(larger);
      assertRefused(
          "its zip directory cannot be read, so it is truncated or damaged (its end record speaks of");
    }
  }

  /** A comment is the file's end, and may hold what looks like an end record. */
  @ParameterizedTest
  @ValueSource(ints = {1, 21, 22, 100, 65_535})
  void commentsBehindTheDirectory(int commentBytes) throws IOException {
    byte[] zip = sound(Format.NPZ).array();
    ByteBuffer longer =
        ByteBuffer.allocate(zip.length + commentBytes).order(ByteOrder.LITTLE_ENDIAN);
    longer.put(zip).putShort(zip.length - 2, (short) commentBytes);
    if (commentBytes >= 22) {
      longer.putInt(longer.capacity() - 22, 0x06054b50).putShort(longer.capacity() - 2, (short) 7);
    }
    write(longer);
    try (Arena arena = Arena.ofConfined()) {
      assertEquals(2, StateDict.load(file(), arena).get("b").get(3));
    }
    // One byte more than a comment can have hides the record.
    if (commentBytes == 65_535) {
      Files.write(file(), Arrays.copyOf(longer.array(), longer.capacity() + 1));
      assertRefused(
          "its zip directory cannot be read, so it is truncated or damaged (it has no end record");
    }
  }

  @Test
  void foldersAreNoEntries() throws IOException {
    new ForgedCheckpoint().folder("").entry("in/", "").write(file());
    assertRefused("is a zip file without a folder that has a data.pkl");
    new ForgedCheckpoint().entry("data/", "").entry("empty/", "").write(file());
    try (Arena arena = Arena.ofConfined()) {
      assertEquals(2, StateDict.load(file(), arena).get("w").get(1));
    }
    try (Arena arena = Arena.ofConfined();
        var zip = new ZipOutputStream(Files.newOutputStream(file()))) {
      Path array = folder.resolve("array.npy");
      Npy.save(array, Tensor.full(arena, 3, 1));
      zip.putNextEntry(new ZipEntry("in/"));
      zip.putNextEntry(new ZipEntry("in/w.npy"));
      zip.write(Files.readAllBytes(array));
    }
    try (Arena arena = Arena.ofConfined()) {
      assertEquals(3, StateDict.load(file(), arena).get("in/w").item());
    }
  }

  @Test
  void endlessDirectory() throws IOException {
    int directoryBytes = (1 << 26) + 1;
    byte[] zip = new byte[4 + directoryBytes + 22];
    ByteBuffer bytes = ByteBuffer.wrap(zip).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putInt(0, 0x04034b50).putInt(zip.length - 22, 0x06054b50);
    bytes.putInt(zip.length - 10, directoryBytes).putInt(zip.length - 6, 4);
    Files.write(file(), zip);
    assertRefused("its zip directory has 67108865 bytes; at most 67108864 are read");
  }

  @Test
  void everyTruncation() throws IOException {
    for (Format format : Format.values()) {
      byte[] whole = sound(format).array();
      for (int length = 0; length < whole.length; length++) {
        Files.write(file(), Arrays.copyOf(whole, length));
        assertRefused("");
      }
    }
  }

  // ------------------------------------------------------------------------------------------------------- bombs

  @Test
  void entryThatUnpacksToMoreThanItSays() throws IOException {
    byte[] zeros = new byte[1 << 20];
    new ForgedCheckpoint().entry("data/0", zeros).write(file());
    saySize("model/data/0", 8);
    assertRefused("data/0: has more bytes than the 8 it is said to have");
  }

  /** What is too much comes in a later piece than the first, which is whole. */
  @Test
  void entryThatUnpacksToMoreThanAPiece() throws IOException {
    int said = 1 << 18;
    new ForgedCheckpoint()
        .pickle(
            ForgedCheckpoint.stateDict(
                ForgedCheckpoint.tensor(
                    "CharStorage", "0", said, 0, new int[] {said}, new int[] {1})))
        .entry("data/0", new byte[said + 1])
        .write(file());
    saySize("model/data/0", said);
    assertRefused("data/0: has more bytes than the 262144 it is said to have");
  }

  /** Changes what the directory says of an entry's size. */
  private void saySize(String entry, int bytes) throws IOException {
    ByteBuffer zip = zip();
    write(zip.putInt(inDirectory(zip, entry) + 24, bytes));
  }

  private static String name(ByteBuffer zip, int at) {
    return new String(
        zip.array(), at + 46, zip.getShort(at + 28), java.nio.charset.StandardCharsets.UTF_8);
  }

  @Test
  void entryThatUnpacksToLessThanItSays() throws IOException {
    new ForgedCheckpoint().write(file());
    saySize("model/byteorder", 7);
    assertRefused("byteorder: ends after 6 of its 7 bytes");
  }

  /** More than any buffer holds, so that it is unpacked in pieces, with a header before them. */
  @Test
  void largeDeflatedArrays() throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      Tensor w = Tensor.randn(arena, new Random(1), 300_000);
      Path array = folder.resolve("array.npy");
      Npy.save(array, w);
      try (var zip = new ZipOutputStream(Files.newOutputStream(file()))) {
        zip.putNextEntry(new ZipEntry("w.npy"));
        zip.write(Files.readAllBytes(array));
        zip.closeEntry();
      }
      StateDict.verify(file());
      assertArrayEquals(w.toFloatArray(), StateDict.load(file(), arena).get("w").toFloatArray());
      assertArrayEquals(w.toFloatArray(), StateDict.map(file(), arena).get("w").toFloatArray());
      ByteBuffer zip = zip();
      int crcAt = inDirectory(zip, 0) + 16;
      // No checksum is none that is wrong.
      write(zip.putInt(crcAt, 0));
      assertArrayEquals(w.toFloatArray(), StateDict.load(file(), arena).get("w").toFloatArray());
      write(zip.putInt(crcAt, 1));
      assertRefused("w.npy: is damaged: its checksum is not the one in the zip directory");
      assertThrows(CheckpointException.class, () -> StateDict.verify(file()));
    }
  }

  @Test
  void entryThatCannotUnpackToWhatItSays() throws IOException {
    int elements = 1 << 30;
    new ForgedCheckpoint()
        .pickle(
            ForgedCheckpoint.stateDict(
                ForgedCheckpoint.tensor(
                    "CharStorage", "0", elements, 0, new int[] {elements}, new int[] {1})))
        .write(file());
    ByteBuffer zip = zip();
    int at = inDirectory(zip, "model/data/0");
    write(zip.putInt(at + 24, elements));
    assertRefused("model/data/0: is said to have 1073741824 bytes, packed ");
    // As much as deflate could do at best is possible, and one byte more is not.
    int most = 1032 * zip.getInt(at + 20) + 1031;
    write(zip.putInt(at + 24, most));
    assertRefused("data/0: has " + most + " bytes, but should hold 1073741824 elements of int8");
    write(zip.putInt(at + 24, most + 1));
    assertRefused("model/data/0: is said to have " + (most + 1) + " bytes, packed ");
  }

  @Test
  void deflatedStreamThatNeverEnds() throws IOException {
    // Blocks that hold nothing: the stream is long, and gives no byte.
    var empty = new ByteArrayOutputStream();
    for (int i = 0; i < 100_000; i++) {
      empty.write(new byte[] {0, 0, 0, (byte) 0xff, (byte) 0xff});
    }
    byte[] raw = empty.toByteArray();
    ByteBuffer zip = ByteBuffer.allocate(raw.length + 200).order(ByteOrder.LITTLE_ENDIAN);
    byte[] name = {'w', '.', 'n', 'p', 'y'};
    zip.putInt(0x04034b50).putShort((short) 20).putShort((short) 0).putShort((short) 8);
    zip.putLong(0).putLong(0).putShort((short) name.length).putShort((short) 0);
    zip.put(name).put(raw);
    int directory = zip.position();
    zip.putInt(0x02014b50).putShort((short) 20).putShort((short) 20).putShort((short) 0);
    zip.putShort((short) 8).putInt(0).putInt(0).putInt(raw.length).putInt(80);
    zip.putShort((short) name.length).putShort((short) 0).putShort((short) 0);
    zip.putShort((short) 0).putShort((short) 0).putInt(0).putInt(0).put(name);
    int end = zip.position();
    zip.putInt(0x06054b50).putInt(0).putShort((short) 1).putShort((short) 1);
    zip.putInt(end - directory).putInt(directory).putShort((short) 0);
    Files.write(file(), Arrays.copyOf(zip.array(), zip.position()));
    assertRefused("w.npy: cannot be read: Unexpected end of ZLIB input stream");
  }

  @Test
  void smallestRatioOfDeflateIsAccepted() throws IOException {
    var deflater = new Deflater(9, true);
    deflater.setInput(new byte[100_000_000]);
    deflater.finish();
    long packed = 0;
    byte[] buffer = new byte[1 << 16];
    while (!deflater.finished()) {
      packed += deflater.deflate(buffer);
    }
    deflater.end();
    assertTrue(100_000_000 / 1032 <= packed, "the bound would refuse a sound file");
  }

  // ---------------------------------------------------------------------------------------------------- zip64

  /** An array whose sizes and place the directory has in extra fields only, by APPNOTE 4.5.3. */
  private void writeWithExtraFields(byte[] extra) throws IOException {
    byte[] name = {'w', '.', 'n', 'p', 'y'};
    byte[] array;
    try (Arena arena = Arena.ofConfined()) {
      Path path = folder.resolve("array.npy");
      Npy.save(path, Tensor.full(arena, 5, 3));
      array = Files.readAllBytes(path);
    }
    assertEquals(ARRAY_BYTES, array.length);
    ByteBuffer zip = ByteBuffer.allocate(1000).order(ByteOrder.LITTLE_ENDIAN);
    zip.putInt(0x04034b50).putShort((short) 45).putShort((short) 0).putShort((short) 0);
    zip.putLong(0).putLong(-1).putShort((short) name.length).putShort((short) 0);
    zip.put(name).put(array);
    int directory = zip.position();
    zip.putInt(0x02014b50).putShort((short) 45).putShort((short) 45).putShort((short) 0);
    zip.putShort((short) 0).putInt(0).putInt(0).putInt(-1).putInt(-1);
    zip.putShort((short) name.length).putShort((short) extra.length).putShort((short) 0);
    zip.putShort((short) 0).putShort((short) 0).putInt(0).putInt(-1).put(name).put(extra);
    int end = zip.position();
    zip.putInt(0x06054b50).putInt(0).putShort((short) 1).putShort((short) 1);
    zip.putInt(end - directory).putInt(directory).putShort((short) 0);
    Files.write(file(), Arrays.copyOf(zip.array(), zip.position()));
  }

  private static final int ARRAY_BYTES = 128 + 12;

  /** An extra field of some numbers. */
  private static byte[] field(int id, int length, long... values) {
    ByteBuffer field = ByteBuffer.allocate(4 + 8 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    field.putShort((short) id).putShort((short) length);
    for (long value : values) {
      field.putLong(value);
    }
    return field.array();
  }

  @Test
  void sizesAndPlaceInAnExtraField() throws IOException {
    byte[] time = field(0x5455, 8, 7);
    byte[] nothing = field(0x6375, 0);
    byte[] zip64 = field(1, 24, ARRAY_BYTES, ARRAY_BYTES, 0);
    for (byte[] extra :
        new byte[][] {
          zip64,
          ForgedCheckpoint.bytes(time, zip64),
          ForgedCheckpoint.bytes(nothing, nothing, zip64, time),
          // What is left is too short for a field.
          ForgedCheckpoint.bytes(zip64, new byte[3]),
          field(1, 32, ARRAY_BYTES, ARRAY_BYTES, 0, -1)
        }) {
      writeWithExtraFields(extra);
      try (Arena arena = Arena.ofConfined()) {
        assertArrayEquals(
            new float[] {5, 5, 5}, StateDict.load(file(), arena).get("w").toFloatArray());
      }
    }
    for (byte[] extra :
        new byte[][] {
          {},
          new byte[3],
          time,
          field(1, 23, ARRAY_BYTES, ARRAY_BYTES, 0),
          field(1, 25, ARRAY_BYTES, ARRAY_BYTES, 0),
          field(1, 0),
          ForgedCheckpoint.bytes(field(0x5455, 9, 7), zip64)
        }) {
      writeWithExtraFields(extra);
      assertRefused("w.npy: lacks its size or place in the zip directory");
    }
    writeWithExtraFields(field(1, 24, -1, -1, 0));
    assertRefused("w.npy: is said to have -1 bytes, packed -1, in a file of ");
    writeWithExtraFields(field(1, 24, ARRAY_BYTES, ARRAY_BYTES, -1));
    assertRefused("w.npy: is said to be at byte -1 of the file");
  }

  @Test
  void moreEntriesThanSixteenBitsCount() throws IOException {
    var state = new StateDict();
    try (Arena arena = Arena.ofConfined()) {
      Tensor one = Tensor.full(arena, 1, 70_000);
      for (int i = 0; i < 70_000; i++) {
        state.put("w" + i, one.slice(0, i, i + 1));
      }
      state.save(file(), Format.NPZ);
      StateDict mapped = StateDict.map(file(), arena);
      assertEquals(70_000, mapped.size());
      assertEquals(1, mapped.get("w69999").item());
    }
    try (var zip = new ZipFile(file().toFile())) {
      assertEquals(70_000, zip.size());
      ZipEntry entry = zip.getEntry("w69999.npy");
      assertEquals(132, entry.getSize());
    }
  }

  private static final long ROW = 255_091;
  private static final long ROWS = 16_837;

  @Test
  void sizesAndPlacesThatThirtyTwoBitsDoNotHold() throws IOException {
    SparseFiles.assumeIn(folder);
    // The first size that is not its own field's any more: there it says "see zip64".
    long largeBytes = 0xFFFF_FFFFL;
    int headerBytes = 128;
    try (Arena arena = Arena.ofConfined();
        var channel = new SparseChannel(file())) {
      // One row of zeros, again and again: 255,091 x 16,837 bytes.
      Tensor zeros = Tensor.allocate(arena, DType.UINT8, Shape.of(1, ROW)).expand(ROWS, ROW);
      assertEquals(largeBytes, headerBytes + zeros.shape().elementCount());
      Tensor far = Tensor.copyOf(arena, new float[] {1, 2, 3});
      byte[] header = NpyHeader.bytes(zeros);
      assertEquals(headerBytes, header.length);
      var out = new FileOutput(channel);
      var zip = new ZipWriter(out);
      zip.add("near.npy", NpyHeader.bytes(far), far);
      zip.add("large.npy", header, zeros);
      zip.add("far.npy", NpyHeader.bytes(far), far);
      zip.finish();
      out.flush();
    }
    try (Arena arena = Arena.ofConfined()) {
      StateDict mapped = StateDict.map(file(), arena);
      assertEquals(Shape.of(ROWS, ROW), mapped.get("large").shape());
      assertEquals(0, mapped.get("large").getLong(ROWS - 1, ROW - 1));
      assertArrayEquals(new float[] {1, 2, 3}, mapped.get("near").toFloatArray());
      assertArrayEquals(new float[] {1, 2, 3}, mapped.get("far").toFloatArray());
    }
    long crc;
    try (var zip = new ZipFile(file().toFile())) {
      assertEquals(3, zip.size());
      crc = zip.getEntry("large.npy").getCrc();
      assertEquals(largeBytes, zip.getEntry("large.npy").getSize());
      assertEquals(largeBytes, zip.getEntry("large.npy").getCompressedSize());
      try (var in = zip.getInputStream(zip.getEntry("far.npy"))) {
        assertEquals(128 + 12, in.readAllBytes().length);
      }
    }
    assertLargeEntry(largeBytes, (int) crc);
  }

  /** The local header and the descriptor of the second entry, by APPNOTE 4.3.7, 4.3.9 and 4.5.3. */
  private void assertLargeEntry(long largeBytes, int crc) throws IOException {
    try (var file = new RandomAccessFile(file().toFile(), "r")) {
      int start = 64 + 128 + 12 + 16;
      byte[] bytes = new byte[128];
      file.seek(start);
      file.readFully(bytes);
      ByteBuffer local = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
      assertEquals(0x04034b50, local.getInt(0));
      assertEquals(45, local.getShort(4), "the version that zip64 needs");
      assertEquals(-1, local.getInt(18));
      assertEquals(-1, local.getInt(22));
      int extra = 30 + local.getShort(26);
      assertEquals(1, local.getShort(extra), "the zip64 field");
      assertEquals(16, local.getShort(extra + 2));
      assertEquals(0, local.getLong(extra + 4), "not known yet");
      assertEquals(0, local.getLong(extra + 12), "not known yet");
      long payload = start + extra + local.getShort(28);
      assertEquals(0, payload % 64);
      byte[] end = new byte[24];
      file.seek(payload + largeBytes);
      file.readFully(end);
      ByteBuffer descriptor = ByteBuffer.wrap(end).order(ByteOrder.LITTLE_ENDIAN);
      assertEquals(0x08074b50, descriptor.getInt());
      assertEquals(crc, descriptor.getInt());
      assertEquals(largeBytes, descriptor.getLong());
      assertEquals(largeBytes, descriptor.getLong());
    }
  }
}
