package dev.lanewise.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.management.OperatingSystemMXBean;
import dev.lanewise.SparseFiles;
import dev.lanewise.embedding.Embedding;
import dev.lanewise.memory.TableArena;
import dev.lanewise.optim.Sgd;
import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Parameter;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Tables that are files: what is written into the one is read from the other, or nothing is opened.
 */
final class MappedTableTest {
  @TempDir private Path folder;
  private final Arena arena = Arena.ofShared();

  @AfterEach
  void close() throws IOException {
    arena.close();
    Files.deleteIfExists(file());
  }

  private Path file() {
    return folder.resolve("table.npy");
  }

  @Provide
  static Arbitrary<Shape> shapes() {
    return Arbitraries.longs().between(0, 9).array(long[].class).ofMaxSize(4).map(Shape::of);
  }

  @Property(tries = 100)
  void anyShapeAndTypeIsThereAgain(
      @ForAll("shapes") Shape shape, @ForAll DType dtype, @ForAll long seed) throws IOException {
    if (dtype == DType.BFLOAT16) {
      return;
    }
    // JUnit's temporary folder is not jqwik's.
    Path file = Files.createTempDirectory("table").resolve("table.npy");
    byte[] bytes = new byte[Math.toIntExact(shape.elementCount() * dtype.sizeBytes())];
    new Random(seed).nextBytes(bytes);
    try (Arena first = Arena.ofConfined()) {
      Tensor table = MappedTable.create(file, first, dtype, shape);
      assertEquals(dtype, table.dtype());
      assertEquals(shape, table.shape());
      assertEquals(0, table.segment().address() % 64);
      assertArrayEquals(new byte[bytes.length], bytesOf(table));
      MemorySegment.copy(bytes, 0, table.segment(), ValueLayout.JAVA_BYTE, 0, bytes.length);
    }
    try (TableArena second = TableArena.ofConfined()) {
      assertArrayEquals(bytes, bytesOf(MappedTable.open(file, second, dtype)));
      Tensor read = MappedTable.openReadOnly(file, second, dtype);
      assertTrue(read.segment().isMapped());
      assertArrayEquals(bytes, bytesOf(read));
      // The other reader of the format agrees.
      assertEquals(shape, Npy.load(file, second).shape());
      assertArrayEquals(bytes, bytesOf(Npy.load(file, second)));
    }
    Files.delete(file);
    Files.delete(file.getParent());
  }

  private static byte[] bytesOf(Tensor table) {
    return table
        .segment()
        .asSlice(table.offsetBytes(), table.shape().elementCount() * table.dtype().sizeBytes())
        .toArray(ValueLayout.JAVA_BYTE);
  }

  @Test
  void whatIsWrittenIsInTheFile() throws IOException {
    Tensor written = MappedTable.create(file(), arena, DType.FLOAT32, Shape.of(100, 7));
    written.select(0, 99).fill(5);
    written.segment().force();
    Tensor again = MappedTable.open(file(), arena, DType.FLOAT32);
    assertEquals(5, again.get(99, 6));
    again.set(-1, 3, 2);
    Tensor served = MappedTable.openReadOnly(file(), arena, DType.FLOAT32);
    assertEquals(-1, served.get(3, 2));
    assertTrue(served.segment().isReadOnly());
    Messages.assertContains(
        "must not be read-only",
        assertThrows(IllegalArgumentException.class, () -> Parameter.trainable(arena, served)));
    assertEquals(-1, Npy.load(file(), arena).get(3, 2));
  }

  @Test
  void closingTheArenaEndsTheMappingNotTheFile() throws IOException {
    Tensor table;
    try (Arena shortLived = Arena.ofConfined()) {
      table = MappedTable.create(file(), shortLived, DType.FLOAT32, Shape.of(3));
      table.set(7, 1);
    }
    assertThrows(IllegalStateException.class, () -> table.get(1));
    assertThrows(IllegalStateException.class, () -> table.set(8, 1));
    assertEquals(7, MappedTable.openReadOnly(file(), arena, DType.FLOAT32).get(1));
  }

