package dev.lanewise.embedding;

import static dev.lanewise.verification.TensorAssertions.assertSameBits;
import static dev.lanewise.verification.TensorAssertions.assertWithin;

import dev.lanewise.autograd.Tape;
import dev.lanewise.autograd.Variable;
import dev.lanewise.parallel.Parallelism;
import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Parameter;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import dev.lanewise.verification.DoubleArray;
import dev.lanewise.verification.ErrorBounds;
import dev.lanewise.verification.FloatClass;
import dev.lanewise.verification.LanewiseArbitraries;
import dev.lanewise.verification.OracleEmbedding;
import dev.lanewise.verification.Rounded;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.concurrent.ForkJoinPool;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tag;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Assertions;

/**
 * Lookup: exact copies of rows of every type, shortened where they are too long, and the gradient
 * in the documented order and within the bound of its definition.
 */
@Tag("lanes")
class EmbeddingTest {
  private static final int ROWS = 11;

  @Provide
  Arbitrary<List<Integer>> indices() {
    return LanewiseArbitraries.indices(ROWS, 30);
  }

  @Provide
  Arbitrary<Long> seeds() {
    return LanewiseArbitraries.seeds();
  }

  private static int[] array(List<Integer> list) {
    return list.stream().mapToInt(Integer::intValue).toArray();
  }

  @Property
  void lookupCopiesRowsExactly(
      @ForAll("indices") List<Integer> list,
      @ForAll @IntRange(max = 70) int width,
      @ForAll("seeds") long seed) {
    int[] indices = array(list);
    try (Arena arena = Arena.ofConfined()) {
      Tensor wide =
          Tensor.copyOf(arena, FloatClass.wild(seed, ROWS * (width + 3)), ROWS, width + 3);
      Tensor table = wide.slice(1, 2, width + 2);
      Embedding embedding = Embedding.fromPretrained(table.asReadOnly()).withPaddingIdx(-1);
      Tensor out = Tensor.full(arena, Float.NaN, indices.length, width + 1).slice(1, 1, width + 1);
      embedding.forward(indices, out);
      for (int i = 0; i < indices.length; i++) {
        assertSameBits("row " + i, table.select(0, indices[i]), out.select(0, i));
      }
      Tensor wideIndices =
          Tensor.copyOf(arena, list.stream().mapToLong(Integer::longValue).toArray());
      Tensor again = Tensor.full(arena, Float.NaN, indices.length, width);
      embedding.forward(wideIndices, again);
      assertSameBits("int64 indices", out, again);
    }
  }

  /** A single row takes a way of its own. */
  @Property(tries = 200)
  void aRowAloneIsTheRowInABatch(
      @ForAll @IntRange(max = ROWS - 1) int row,
      @ForAll @IntRange(max = 70) int width,
      @ForAll("seeds") long seed) {
    for (DType type : List.of(DType.FLOAT32, DType.FLOAT64, DType.BFLOAT16, DType.FLOAT16)) {
      try (Arena arena = Arena.ofConfined()) {
        Tensor wide =
            Tensor.copyOf(arena, FloatClass.wild(seed, ROWS * (width + 3)), ROWS, width + 3);
        Tensor table =
            Tensor.allocate(arena, type, wide.shape()).convertFrom(wide).slice(1, 2, width + 2);
        assertAloneAsInABatch(arena, Embedding.fromPretrained(table), row, width);
      }
    }
    try (Arena arena = Arena.ofConfined()) {
      Tensor table = Tensor.randn(arena, new java.util.SplittableRandom(seed), ROWS, width);
      Embedding bytes = Embedding.fromQuantized(RowQuantization.quantize(arena, table));
      assertAloneAsInABatch(arena, bytes, row, width);
    }
  }

  private static void assertAloneAsInABatch(Arena arena, Embedding embedding, int row, int width) {
    DType result =
        embedding.weight().value().dtype() == DType.FLOAT64 ? DType.FLOAT64 : DType.FLOAT32;
    Tensor batch = Tensor.allocate(arena, result, Shape.of(2, width));
    embedding.forward(new int[] {ROWS - 1 - row, row}, batch);
    Tensor expected = batch.slice(0, 1, 2);
    Tensor spare = Tensor.allocate(arena, result, Shape.of(1, width + 2));
    Tensor out = spare.slice(1, 1, width + 1);
    Tensor indices = Tensor.copyOf(arena, new long[] {ROWS, row}, 2).slice(0, 1, 2);
    embedding.forward(indices, out);
    assertSameBits("int64 index", expected, out);
    out.fill(0);
    embedding.forward(new int[] {row}, out);
    assertSameBits("index", expected, out);
    assertSameBits("gaps", spare.select(1, 0), spare.select(1, width + 1));
    Assertions.assertEquals(0.0, spare.get(0, 0), "a gap was written");
  }

