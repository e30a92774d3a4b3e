package dev.lanewise.autograd;

import static dev.lanewise.Refusals.refused;
import static dev.lanewise.verification.TensorAssertions.assertSameBits;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.lanewise.embedding.Embedding;
import dev.lanewise.optim.Sgd;
import dev.lanewise.tensor.Gradient;
import dev.lanewise.tensor.Operand;
import dev.lanewise.tensor.Parameter;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import dev.lanewise.verification.EquationCase;
import dev.lanewise.verification.FloatClass;
import dev.lanewise.verification.LanewiseArbitraries;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tag;

/** Lookup and einsum in one operation, against the two: the same bits, forward and backward. */
@Tag("lanes")
class TapeLookupEinsumTest {
  private static final int ROWS = 7;

  @Provide
  Arbitrary<EquationCase> pairs() {
    return LanewiseArbitraries.equations(Arbitraries.just(2), 5, 4);
  }

  @Provide
  Arbitrary<Long> seeds() {
    return LanewiseArbitraries.seeds();
  }

  private static Tensor values(Arena arena, Shape shape, long seed) {
    return Tensor.copyOf(arena, FloatClass.tame(seed, (int) shape.elementCount()))
        .reshape(shape.toArray());
  }

  /** A table, an operand and indices, all of which a seed decides. */
  private record Model(Embedding embedding, Parameter weight, Tensor indices) {
    static Model of(Arena arena, EquationCase c, int operand, long seed) {
      Shape rows = c.shape(operand);
      Parameter table =
          Parameter.trainable(arena, values(arena, Shape.of(ROWS, rows.size(-1)), seed));
      Embedding embedding = Embedding.of(table);
      if (seed % 3 == 0) {
        embedding = embedding.withPaddingIdx(seed % ROWS);
      }
      long[] sizes = Arrays.copyOf(rows.toArray(), rows.rank() - 1);
      int count = (int) Shape.of(sizes).elementCount();
      int[] ids = new SplittableRandom(seed).ints(count, 0, ROWS).toArray();
      Parameter weight = Parameter.trainable(arena, values(arena, c.shape(1 - operand), seed + 1));
      return new Model(embedding, weight, Tensor.copyOf(arena, ids, count).reshape(sizes));
    }

    Variable inOne(Tape tape, String equation, int operand) {
      return operand == 0
          ? tape.lookupEinsum(equation, embedding, indices, weight)
          : tape.lookupEinsum(equation, weight, embedding, indices);
    }

    Variable inTwo(Tape tape, String equation, int operand) {
      Variable rows = tape.lookup(embedding, indices);
      return operand == 0
          ? tape.einsum(equation, rows, weight)
          : tape.einsum(equation, weight, rows);
    }
  }

  private static List<Integer> touched(Gradient gradient) {
    assertFalse(gradient.allRowsTouched());
    return IntStream.range(0, gradient.touchedRowCount())
        .map(gradient::touchedRow)
        .boxed()
        .toList();
  }

  private static void assertSame(EquationCase c, long seed) {
    for (int operand = 0; operand < 2; operand++) {
      if (c.shape(operand).rank() == 0) {
        continue;
      }
      try (Arena arena = Arena.ofConfined();
          Tape one = new Tape();
          Tape two = new Tape()) {
        Model first = Model.of(arena, c, operand, seed);
        Model second = Model.of(arena, c, operand, seed);
        String what = c + ", rows as operand " + operand;
        for (int step = 0; step < 2; step++) {
          Variable fused = first.inOne(one, c.equation(), operand);
          Variable steps = second.inTwo(two, c.equation(), operand);
          assertSameBits(what, steps.value(), fused.value());
          Tensor g = values(arena, fused.value().shape(), seed + 2);
          String labels = "abcdefghijkl".substring(0, g.rank());
          one.einsum(labels + "," + labels + "->", fused, g).backward();
          two.einsum(labels + "," + labels + "->", steps, g).backward();
          assertSameBits(
              what + ", gradient of the other operand",
              second.weight.gradient().tensor(),
              first.weight.gradient().tensor());
          Gradient expected = second.embedding.weight().gradient();
          Gradient actual = first.embedding.weight().gradient();
          assertSameBits(what + ", gradient of the table", expected.tensor(), actual.tensor());
          assertEquals(touched(expected), touched(actual));
          one.reset();
          two.reset();
        }
      }
    }
  }

  @Property(tries = 600)
  void anyEquationHasTheBitsOfTheTwoOperations(
      @ForAll("pairs") EquationCase c, @ForAll("seeds") long seed) {
    assertSame(c, seed);
  }