  @Test
  void filesOfNumPy() throws IOException {
    Path copy = Files.copy(GoldenFilesTest.golden("numpy/c_order.npy"), file());
    Tensor expected = Npy.load(copy, arena);
    Tensor table = MappedTable.open(copy, arena, expected.dtype());
    assertArrayEquals(expected.toFloatArray(), table.toFloatArray());
    assertEquals(
        Shape.of(0, 4),
        MappedTable.openReadOnly(GoldenFilesTest.golden("numpy/empty.npy"), arena, dtype("empty"))
            .shape());
    assertEquals(
        2.5,
        MappedTable.openReadOnly(GoldenFilesTest.golden("numpy/scalar.npy"), arena, dtype("scalar"))
            .item());
  }

  private DType dtype(String name) throws IOException {
    return Npy.load(GoldenFilesTest.golden("numpy/" + name + ".npy"), arena).dtype();
  }

  // ------------------------------------------------------------------------------------------
  // refusals

  private void refused(String message, DType dtype) {
    for (var opening :
        List.<Executable>of(
            () -> MappedTable.open(file(), arena, dtype),
            () -> MappedTable.openReadOnly(file(), arena, dtype))) {
      assertEquals(
          file() + ": " + message, assertThrows(CheckpointException.class, opening).getMessage());
    }
  }

  @Test
  void anotherType() throws IOException {
    MappedTable.create(file(), arena, DType.FLOAT64, Shape.of(3));
    refused("expected elements of type float32, got float64", DType.FLOAT32);
  }

  @Test
  void fortranOrder() throws IOException {
    Npy.save(file(), Tensor.randn(arena, new Random(1), 3, 4).transpose(0, 1));
    refused(
        "is in Fortran order: a row's elements do not lie side by side. Save"
            + " numpy.ascontiguousarray(table), or read it with Npy.map",
        DType.FLOAT32);
  }

  @ParameterizedTest
  @CsvSource({"f4, FLOAT32", "i8, INT64"})
  void otherByteOrder(String name, DType dtype) throws IOException {
    Npy.save(file(), Tensor.allocate(arena, dtype, Shape.of(3)));
    byte[] bytes = Files.readAllBytes(file());
    String header = new String(bytes, 0, 64, StandardCharsets.ISO_8859_1);
    bytes[header.indexOf("<" + name)] = '>';
    Files.write(file(), bytes);
    refused("has BIG_ENDIAN elements, which this machine would have to copy; Npy.load does", dtype);
  }

  @ParameterizedTest
  @CsvSource({"-1, 27", "-28, 0", "1, 29", "4096, 4124"})
  void anotherLength(int difference, int left) throws IOException {
    MappedTable.create(file(), arena, DType.FLOAT32, Shape.of(7));
    long size = Files.size(file());
    try (var random = new RandomAccessFile(file().toFile(), "rw")) {
      random.setLength(size + difference);
    }
    refused("has " + left + " bytes behind its header, but float32 [7] takes 28", DType.FLOAT32);
    assertEquals(size + difference, Files.size(file()), "opening changed the file");
  }

  @Test
  void noTable() throws IOException {
    refused("there is no such file", DType.FLOAT32);
    Files.writeString(file(), "not a table, but long enough to be one");
    refused("is not an npy array", DType.FLOAT32);
    Files.write(file(), new byte[0]);
    refused("is not an npy array", DType.FLOAT32);
    Files.delete(file());
    Files.createDirectory(file());
    refused("is not a regular file", DType.FLOAT32);
  }

  @Test
  void aFileThatMayNotBeWritten() throws IOException {
    MappedTable.create(file(), arena, DType.FLOAT32, Shape.of(7));
    assertTrue(file().toFile().setReadOnly());
    assumeTrue(!Files.isWritable(file()), "this user may write everything");
    assertEquals(
        file() + ": may not be read and written by this process",
        assertThrows(
                CheckpointException.class, () -> MappedTable.open(file(), arena, DType.FLOAT32))
            .getMessage());
    assertEquals(0, MappedTable.openReadOnly(file(), arena, DType.FLOAT32).get(6));
  }

  @Test
  void anExistingFileIsNotTouched() throws IOException {
    Files.writeString(file(), "precious");
    assertThrows(
        FileAlreadyExistsException.class,
        () -> MappedTable.create(file(), arena, DType.FLOAT32, Shape.of(7)));
    assertEquals("precious", Files.readString(file()));
  }

