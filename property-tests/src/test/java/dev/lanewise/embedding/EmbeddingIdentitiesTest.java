package dev.lanewise.embedding;

import static dev.lanewise.verification.TensorAssertions.assertSameBits;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.lanewise.autograd.Tape;
import dev.lanewise.autograd.Variable;
import dev.lanewise.tensor.Parameter;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import dev.lanewise.verification.BagCase;
import dev.lanewise.verification.FloatClass;
import dev.lanewise.verification.LanewiseArbitraries;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tag;
import net.jqwik.api.constraints.IntRange;

/**
 * What holds between lookups, bags and their gradients, whatever the numbers.
 *
 * <p>Adjoints are checked on integers from -2 to 2: at most 63 entries, 2 to the power of 4 at most
 * each, sum to integers that float32 holds exactly, so both sides are equal, and no bound is
 * needed.
 */
class EmbeddingIdentitiesTest {
  @Provide
  Arbitrary<BagCase> bags() {
    return LanewiseArbitraries.bags();
  }

  @Provide
  Arbitrary<Long> seeds() {
    return LanewiseArbitraries.seeds();
  }

  private static Tensor integers(Arena arena, long seed, long... sizes) {
    var random = new SplittableRandom(seed);
    float[] values = new float[(int) Shape.of(sizes).elementCount()];
    for (int i = 0; i < values.length; i++) {
      values[i] = random.nextInt(-2, 3);
    }
    return Tensor.copyOf(arena, values, sizes);
  }

  private static Tensor wild(Arena arena, long seed, long... sizes) {
    return Tensor.copyOf(arena, FloatClass.wild(seed, (int) Shape.of(sizes).elementCount()), sizes);
  }

  private static double inner(Tensor a, Tensor b) {
    float[] first = a.toFloatArray();
    float[] second = b.toFloatArray();
    return IntStream.range(0, first.length).mapToDouble(i -> (double) first[i] * second[i]).sum();
  }

  private static Embedding embedding(Parameter weight, BagCase c) {
    Embedding embedding = Embedding.of(weight);
    return c.paddingIdx() < 0 ? embedding : embedding.withPaddingIdx(c.paddingIdx());
  }

  /**
   * {@code <lookup(W), g> = <W, gradient>}, but for padding, which is read and gets no gradient.
   */
  @Tag("lanes")
  @Property(tries = 200)
  void theGradientOfALookupIsItsAdjoint(
      @ForAll("bags") BagCase c,
      @ForAll @IntRange(max = 70) int width,
      @ForAll("seeds") long seed) {
    try (Arena arena = Arena.ofConfined()) {
      Parameter weight =
          Parameter.trainable(arena, integers(arena, seed, c.numEmbeddings(), width));
      int[] indices = c.indices();
      Tensor out = Tensor.full(arena, Float.NaN, indices.length, width);
      Tensor g = integers(arena, seed + 1, indices.length, width);
      for (int i = 0; i < indices.length; i++) {
        if (indices[i] == c.paddingIdx()) {
          g.select(0, i).fill(0);
        }
      }
      Embedding embedding = embedding(weight, c);
      embedding.forward(indices, out);
      embedding.backward(indices, g);
      assertEquals(inner(out, g), inner(weight.value(), weight.gradient().tensor()), c::toString);
      embedding.withSparseGradient().backward(indices, g);
      Tensor sparse = Tensor.zeros(arena, c.numEmbeddings(), width);
      assertSameBits("sparse", weight.gradient().tensor(), weight.sparseGradient().toDense(sparse));
    }
  }

  /**
   * {@code <bags(W), g> = <W, gradient>} for sums and maxima (which choose numbers of W), and for
   * weights beside W; for means with a gradient that the count divides.
   */
  @Tag("lanes")
  @Property(tries = 300)
  void theGradientsOfBagsAreTheirAdjoints(
      @ForAll("bags") BagCase c,
      @ForAll BagMode mode,
      @ForAll @IntRange(max = 70) int width,
      @ForAll("seeds") long seed) {
    try (Arena arena = Arena.ofConfined()) {
      Parameter weight =
          Parameter.trainable(arena, integers(arena, seed, c.numEmbeddings(), width));
      EmbeddingBag bag = EmbeddingBag.of(embedding(weight, c), mode);
      int[] indices = c.indices();
      boolean weighted = mode == BagMode.SUM && seed % 2 == 0;
      float[] factors = integers(arena, seed + 2, indices.length).toFloatArray();
      if (c.count() == 0 && indices.length == 0) {
        return;
      }
      Bags bags =
          weighted
              ? bag.bags().loadWeighted(indices, c.offsets(), factors)
              : bag.bags().load(indices, c.offsets());
      Tensor out = Tensor.full(arena, Float.NaN, c.count(), width);
      Tensor g = integers(arena, seed + 1, c.count(), width);
      double expected = 0;
      bag.forward(bags, out);
      if (mode == BagMode.MEAN) {
        // The sum is the mean times the count, and the gradient has the count divided out.
        Tensor sums = Tensor.zeros(arena, c.count(), width);
        EmbeddingBag.of(bag.embedding(), BagMode.SUM).forward(indices, c.offsets(), sums);
        expected = inner(sums, g);
        for (int b = 0; b < c.count(); b++) {
          float count = Math.max(c.rowsOf(b).size(), 1);
          for (int d = 0; d < width; d++) {
            g.set(g.get(b, d) * count, b, d);
          }
        }
      } else {
        expected = inner(out, g);
      }
      bag.backward(bags, g);
      assertEquals(expected, inner(weight.value(), weight.gradient().tensor()), c::toString);
      if (weighted) {
        Tensor ofFactors = Tensor.full(arena, Float.NaN, indices.length);
        bag.backwardOfWeights(bags, g, ofFactors);
        assertEquals(
            expected, inner(Tensor.copyOf(arena, factors, indices.length), ofFactors), c::toString);
      }
    }
  }

