package dev.lanewise.optim;

import static dev.lanewise.verification.TensorAssertions.assertSameBits;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.lanewise.MappedFiles;
import dev.lanewise.embedding.Embedding;
import dev.lanewise.parallel.Parallelism;
import dev.lanewise.tensor.Parameter;
import dev.lanewise.tensor.Tensor;
import dev.lanewise.verification.FloatClass;
import dev.lanewise.verification.LanewiseArbitraries;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.concurrent.ForkJoinPool;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tag;
import net.jqwik.api.constraints.IntRange;

/**
 * Every optimizer on dense and sparse gradients, and fused with the backward pass, against its
 * scalar program to the bit: duplicates, padding, empty batches, scaling by frequency, NaN and
 * infinite rows.
 */
@Tag("lanes")
class OptimizerBitsTest {
  private static final int STEPS = 3;

  @Provide
  Arbitrary<Long> seeds() {
    return LanewiseArbitraries.seeds();
  }

  /** Batches over a table, and what the scalar program makes of it. */
  private record Case(
      Kind kind,
      Direction direction,
      int rows,
      int width,
      int padding,
      boolean byFrequency,
      float[] start,
      int[][] batches,
      float[][] gradients) {
    static Case of(Kind kind, Direction direction, int rows, int width, int most, long seed) {
      SplittableRandom random = new SplittableRandom(seed);
      int[][] batches = new int[STEPS][];
      float[][] gradients = new float[STEPS][];
      for (int step = 0; step < STEPS; step++) {
        batches[step] = random.ints(random.nextInt(most + 1), 0, rows).toArray();
        gradients[step] = FloatClass.wild(random.nextLong(), batches[step].length * width);
      }
      return new Case(
          kind,
          direction,
          rows,
          width,
          random.nextInt(-1, rows),
          random.nextBoolean(),
          FloatClass.wild(seed, rows * width),
          batches,
          gradients);
    }

    Embedding embedding(Arena arena) {
      Tensor table = Tensor.copyOf(arena, start, rows, width);
      Embedding plain = Embedding.of(Parameter.trainable(arena, table));
      Embedding padded = padding < 0 ? plain : plain.withPaddingIdx(padding);
      return byFrequency ? padded.withScaleGradByFreq() : padded;
    }

    Tensor gradient(Arena arena, int step) {
      return Tensor.copyOf(arena, gradients[step], batches[step].length, width);
    }

    /** The same gradient, with other numbers before, between and behind its rows. */
    Tensor gradientAmongOthers(Arena arena, int step) {
      Tensor all = Tensor.full(arena, 7, batches[step].length + 2, width + 3);
      Tensor view = all.slice(0, 1, batches[step].length + 1).slice(1, 2, width + 2);
      return view.copyFrom(gradient(arena, step));
    }

    /** The weights after each step. */
    float[][] expected(boolean allRows) {
      ScalarRules rule = kind.rule(direction, rows, width);
      float[] w = start.clone();
      float[][] after = new float[STEPS][];
      for (int step = 0; step < STEPS; step++) {
        boolean[] moved = new boolean[rows];
        int[] counts = new int[rows];
        float[] g = new float[rows * width];
        for (int i = 0; i < batches[step].length; i++) {
          int row = batches[step][i];
          if (row != padding) {
            moved[row] = true;
            counts[row]++;
            for (int d = 0; d < width; d++) {
              g[row * width + d] += gradients[step][i * width + d];
            }
          }
        }
        for (int k = 0; k < g.length && byFrequency; k++) {
          g[k] = 0f + g[k] / Math.max(counts[k / width], 1);
        }
        if (allRows) {
          Arrays.fill(moved, true);
        }
        rule.step(w, g, moved);
        after[step] = w.clone();
      }
      return after;
    }

    @Override
    public String toString() {
      return kind
          + " "
          + direction
          + " of "
          + rows
          + "x"
          + width
          + ", padding "
          + padding
          + (byFrequency ? ", by frequency" : "");
    }
  }

  /** Where tables and gradients lie. */
  private enum Memory {
    PLAIN,
    MAPPED;

    Arena arena(Arena arena) {
      return this == PLAIN ? arena : new MappedFiles(arena);
    }
  }

  private static void check(Case c, Parallelism parallelism, Memory memory) {
    boolean movesAll = c.kind.moves != Kind.Moves.TOUCHED;
    // Where a dense step goes up, rows with a gradient of 0 are visited too.
    boolean denseVisitsAll =
        movesAll || (c.direction == Direction.MAXIMIZE && c.kind != Kind.SPARSE_ADAM);
    try (Arena shared = Arena.ofShared()) {
      Arena arena = memory.arena(shared);
      Embedding dense = c.embedding(arena);
      Embedding sparse = c.embedding(arena).withSparseGradient();
      Embedding fused = c.embedding(arena);
      Optimizer onDense = c.kind.optimizer(c.direction, dense.weight());
      Optimizer onSparse = c.kind.optimizer(c.direction, sparse.weight());
      Optimizer inOne = c.kind.optimizer(c.direction, fused.weight());
      FusedUpdate update = movesAll ? null : inOne.fused(fused).withParallelism(parallelism);
      float[][] ofDense = c.expected(denseVisitsAll);
      float[][] ofSparse = c.expected(movesAll);
      for (int step = 0; step < STEPS; step++) {
        Tensor g = c.gradient(arena, step);
        onDense.zeroGrad();
        dense.backward(c.batches[step], g);
        onDense.step();
        String what = c + " after step " + step;
        assertSameBits("dense " + what, ofDense[step], dense.weight().value().toFloatArray());
        if (c.kind.moves != Kind.Moves.ALL_OF_DENSE) {
          onSparse.zeroGrad();
          sparse.backward(c.batches[step], g);
          onSparse.step();
          assertSameBits("sparse " + what, ofSparse[step], sparse.weight().value().toFloatArray());
        }
        if (update != null) {
          update.backward(c.batches[step], c.gradientAmongOthers(arena, step));
          assertSameBits("fused " + what, ofSparse[step], fused.weight().value().toFloatArray());
        }
      }
      assertEquals(false, fused.weight().hasGradient() || fused.weight().hasSparseGradient());
    }
  }

