package dev.lanewise.autograd;

import static dev.lanewise.Refusals.refused;
import static dev.lanewise.verification.TensorAssertions.assertSameBits;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.embedding.BagMode;
import dev.lanewise.embedding.Embedding;
import dev.lanewise.embedding.EmbeddingBag;
import dev.lanewise.nn.Linear;
import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Operand;
import dev.lanewise.tensor.Parameter;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import dev.lanewise.verification.FloatClass;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Random;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** What a tape promises of recordings, their reuse, and its errors. */
class TapeTest {
  private static Parameter parameter(Arena arena, long seed, int... sizes) {
    long[] shape = java.util.Arrays.stream(sizes).asLongStream().toArray();
    int count = java.util.Arrays.stream(sizes).reduce(1, (a, b) -> a * b);
    return Parameter.trainable(
        arena, Tensor.copyOf(arena, FloatClass.fill(seed, count, FloatClass.NORMAL), shape));
  }

  private static final int[] DISTINCT = {4, 0, 2};

  private static Variable model(Tape tape, Embedding embedding, Parameter weight) {
    Variable rows = tape.lookup(embedding, DISTINCT);
    return tape.meanSquaredError(
        tape.relu(tape.einsum("ik,kj->ij", rows, weight)), Tensor.zeros(Arena.ofAuto(), 3, 2));
  }

  @Test
  void retainedTwiceDoublesGradientsExactly() {
    try (Arena arena = Arena.ofConfined();
        Tape tape = new Tape()) {
      // Each gradient is one contribution of a sum of less than 256 products: adding it again
      // doubles it, which is exact.
      Embedding embedding = Embedding.of(parameter(arena, 1, 5, 4));
      Parameter weight = parameter(arena, 2, 4, 2);
      Variable loss = model(tape, embedding, weight);
      loss.backward(Retention.RETAIN);
      Tensor table = embedding.weight().gradient().tensor().contiguous(arena);
      Tensor matrix = weight.gradient().tensor().contiguous(arena);
      assertTrue(
          java.util.stream.IntStream.range(0, 8).anyMatch(i -> matrix.toFloatArray()[i] != 0));
      loss.backward(Retention.RETAIN);
      assertSameBits(
          "table", doubled(table), embedding.weight().gradient().tensor().toFloatArray());
      assertSameBits("matrix", doubled(matrix), weight.gradient().tensor().toFloatArray());
    }
  }

  private static float[] doubled(Tensor tensor) {
    float[] values = tensor.toFloatArray();
    for (int i = 0; i < values.length; i++) {
      values[i] *= 2;
    }
    return values;
  }

  @Test
  void aReleasedRecordingCannotBeWalkedAgain() {
    try (Arena arena = Arena.ofConfined();
        Tape tape = new Tape()) {
      Embedding embedding = Embedding.of(parameter(arena, 1, 5, 4));
      Parameter weight = parameter(arena, 2, 4, 2);
      Variable loss = model(tape, embedding, weight);
      loss.backward();
      Tensor before = weight.gradient().tensor().contiguous(arena);
      IllegalStateException error = assertThrows(IllegalStateException.class, loss::backward);
      assertEquals(
          "a second backward pass over the same recording: call backward(Retention.RETAIN) the first time, or record again after reset()",
          error.getMessage());
      assertSameBits("gradients stay", before, weight.gradient().tensor());
    }
  }

  @Test
  void aSecondLossOverAReleasedPartChangesNothing() {
    try (Arena arena = Arena.ofConfined();
        Tape tape = new Tape()) {
      Parameter shared = parameter(arena, 1, 3);
      Parameter own = parameter(arena, 2, 3);
      Variable part = tape.relu(shared);
      tape.sum(part).backward();
      Variable second = tape.sum(tape.add(part, own));
      own.gradient();
      Tensor before = shared.gradient().tensor().contiguous(arena);
      assertThrows(IllegalStateException.class, second::backward);
      assertSameBits(
          "gradient of the parameter of both losses", before, shared.gradient().tensor());
      assertSameBits(
          "gradient of the parameter of the second loss",
          new float[3],
          own.gradient().tensor().toFloatArray());
    }
  }

  @Test
  void anyOperandMayBeTheReleasedPart() {
    try (Arena arena = Arena.ofConfined();
        Tape tape = new Tape()) {
      Parameter shared = parameter(arena, 1, 3);
      Parameter own = parameter(arena, 2, 3);
      List<BiFunction<Variable, Variable, Variable>> operations =
          List.of(
              tape::add,
              (a, b) -> tape.einsum("i,i->i", a, b),
              (a, b) -> tape.einsum("i,i,i->i", a, a, b));
      for (BiFunction<Variable, Variable, Variable> operation : operations) {
        for (boolean first : new boolean[] {false, true}) {
          Variable part = tape.relu(shared);
          Variable fresh = tape.relu(own);
          tape.sum(part).backward();
          Variable second =
              tape.sum(first ? operation.apply(part, fresh) : operation.apply(fresh, part));
          assertThrows(IllegalStateException.class, second::backward);
          tape.reset();
        }
      }
    }
  }

