package dev.lanewise.autograd;

import static dev.lanewise.Refusals.refused;
import static dev.lanewise.verification.TensorAssertions.assertSameBits;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.lanewise.embedding.BagMode;
import dev.lanewise.embedding.Embedding;
import dev.lanewise.embedding.EmbeddingBag;
import dev.lanewise.parallel.Parallelism;
import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Parameter;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.concurrent.ForkJoinPool;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

/** What a tape does with tables: which it refuses, what it keeps of them, and what it changes. */
class TapeTableTest {
  private static final int[] IDS = {2, 0};

  private static Variable rows(Tape tape, Embedding table) {
    return tape.lookup(table, IDS);
  }

  private static Variable bags(Tape tape, Embedding table) {
    return tape.lookup(EmbeddingBag.of(table, BagMode.SUM), IDS, new int[] {0, 1});
  }

  private static Variable products(Tape tape, Embedding table) {
    return tape.lookupEinsum(
        "ik,kj->ij", table, IDS, Tensor.full(Arena.ofAuto(), 1f, table.embeddingDim(), 2));
  }

  /** Each makes two rows of two numbers. */
  private static final List<BiFunction<Tape, Embedding, Variable>> OPERATIONS =
      List.of(TapeTableTest::rows, TapeTableTest::bags, TapeTableTest::products);

  private static Embedding ones(Arena arena, long rows, long width) {
    return Embedding.of(Parameter.trainable(arena, Tensor.full(arena, 1f, rows, width)));
  }

  private static void assertBackwardIsRefused(
      String message,
      BiFunction<Tape, Embedding, Variable> operation,
      Arena arena,
      Embedding table,
      Arena closing) {
    try (Tape tape = new Tape()) {
      Parameter other = Parameter.trainable(arena, Tensor.full(arena, 1f, 2, 2));
      // The addition is walked first: without a look ahead, the other gradient would be written.
      Variable loss = tape.sum(tape.add(operation.apply(tape, table), other));
      table.weight().gradient();
      closing.close();
      refused(IllegalStateException.class, message, loss::backward);
      assertSameBits("no gradient", new float[4], other.gradient().tensor().toFloatArray());
    }
  }

  @Test
  void aBackwardPassIntoAClosedGradientChangesNothing() {
    for (BiFunction<Tape, Embedding, Variable> operation : OPERATIONS) {
      try (Arena arena = Arena.ofConfined()) {
        Arena closing = Arena.ofConfined();
        Tensor weight = Tensor.full(arena, 1f, 3, 2);
        assertBackwardIsRefused(
            "the weight's gradient: the arena of this tensor of shape [3, 2] is closed",
            operation,
            arena,
            Embedding.of(Parameter.trainable(closing, weight)),
            closing);
      }
    }
  }

  @Test
  void aBackwardPassThatNeedsAClosedTableChangesNothing() {
    for (BiFunction<Tape, Embedding, Variable> operation : OPERATIONS.subList(1, 3)) {
      try (Arena arena = Arena.ofConfined()) {
        Arena closing = Arena.ofConfined();
        Tensor weight = Tensor.full(closing, 1f, 3, 2);
        assertBackwardIsRefused(
            "weight: the arena of this tensor of shape [3, 2] is closed",
            operation,
            arena,
            Embedding.of(Parameter.trainable(arena, weight)),
            closing);
      }
    }
  }

  @Test
  void aBackwardPassIntoAParametersClosedGradientChangesNothing() {
    try (Arena arena = Arena.ofConfined();
        Tape tape = new Tape()) {
      Arena closing = Arena.ofConfined();
      Parameter first = Parameter.trainable(closing, Tensor.full(arena, 1f, 2));
      Parameter second = Parameter.trainable(arena, Tensor.full(arena, 1f, 2));
      Variable loss = tape.sum(tape.add(tape.relu(first), second));
      first.gradient();
      closing.close();
      refused(
          IllegalStateException.class,
          "a parameter's gradient: the arena of this tensor of shape [2] is closed",
          loss::backward);
      assertSameBits("no gradient", new float[2], second.gradient().tensor().toFloatArray());
    }
  }

