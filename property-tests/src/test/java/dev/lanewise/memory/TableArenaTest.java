package dev.lanewise.memory;

import static dev.lanewise.Refusals.refused;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lanewise.checkpoint.Npy;
import dev.lanewise.checkpoint.StateDict;
import dev.lanewise.einsum.Contraction;
import dev.lanewise.embedding.BagMode;
import dev.lanewise.embedding.Embedding;
import dev.lanewise.embedding.EmbeddingBag;
import dev.lanewise.tensor.Parameter;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Supplier;
import java.util.stream.LongStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Memory of tables: what any arena gives, zero and aligned, on huge pages where there are some. */
final class TableArenaTest {
  private static final long MIB = 1 << 20;
  private static final long LARGE = 8 * MIB;

  @TempDir private static Path folder;

  enum Kind {
    CONFINED(TableArena::ofConfined),
    SHARED(TableArena::ofShared),
    AUTO(TableArena::ofAuto);

    private final Supplier<TableArena> factory;

    Kind(Supplier<TableArena> factory) {
      this.factory = factory;
    }
  }

  @Provide
  static Arbitrary<List<Long>> sizes() {
    return Arbitraries.oneOf(
            Arbitraries.longs().between(0, 300),
            Arbitraries.longs().between(LARGE - 2, LARGE + 2),
            Arbitraries.longs().between(0, 24 * MIB))
        .list()
        .ofMinSize(1)
        .ofMaxSize(5);
  }

  @Provide
  static Arbitrary<Long> alignments() {
    return Arbitraries.integers().between(0, 23).map(power -> 1L << power);
  }

  @Property(tries = 60)
  void memoryIsZeroAlignedAndItsOwn(
      @ForAll Kind kind, @ForAll("sizes") List<Long> sizes, @ForAll("alignments") long alignment) {
    TableArena arena = kind.factory.get();
    List<MemorySegment> segments = new ArrayList<>();
    for (long size : sizes) {
      MemorySegment segment = arena.allocate(size, alignment);
      assertEquals(size, segment.byteSize());
      assertEquals(0, segment.address() % Math.max(alignment, 64));
      // Also the first touch of every page: what came before is not to be seen.
      assertEquals(-1, segment.mismatch(zeros(size)), "not zero");
      segments.add(segment.fill((byte) (segments.size() + 1)));
    }
    for (int i = 0; i < segments.size(); i++) {
      MemorySegment segment = segments.get(i);
      for (long at : new long[] {0, segment.byteSize() / 2, segment.byteSize() - 1}) {
        if (at >= 0 && at < segment.byteSize()) {
          assertEquals(i + 1, segment.get(ValueLayout.JAVA_BYTE, at));
        }
      }
    }
    if (kind != Kind.AUTO) {
      arena.close();
      segments.forEach(each -> assertFalse(each.scope().isAlive()));
    }
  }

  private static MemorySegment zeros(long size) {
    return MemorySegment.ofArray(new byte[(int) size]);
  }

  @ParameterizedTest
  @ValueSource(longs = {100, 9 * MIB})
  void closingEndsAllUse(long size) {
    TableArena arena = TableArena.ofShared();
    MemorySegment memory = arena.allocate(size);
    assertTrue(arena.scope().isAlive());
    arena.close();
    assertFalse(arena.scope().isAlive());
    assertThrows(IllegalStateException.class, () -> memory.get(ValueLayout.JAVA_BYTE, 0));
    assertThrows(IllegalStateException.class, () -> arena.allocate(size));
    assertThrows(IllegalStateException.class, arena::close);
  }

