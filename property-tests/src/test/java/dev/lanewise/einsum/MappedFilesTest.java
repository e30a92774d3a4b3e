package dev.lanewise.einsum;

import static dev.lanewise.verification.TensorAssertions.assertSameBits;

import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import dev.lanewise.verification.FloatClass;
import dev.lanewise.verification.LanewiseArbitraries;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tag;
import net.jqwik.api.constraints.IntRange;

/** A product of a mapped matrix and another one, into a mapped file. */
@Tag("lanes")
class MappedFilesTest {
  @Provide
  Arbitrary<Long> seeds() {
    return LanewiseArbitraries.seeds();
  }

  @Provide
  Arbitrary<DType> types() {
    return Arbitraries.of(DType.FLOAT32, DType.FLOAT64);
  }

  private static Tensor mapped(Arena arena, Path file, DType dtype, Shape shape)
      throws IOException {
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      long bytes = Math.max(1, shape.elementCount() * dtype.sizeBytes());
      MemorySegment segment = channel.map(MapMode.READ_WRITE, 0, bytes, arena);
      return Tensor.wrap(segment, dtype, shape);
    }
  }

  @Property(tries = 300)
  void giveTheBitsOfOtherMemory(
      @ForAll("types") DType dtype,
      @ForAll @IntRange(min = 1, max = 40) int m,
      @ForAll @IntRange(max = 300) int k,
      @ForAll @IntRange(min = 1, max = 70) int n,
      @ForAll Accumulation accumulation,
      @ForAll("seeds") long seed)
      throws IOException {
    Path file = Files.createTempFile("lanewise", ".bin");
    Path other = Files.createTempFile("lanewise", ".bin");
    try (Arena arena = Arena.ofShared()) {
      Tensor a = values(arena, dtype, seed, m, k);
      Tensor mappedA = mapped(arena, other, dtype, a.shape()).copyFrom(a);
      Tensor b = values(arena, dtype, seed + 1, k, n);
      Tensor before = values(arena, dtype, seed + 2, m, n);
      Tensor expected = Tensor.allocate(arena, dtype, before.shape()).copyFrom(before);
      Tensor actual = mapped(arena, file, dtype, before.shape()).copyFrom(before);
      ContractionOptions options = ContractionOptions.DEFAULT.withDType(dtype);
      Contraction plan = Contraction.compile("ik,kj->ij", options, a.shape(), b.shape());
      plan.execute(a, b, expected, accumulation);
      plan.execute(mappedA, b, actual, accumulation);
      assertSameBits("[%d, %d, %d]".formatted(m, k, n), expected, actual);
    } finally {
      Files.deleteIfExists(file);
      Files.deleteIfExists(other);
    }
  }

  private static Tensor values(Arena arena, DType dtype, long seed, int rows, int columns) {
    float[] values = FloatClass.tame(seed, rows * columns);
    Tensor floats = Tensor.copyOf(arena, values, rows, columns);
    return Tensor.allocate(arena, dtype, floats.shape()).convertFrom(floats);
  }
}
