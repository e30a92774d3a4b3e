package dev.lanewise.embedding;

import static dev.lanewise.verification.TensorAssertions.assertSameBits;
import static dev.lanewise.verification.TensorAssertions.assertWithin;

import dev.lanewise.autograd.Tape;
import dev.lanewise.autograd.Variable;
import dev.lanewise.tensor.Parameter;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import dev.lanewise.verification.BagCase;
import dev.lanewise.verification.DoubleArray;
import dev.lanewise.verification.FloatClass;
import dev.lanewise.verification.LanewiseArbitraries;
import dev.lanewise.verification.OracleEmbedding;
import java.lang.foreign.Arena;
import java.util.List;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tag;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Assertions;

/**
 * Lookup and bags: exact copies and exact sums in the documented order, and the definition within
 * the bound.
 */
@Tag("lanes")
class EmbeddingTest {
  private static final int ROWS = 11;

  @Provide
  Arbitrary<List<Integer>> indices() {
    return LanewiseArbitraries.indices(ROWS, 30);
  }

  @Provide
  Arbitrary<BagCase> bags() {
    return LanewiseArbitraries.bags();
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

  @Property
  void bagsSumInOrder(
      @ForAll("bags") BagCase bags,
      @ForAll @IntRange(max = 40) int width,
      @ForAll("seeds") long seed) {
    try (Arena arena = Arena.ofConfined()) {
      Tensor table =
          Tensor.copyOf(
              arena,
              FloatClass.tame(seed, bags.numEmbeddings() * width),
              bags.numEmbeddings(),
              width);
      for (BagMode mode : BagMode.values()) {
        Embedding all = Embedding.fromPretrained(table);
        Embedding embedding = bags.paddingIdx() < 0 ? all : all.withPaddingIdx(bags.paddingIdx());
        Tensor out = Tensor.full(arena, Float.NaN, bags.count(), width + 2).slice(1, 1, width + 1);
        EmbeddingBag.of(embedding, mode).forward(bags.indices(), bags.offsets(), out);
        float[] expected = new float[bags.count() * width];
        for (int bag = 0; bag < bags.count(); bag++) {
          List<Integer> rows = bags.rowsOf(bag);
          for (int d = 0; d < width; d++) {
            float sum = 0;
            for (int row : rows) {
              sum += (float) table.get(row, d);
            }
            expected[bag * width + d] = mode == BagMode.MEAN ? sum / Math.max(rows.size(), 1) : sum;
          }
        }
        assertSameBits(mode + " in order", expected, out.toFloatArray());
        assertWithin(
            mode + " by definition",
            OracleEmbedding.bags(DoubleArray.of(table), bags, mode == BagMode.MEAN)::get,
            out);
      }
    }
  }

  @Property
  void evenBagsFromAMatrixAreTheSameBags(
      @ForAll("seeds") long seed,
      @ForAll @IntRange(max = 5) int count,
      @ForAll @IntRange(max = 5) int each) {
    java.util.SplittableRandom random = new java.util.SplittableRandom(seed);
    int[] indices = random.ints((long) count * each, 0, ROWS).toArray();
    int[] offsets = new int[count];
    java.util.Arrays.setAll(offsets, bag -> bag * each);
    try (Arena arena = Arena.ofConfined()) {
      Embedding embedding =
          Embedding.fromPretrained(Tensor.copyOf(arena, FloatClass.tame(seed, ROWS * 7), ROWS, 7))
              .withPaddingIdx(3);
      Tensor matrix = Tensor.copyOf(arena, indices, count, each);
      for (BagMode mode : BagMode.values()) {
        Tensor one = Tensor.full(arena, Float.NaN, count, 7);
        Tensor two = Tensor.full(arena, Float.NaN, count, 7);
        EmbeddingBag.of(embedding, mode).forward(indices, offsets, one);
        EmbeddingBag.of(embedding, mode).forward(matrix, two);
        assertSameBits("matrix", one, two);
      }
    }
  }

  @Property
  void bagGradientAddsInOrder(
      @ForAll("bags") BagCase bags,
      @ForAll @IntRange(max = 20) int width,
      @ForAll("seeds") long seed) {
    for (BagMode mode : BagMode.values()) {
      try (Arena arena = Arena.ofConfined();
          Tape tape = new Tape()) {
        int rows = bags.numEmbeddings();
        Embedding all =
            Embedding.of(
                Parameter.trainable(
                    arena, Tensor.copyOf(arena, FloatClass.tame(seed, rows * width), rows, width)));
        Embedding embedding = bags.paddingIdx() < 0 ? all : all.withPaddingIdx(bags.paddingIdx());
        Tensor g =
            Tensor.copyOf(
                arena, FloatClass.tame(seed + 1, bags.count() * width), bags.count(), width);
        Variable reduced =
            tape.lookup(EmbeddingBag.of(embedding, mode), bags.indices(), bags.offsets());
        Assertions.assertEquals(Shape.of(bags.count(), width), reduced.value().shape());
        tape.sum(tape.einsum("ik,ik->ik", reduced, g)).backward();
        float[] expected = new float[rows * width];
        for (int bag = 0; bag < bags.count(); bag++) {
          List<Integer> members = bags.rowsOf(bag);
          for (int row : members) {
            for (int d = 0; d < width; d++) {
              float each = (float) g.get(bag, d);
              expected[row * width + d] += mode == BagMode.MEAN ? each / members.size() : each;
            }
          }
        }
        Tensor gradient = embedding.weight().gradient().tensor();
        assertSameBits(mode + " gradient", expected, gradient.toFloatArray());
        var oracle =
            OracleEmbedding.bagsBackward(rows, DoubleArray.of(g), bags, mode == BagMode.MEAN);
        assertWithin(mode + " gradient", oracle::get, gradient);
      }
    }
  }
}
