package dev.lanewise.embedding;

import static dev.lanewise.verification.TensorAssertions.assertSameBits;
import static dev.lanewise.verification.TensorAssertions.assertWithin;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.lanewise.autograd.Tape;
import dev.lanewise.autograd.Variable;
import dev.lanewise.optim.Adagrad;
import dev.lanewise.optim.Sgd;
import dev.lanewise.parallel.Parallelism;
import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Parameter;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import dev.lanewise.verification.BagCase;
import dev.lanewise.verification.DoubleArray;
import dev.lanewise.verification.FloatClass;
import dev.lanewise.verification.LanewiseArbitraries;
import dev.lanewise.verification.OracleEmbedding;
import dev.lanewise.verification.Rounded;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ForkJoinPool;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tag;
import net.jqwik.api.constraints.IntRange;

/**
 * Bags, forward and backward: every way to give them and to compute them against plain loops to the
 * bit, and against the definition within its bound.
 */
@Tag("lanes")
class EmbeddingBagTest {
  @Provide
  Arbitrary<BagCase> bags() {
    return LanewiseArbitraries.bags();
  }

  @Provide
  Arbitrary<Long> seeds() {
    return LanewiseArbitraries.seeds();
  }

  /** Modes with weights and without. */
  enum Way {
    SUM(BagMode.SUM),
    WEIGHTED(BagMode.SUM),
    MEAN(BagMode.MEAN),
    MAX(BagMode.MAX);

    final BagMode mode;

    Way(BagMode mode) {
      this.mode = mode;
    }
  }

  private static float[] weights(Way way, BagCase bags, long seed) {
    return way == Way.WEIGHTED ? FloatClass.tame(seed + 7, bags.indices().length) : null;
  }

  private static double[] doubles(float... numbers) {
    return IntStream.range(0, numbers.length).mapToDouble(i -> numbers[i]).toArray();
  }

  private static Embedding padded(Embedding embedding, BagCase bags) {
    return bags.paddingIdx() < 0 ? embedding : embedding.withPaddingIdx(bags.paddingIdx());
  }

  private static Embedding trained(Arena arena, BagCase bags, float[] numbers, int width) {
    Tensor table = Tensor.copyOf(arena, numbers, bags.numEmbeddings(), width);
    return padded(Embedding.of(Parameter.trainable(arena, table)), bags);
  }

  private static Bags load(EmbeddingBag bag, BagCase bags, float[] weights) {
    return weights == null
        ? bag.bags().load(bags.indices(), bags.offsets())
        : bag.bags().loadWeighted(bags.indices(), bags.offsets(), weights);
  }

  // --------------------------------------------------------------------------------------------------------- forward

  @Property
  void rowsAreReducedInOrder(
      @ForAll("bags") BagCase bags,
      @ForAll @IntRange(max = 40) int width,
      @ForAll Way way,
      @ForAll("seeds") long seed) {
    int rows = bags.numEmbeddings();
    boolean wild = way == Way.MAX;
    float[] numbers =
        wild ? FloatClass.wild(seed, rows * width) : FloatClass.tame(seed, rows * width);
    float[] weights = weights(way, bags, seed);
    try (Arena arena = Arena.ofConfined()) {
      Tensor table = Tensor.copyOf(arena, numbers, rows, width);
      EmbeddingBag bag = EmbeddingBag.of(padded(Embedding.fromPretrained(table), bags), way.mode);
      Tensor out = Tensor.full(arena, Float.NaN, bags.count(), width + 2).slice(1, 1, width + 1);
      bag.forward(load(bag, bags, weights), out);
      float[] expected = new BagReference(bags, way.mode, weights, numbers, width).forward();
      assertSameBits(way + " in order", expected, out.toFloatArray());
      DoubleArray of = DoubleArray.of(table);
      String definition = way + " by definition";
      switch (way.mode) {
        case MAX ->
            assertSameBits(
                definition,
                OracleEmbedding.largestOfBags(of, bags).toArray(),
                DoubleArray.of(out).toArray());
        default ->
            assertWithin(
                definition,
                (weights == null
                        ? OracleEmbedding.bags(of, bags, way == Way.MEAN)
                        : OracleEmbedding.weightedBags(of, bags, doubles(weights)))
                    ::get,
                out);
      }
    }
  }