  /** What is recorded at one place reads other operands than what was recorded there before. */
  @Test
  void operandsOfAnEarlierRecordingAreForgotten() {
    try (Arena arena = Arena.ofConfined();
        Tape tape = new Tape()) {
      Parameter x = parameter(arena, 1, 3);
      List<UnaryOperator<Variable>> operations =
          List.of(
              tape::sum,
              part -> tape.sum(tape.add(part, part)),
              part -> tape.einsum("i,i->", part, part),
              part -> tape.einsum("i,i,i->", part, part, part));
      for (UnaryOperator<Variable> operation : operations) {
        Variable a = tape.relu(x);
        Variable b = tape.relu(x);
        operation.apply(b);
        operation.apply(a);
        tape.reset();
        a = tape.relu(x);
        b = tape.relu(x);
        operation.apply(a).backward();
        float[] gradientOfA = a.gradient().toFloatArray();
        operation.apply(b).backward();
        assertSameBits("both parts", gradientOfA, b.gradient().toFloatArray());
        tape.reset();
      }
    }
  }

  @Test
  void operandsOfOtherTypesAndClosedOnesAreRefused() {
    try (Arena arena = Arena.ofConfined();
        Tape tape = new Tape()) {
      Tensor wide = Tensor.allocate(arena, DType.FLOAT64, Shape.of(3));
      refused(
          IllegalArgumentException.class,
          "operand: expected float32, got float64",
          () -> tape.relu(wide));
      Arena closing = Arena.ofConfined();
      Tensor closed = Tensor.zeros(closing, 3);
      closing.close();
      refused(
          IllegalStateException.class,
          "operand: the arena of this tensor of shape [3] is closed",
          () -> tape.relu(closed));
    }
  }

  @Test
  void whatIsRememberedOfAnOperationIsNoExcuseForOperandsThatDoNotFit() {
    try (Arena arena = Arena.ofConfined();
        Tape tape = new Tape()) {
      Parameter three = parameter(arena, 1, 3);
      Parameter two = parameter(arena, 2, 2);
      tape.add(three, three);
      tape.reset();
      refused(
          IllegalArgumentException.class,
          "shapes [3] and [2] cannot be added: sizes 3 and 2 differ",
          () -> tape.add(three, two));
      tape.reset();
      // Two attempts that fail over their second operand have recorded the first: the contraction
      // of one operand comes to the place that the one of two had.
      Tensor wide = Tensor.allocate(arena, DType.FLOAT64, Shape.of(3));
      Executable attempt = () -> tape.einsum("i,i->i", three, wide);
      assertThrows(IllegalArgumentException.class, attempt);
      tape.einsum("i,i->i", three, three);
      tape.reset();
      assertThrows(IllegalArgumentException.class, attempt);
      assertThrows(IllegalArgumentException.class, attempt);
      assertThrows(
          IllegalArgumentException.class, () -> tape.einsum("i,i->i", new Operand[] {three}));
    }
  }

  @Test
  void aBackwardPassOverClosedMemoryChangesNothing() {
    try (Arena arena = Arena.ofConfined();
        Tape tape = new Tape()) {
      Parameter first = parameter(arena, 1, 3);
      Arena closing = Arena.ofConfined();
      Parameter second = parameter(closing, 2, 3);
      // The later addition is walked first: without a look ahead, first's gradient would be
      // written.
      Variable loss = tape.sum(tape.add(tape.add(tape.relu(second), first), first));
      first.gradient();
      closing.close();
      for (int attempt = 0; attempt < 2; attempt++) {
        IllegalStateException error = assertThrows(IllegalStateException.class, loss::backward);
        assertEquals(
            "a value that the backward pass uses: the arena of this tensor of shape [3] is closed",
            error.getMessage());
        assertSameBits("no gradient", new float[3], first.gradient().tensor().toFloatArray());
      }
    }
  }

  @Test
  void reuseWithOtherShapesGivesTheBitsOfAFreshTape() {
    try (Arena arena = Arena.ofConfined();
        Tape reused = new Tape()) {
      Random random = new Random(3);
      for (int step = 0; step < 60; step++) {
        int rows = random.nextInt(7);
        int in = random.nextInt(1, 9);
        int out = random.nextInt(1, 40);
        boolean bags = random.nextInt(4) == 0;
        int[] indices = random.ints(2L * rows, 0, 5).toArray();
        int[] offsets = new int[rows];
        java.util.Arrays.setAll(offsets, bag -> 2 * bag);
        int[] classes = random.ints(rows, 0, out).toArray();
        Function<Tape, float[][]> run =
            tape -> {
              Embedding embedding = Embedding.of(parameter(arena, rows, 5, in));
              Linear linear = Linear.of(parameter(arena, in, out, in), parameter(arena, out, out));
              Variable x =
                  bags
                      ? tape.lookup(EmbeddingBag.of(embedding, BagMode.MEAN), indices, offsets)
                      : tape.lookup(embedding, java.util.Arrays.copyOf(indices, rows));
              Variable y = tape.relu(linear.forward(tape, x));
              Variable loss = tape.add(tape.crossEntropy(y, classes), tape.mean(x));
              loss.backward();
              return new float[][] {
                y.value().toFloatArray(),
                {(float) loss.item()},
                embedding.weight().gradient().tensor().toFloatArray(),
                linear.weight().gradient().tensor().toFloatArray(),
                linear.bias().gradient().tensor().toFloatArray(),
                y.gradient().toFloatArray()
              };
            };
        reused.reset();
        float[][] actual = run.apply(reused);
        try (Tape fresh = new Tape()) {
          float[][] expected = run.apply(fresh);
          for (int i = 0; i < expected.length; i++) {
            assertSameBits("result " + i + " of step " + step, expected[i], actual[i]);
          }
        }
      }
    }
  }

