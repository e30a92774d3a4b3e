package dev.lanewise.einsum;

import static dev.lanewise.verification.TensorAssertions.assertSameBits;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.lanewise.parallel.Parallelism;
import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import dev.lanewise.verification.FloatClass;
import dev.lanewise.verification.FloatFormat;
import dev.lanewise.verification.Layout;
import java.lang.foreign.Arena;
import java.util.concurrent.ForkJoinPool;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Tag;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;

/**
 * Products of many rows and few columns, whose results are stored by vectors that are longer than a
 * row: the bits of the same product whose rows lie apart, nothing written around it, and on several
 * threads too.
 */
@Tag("lanes")
class FewColumnsTest {
  private static final double SENTINEL = -123.25;

  private static Tensor operand(Arena arena, DType dtype, long seed, long... sizes) {
    Shape shape = Shape.of(sizes);
    double[] values = FloatClass.tame(FloatFormat.of(dtype), seed, (int) shape.elementCount());
    return Layout.CONTIGUOUS.place(arena, dtype, shape, values, seed);
  }

  @Property(tries = 300)
  void bitsOfTheProductWhoseRowsLieApart(
      @ForAll @IntRange(min = 1, max = 2) int batch,
      @ForAll @IntRange(min = 1, max = 200) int m,
      @ForAll @IntRange(min = 1, max = 17) int n,
      @ForAll @IntRange(max = 40) int k,
      @ForAll boolean longSums,
      @ForAll boolean adds,
      @ForAll boolean wide,
      @ForAll @LongRange(max = 1000) long seed) {
    DType dtype = wide ? DType.FLOAT64 : DType.FLOAT32;
    int terms = longSums ? 250 + k : k;
    try (Arena arena = Arena.ofConfined()) {
      Tensor a = operand(arena, dtype, seed, batch, m, terms);
      Tensor b = operand(arena, dtype, seed + 1, batch, terms, n);
      assertSameAsApart(arena, Parallelism.NONE, a, b, adds);
    }
  }

  @Property(tries = 6)
  void partsForThreads(
      @ForAll @IntRange(min = 2, max = 9) int n,
      @ForAll @IntRange(min = 2, max = 7) int width,
      @ForAll @LongRange(max = 1000) long seed) {
    try (Arena arena = Arena.ofShared();
        ForkJoinPool pool = new ForkJoinPool(3)) {
      Tensor a = operand(arena, DType.FLOAT32, seed, 1, 3001, 1 + 3_000_000 / 3001 / n);
      Tensor b = operand(arena, DType.FLOAT32, seed + 1, 1, a.size(2), n);
      assertSameAsApart(arena, Parallelism.of(pool, width), a, b, false);
    }
  }

  private static void assertSameAsApart(
      Arena arena, Parallelism parallelism, Tensor a, Tensor b, boolean adds) {
    long batch = a.size(0);
    long m = a.size(1);
    long n = b.size(2);
    Contraction plan =
        Contraction.compile(
            "bik,bkj->bij",
            ContractionOptions.DEFAULT.withDType(a.dtype()).withParallelism(parallelism),
            a.shape(),
            b.shape());
    Tensor around = full(arena, a.dtype(), batch + 2, m, n);
    Tensor out = around.slice(0, 1, batch + 1);
    Tensor apart = full(arena, a.dtype(), batch, m, n + 3).slice(2, 0, n);
    Accumulation accumulation = adds ? Accumulation.ADD : Accumulation.REPLACE;
    plan.execute(new Tensor[] {a, b}, out, accumulation);
    plan.execute(new Tensor[] {a, b}, apart, accumulation);
    assertSameBits("[" + batch + ", " + m + ", " + a.size(2) + "] x " + n, apart, out);
    for (long end : new long[] {0, batch + 1}) {
      for (long i = 0; i < m * n; i++) {
        assertEquals(SENTINEL, around.get(end, i / n, i % n), "beside the output");
      }
    }
  }

  private static Tensor full(Arena arena, DType dtype, long... sizes) {
    return Tensor.allocate(arena, dtype, Shape.of(sizes)).fill(SENTINEL);
  }
}