  @ParameterizedTest
  @ValueSource(longs = {100, 9 * MIB})
  void confinedMemoryIsItsThreads(long size) {
    try (TableArena arena = TableArena.ofConfined()) {
      MemorySegment memory = arena.allocate(size);
      for (Runnable use :
          List.<Runnable>of(
              () -> memory.get(ValueLayout.JAVA_BYTE, 0),
              () -> arena.allocate(size),
              arena::close)) {
        var failure =
            assertThrows(CompletionException.class, () -> CompletableFuture.runAsync(use).join());
        assertEquals(WrongThreadException.class, failure.getCause().getClass());
      }
      assertEquals(0, memory.get(ValueLayout.JAVA_BYTE, 0));
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {100, 9 * MIB})
  void sharedAndAutomaticMemoryIsEverybodys(long size) {
    TableArena automatic = TableArena.ofAuto();
    assertThrows(UnsupportedOperationException.class, automatic::close);
    try (TableArena shared = TableArena.ofShared()) {
      for (TableArena arena : List.of(shared, automatic)) {
        CompletableFuture.runAsync(() -> arena.allocate(size).fill((byte) 1)).join();
      }
    }
  }

  @Test
  void badRequests() {
    try (TableArena arena = TableArena.ofConfined()) {
      for (long size : new long[] {10, LARGE}) {
        for (long alignment : new long[] {0, -64, 3, 96}) {
          assertThrows(IllegalArgumentException.class, () -> arena.allocate(size, alignment));
        }
      }
      assertThrows(IllegalArgumentException.class, () -> arena.allocate(-1, 8));
      for (long size : new long[] {Long.MAX_VALUE, Long.MAX_VALUE - 4 * MIB, 1L << 60}) {
        var failure = assertThrows(OutOfMemoryError.class, () -> arena.allocate(size, 64));
        assertTrue(failure.getMessage().contains(size + " bytes"), failure.getMessage());
      }
      assertEquals(0, arena.allocate(LARGE).get(ValueLayout.JAVA_BYTE, LARGE - 1));
    }
  }

  // ------------------------------------------------------------------------------------------
  // pages

  private static void assumeHugePages(TableArena arena) {
    assumeTrue(arena.pageKind() == PageKind.HUGE, arena.description());
  }

  @Test
  void largeMemoryIsOnHugePagesAndGivenBack() throws IOException {
    MemorySegment memory;
    try (TableArena arena = TableArena.ofShared()) {
      assumeHugePages(arena);
      // Not a multiple of a page: the last one is to be huge as well.
      memory = arena.allocate(64 * MIB - 100);
      PageUse before = PageUse.of(memory).orElseThrow();
      memory.fill((byte) 1);
      PageUse after = PageUse.of(memory).orElseThrow();
      assertTrue(after.mappedBytes() >= 64 * MIB, after.toString());
      assertTrue(
          after.residentBytes() - before.residentBytes() >= 64 * MIB - 4096, before + " " + after);
      // The system need not find room for all of them.
      assertTrue(after.hugeBytes() - before.hugeBytes() >= 2 * MIB, before + " " + after);
      assertTrue(after.hugeBytes() <= after.residentBytes());
      assertTrue(isMapped(memory.address()));
    }
    assertFalse(isMapped(memory.address()), "memory was not given back");
    refused(
        IllegalStateException.class,
        "memory: the arena of " + memory + " is closed",
        () -> PageUse.of(memory));
  }

  private static boolean isMapped(long address) throws IOException {
    try (var lines = Files.lines(Path.of("/proc/self/maps"))) {
      return lines
          .map(line -> line.split("[- ]", 3))
          .anyMatch(range ->
              Long.parseUnsignedLong(range[0], 16) <= address
                  && address < Long.parseUnsignedLong(range[1], 16));
    }
  }

  @Test
  void whatFailsLeavesNothingMapped() throws IOException {
    TableArena arena = TableArena.ofShared();
    assumeHugePages(arena);
    arena.close();
    long before = mappedBytes();
    int tries = 200;
    for (int i = 0; i < tries; i++) {
      assertThrows(IllegalStateException.class, () -> arena.allocate(1L << 30));
    }
    // Other threads map and unmap meanwhile, but not hundreds of GiB.
    assertTrue(mappedBytes() - before < (long) tries / 4 << 30);
  }

  private static long mappedBytes() throws IOException {
    return 4096 * Long.parseLong(Files.readString(Path.of("/proc/self/statm")).split(" ")[0]);
  }

  @Test
  void untouchedMemoryTakesNone() throws IOException {
    try (TableArena arena = TableArena.ofShared()) {
      assumeHugePages(arena);
      MemorySegment memory = arena.allocate(1L << 30);
      assertEquals(0, presentBytes(memory));
      memory.set(ValueLayout.JAVA_BYTE, (1L << 30) - 1, (byte) 1);
      long touched = presentBytes(memory);
      assertTrue(touched >= 4096 && touched <= 2 * MIB, touched + " bytes");
    }
  }

  /**
   * What of some memory is in RAM, by the system's table of pages: that of mappings, which PageUse
   * reads, counts neighbours too, and those come and go with other threads.
   */
  private static long presentBytes(MemorySegment memory) throws IOException {
    int pages = (int) (memory.byteSize() / 4096);
    ByteBuffer entries = ByteBuffer.allocate(8 * pages).order(ByteOrder.nativeOrder());
    try (var table = FileChannel.open(Path.of("/proc/self/pagemap"))) {
      while (entries.hasRemaining()) {
        int read = table.read(entries, memory.address() / 4096 * 8 + entries.position());
        assertTrue(read > 0, entries + " of " + table);
      }
    }
    // The highest bit of an entry says that the page is there.
    return 4096
        * LongStream.range(0, pages).filter(i -> entries.getLong((int) (8 * i)) < 0).count();
  }

  @Test
  void heapMemoryHasNoPagesOfItsOwn() {
    var failure =
        assertThrows(
            IllegalArgumentException.class, () -> PageUse.of(MemorySegment.ofArray(new byte[1])));
    assertTrue(failure.getMessage().startsWith("memory: expected native memory, got "));
  }

  @Test
  void saysWhatItGives() {
    try (TableArena arena = TableArena.ofConfined()) {
      assertEquals("TableArena(" + arena.description() + ")", arena.toString());
      assertEquals(
          arena.pageKind() == PageKind.HUGE,
          arena.description().startsWith("pages of "),
          arena.description());
      assertTrue(arena.largeBytes() >= LARGE);
    }
  }

  // -------------------------------------------------------------------- as the arena of everything
  // else

  @ParameterizedTest
  @EnumSource(Kind.class)
  void everyFactoryTakesIt(Kind kind) throws IOException {
    TableArena arena = kind.factory.get();
    try (Arena ordinary = Arena.ofShared()) {
      // 12 MiB: mapped by itself.
      Embedding embedding = Embedding.randn(arena, new Random(1), 49_152, 64);
      Embedding expected = Embedding.randn(ordinary, new Random(1), 49_152, 64);
      int[] ids = {49_151, 0, 32_000, 7};
      assertArrayEquals(forward(expected, ids), forward(embedding, ids));
      assertArrayEquals(means(expected, ids), means(embedding, ids));
      assertEquals(
          0, embedding.weight().gradient().tensor().segment().address() % 64, "the gradient's");

      Path file = folder.resolve(kind + ".pth");
      StateDict.of("w", embedding.weight()).save(file);
      for (StateDict read : List.of(StateDict.load(file, arena), StateDict.map(file, arena))) {
        assertArrayEquals(
            forward(expected, ids), forward(Embedding.fromPretrained(read.get("w")), ids));
      }
      Path array = folder.resolve(kind + ".npy");
      Npy.save(array, embedding.weight());
      assertArrayEquals(
          forward(expected, ids), forward(Embedding.fromPretrained(Npy.load(array, arena)), ids));

      var plan = Contraction.compile("ik,kj->ij", Shape.of(4, 64), Shape.of(64, 5));
      Tensor weight = Tensor.randn(arena, new Random(2), 64, 5);
      Tensor rows = Tensor.copyOf(arena, forward(expected, ids), 4, 64);
      Tensor product = Tensor.zeros(arena, 4, 5);
      plan.execute(rows, plan.pack(arena, 1, weight), product);
      Tensor same = Tensor.zeros(ordinary, 4, 5);
      plan.execute(rows, weight, same);
      assertArrayEquals(same.toFloatArray(), product.toFloatArray());
      assertTrue(Parameter.trainable(arena, weight).isTrainable());
    }
    if (kind != Kind.AUTO) {
      arena.close();
    }
  }

  private static float[] forward(Embedding embedding, int... ids) {
    try (Arena arena = Arena.ofConfined()) {
      Tensor out = Tensor.zeros(arena, ids.length, embedding.weight().value().size(1));
      embedding.forward(ids, out);
      return out.toFloatArray();
    }
  }

  private static float[] means(Embedding embedding, int... ids) {
    try (TableArena arena = TableArena.ofConfined()) {
      Tensor out = Tensor.zeros(arena, 2, embedding.weight().value().size(1));
      EmbeddingBag.of(embedding, BagMode.MEAN).forward(ids, new int[] {0, 3}, out);
      return out.toFloatArray();
    }
  }
}