  @Test
  void whatCannotBeCreatedLeavesNoFile() throws IOException {
    Arena closed = Arena.ofShared();
    closed.close();
    assertThrows(
        IllegalStateException.class,
        () -> MappedTable.create(file(), closed, DType.FLOAT32, Shape.of(7)));
    // Larger than a file can be.
    assertThrows(
        IOException.class,
        () -> MappedTable.create(file(), arena, DType.FLOAT32, Shape.of(1L << 30, 1L << 30)));
    Messages.assertContains(
        "shape: expected fewer than 2^63 bytes, got float32 [",
        assertThrows(
            IllegalArgumentException.class,
            () -> MappedTable.create(file(), arena, DType.FLOAT32, Shape.of(1L << 31, 1L << 30))));
    Messages.assertContains(
        "NumPy has no bfloat16",
        assertThrows(
            IllegalArgumentException.class,
            () -> MappedTable.create(file(), arena, DType.BFLOAT16, Shape.of(7))));
    try (Stream<Path> files = Files.list(folder)) {
      assertEquals(List.of(), files.toList());
    }
    assertThrows(
        NoSuchFileException.class,
        () ->
            MappedTable.create(
                folder.resolve("none").resolve("t.npy"), arena, DType.INT8, Shape.of(7)));
  }

  @Test
  void closedArenasOpenNothing() throws IOException {
    MappedTable.create(file(), arena, DType.FLOAT32, Shape.of(7));
    Arena closed = Arena.ofShared();
    closed.close();
    assertThrows(
        IllegalStateException.class, () -> MappedTable.open(file(), closed, DType.FLOAT32));
    assertThrows(
        IllegalStateException.class, () -> MappedTable.openReadOnly(file(), closed, DType.FLOAT32));
  }

  // -------------------------------------------------------------------------------- larger than
  // RAM

  @Test
  void trainedAndServedFromAFileLargerThanRam() throws IOException {
    long ram =
        ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getTotalMemorySize();
    int dim = 128;
    long rows = Math.max(3 * ram / 2, 40L << 30) / (dim * Float.BYTES);
    SparseFiles.assumeIn(folder);
    try (Arena first = Arena.ofConfined()) {
      Tensor table = MappedTable.create(file(), first, DType.FLOAT32, Shape.of(rows, dim));
      assertTrue(Files.size(file()) > ram);
      table.set(3, rows - 1, dim - 1);
      Parameter weight = Parameter.trainable(first, table);
      Embedding embedding = Embedding.of(weight).withSparseGradient();
      Tensor ids = Tensor.copyOf(first, new long[] {rows - 1, 0, rows / 2, rows - 1});
      Tensor out = Tensor.zeros(first, 4, dim);
      embedding.forward(ids, out);
      assertEquals(3, out.get(3, dim - 1));
      assertEquals(0, out.get(2, dim - 1));
      embedding.backward(ids, Tensor.full(first, 1, 4, dim));
      Sgd.of(0.5f, weight).step();
    }
    try (Arena second = Arena.ofConfined()) {
      Tensor table = MappedTable.openReadOnly(file(), second, DType.FLOAT32);
      assertEquals(Shape.of(rows, dim), table.shape());
      // Twice in the batch: minus 0.5 * 2.
      assertEquals(2, table.get(rows - 1, dim - 1));
      assertEquals(-1, table.get(rows - 1, 0));
      assertEquals(-0.5, table.get(0, 0));
      assertEquals(-0.5, table.get(rows / 2, 9));
      assertEquals(0, table.get(rows / 2 + 1, 9));
      assertEquals(0, table.get(rows - 2, 0));
      var failure =
          assertThrows(
              IndexOutOfBoundsException.class,
              () ->
                  Embedding.fromPretrained(table)
                      .forward(
                          Tensor.copyOf(second, new long[] {rows}), Tensor.zeros(second, 1, dim)));
      Messages.assertContains("index " + rows, failure);
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"FLOAT32", "INT8"})
  void aMappedTableIsReplacedUnderItsArena(DType dtype) throws IOException {
    Tensor table = MappedTable.create(file(), arena, dtype, Shape.of(5, 4));
    // Renaming another file over it leaves the mapping whole.
    Path other = folder.resolve("other.npy");
    try (Arena writing = Arena.ofConfined()) {
      MappedTable.create(other, writing, dtype, Shape.of(6, 4)).fill(3);
    }
    Files.move(other, file(), StandardCopyOption.REPLACE_EXISTING);
    assertEquals(0, table.get(4, 3));
    assertEquals(3, MappedTable.open(file(), arena, dtype).get(5, 3));
  }
}