  @Property
  void everyDoorGivesTheSameBags(
      @ForAll("bags") BagCase bags, @ForAll Way way, @ForAll("seeds") long seed) {
    float[] numbers = FloatClass.tame(seed, bags.numEmbeddings() * 5);
    float[] weights = weights(way, bags, seed);
    int[] last = Arrays.copyOf(bags.offsets(), bags.count() + 1);
    last[bags.count()] = bags.indices().length;
    long[] wideOffsets = Arrays.stream(bags.offsets()).asLongStream().toArray();
    try (Arena arena = Arena.ofConfined();
        Tape tape = new Tape()) {
      Embedding embedding = trained(arena, bags, numbers, 5);
      EmbeddingBag bag = EmbeddingBag.of(embedding, way.mode);
      Tensor expected = Tensor.zeros(arena, bags.count(), 5);
      bag.forward(load(bag, bags, weights), expected);
      Tensor indices = Tensor.copyOf(arena, bags.indices());
      Tensor offsets = Tensor.copyOf(arena, wideOffsets);
      Tensor lastOffsets = Tensor.copyOf(arena, last);
      EmbeddingBag including = bag.withIncludeLastOffset();
      List<Tensor> others = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        others.add(Tensor.full(arena, Float.NaN, bags.count(), 5));
      }
      if (weights == null) {
        bag.forward(bags.indices(), bags.offsets(), others.get(0));
        bag.forward(indices, offsets, others.get(1));
        including.forward(bags.indices(), last, others.get(2));
        including.forward(indices, lastOffsets, others.get(3));
        others.add(tape.lookup(bag, bags.indices(), bags.offsets()).value());
        others.add(tape.lookup(bag, indices, offsets).value());
      } else {
        // Every second number of a longer list.
        Tensor factors = Tensor.zeros(arena, weights.length, 2).select(1, 0);
        factors.copyFrom(Tensor.copyOf(arena, weights));
        bag.forward(bags.indices(), bags.offsets(), weights, others.get(0));
        bag.forward(bag.bags().loadWeighted(indices, offsets, factors), others.get(1));
        including.forward(
            including.bags().loadWeighted(bags.indices(), last, weights), others.get(2));
        including.forward(
            including.bags().loadWeighted(indices, lastOffsets, factors), others.get(3));
        others.add(tape.weightedLookup(bag, indices, offsets, factors).value());
      }
      for (Tensor other : others) {
        assertSameBits(way.toString(), expected, other);
      }
    }
  }

  @Property(tries = 200)
  void evenBagsFromAMatrixAreTheSameBags(
      @ForAll("seeds") long seed,
      @ForAll Way way,
      @ForAll @IntRange(max = 5) int count,
      @ForAll @IntRange(max = 5) int each) {
    SplittableRandom random = new SplittableRandom(seed);
    int[] indices = random.ints((long) count * each, 0, 11).toArray();
    int[] offsets = new int[count];
    Arrays.setAll(offsets, bag -> bag * each);
    float[] weights = FloatClass.tame(seed, count * each);
    try (Arena arena = Arena.ofConfined()) {
      Embedding embedding =
          Embedding.fromPretrained(Tensor.copyOf(arena, FloatClass.tame(seed, 11 * 7), 11, 7))
              .withPaddingIdx(3);
      // Transposed, so that nothing lies as it is read.
      Tensor matrix = Tensor.allocate(arena, DType.INT64, Shape.of(each, count)).transpose(0, 1);
      Tensor factors = Tensor.zeros(arena, each, count).transpose(0, 1);
      long[] wide = Arrays.stream(indices).asLongStream().toArray();
      matrix.copyFrom(Tensor.copyOf(arena, wide, count, each));
      factors.copyFrom(Tensor.copyOf(arena, weights, count, each));
      EmbeddingBag bag = EmbeddingBag.of(embedding, way.mode);
      Tensor one = Tensor.full(arena, Float.NaN, count, 7);
      Tensor two = Tensor.full(arena, Float.NaN, count, 7);
      if (way == Way.WEIGHTED) {
        bag.forward(indices, offsets, weights, one);
        bag.forward(bag.bags().loadWeighted(matrix, factors), two);
      } else {
        bag.forward(indices, offsets, one);
        bag.forward(matrix, two);
      }
      assertSameBits("matrix", one, two);
    }
  }

  @Example
  void indicesBehindTheLastOffsetBelongToNoBag() {
    try (Arena arena = Arena.ofConfined()) {
      Tensor table = Tensor.copyOf(arena, new float[] {1, 10, 100}, 3, 1);
      EmbeddingBag bag =
          EmbeddingBag.of(Embedding.fromPretrained(table), BagMode.SUM).withIncludeLastOffset();
      Tensor out = Tensor.zeros(arena, 2, 1);
      bag.forward(new int[] {0, 1, 2, 2}, new int[] {0, 2, 3}, out);
      assertSameBits("sums", new float[] {11, 100}, out.toFloatArray());
    }
  }

  @Property(tries = 60)
  void tablesOfOtherTypesAreWidenedFirst(
      @ForAll("bags") BagCase bags,
      @ForAll @IntRange(max = 40) int width,
      @ForAll Way way,
      @ForAll("seeds") long seed) {
    int rows = bags.numEmbeddings();
    try (Arena arena = Arena.ofConfined()) {
      Tensor numbers = Tensor.copyOf(arena, FloatClass.tame(seed, rows * width), rows, width);
      for (Embedding plain :
          List.of(
              Embedding.fromPretrained(converted(arena, numbers, DType.BFLOAT16)),
              Embedding.fromPretrained(converted(arena, numbers, DType.FLOAT16)),
              Embedding.fromQuantized(RowQuantization.quantize(arena, numbers)))) {
        Embedding embedding = padded(plain, bags);
        Tensor widened = Tensor.zeros(arena, rows, width);
        int[] all = new int[rows];
        Arrays.setAll(all, row -> row);
        embedding.forward(all, widened);
        EmbeddingBag bag = EmbeddingBag.of(embedding, way.mode);
        float[] weights = weights(way, bags, seed);
        Tensor out = Tensor.full(arena, Float.NaN, bags.count(), width);
        bag.forward(load(bag, bags, weights), out);
        float[] expected =
            new BagReference(bags, way.mode, weights, widened.toFloatArray(), width).forward();
        assertSameBits(
            embedding.weight().value().dtype() + " " + way, expected, out.toFloatArray());
      }
    }
  }

  private static Tensor converted(Arena arena, Tensor numbers, DType type) {
    return Tensor.allocate(arena, type, numbers.shape()).convertFrom(numbers);
  }

  @Example
  void doubleTablesAreReducedInDouble() {
    try (Arena arena = Arena.ofConfined()) {
      Tensor table = Tensor.allocate(arena, DType.FLOAT64, Shape.of(2, 1));
      table.set(1.0, 0, 0);
      table.set(0x1p-40, 1, 0);
      EmbeddingBag bag = EmbeddingBag.of(Embedding.fromPretrained(table), BagMode.SUM);
      Tensor out = Tensor.allocate(arena, DType.FLOAT64, Shape.of(1, 1));
      bag.forward(new int[] {0, 1}, new int[] {0}, out);
      assertEquals(1 + 0x1p-40, out.get(0, 0));
    }
  }

  @Property(tries = 20)
  void severalThreadsGiveTheSameBits(@ForAll Way way, @ForAll("seeds") long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    int[] indices = random.ints(20_000, 0, 60).toArray();
    int[] offsets = new int[1500];
    Arrays.setAll(offsets, bag -> 13 * bag);
    float[] weights = FloatClass.tame(seed, indices.length);
    try (Arena arena = Arena.ofShared();
        ForkJoinPool pool = new ForkJoinPool(3)) {
      Tensor table = Tensor.copyOf(arena, FloatClass.tame(seed, 60 * 21), 60, 21);
      EmbeddingBag bag = EmbeddingBag.of(Embedding.fromPretrained(table), way.mode);
      Bags bags =
          way == Way.WEIGHTED
              ? bag.bags().loadWeighted(indices, offsets, weights)
              : bag.bags().load(indices, offsets);
      Tensor alone = Tensor.zeros(arena, offsets.length, 21);
      Tensor together = Tensor.zeros(arena, offsets.length, 21);
      bag.forward(bags, alone);
      bag.withParallelism(Parallelism.of(pool)).forward(bags, together);
      assertSameBits("threads", alone, together);
    }
  }

  // -------------------------------------------------------------------------------------------------------- backward

  @Property
  void gradientsAddInOrder(
      @ForAll("bags") BagCase bags,
      @ForAll @IntRange(max = 20) int width,
      @ForAll Way way,
      @ForAll("seeds") long seed) {
    int rows = bags.numEmbeddings();
    float[] numbers = FloatClass.tame(seed, rows * width);
    float[] weights = weights(way, bags, seed);
    float[] g = FloatClass.tame(seed + 1, bags.count() * width);
    float[] expected = new BagReference(bags, way.mode, weights, numbers, width).backward(g);
    try (Arena arena = Arena.ofConfined();
        Tape tape = new Tape()) {
      Tensor gradient = Tensor.copyOf(arena, g, bags.count(), width);
      Embedding taped = trained(arena, bags, numbers, width);
      EmbeddingBag bag = EmbeddingBag.of(taped, way.mode);
      Tensor indices = Tensor.copyOf(arena, bags.indices());
      Tensor offsets = Tensor.copyOf(arena, bags.offsets());
      Variable reduced =
          weights == null
              ? tape.lookup(bag, bags.indices(), bags.offsets())
              : tape.weightedLookup(bag, indices, offsets, Tensor.copyOf(arena, weights));
      assertEquals(Shape.of(bags.count(), width), reduced.value().shape());
      tape.sum(tape.einsum("ik,ik->ik", reduced, gradient)).backward();
      Tensor dense = taped.weight().gradient().tensor();
      assertSameBits("tape", expected, dense.toFloatArray());
      DoubleArray upstream = DoubleArray.of(gradient);
      List<Rounded> oracle =
          switch (way.mode) {
            case MAX ->
                OracleEmbedding.largestOfBagsBackward(
                    DoubleArray.of(taped.weight().value()), upstream, bags);
            case MEAN -> OracleEmbedding.bagsBackward(rows, upstream, bags, true);
            case SUM ->
                weights == null
                    ? OracleEmbedding.bagsBackward(rows, upstream, bags, false)
                    : OracleEmbedding.weightedBagsBackward(rows, upstream, bags, doubles(weights));
          };
      assertWithin("by definition", oracle::get, dense);
      Embedding sparse = trained(arena, bags, numbers, width).withSparseGradient();
      EmbeddingBag sparseBag = EmbeddingBag.of(sparse, way.mode);
      sparseBag.backward(load(sparseBag, bags, weights), gradient);
      Tensor sums = sparse.weight().sparseGradient().toDense(Tensor.zeros(arena, rows, width));
      if (weights == null) {
        assertSameBits("sparse", expected, sums.toFloatArray());
      } else {
        assertSameBits("sparse", productsFirst(bags, weights, g, width), sums.toFloatArray());
      }
    }
  }

  /** A sparse gradient holds the rounded products. */
  private static float[] productsFirst(BagCase bags, float[] weights, float[] g, int width) {
    float[] sums = new float[bags.numEmbeddings() * width];
    int[] indices = bags.indices();
    int[] offsets = bags.offsets();
    for (int bag = 0; bag < bags.count(); bag++) {
      int end = bag + 1 < bags.count() ? offsets[bag + 1] : indices.length;
      for (int i = offsets[bag]; i < end; i++) {
        for (int d = 0; d < width && indices[i] != bags.paddingIdx(); d++) {
          sums[indices[i] * width + d] += weights[i] * g[bag * width + d];
        }
      }
    }
    return sums;
  }

  @Property(tries = 200)
  void byFrequencyDividesByTheTrueCount(
      @ForAll("bags") BagCase bags,
      @ForAll @IntRange(min = 1, max = 20) int width,
      @ForAll Way way,
      @ForAll boolean sparse,
      @ForAll("seeds") long seed) {
    float[] numbers = FloatClass.tame(seed, bags.numEmbeddings() * width);
    float[] weights = weights(way, bags, seed);
    float[] g = FloatClass.tame(seed + 1, bags.count() * width);
    BagReference reference = new BagReference(bags, way.mode, weights, numbers, width);
    float[] expected = reference.backward(g);
    int[] counts = reference.counts();
    for (int k = 0; k < expected.length; k++) {
      expected[k] = 0f + expected[k] / Math.max(counts[k / width], 1);
    }
    try (Arena arena = Arena.ofConfined()) {
      Embedding scaled = trained(arena, bags, numbers, width).withScaleGradByFreq();
      Embedding embedding = sparse ? scaled.withSparseGradient() : scaled;
      EmbeddingBag bag = EmbeddingBag.of(embedding, way.mode);
      bag.backward(load(bag, bags, weights), Tensor.copyOf(arena, g, bags.count(), width));
      Parameter weight = embedding.weight();
      Tensor gradient =
          sparse
              ? weight.sparseGradient().toDense(Tensor.zeros(arena, bags.numEmbeddings(), width))
              : weight.gradient().tensor();
      assertSameBits("by frequency", expected, gradient.toFloatArray());
    }
  }

  @Property(tries = 200)
  void weightsHaveAGradient(
      @ForAll("bags") BagCase bags,
      @ForAll @IntRange(max = 80) int width,
      @ForAll("seeds") long seed) {
    float[] numbers = FloatClass.tame(seed, bags.numEmbeddings() * width);
    float[] g = FloatClass.tame(seed + 1, bags.count() * width);
    int[] indices = bags.indices();
    try (Arena arena = Arena.ofConfined();
        Tape tape = new Tape()) {
      Embedding embedding = trained(arena, bags, numbers, width);
      EmbeddingBag bag = EmbeddingBag.of(embedding, BagMode.SUM);
      Tensor start = Tensor.copyOf(arena, FloatClass.tame(seed + 2, indices.length));
      Parameter factors = Parameter.trainable(arena, start);
      Variable sums =
          tape.weightedLookup(
              bag, Tensor.copyOf(arena, indices), Tensor.copyOf(arena, bags.offsets()), factors);
      tape.sum(tape.einsum("ik,ik->ik", sums, Tensor.copyOf(arena, g, bags.count(), width)))
          .backward();
      List<Rounded> expected =
          OracleEmbedding.weightsGradient(
              DoubleArray.of(embedding.weight().value()),
              DoubleArray.of(doubles(g), bags.count(), width),
              bags);
      assertWithin("weights", expected::get, factors.gradient().tensor());
    }
  }

  @Property(tries = 200)
  void fusedUpdatesMoveRowsByTheSameGradient(
      @ForAll("bags") BagCase bags,
      @ForAll @IntRange(min = 1, max = 20) int width,
      @ForAll Way way,
      @ForAll boolean byFrequency,
      @ForAll("seeds") long seed) {
    float[] numbers = FloatClass.tame(seed, bags.numEmbeddings() * width);
    float[] weights = weights(way, bags, seed);
    Tensor g =
        Tensor.copyOf(
            Arena.ofAuto(), FloatClass.tame(seed + 1, bags.count() * width), bags.count(), width);
    try (Arena arena = Arena.ofConfined()) {
      Embedding one = scaled(trained(arena, bags, numbers, width), byFrequency);
      Embedding two = scaled(trained(arena, bags, numbers, width), byFrequency);
      EmbeddingBag first = EmbeddingBag.of(one, way.mode);
      EmbeddingBag second = EmbeddingBag.of(two, way.mode);
      Sgd sgd = Sgd.of(0.5f, one.weight());
      Sgd fusedSgd = Sgd.of(0.5f, two.weight());
      Adagrad adagrad = Adagrad.of(0.5f, one.weight());
      Adagrad fusedAdagrad = Adagrad.of(0.5f, two.weight());
      Bags stepped = load(first, bags, weights);
      Bags fused = load(second, bags, weights);
      for (int round = 0; round < 2; round++) {
        sgd.zeroGrad();
        first.backward(stepped, g);
        sgd.step();
        fusedSgd.fused(second).backward(fused, g);
        adagrad.zeroGrad();
        first.backward(stepped, g);
        adagrad.step();
        fusedAdagrad.fused(second).backward(fused, g);
      }
      assertSameBits("rows", one.weight().value(), two.weight().value());
    }
  }

  /** fma(w, g, +0) is -0 then, which added to a gradient's +0 is +0, and moves -0 elsewhere. */
  @Example
  void aProductTooSmallIsNoNegativeZeroOfAGradientByFrequency() {
    try (Arena arena = Arena.ofConfined()) {
      Tensor table = Tensor.copyOf(arena, new float[] {-0f}, 1, 1);
      Embedding embedding = Embedding.of(Parameter.trainable(arena, table)).withScaleGradByFreq();
      EmbeddingBag bag = EmbeddingBag.of(embedding, BagMode.SUM);
      Bags bags =
          bag.bags().loadWeighted(new int[] {0}, new int[] {0}, new float[] {-Float.MIN_VALUE});
      Tensor g = Tensor.full(arena, Float.MIN_VALUE, 1, 1);
      Sgd.of(0.5f, embedding.weight()).fused(bag).backward(bags, g);
      assertSameBits("row", new float[] {-0f}, table.toFloatArray());
    }
  }

  private static Embedding scaled(Embedding embedding, boolean byFrequency) {
    return byFrequency ? embedding.withScaleGradByFreq() : embedding;
  }
}