  @Test
  void tablesThatATapeCannotReadAreRefused() {
    try (Arena arena = Arena.ofConfined();
        Tape tape = new Tape()) {
      Embedding wide =
          Embedding.fromPretrained(Tensor.allocate(arena, DType.FLOAT64, Shape.of(3, 2)));
      Arena closing = Arena.ofConfined();
      Embedding closed = ones(closing, 3, 2);
      closing.close();
      for (BiFunction<Tape, Embedding, Variable> operation : OPERATIONS) {
        refused(
            IllegalArgumentException.class,
            "weight: a tape computes in float32, but the rows of " + wide + " are float64",
            () -> operation.apply(tape, wide));
        refused(
            IllegalStateException.class,
            "weight: the arena of this tensor of shape [3, 2] is closed",
            () -> operation.apply(tape, closed));
      }
    }
  }

  @Test
  void aLookupScalesTheRowsItReadsDownToTheirMaximum() {
    try (Arena arena = Arena.ofConfined();
        Tape tape = new Tape()) {
      Embedding table =
          Embedding.of(Parameter.trainable(arena, Tensor.full(arena, 4f, 3, 1))).withMaxNorm(1, 2);
      Embedding same =
          Embedding.of(Parameter.trainable(arena, Tensor.full(arena, 4f, 3, 1))).withMaxNorm(1, 2);
      Tensor expected = Tensor.allocate(arena, DType.FLOAT32, Shape.of(2, 1));
      same.forward(IDS, expected);
      assertSameBits("rows", expected, tape.lookup(table, IDS).value());
      assertSameBits("table", same.weight().value(), table.weight().value());
      assertEquals(4f, table.weight().value().toFloatArray()[1], "a row that is not read");
    }
  }

  @Test
  void aLookupThatIsRefusedScalesNothing() {
    try (Arena confined = Arena.ofConfined();
        ForkJoinPool pool = new ForkJoinPool(2);
        Tape tape = new Tape()) {
      Embedding table =
          ones(confined, 3, 2).withMaxNorm(0.5, 2).withParallelism(Parallelism.of(pool));
      assertThrows(WrongThreadException.class, () -> tape.lookup(table, IDS));
      assertSameBits("table", Tensor.full(confined, 1f, 3, 2), table.weight().value());
    }
  }

  @Test
  void aFrozenTableGivesItsBagsWeightsTheirGradientAlone() {
    try (Arena arena = Arena.ofConfined();
        Tape tape = new Tape()) {
      Embedding table = Embedding.fromPretrained(Tensor.copyOf(arena, new float[] {1, 2, 4}, 3, 1));
      EmbeddingBag bag = EmbeddingBag.of(table, BagMode.SUM);
      Parameter weights = Parameter.trainable(arena, Tensor.full(arena, 1f, 1, 2));
      Tensor ids = Tensor.copyOf(arena, IDS, 1, 2);
      tape.sum(tape.weightedLookup(bag, ids, weights)).backward();
      assertSameBits("weights", new float[] {4, 1}, weights.gradient().tensor().toFloatArray());
      assertFalse(table.weight().hasGradient());
    }
  }

  /** Weights that bags had at their place in the last recording are no part of them any more. */
  @Test
  void bagsForgetTheWeightsThatTheyHad() {
    try (Arena arena = Arena.ofConfined();
        Tape tape = new Tape()) {
      EmbeddingBag bag = EmbeddingBag.of(ones(arena, 3, 1), BagMode.SUM);
      Parameter weights = Parameter.trainable(arena, Tensor.full(arena, 1f, 1, 2));
      Tensor matrix = Tensor.copyOf(arena, IDS, 1, 2);
      Tensor list = Tensor.copyOf(arena, IDS);
      Tensor offsets = Tensor.copyOf(arena, new int[] {0});
      List<Supplier<Variable>> lookups =
          List.of(
              () -> tape.lookup(bag, matrix),
              () -> tape.lookup(bag, list, offsets),
              () -> tape.lookup(bag, IDS, new int[] {0}));
      for (Supplier<Variable> lookup : lookups) {
        tape.weightedLookup(bag, matrix, tape.relu(weights));
        tape.reset();
        Variable factors = tape.relu(weights);
        Variable sums = lookup.get();
        tape.sum(factors).backward();
        tape.sum(sums).backward();
        tape.reset();
      }
      assertSameBits(
          "gradient",
          new float[] {3, 0, 3},
          bag.embedding().weight().gradient().tensor().toFloatArray());
    }
  }