  @Property(tries = 300)
  void stepsAreThoseOfTheScalarProgram(
      @ForAll Kind kind,
      @ForAll Direction direction,
      @ForAll @IntRange(min = 1, max = 40) int rows,
      @ForAll @IntRange(min = 1, max = 150) int width,
      @ForAll Memory memory,
      @ForAll("seeds") long seed) {
    check(Case.of(kind, direction, rows, width, 60, seed), Parallelism.NONE, memory);
  }

  @Example
  void manyRowsOnSeveralThreads() {
    try (ForkJoinPool pool = new ForkJoinPool(3)) {
      for (Kind kind : Kind.values()) {
        // Large enough to be read ahead, and for several parts.
        Case c = Case.of(kind, Direction.MINIMIZE, 9000, 20, 12_000, kind.ordinal());
        check(c, Parallelism.of(pool), Memory.PLAIN);
      }
    }
  }

  /** With an eps of 0, a visit to a row that has had no gradient would make it NaN. */
  @Example
  void rowsThatTheBatchDidNotTouchAreNotVisited() {
    try (Arena arena = Arena.ofConfined()) {
      Embedding table = Embedding.of(Parameter.trainable(arena, Tensor.full(arena, 2, 4, 3)));
      table.backward(new int[] {3}, Tensor.full(arena, 1, 1, 3));
      Direction down = Direction.MINIMIZE;
      Adagrad.of(new Adagrad.Settings(0.5f, 0, 0, 0, 0, down), table.weight()).step();
      RowwiseAdagrad.of(new RowwiseAdagrad.Settings(0.5f, 0, down), table.weight()).step();
      assertSameBits(
          "table",
          new float[] {2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1},
          table.weight().value().toFloatArray());
    }
  }

  @Example
  void fusedUpdatesMoveTheirOwnTable() {
    try (Arena arena = Arena.ofConfined()) {
      Embedding first = Embedding.of(Parameter.trainable(arena, Tensor.full(arena, 2, 4, 3)));
      Embedding second = Embedding.of(Parameter.trainable(arena, Tensor.full(arena, 2, 4, 3)));
      FusedUpdate update = Sgd.of(0.5f, first.weight(), second.weight()).fused(second);
      assertEquals("FusedUpdate(Sgd, Embedding(4, 3))", update.toString());
      update.backward(Tensor.copyOf(arena, new int[] {3}, 1), Tensor.full(arena, 1, 1, 3));
      assertSameBits("first", Tensor.full(arena, 2, 4, 3), first.weight().value());
      assertEquals(1.5, second.weight().value().get(3, 2));
    }
  }

  @Example
  void indicesOfAnyShapeMoveTheirRows() {
    try (Arena arena = Arena.ofConfined()) {
      Embedding listed = Embedding.of(Parameter.trainable(arena, Tensor.full(arena, 2, 4, 1)));
      Embedding shaped = Embedding.of(Parameter.trainable(arena, Tensor.full(arena, 2, 4, 1)));
      FusedUpdate update = Sgd.of(1f, shaped.weight()).fused(shaped);
      int[] ids = {3, 0, 3, 1};
      for (float scale : new float[] {1, 0.5f}) {
        Tensor g = Tensor.copyOf(arena, new float[] {scale, 2 * scale, 4 * scale, 8 * scale}, 4, 1);
        Sgd.of(1f, listed.weight()).fused(listed).backward(ids, g);
        update.backward(Tensor.copyOf(arena, ids, 2, 2), g.reshape(2, 2, 1));
        assertSameBits("table", listed.weight().value(), shaped.weight().value());
      }
      assertEquals(-5.5, shaped.weight().value().get(3, 0));
    }
  }

  @Property(tries = 30)
  void bothGradientsCountOnce(@ForAll Kind kind, @ForAll("seeds") long seed) {
    if (kind.moves == Kind.Moves.ALL_OF_DENSE) {
      return;
    }
    Case c = Case.of(kind, Direction.MINIMIZE, 9, 5, 12, seed);
    try (Arena arena = Arena.ofConfined()) {
      Embedding mixed = c.embedding(arena);
      Embedding dense = c.embedding(arena);
      Optimizer onMixed = kind.optimizer(Direction.MINIMIZE, mixed.weight());
      Optimizer onDense = kind.optimizer(Direction.MINIMIZE, dense.weight());
      mixed.backward(c.batches[0], c.gradient(arena, 0));
      dense.backward(c.batches[0], c.gradient(arena, 0));
      mixed.withSparseGradient().backward(c.batches[1], c.gradient(arena, 1));
      Embedding other = c.embedding(arena);
      other.backward(c.batches[1], c.gradient(arena, 1));
      Tensor sum = dense.weight().gradient().tensor();
      for (int row = 0; row < 9; row++) {
        for (int d = 0; d < 5; d++) {
          float more = (float) other.weight().gradient().tensor().get(row, d);
          sum.set((float) sum.get(row, d) + more, row, d);
        }
      }
      for (int row : c.batches[1]) {
        if (row != c.padding) {
          dense.weight().gradient().touchRow(row);
        }
      }
      onMixed.step();
      onDense.step();
      assertSameBits(c.toString(), dense.weight().value(), mixed.weight().value());
    }
  }
}