  /**
   * Neither the rows' numbers, nor the order of bags, nor what else is in the batch, nor in which
   * columns numbers stand, changes a bit: numbers of all classes.
   */
  @Tag("lanes")
  @Property(tries = 300)
  void noBagDependsOnWhereItIs(
      @ForAll("bags") BagCase c,
      @ForAll BagMode mode,
      @ForAll @IntRange(min = 2, max = 70) int width,
      @ForAll("seeds") long seed) {
    try (Arena arena = Arena.ofConfined()) {
      int rows = c.numEmbeddings();
      Tensor table = wild(arena, seed, rows, width);
      Tensor out = bags(arena, table, c, mode);
      // Every row one further on.
      Tensor moved = Tensor.zeros(arena, rows, width);
      for (int row = 0; row < rows; row++) {
        moved.select(0, (row + 1) % rows).copyFrom(table.select(0, row));
      }
      List<List<Integer>> lists = IntStream.range(0, c.count()).mapToObj(b -> all(c, b)).toList();
      BagCase renumbered =
          new BagCase(
              lists.stream()
                  .map(bag -> bag.stream().map(row -> (row + 1) % rows).toList())
                  .toList(),
              rows,
              c.paddingIdx() < 0 ? -1 : (c.paddingIdx() + 1) % rows);
      assertSameBits("rows moved: " + c, out, bags(arena, moved, renumbered, mode));
      // Each bag alone, as a batch of its own.
      for (int b = 0; b < c.count(); b++) {
        BagCase alone = new BagCase(List.of(lists.get(b)), rows, c.paddingIdx());
        assertSameBits(
            "bag " + b + " alone: " + c, out.slice(0, b, b + 1), bags(arena, table, alone, mode));
      }
      // The columns behind the first, which then lie in other lanes and at other addresses.
      assertSameBits(
          "columns: " + c, out.slice(1, 1, width), bags(arena, table.slice(1, 1, width), c, mode));
    }
  }

  private static List<Integer> all(BagCase c, int bag) {
    int[] offsets = c.offsets();
    int end = bag + 1 < offsets.length ? offsets[bag + 1] : c.indices().length;
    return Arrays.stream(c.indices(), offsets[bag], end).boxed().toList();
  }

  private static Tensor bags(Arena arena, Tensor table, BagCase c, BagMode mode) {
    Tensor out = Tensor.full(arena, Float.NaN, c.count(), table.size(1));
    if (c.count() > 0) {
      EmbeddingBag.of(embedding(Parameter.frozen(table), c), mode)
          .forward(c.indices(), c.offsets(), out);
    }
    return out;
  }

  /**
   * Euler's theorem for a whole recording: a loss that is linear in each of its parameters is the
   * inner product of each with its gradient. Integers of less than 2^18 all along.
   */
  @Tag("lanes")
  @Property(tries = 150)
  void aRecordingThatIsLinearInItsParametersIsTheirInnerProductWithTheirGradients(
      @ForAll("bags") BagCase c,
      @ForAll @IntRange(min = 1, max = 20) int width,
      @ForAll("seeds") long seed) {
    if (c.count() == 0) {
      return;
    }
    try (Arena arena = Arena.ofConfined();
        Tape tape = new Tape()) {
      Parameter table = Parameter.trainable(arena, integers(arena, seed, c.numEmbeddings(), width));
      Parameter layer = Parameter.trainable(arena, integers(arena, seed + 1, width, 5));
      Parameter last = Parameter.trainable(arena, integers(arena, seed + 2, 5));
      EmbeddingBag bag = EmbeddingBag.of(embedding(table, c), BagMode.SUM);
      Variable sums = tape.lookup(bag, c.indices(), c.offsets());
      Variable hidden = tape.relu(tape.einsum("bi,ij->bj", sums, layer));
      // Homogeneous of degree 1 in each: the two uses of the last add up.
      Variable first = tape.einsum("bj,j->b", hidden, last);
      Variable second = tape.einsum("bj,j->b", tape.add(hidden, hidden), last);
      Variable loss = tape.sum(tape.add(first, second));
      loss.backward();
      for (Parameter parameter : List.of(table, layer, last)) {
        assertEquals(
            loss.item(), inner(parameter.value(), parameter.gradient().tensor()), c::toString);
      }
    }
  }
}