  @Test
  void aVariableUsedTwiceGetsBothContributions() {
    try (Arena arena = Arena.ofConfined();
        Tape tape = new Tape()) {
      Parameter x = parameter(arena, 5, 7);
      Variable once = tape.relu(x);
      Variable loss = tape.einsum("i,i->", once, once);
      loss.backward();
      float[] expected = once.value().toFloatArray();
      for (int i = 0; i < expected.length; i++) {
        expected[i] *= 2;
      }
      assertSameBits("2 x", expected, once.gradient().toFloatArray());
    }
  }

  @Test
  void aTableThatIsLookedUpAndMultipliedGetsBothContributions() {
    try (Arena arena = Arena.ofConfined();
        Tape tape = new Tape()) {
      Embedding embedding = Embedding.of(parameter(arena, 5, 4, 3));
      Variable rows = tape.lookup(embedding, 1, 1, 3);
      Tensor ones = Tensor.full(arena, 1f, 4, 3);
      Variable loss =
          tape.add(tape.sum(rows), tape.sum(tape.einsum("ij,ij->ij", embedding.weight(), ones)));
      loss.backward();
      float[] expected = {1, 1, 1, 3, 3, 3, 1, 1, 1, 2, 2, 2};
      assertSameBits("both", expected, embedding.weight().gradient().tensor().toFloatArray());
      embedding.weight().zeroGradient();
      assertSameBits(
          "zeroed", new float[12], embedding.weight().gradient().tensor().toFloatArray());
    }
  }

  @Test
  void frozenParametersAndInferenceTapesRequireNoGradient() {
    try (Arena arena = Arena.ofConfined();
        Tape tape = Tape.inference();
        Tape training = new Tape()) {
      Parameter x = parameter(arena, 5, 7);
      Variable loss = tape.sum(x);
      assertFalse(loss.requiresGradient());
      assertFalse(tape.isRecording());
      var error = assertThrows(IllegalStateException.class, loss::backward);
      assertEquals(
          "backward() needs a variable that depends on a trainable parameter, on a tape that records",
          error.getMessage());
      assertFalse(x.hasGradient());
      assertSameBits("values", training.sum(x).value(), loss.value());
      assertFalse(training.sum(Parameter.frozen(x.value())).requiresGradient());
      assertFalse(
          training
              .lookup(Embedding.fromPretrained(Tensor.zeros(arena, 2, 2)), 1)
              .requiresGradient());
    }
  }

  @Test
  void staleAndForeignVariablesAreRefused() {
    try (Arena arena = Arena.ofConfined();
        Tape tape = new Tape();
        Tape other = new Tape()) {
      Parameter x = parameter(arena, 5, 7);
      Variable stale = tape.relu(x);
      assertEquals(
          "the variable belongs to another tape",
          assertThrows(IllegalArgumentException.class, () -> other.sum(stale)).getMessage());
      tape.reset();
      String message =
          "the variable belongs to an earlier recording: the tape was reset or closed since";
      assertEquals(
          message, assertThrows(IllegalStateException.class, () -> tape.sum(stale)).getMessage());
      assertEquals(message, assertThrows(IllegalStateException.class, stale::value).getMessage());
      assertEquals(
          message, assertThrows(IllegalStateException.class, stale::backward).getMessage());
      assertEquals(
          message, assertThrows(IllegalStateException.class, stale::gradient).getMessage());
      assertEquals("Variable (of an earlier recording)", stale.toString());
      Variable firstOfAll = tape.lookup(Embedding.fromPretrained(Tensor.zeros(arena, 2, 2)), 1);
      tape.reset();
      assertEquals(
          message,
          assertThrows(IllegalStateException.class, () -> tape.sum(firstOfAll)).getMessage());
      tape.close();
      assertEquals(
          "the tape is closed",
          assertThrows(IllegalStateException.class, () -> tape.sum(x)).getMessage());
    }
  }

  @Test
  void backwardStartsFromOneNumber() {
    try (Arena arena = Arena.ofConfined();
        Tape tape = new Tape()) {
      Variable x = tape.relu(parameter(arena, 5, 7));
      var error = assertThrows(IllegalStateException.class, x::backward);
      assertEquals(
          "backward() starts from one number; this variable has shape [7]", error.getMessage());
      var none = assertThrows(IllegalStateException.class, x::gradient);
      assertEquals("no backward pass has reached this variable of shape [7]", none.getMessage());
    }
  }
}