  @Property
  void lookupTakesIndicesOfAnyShapeAndStrides(
      @ForAll("seeds") long seed, @ForAll @IntRange(min = 1, max = 20) int width) {
    java.util.SplittableRandom random = new java.util.SplittableRandom(seed);
    try (Arena arena = Arena.ofConfined()) {
      Tensor table = Tensor.copyOf(arena, FloatClass.wild(seed, ROWS * width), ROWS, width);
      int a = random.nextInt(0, 5);
      int b = random.nextInt(1, 5);
      int[] raw = random.ints(2L * a * b, 0, ROWS).toArray();
      Tensor indices = Tensor.copyOf(arena, raw, b, 2 * a).slice(1, 0, 2 * a, 2).transpose(0, 1);
      Tensor spare = Tensor.full(arena, Float.NaN, b, a, width + 2);
      Tensor out = spare.slice(2, 1, width + 1).transpose(0, 1);
      Embedding.fromPretrained(table).forward(indices, out);
      for (int i = 0; i < a; i++) {
        for (int j = 0; j < b; j++) {
          assertSameBits(
              "at " + i + ", " + j,
              table.select(0, indices.getLong(i, j)),
              out.select(0, i).select(0, j));
        }
      }
      for (int edge : new int[] {0, width + 1}) {
        for (float untouched : spare.select(2, edge).toFloatArray()) {
          Assertions.assertTrue(Float.isNaN(untouched), "a gap was written");
        }
      }
      Tensor scalar = Tensor.copyOf(arena, new int[] {ROWS - 1}).reshape();
      Tensor row = Tensor.full(arena, Float.NaN, width);
      Embedding.fromPretrained(table).forward(scalar, row);
      assertSameBits("scalar index", table.select(0, ROWS - 1), row);
    }
  }

  @Property
  void gradientAddsInTheOrderOfTheIndices(
      @ForAll("indices") List<Integer> list,
      @ForAll @IntRange(min = -1, max = ROWS - 1) int padding,
      @ForAll @IntRange(max = 40) int width,
      @ForAll("seeds") long seed) {
    int[] indices = array(list);
    try (Arena arena = Arena.ofConfined();
        Tape tape = new Tape()) {
      Embedding all =
          Embedding.of(
              Parameter.trainable(
                  arena, Tensor.copyOf(arena, FloatClass.tame(seed, ROWS * width), ROWS, width)));
      Embedding embedding = padding < 0 ? all : all.withPaddingIdx(padding);
      Tensor weights =
          Tensor.copyOf(
              arena, FloatClass.tame(seed + 1, indices.length * width), indices.length, width);
      Variable rows = tape.lookup(embedding, indices);
      tape.sum(tape.einsum("ik,ik->ik", rows, weights)).backward();
      // The gradient of each looked-up row is 1 * weights: exact.
      float[] expected = new float[ROWS * width];
      float[] g = weights.toFloatArray();
      for (int i = 0; i < indices.length; i++) {
        for (int d = 0; d < width && indices[i] != padding; d++) {
          expected[indices[i] * width + d] += g[i * width + d];
        }
      }
      Tensor gradient = embedding.weight().gradient().tensor();
      assertSameBits("gradient", expected, gradient.toFloatArray());
      var oracle = OracleEmbedding.backward(ROWS, padding, DoubleArray.of(weights), indices);
      assertWithin("gradient", oracle::get, gradient);
      assertTouched(embedding, padding, indices);
      embedding.weight().zeroGradient();
      assertSameBits("zeroed", new float[ROWS * width], gradient.toFloatArray());
    }
  }

  private static void assertTouched(Embedding embedding, int padding, int... indices) {
    var gradient = embedding.weight().gradient();
    long[] expected =
        java.util.Arrays.stream(indices)
            .filter(row -> row != padding)
            .distinct()
            .asLongStream()
            .toArray();
    long[] touched = new long[gradient.touchedRowCount()];
    java.util.Arrays.setAll(touched, gradient::touchedRow);
    Assertions.assertFalse(gradient.allRowsTouched());
    Assertions.assertArrayEquals(expected, touched);
  }

