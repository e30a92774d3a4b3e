package dev.lanewise.optim;

import static dev.lanewise.verification.TensorAssertions.assertSameBits;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.embedding.Embedding;
import dev.lanewise.internal.kernel.KernelSet;
import dev.lanewise.internal.kernel.Neighbours;
import dev.lanewise.internal.kernel.RowFormat;
import dev.lanewise.parallel.Parallelism;
import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Parameter;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import dev.lanewise.verification.FloatClass;
import dev.lanewise.verification.LanewiseArbitraries;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ForkJoinPool;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tag;
import net.jqwik.api.constraints.IntRange;

/**
 * Every optimizer on tables of 16 bits: a step is float32's from the same weights, each weight then
 * one of the two numbers beside it, and a mean that is float32's; the same bits from dense, sparse
 * and fused gradients and on several threads.
 */
@Tag("lanes")
class NarrowWeightsTest {
  private static final int STEPS = 3;

  @Provide
  Arbitrary<Long> seeds() {
    return LanewiseArbitraries.seeds();
  }

  @Provide
  Arbitrary<DType> narrow() {
    return Arbitraries.of(DType.BFLOAT16, DType.FLOAT16);
  }

  private static Embedding embedding(Arena arena, Tensor values, DType dtype) {
    Tensor table = Tensor.allocate(arena, dtype, values.shape());
    table.convertFrom(values);
    return Embedding.of(Parameter.trainable(arena, table));
  }

  private static Tensor rows(Arena arena, long seed, int rows, int width) {
    return Tensor.copyOf(arena, FloatClass.tame(seed, rows * width), rows, width);
  }

  private static float[] widened(Embedding embedding) {
    Tensor table = embedding.weight().value();
    return Tensor.allocate(Arena.ofAuto(), DType.FLOAT32, table.shape())
        .convertFrom(table)
        .toFloatArray();
  }

  @Property(tries = 200)
  void aStepIsRoundedFloat32s(
      @ForAll Kind kind,
      @ForAll("narrow") DType dtype,
      @ForAll @IntRange(min = 1, max = 30) int rows,
      @ForAll @IntRange(min = 1, max = 150) int width,
      @ForAll("seeds") long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    try (Arena arena = Arena.ofConfined()) {
      Tensor start = rows(arena, seed, rows, width);
      Embedding narrow = embedding(arena, start, dtype);
      Embedding wide = embedding(arena, start, DType.FLOAT32);
      Optimizer onNarrow = kind.optimizer(Direction.MINIMIZE, narrow.weight());
      Optimizer onWide = kind.optimizer(Direction.MINIMIZE, wide.weight());
      RowFormat format = dtype == DType.BFLOAT16 ? RowFormat.BFLOAT16 : RowFormat.FLOAT16;
      for (int step = 0; step < STEPS; step++) {
        wide.weight().value().convertFrom(narrow.weight().value());
        int[] batch = random.ints(random.nextInt(40), 0, rows).toArray();
        Tensor g = rows(arena, random.nextLong(), batch.length, width);
        for (Optimizer each : new Optimizer[] {onNarrow, onWide}) {
          each.zeroGrad();
          (each == onNarrow ? narrow : wide).backward(batch, g);
          each.step();
        }
        for (int slot = 0; slot < onWide.state(0).bufferCount(); slot++) {
          assertSameBits(
              kind + "'s state", onWide.state(0).buffer(slot), onNarrow.state(0).buffer(slot));
        }
        for (int i = 0; i < rows * width; i++) {
          float exact = (float) wide.weight().value().get(i / width, i % width);
          float rounded = (float) narrow.weight().value().get(i / width, i % width);
          Neighbours neighbours = Neighbours.of(format, exact);
          assertTrue(
              rounded == neighbours.inner() || rounded == neighbours.outer(),
              kind + ": weight " + i + " became " + rounded + " instead of " + exact);
        }
      }
    }
  }

  private static void checkAllWays(
      Kind kind, DType dtype, int rows, int width, int most, long seed, Parallelism parallelism) {
    SplittableRandom random = new SplittableRandom(seed);
    try (Arena arena = Arena.ofShared()) {
      Tensor start = rows(arena, seed, rows, width);
      Embedding dense = embedding(arena, start, dtype);
      Embedding sparse = embedding(arena, start, dtype).withSparseGradient();
      Embedding fused = embedding(arena, start, dtype);
      Optimizer onDense = kind.optimizer(Direction.MINIMIZE, dense.weight());
      Optimizer onSparse = kind.optimizer(Direction.MINIMIZE, sparse.weight());
      Optimizer inOne = kind.optimizer(Direction.MINIMIZE, fused.weight());
      for (Optimizer each : new Optimizer[] {onDense, onSparse, inOne}) {
        each.setRoundingSeed(seed);
      }
      boolean fusable = kind.moves == Kind.Moves.TOUCHED;
      FusedUpdate update = fusable ? inOne.fused(fused).withParallelism(parallelism) : null;
      for (int step = 0; step < STEPS; step++) {
        int[] batch = random.ints(random.nextInt(most + 1), 0, rows).toArray();
        Tensor g = rows(arena, random.nextLong(), batch.length, width);
        onDense.zeroGrad();
        dense.backward(batch, g);
        onDense.step();
        onSparse.zeroGrad();
        sparse.backward(batch, g);
        onSparse.step();
        String what = kind + " " + dtype + ", step " + step;
        assertSameBits("sparse " + what, widened(dense), widened(sparse));
        if (update != null) {
          update.backward(batch, g);
          assertSameBits("fused " + what, widened(dense), widened(fused));
        }
      }
    }
  }