  @Test
  void aLookupIsReusedForOtherIndicesAndTables() {
    try (Arena arena = Arena.ofConfined();
        Tape tape = new Tape()) {
      Tensor square = Tensor.copyOf(arena, new int[] {0, 1, 2, 0}, 2, 2);
      Tensor line = Tensor.copyOf(arena, new int[] {1, 1, 0}, 3);
      Embedding narrow = ones(arena, 3, 2);
      Embedding wide = ones(arena, 3, 5);
      assertEquals(Shape.of(2, 2, 2), tape.lookup(narrow, square).shape());
      tape.reset();
      assertEquals(Shape.of(2, 2), tape.lookup(narrow, IDS).shape());
      tape.reset();
      assertEquals(Shape.of(3, 2), tape.lookup(narrow, line).shape());
      tape.reset();
      Variable last = tape.lookup(wide, line);
      assertEquals(Shape.of(3, 5), last.shape());
      tape.sum(last).backward();
      assertSameBits(
          "gradient",
          new float[] {1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 0, 0, 0, 0, 0},
          wide.weight().gradient().tensor().toFloatArray());
    }
  }

  /** One contraction of square operands, whose sides differ in nothing but their meaning. */
  @Test
  void aLookupAndContractionIsReusedForTheOtherSideAndOtherGradients() {
    try (Arena arena = Arena.ofConfined();
        Tape reused = new Tape()) {
      Tensor table = Tensor.copyOf(arena, new float[] {1, 2, 3, 5}, 2, 2);
      Tensor other = Tensor.copyOf(arena, new float[] {7, 11, 13, 17}, 2, 2);
      for (int step = 0; step < 8; step++) {
        boolean rowsFirst = step % 2 == 0;
        boolean trained = step / 2 % 2 == 0;
        float[][] results = new float[2][];
        try (Tape fresh = new Tape()) {
          for (Tape tape : List.of(reused, fresh)) {
            Embedding embedding = Embedding.of(Parameter.trainable(arena, table));
            Parameter weight = Parameter.trainable(arena, other);
            var operand = trained ? weight : other;
            int[] ids = {0, 1};
            Variable product =
                rowsFirst
                    ? tape.lookupEinsum("ij,jk->ik", embedding, ids, operand)
                    : tape.lookupEinsum("ij,jk->ik", operand, embedding, ids);
            tape.sum(tape.relu(product)).backward();
            float[] result = new float[12];
            System.arraycopy(product.value().toFloatArray(), 0, result, 0, 4);
            System.arraycopy(
                embedding.weight().gradient().tensor().toFloatArray(), 0, result, 4, 4);
            if (trained) {
              System.arraycopy(weight.gradient().tensor().toFloatArray(), 0, result, 8, 4);
            }
            results[tape == reused ? 0 : 1] = result;
          }
        }
        assertSameBits("step " + step, results[1], results[0]);
        reused.reset();
      }
    }
  }

  @Test
  void aLookupAndContractionIsReusedForOtherEquationsAndShapes() {
    try (Arena arena = Arena.ofConfined();
        Tape tape = new Tape()) {
      Embedding table =
          Embedding.fromPretrained(Tensor.copyOf(arena, new float[] {1, 2, 3, 5}, 2, 2));
      Tensor square = Tensor.copyOf(arena, new float[] {7, 11, 13, 17}, 2, 2);
      Tensor column = Tensor.copyOf(arena, new float[] {7, 13}, 2, 1);
      int[] ids = {0, 1};
      float[] products = {33, 45, 86, 118};
      float[] transposed = {33, 86, 45, 118};
      assertSameBits(
          "rows",
          products,
          tape.lookupEinsum("ij,jk->ik", table, ids, square).value().toFloatArray());
      tape.reset();
      assertSameBits(
          "another equation",
          transposed,
          tape.lookupEinsum("ij,jk->ki", table, ids, square).value().toFloatArray());
      tape.reset();
      assertSameBits(
          "another operand",
          new float[] {33, 86},
          tape.lookupEinsum("ij,jk->ki", table, ids, column).value().toFloatArray());
      tape.reset();
      assertSameBits(
          "other rows",
          new float[] {86, 33, 86},
          tape.lookupEinsum("ij,jk->ki", table, new int[] {1, 0, 1}, column)
              .value()
              .toFloatArray());
    }
  }
}