  @Example
  void batchesOfManyRowsHaveTheBitsOfTheTwoOperations() {
    assertSame(EquationCase.of("ik,kj->ij", Shape.of(1000, 40), Shape.of(40, 24)), 3);
    assertSame(EquationCase.of("ik,jk->ij", Shape.of(600, 300), Shape.of(30, 300)), 4);
    assertSame(EquationCase.of("blk,kj->blj", Shape.of(5, 130, 20), Shape.of(20, 33)), 5);
    assertSame(EquationCase.of("blk,bkj->blj", Shape.of(5, 130, 20), Shape.of(5, 20, 33)), 6);
  }

  @Example
  void tiedWeightsAddUpInTheOrderOfTheTwoOperations() {
    try (Arena arena = Arena.ofConfined();
        Tape one = new Tape();
        Tape two = new Tape()) {
      Parameter first = Parameter.trainable(arena, values(arena, Shape.of(9, 20), 1));
      Parameter second = Parameter.trainable(arena, values(arena, Shape.of(9, 20), 1));
      int[] ids = {3, 8, 3, 0};
      one.sum(one.lookupEinsum("ik,jk->ij", Embedding.of(first), ids, first)).backward();
      Variable rows = two.lookup(Embedding.of(second), ids);
      two.sum(two.einsum("ik,jk->ij", rows, second)).backward();
      assertSameBits("tied", second.gradient().tensor(), first.gradient().tensor());
    }
  }

  @Example
  void aNodeIsReusedForOtherTablesShapesAndEquations() {
    try (Arena arena = Arena.ofConfined();
        Tape tape = new Tape()) {
      Tensor vec = Tensor.full(arena, 1f, 2, 1);
      Embedding ones = Embedding.of(Parameter.trainable(arena, Tensor.full(arena, 1f, 3, 2)));
      Embedding twos = Embedding.fromPretrained(Tensor.full(arena, 2f, 5, 2));
      int[] ids = {2, 0};
      Variable output = tape.lookupEinsum("ik,kj->ij", ones, ids, vec);
      // Indices are copied.
      ids[0] = 1;
      tape.sum(output).backward();
      assertSameBits(
          "gradient",
          new float[] {1, 1, 0, 0, 1, 1},
          ones.weight().gradient().tensor().toFloatArray());
      tape.reset();
      assertSameBits(
          "another table",
          new float[] {4, 4, 4},
          tape.lookupEinsum("ik,kj->ij", twos, new int[] {4, 4, 0}, vec).value().toFloatArray());
      assertFalse(tape.lookupEinsum("ik,kj->ij", twos, new int[] {1}, vec).requiresGradient());
      tape.reset();
      assertSameBits(
          "another equation and place",
          new float[] {2, 2},
          tape.lookupEinsum("kj,ik->ji", vec, ones, new int[] {1, 1}).value().toFloatArray());
    }
  }

  @Example
  void inferenceAndConstantsNeedNoGradient() {
    try (Arena arena = Arena.ofConfined();
        Tape tape = Tape.inference()) {
      Parameter table = Parameter.trainable(arena, Tensor.full(arena, 1f, 3, 2));
      Variable output =
          tape.lookupEinsum(
              "ik,kj->ij", Embedding.of(table), new int[] {1}, Tensor.full(arena, 1f, 2, 1));
      assertFalse(output.requiresGradient());
      assertFalse(table.hasGradient());
    }
  }

  @Example
  void badCallsRecordNothing() {
    try (Arena arena = Arena.ofConfined();
        Tape tape = new Tape()) {
      Parameter table = Parameter.trainable(arena, Tensor.full(arena, 1f, 3, 2));
      Embedding embedding = Embedding.of(table);
      Operand weight = Tensor.full(arena, 1f, 2, 1);
      refused(
          IndexOutOfBoundsException.class,
          "index 3 at position [1] is outside the embedding's 3 rows",
          () -> tape.lookupEinsum("ik,kj->ij", embedding, new int[] {0, 3}, weight));
      assertThrows(
          IllegalArgumentException.class,
          () -> tape.lookupEinsum("ik,ij->kj", embedding, new int[] {0, 1, 2}, weight));
      Variable output = tape.lookupEinsum("ik,kj->ij", embedding, new int[] {0, 2}, weight);
      Sgd.of(1f, table).zeroGrad();
      tape.sum(output).backward();
      assertSameBits(
          "gradient", new float[] {1, 1, 0, 0, 1, 1}, table.gradient().tensor().toFloatArray());
    }
  }
}
