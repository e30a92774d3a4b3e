package dev.lanewise.einsum;

import static dev.lanewise.verification.TensorAssertions.assertSameBits;

import dev.lanewise.MappedFiles;
import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Tensor;
import dev.lanewise.verification.LanewiseArbitraries;
import java.lang.foreign.Arena;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tag;
import net.jqwik.api.constraints.IntRange;

/** Products of which each matrix may be mapped, into a mapped file. */
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

  @Property(tries = 300)
  void giveTheBitsOfOtherMemory(
      @ForAll("types") DType dtype,
      @ForAll @IntRange(min = 1, max = 40) int m,
      @ForAll @IntRange(max = 300) int k,
      @ForAll @IntRange(min = 1, max = 70) int n,
      @ForAll Accumulation accumulation,
      @ForAll boolean transposed,
      @ForAll boolean mapsA,
      @ForAll("seeds") long seed) {
    try (Arena arena = Arena.ofShared()) {
      Arena files = new MappedFiles(arena);
      Tensor a = TameMatrix.of(arena, dtype, seed, m, k);
      Tensor b =
          transposed
              ? TameMatrix.of(arena, dtype, seed + 1, n, k)
              : TameMatrix.of(arena, dtype, seed + 1, k, n);
      Tensor mappedA = mapsA ? Tensor.allocate(files, dtype, a.shape()).copyFrom(a) : a;
      Tensor mappedB = Tensor.allocate(files, dtype, b.shape()).copyFrom(b);
      Tensor before = TameMatrix.of(arena, dtype, seed + 2, m, n);
      Tensor expected = Tensor.allocate(arena, dtype, before.shape()).copyFrom(before);
      Tensor actual = Tensor.allocate(files, dtype, before.shape()).copyFrom(before);
      ContractionOptions options = ContractionOptions.DEFAULT.withDType(dtype);
      Contraction plan =
          Contraction.compile(
              transposed ? "ik,jk->ij" : "ik,kj->ij", options, a.shape(), b.shape());
      plan.execute(a, b, expected, accumulation);
      plan.execute(mappedA, mappedB, actual, accumulation);
      assertSameBits("[%d, %d, %d]".formatted(m, k, n), expected, actual);
    }
  }
}