  @Property(tries = 100)
  void rowsAreShortenedOnceHoweverOftenTheyAreNamed(
      @ForAll("indices") List<Integer> list,
      @ForAll @IntRange(min = 1, max = 40) int width,
      @ForAll @IntRange(max = 3) int kind,
      @ForAll("seeds") long seed) {
    double normType = new double[] {2, 1, Double.POSITIVE_INFINITY, 3}[kind];
    double limit = 20;
    try (Arena arena = Arena.ofConfined()) {
      float[] numbers = FloatClass.fill(seed, ROWS * width, FloatClass.NORMAL);
      Tensor table = Tensor.copyOf(arena, numbers, ROWS, width);
      Embedding embedding = Embedding.fromPretrained(table).withMaxNorm(limit, normType);
      Tensor out = Tensor.zeros(arena, list.size(), width);
      embedding.forward(array(list), out);
      for (int row = 0; row < ROWS; row++) {
        Rounded norm = norm(numbers, row, width, normType);
        boolean named = list.contains(row);
        for (int d = 0; d < width; d++) {
          float before = numbers[row * width + d];
          if (!named || norm.value() + norm.error() <= limit) {
            assertSameBits("kept", new float[] {before}, new float[] {(float) table.get(row, d)});
          } else if (norm.value() - norm.error() > limit) {
            Rounded factor = Rounded.constant(limit).dividedBy(norm.plus(Rounded.constant(1e-7)));
            Rounded.exact(before).times(factor).assertContains("row " + row, table.get(row, d));
          }
        }
      }
      Tensor plain = Tensor.zeros(arena, list.size(), width);
      Embedding.fromPretrained(table).forward(array(list), plain);
      assertSameBits("out is what the table became", plain, out);
    }
  }

  private static Rounded norm(float[] numbers, int row, int width, double normType) {
    List<Rounded> terms = new java.util.ArrayList<>();
    double largest = 0;
    for (int d = 0; d < width; d++) {
      double size = Math.abs(numbers[row * width + d]);
      largest = Math.max(largest, size);
      terms.add(
          normType == 2
              ? Rounded.exact(size).times(Rounded.exact(size))
              : Rounded.constant(StrictMath.pow(size, normType == 3 ? 3 : 1)));
    }
    if (normType == Double.POSITIVE_INFINITY) {
      return Rounded.exact(largest);
    }
    Rounded sum = Rounded.sum(terms);
    // The cube root shrinks relative errors, so the sum's is a bound.
    return normType == 2
        ? sum.sqrt()
        : normType == 1
            ? sum
            : new Rounded(
                StrictMath.cbrt(sum.value()),
                StrictMath.cbrt(sum.value()) * (sum.error() / sum.value() + ErrorBounds.U));
  }

  @Property(tries = 50)
  void severalThreadsGiveTheSameBits(@ForAll("seeds") long seed) {
    java.util.SplittableRandom random = new java.util.SplittableRandom(seed);
    int[] indices = random.ints(9000, 0, 50).toArray();
    try (Arena arena = Arena.ofShared();
        ForkJoinPool pool = new ForkJoinPool(3)) {
      Tensor table = Tensor.copyOf(arena, FloatClass.wild(seed, 50 * 37), 50, 37);
      Embedding embedding = Embedding.fromPretrained(table);
      Tensor alone = Tensor.zeros(arena, indices.length, 37);
      Tensor together = Tensor.zeros(arena, indices.length, 37);
      embedding.forward(indices, alone);
      embedding.withParallelism(Parallelism.of(pool)).forward(indices, together);
      assertSameBits("threads", alone, together);
    }
  }

  @Property(tries = 60)
  void tablesOfOtherTypesAreWidened(
      @ForAll("indices") List<Integer> list,
      @ForAll @IntRange(max = 70) int width,
      @ForAll("seeds") long seed) {
    int[] indices = array(list);
    for (DType type : List.of(DType.FLOAT64, DType.BFLOAT16, DType.FLOAT16)) {
      try (Arena arena = Arena.ofConfined()) {
        Tensor wide =
            Tensor.copyOf(arena, FloatClass.wild(seed, ROWS * (width + 1)), ROWS, width + 1);
        Tensor table =
            Tensor.allocate(arena, type, wide.shape()).convertFrom(wide).slice(1, 1, width + 1);
        DType result = type == DType.FLOAT64 ? DType.FLOAT64 : DType.FLOAT32;
        Tensor out = Tensor.allocate(arena, result, Shape.of(indices.length, width));
        Embedding embedding = Embedding.fromPretrained(table);
        embedding.forward(indices, out);
        for (int i = 0; i < indices.length; i++) {
          for (int d = 0; d < width; d++) {
            Assertions.assertEquals(table.get(indices[i], d), out.get(i, d));
          }
        }
        try (Tape tape = Tape.inference()) {
          if (type != DType.FLOAT64) {
            assertSameBits("tape", out, tape.lookup(embedding, indices).value());
          }
        }
      }
    }
  }
}