  @Property(tries = 100)
  void denseSparseAndFusedGiveTheSameBits(
      @ForAll Kind kind,
      @ForAll("narrow") DType dtype,
      @ForAll @IntRange(min = 1, max = 40) int rows,
      @ForAll @IntRange(min = 1, max = 100) int width,
      @ForAll("seeds") long seed) {
    if (kind.moves != Kind.Moves.ALL_OF_DENSE) {
      checkAllWays(kind, dtype, rows, width, 60, seed, Parallelism.NONE);
    }
  }

  private static long splitMix(long state) {
    return new SplittableRandom(state).nextLong();
  }

  /** As docs/numerics.md says: results do not change with a release. */
  @Property
  void theChanceFollowsFromSeedParameterAndStep(
      @ForAll("seeds") long seed,
      @ForAll @IntRange(max = 3) int parameter,
      @ForAll @IntRange(max = 9) int step) {
    long key = splitMix(splitMix(splitMix(seed) + parameter) + step);
    assertEquals(key, NarrowWeights.key(seed, parameter, step));
    try (Arena arena = Arena.ofConfined()) {
      int first = 3;
      int n = 20;
      Tensor wide = Tensor.copyOf(arena, FloatClass.fill(seed, n, FloatClass.NORMAL));
      Tensor expected = Tensor.allocate(arena, DType.BFLOAT16, Shape.of(first + n));
      Tensor actual = Tensor.allocate(arena, DType.BFLOAT16, Shape.of(first + n));
      KernelSet.active()
          .narrowing(RowFormat.BFLOAT16)
          .round(
              wide.segment(),
              wide.offsetBytes(),
              expected.segment(),
              expected.offsetBytes() + (long) first * Short.BYTES,
              splitMix(key),
              first,
              n);
      NarrowWeights.round(wide.segment(), actual, first, n, key);
      assertEquals(-1, expected.segment().mismatch(actual.segment()));
    }
  }

  /** A row is widened, moved and rounded 4,096 columns at a time, unless a rule needs all. */
  @Example
  void rowsOfMoreColumnsThanAreMovedAtOnce() {
    for (Kind kind : List.of(Kind.SGD, Kind.SPARSE_ADAM, Kind.ROWWISE_ADAGRAD)) {
      aStepIsRoundedFloat32s(kind, DType.BFLOAT16, 2, 8_200, 1);
    }
  }

  @Example
  void manyRowsOnSeveralThreads() {
    try (ForkJoinPool pool = new ForkJoinPool(3)) {
      checkAllWays(Kind.SGD, DType.BFLOAT16, 9000, 20, 12_000, 1, Parallelism.of(pool));
      checkAllWays(Kind.ROWWISE_ADAGRAD, DType.FLOAT16, 9000, 20, 12_000, 2, Parallelism.of(pool));
    }
  }

  /**
   * Steps of a 2^-12th of the weight, of which rounding to the nearest would lose every one, add
   * up: the sum's mean over the elements is float32's within six standard deviations. A weight of 1
   * that is rounded between multiples of 2^-7 has a variance of at most a quarter of their square
   * in each step.
   */
  @Example
  void smallStepsAddUp() {
    int rows = 64;
    int width = 100;
    int steps = 256;
    float rate = 0x1p-12f;
    try (Arena arena = Arena.ofConfined()) {
      Embedding table = embedding(arena, Tensor.full(arena, 1f, rows, width), DType.BFLOAT16);
      FusedUpdate update = Sgd.of(rate, table.weight()).fused(table);
      Tensor g = Tensor.full(arena, -1f, rows, width);
      int[] all = IntStream.range(0, rows).toArray();
      for (int step = 0; step < steps; step++) {
        update.backward(all, g);
      }
      double mean = 0;
      for (float weight : widened(table)) {
        mean += (double) weight / (rows * width);
      }
      double deviation = Math.sqrt(steps * 0.25 / (rows * width)) * 0x1p-7;
      assertEquals(1 + steps * rate, mean, 6 * deviation);
    }
  }

  @Example
  void theSeedChooses() {
    float[][] results = new float[3][];
    try (Arena arena = Arena.ofConfined()) {
      for (int run = 0; run < results.length; run++) {
        Embedding table = embedding(arena, Tensor.full(arena, 1f, 5, 100), DType.FLOAT16);
        Sgd sgd = Sgd.of(0x1p-13f, table.weight());
        sgd.setRoundingSeed(run == 0 ? 5 : 6);
        assertEquals(run == 0 ? 5 : 6, sgd.roundingSeed());
        sgd.fused(table).backward(new int[] {0, 4}, Tensor.full(arena, 1f, 2, 100));
        results[run] = widened(table);
      }
    }
    assertFalse(Arrays.equals(results[0], results[1]));
    assertSameBits("the same seed", results[1], results[2]);
    for (int i = 100; i < 400; i++) {
      assertEquals(1f, results[0][i], "a row that no index names");
    }
  }
}
