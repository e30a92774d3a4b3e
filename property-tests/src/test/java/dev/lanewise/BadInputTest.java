package dev.lanewise;

import static dev.lanewise.Refusals.refused;
import static dev.lanewise.verification.TensorAssertions.assertSameBits;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.autograd.CrossEntropy;
import dev.lanewise.autograd.Reduction;
import dev.lanewise.autograd.Tape;
import dev.lanewise.autograd.Variable;
import dev.lanewise.einsum.Accumulation;
import dev.lanewise.einsum.Contraction;
import dev.lanewise.einsum.Einsum;
import dev.lanewise.embedding.BagMode;
import dev.lanewise.embedding.Embedding;
import dev.lanewise.embedding.EmbeddingBag;
import dev.lanewise.nn.Linear;
import dev.lanewise.optim.Sgd;
import dev.lanewise.parallel.Parallelism;
import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Parameter;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Random;
import java.util.concurrent.Executor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * What users get wrong: each error says which argument, what was expected and what came; and
 * nothing has changed.
 */
class BadInputTest {
  private static final int ROWS = 10;
  private static final int WIDTH = 3;

  private final Arena arena = Arena.ofConfined();
  private final Embedding embedding = Embedding.randn(arena, new Random(1), ROWS, WIDTH);
  private final EmbeddingBag bag = EmbeddingBag.of(embedding, BagMode.SUM);
  private final Tensor out = Tensor.full(arena, 42f, 2, WIDTH);
  private final Tensor a = Tensor.full(arena, 1f, 2, 4);
  private final Tensor b = Tensor.full(arena, 1f, 4, WIDTH);
  private final Contraction product =
      Contraction.compile("ik,kj->ij", Shape.of(2, 4), Shape.of(4, WIDTH));
  private float[] weightBefore = {};

  @BeforeEach
  void remember() {
    weightBefore = embedding.weight().value().toFloatArray();
  }

  @AfterEach
  void nothingHasChanged() {
    assertSameBits("weight", weightBefore, embedding.weight().value().toFloatArray());
    assertSameBits("out", new float[] {42, 42, 42, 42, 42, 42}, out.toFloatArray());
    assertSameBits("operand", new float[] {1, 1, 1, 1, 1, 1, 1, 1}, a.toFloatArray());
    arena.close();
  }

  // ----------------------------------------------------------------------------------------------------------- embedding

  @Test
  void anIndexOutsideTheTable() {
    String message = "index 10 at position [1] is outside the embedding's 10 rows";
    refused(
        IndexOutOfBoundsException.class, message, () -> embedding.forward(new int[] {0, 10}, out));
    refused(
        IndexOutOfBoundsException.class,
        "index -1 at position [0] is outside the embedding's 10 rows",
        () -> embedding.forward(new int[] {-1, 10}, out));
    Tensor row = Tensor.full(arena, 42f, 1, WIDTH);
    for (int outside : new int[] {-1, 10, Integer.MIN_VALUE, Integer.MAX_VALUE}) {
      String alone = "index " + outside + " at position [0] is outside the embedding's 10 rows";
      int[] indices = {outside};
      refused(IndexOutOfBoundsException.class, alone, () -> embedding.forward(indices, row));
      Tensor index = Tensor.copyOf(arena, indices);
      refused(IndexOutOfBoundsException.class, alone, () -> embedding.forward(index, row));
    }
    Tensor far = Tensor.copyOf(arena, new long[] {1L << 32}, 1, 1);
    refused(
        IndexOutOfBoundsException.class,
        "index 4294967296 at position [0, 0] is outside the embedding's 10 rows",
        () -> embedding.forward(far, row.reshape(1, 1, WIDTH)));
    assertSameBits("row", Tensor.full(arena, 42f, 1, WIDTH), row);
    Tensor matrix = Tensor.copyOf(arena, new long[] {0, 1, 2, 3, 4, 1L << 32}, 2, 3);
    Tensor target = Tensor.full(arena, 42f, 2, 3, WIDTH);
    refused(
        IndexOutOfBoundsException.class,
        "index 4294967296 at position [1, 2] is outside the embedding's 10 rows",
        () -> embedding.forward(matrix, target));
    refused(
        IndexOutOfBoundsException.class,
        "index 4294967296 at position [2, 1] is outside the embedding's 10 rows",
        () -> embedding.forward(matrix.transpose(0, 1), Tensor.zeros(arena, 3, 2, WIDTH)));
    assertSameBits("target", Tensor.full(arena, 42f, 2, 3, WIDTH), target);
    refused(
        IndexOutOfBoundsException.class,
        message,
        () -> bag.forward(new int[] {0, 10}, new int[] {0, 1}, out));
    try (Tape tape = new Tape()) {
      refused(IndexOutOfBoundsException.class, message, () -> tape.lookup(embedding, 0, 10));
      refused(
          IndexOutOfBoundsException.class,
          message,
          () -> tape.lookup(bag, new int[] {0, 10}, new int[] {0}));
    }
  }

  @Test
  void aPaddingRowOutsideTheTable() {
    refused(
        IndexOutOfBoundsException.class,
        "paddingIdx 10 is outside the embedding's 10 rows",
        () -> embedding.withPaddingIdx(10));
    refused(
        IndexOutOfBoundsException.class,
        "paddingIdx -11 is outside the embedding's 10 rows",
        () -> embedding.withPaddingIdx(-11));
    refused(
        IndexOutOfBoundsException.class,
        "paddingIdx 4 is outside the embedding's 4 rows",
        () -> Embedding.randn(arena, new Random(1), 4, 2, 4));
    assertEquals(9, embedding.withPaddingIdx(-1).paddingIdx());
    assertEquals(0, embedding.withPaddingIdx(-10).paddingIdx());
  }

  @Test
  void anOutputOfTheWrongShape() {
    refused(
        IllegalArgumentException.class,
        "out: expected shape [3, 3], got [2, 3]",
        () -> embedding.forward(new int[] {0, 1, 2}, out));
    Tensor one = Tensor.copyOf(arena, new int[] {5}, 1, 1);
    refused(
        IllegalArgumentException.class,
        "out: expected shape [1, 1, 3], got [2, 3]",
        () -> embedding.forward(one, out));
    refused(
        IllegalArgumentException.class,
        "out: expected shape [1, 3], got [2, 3]",
        () -> bag.forward(new int[] {0, 1, 2}, new int[] {0}, out));
    refused(
        IllegalArgumentException.class,
        "indices: expected shape [bags, entries] where no offsets are given, got [2]",
        () -> bag.forward(Tensor.copyOf(arena, new int[] {1, 2}), out));
  }

  @Test
  void aRowOutsideAGradient() {
    Parameter weight = Parameter.trainable(arena, Tensor.zeros(arena, 4, 3));
    for (long row : new long[] {-1, 4, 63, 64, 1L << 32}) {
      refused(
          IndexOutOfBoundsException.class,
          "row " + row + " is outside the gradient of shape [4, 3]",
          () -> weight.gradient().touchRow(row));
    }
    assertEquals(0, weight.gradient().touchedRowCount());
    assertThrows(IndexOutOfBoundsException.class, () -> weight.gradient().touchedRow(0));
  }

  @Test
  void nothingIsMadeOfNull() {
    assertThrows(NullPointerException.class, () -> Parameter.frozen(null));
    assertThrows(NullPointerException.class, () -> Parameter.trainable(null, out));
    assertThrows(NullPointerException.class, () -> embedding.withParallelism(null));
    assertThrows(NullPointerException.class, () -> Parallelism.of((Executor) null, 2));
    assertThrows(NullPointerException.class, () -> EmbeddingBag.of(embedding, null));
    assertThrows(NullPointerException.class, () -> product.execute(a, b, out, null));
    assertThrows(NullPointerException.class, () -> Sgd.of((Sgd.Settings) null));
  }

  @Test
  void typesThatDoNotFit() {
    refused(
        IllegalArgumentException.class,
        "indices: expected int32 or int64, got float32",
        () -> embedding.forward(Tensor.zeros(arena, 2), out));
    Tensor doubles = Tensor.allocate(arena, DType.FLOAT64, Shape.of(2, WIDTH));
    refused(
        IllegalArgumentException.class,
        "out: expected float32, got float64",
        () -> embedding.forward(new int[] {0, 1}, doubles));
    refused(
        IllegalArgumentException.class,
        "out: expected float32, got float64",
        () -> product.execute(a, b, doubles));
    Tensor wrong = Tensor.allocate(arena, DType.FLOAT64, Shape.of(2, 4));
    refused(
        IllegalArgumentException.class,
        "operand 0: expected float32, got float64",
        () -> product.execute(wrong, b, out));
    refused(
        IllegalArgumentException.class,
        "weight: expected float32, float64, bfloat16 or float16, got int32",
        () -> Embedding.fromPretrained(Tensor.copyOf(arena, new int[] {1, 2}, 2, 1)));
    try (Tape tape = new Tape()) {
      refused(
          IllegalArgumentException.class,
          "operand: expected float32, got float64",
          () -> tape.relu(doubles));
    }
  }

  @Test
  void writingThroughElementsThatShareMemory() {
    Tensor row = Tensor.full(arena, 1f, 1, 3);
    String message =
        "a tensor of shape [2, 3] and strides [0, 1], whose elements share memory, cannot be written";
    Tensor repeated = row.expand(2, 3);
    refused(IllegalArgumentException.class, message, () -> repeated.set(5, 0, 0));
    refused(IllegalArgumentException.class, message, () -> repeated.fill(5));
    refused(
        IllegalArgumentException.class,
        message,
        () -> repeated.copyFrom(Tensor.zeros(arena, 2, 3)));
    assertArrayEquals(new float[] {1f, 1f, 1f}, row.toFloatArray());
  }

  @Test
  void aTableThatIsNone() {
    refused(
        IllegalArgumentException.class,
        "weight: expected shape [numEmbeddings, embeddingDim], got [4]",
        () -> Embedding.fromPretrained(Tensor.zeros(arena, 4)));
    refused(
        IllegalArgumentException.class,
        "weight: the elements of a row must lie side by side, but have stride 4; copy it with contiguous(arena)",
        () -> Embedding.fromPretrained(Tensor.zeros(arena, 3, 4).transpose(0, 1)));
    refused(
        IllegalArgumentException.class,
        "a trainable parameter of shape [4, 3] must be contiguous: use contiguous(arena)",
        () -> Parameter.trainable(arena, Tensor.zeros(arena, 3, 4).transpose(0, 1)));
  }

  @Test
  void offsetsThatAreNotInOrder() {
    int[] indices = {0, 1, 2};
    Tensor three = Tensor.full(arena, 42f, 3, WIDTH);
    refused(
        IllegalArgumentException.class,
        "offsets must not decrease: offsets[2] is 1 after 2",
        () -> bag.forward(indices, new int[] {0, 2, 1}, three));
    refused(
        IllegalArgumentException.class,
        "offsets[1] is 4, behind the last of 3 indices",
        () -> bag.forward(indices, new int[] {0, 4, 4}, three));
    refused(
        IllegalArgumentException.class,
        "offsets[0] must be 0, got 1",
        () -> bag.forward(indices, new int[] {1, 2, 3}, three));
    refused(
        IllegalArgumentException.class,
        "there are 3 indices, but no offsets: they belong to no bag",
        () -> bag.forward(indices, new int[0], three));
    assertSameBits("target", Tensor.full(arena, 42f, 3, WIDTH), three);
  }

  // -------------------------------------------------------------------------------------------------------------- einsum

  @Test
  void sizesThatDisagree() {
    refused(
        IllegalArgumentException.class,
        "operand 1: expected shape [4, 3], got [3, 4]",
        () -> product.execute(a, Tensor.zeros(arena, WIDTH, 4), out));
    refused(
        IllegalArgumentException.class,
        "out: expected shape [2, 3], got [3, 2]",
        () -> product.execute(a, b, Tensor.zeros(arena, WIDTH, 2)));
    try (Tape tape = new Tape()) {
      assertTrue(
          assertThrows(IllegalArgumentException.class, () -> tape.einsum("ik,kj->ij", a, a))
              .getMessage()
              .contains("label 'k' has size 4"));
    }
    assertTrue(
        assertThrows(IllegalArgumentException.class, () -> Einsum.einsum(arena, "ik,kj", a, a))
            .getMessage()
            .contains("label 'k' has size 4"));
  }

  // -------------------------------------------------------------------------------------------------------------- outputs

  @Test
  void outputsThatOverlapAnInput() {
    Tensor memory = Tensor.full(arena, 1f, 20);
    Tensor first = memory.slice(0, 0, 8).reshape(2, 4);
    Tensor over = memory.slice(0, 7, 13).reshape(2, WIDTH);
    refused(
        IllegalArgumentException.class,
        "out must not overlap operand 0 in memory",
        () -> product.execute(first, b, over));
    refused(
        IllegalArgumentException.class,
        "out must not overlap weight in memory",
        () -> embedding.forward(new int[] {5, 6}, embedding.weight().value().slice(0, 0, 2)));
    refused(
        IllegalArgumentException.class,
        "out must not overlap weight in memory",
        () ->
            bag.forward(
                new int[] {5, 6}, new int[] {0, 1}, embedding.weight().value().slice(0, 0, 2)));
    assertSameBits("memory", Tensor.full(arena, 1f, 20), memory);
  }

  @Test
  void outputsThatCannotBeWritten() {
    String readOnly = "out: a read-only tensor of shape [2, 3] cannot be written";
    refused(
        IllegalArgumentException.class, readOnly, () -> product.execute(a, b, out.asReadOnly()));
    refused(
        IllegalArgumentException.class,
        readOnly,
        () -> embedding.forward(new int[] {0, 1}, out.asReadOnly()));
    refused(
        IllegalArgumentException.class,
        readOnly,
        () -> bag.forward(new int[] {0, 1}, new int[] {0, 1}, out.asReadOnly()));
    Tensor repeated = out.slice(0, 0, 1).expand(2, WIDTH);
    String shares = "out: a tensor of shape [2, 3] whose elements share memory cannot be written";
    refused(IllegalArgumentException.class, shares, () -> product.execute(a, b, repeated));
    refused(
        IllegalArgumentException.class,
        shares,
        () -> product.execute(a, b, repeated, Accumulation.ADD));
    refused(
        IllegalArgumentException.class,
        shares,
        () -> embedding.forward(new int[] {0, 1}, repeated));
    Tensor windows = Tensor.zeros(arena, 4).slidingWindow(0, 3, 1);
    refused(IllegalArgumentException.class, shares, () -> product.execute(a, b, windows));
  }

  @Test
  void arenasThatAreClosed() {
    Arena closing = Arena.ofConfined();
    Tensor gone = Tensor.zeros(closing, 2, 4);
    Embedding closedTable = Embedding.fromPretrained(Tensor.zeros(closing, ROWS, WIDTH));
    Tensor ids = Tensor.copyOf(closing, new int[] {1, 2});
    Tensor target = Tensor.zeros(closing, 2, WIDTH);
    closing.close();
    refused(
        IllegalStateException.class,
        "operand 0: the arena of this tensor of shape [2, 4] is closed",
        () -> product.execute(gone, b, out));
    refused(
        IllegalStateException.class,
        "out: the arena of this tensor of shape [2, 3] is closed",
        () -> product.execute(a, b, target));
    refused(
        IllegalStateException.class,
        "weight: the arena of this tensor of shape [10, 3] is closed",
        () -> closedTable.forward(new int[] {0, 1}, out));
    refused(
        IllegalStateException.class,
        "indices: the arena of this tensor of shape [2] is closed",
        () -> embedding.forward(ids, out));
    try (Tape tape = new Tape()) {
      refused(
          IllegalStateException.class,
          "operand: the arena of this tensor of shape [2, 4] is closed",
          () -> tape.sum(gone));
      refused(
          IllegalStateException.class,
          "weight: the arena of this tensor of shape [10, 3] is closed",
          () -> tape.lookup(closedTable, 0));
    }
  }

  @Test
  void arenasOfAnotherThread() throws InterruptedException {
    Throwable[] thrown = new Throwable[2];
    Thread thread =
        new Thread(
            () -> {
              thrown[0] =
                  assertThrows(WrongThreadException.class, () -> product.execute(a, b, out));
              thrown[1] =
                  assertThrows(
                      WrongThreadException.class, () -> embedding.forward(new int[] {0, 1}, out));
            },
            "reader");
    thread.start();
    thread.join();
    assertEquals(
        "operand 0: this tensor of shape [2, 4] belongs to a confined arena of another thread than reader",
        thrown[0].getMessage());
    assertEquals(
        "weight: this tensor of shape [10, 3] belongs to a confined arena of another thread than reader",
        thrown[1].getMessage());
  }

  // ------------------------------------------------------------------------------------------------------ tape and losses

  @Test
  void classesOutsideTheLogits() {
    try (Tape tape = new Tape()) {
      Tensor logits = Tensor.zeros(arena, 2, 4);
      refused(
          IndexOutOfBoundsException.class,
          "class 4 of row 1 is outside the 4 classes of the logits",
          () -> tape.crossEntropy(logits, 3, 4));
      refused(
          IndexOutOfBoundsException.class,
          "class -1 of row 0 is outside the 4 classes of the logits",
          () ->
              tape.crossEntropy(
                  logits, Tensor.copyOf(arena, new long[] {-1, 0}), CrossEntropy.MEAN));
      refused(
          IllegalArgumentException.class,
          "logits: expected shape [3, classes] for 3 targets, got [2, 4]",
          () -> tape.crossEntropy(logits, 0, 0, 0));
      CrossEntropy weighted = new CrossEntropy(Reduction.MEAN, Tensor.zeros(arena, 3), -100, 0f);
      refused(
          IllegalArgumentException.class,
          "weight: expected one element for each of 4 classes, got [3]",
          () -> tape.crossEntropy(logits, new int[] {0, 0}, weighted));
      refused(
          IllegalArgumentException.class,
          "labelSmoothing must be from 0 to 1, got 1.5",
          () -> new CrossEntropy(Reduction.MEAN, null, -100, 1.5f));
      refused(
          IllegalArgumentException.class,
          "targets: expected an int32 or int64 vector with one class a row, got float32 [2]",
          () -> tape.crossEntropy(logits, Tensor.zeros(arena, 2), CrossEntropy.MEAN));
    }
  }

  @Test
  void shapesThatCannotBeAddedOrCompared() {
    try (Tape tape = new Tape()) {
      refused(
          IllegalArgumentException.class,
          "shapes [2, 4] and [4, 3] cannot be added: sizes 4 and 3 differ",
          () -> tape.add(a, b));
      refused(
          IllegalArgumentException.class,
          "target: expected the input's shape [2, 4], got [4, 3]",
          () -> tape.meanSquaredError(a, b));
      refused(
          IllegalArgumentException.class,
          "bias: expected shape [4], got [2]",
          () -> Linear.of(Parameter.frozen(b), Parameter.frozen(Tensor.zeros(arena, 2))));
    }
  }

  @Test
  void aFailedOperationLeavesTheRecordingAsItWas() {
    try (Tape tape = new Tape()) {
      Parameter weight = embedding.weight();
      Sgd sgd = Sgd.of(Sgd.Settings.of(0.1f).withMomentum(0.9f), weight);
      Variable rows = tape.lookup(embedding, 1, 2);
      assertThrows(IndexOutOfBoundsException.class, () -> tape.lookup(embedding, 99));
      assertThrows(IllegalArgumentException.class, () -> tape.einsum("ik,kj->ij", rows, a));
      assertThrows(IllegalArgumentException.class, () -> tape.add(rows, a));
      Variable loss = tape.sum(rows);
      loss.backward();
      assertThrows(IllegalStateException.class, loss::backward);
      float[] expected = new float[ROWS * WIDTH];
      java.util.Arrays.fill(expected, WIDTH, 3 * WIDTH, 1f);
      assertSameBits("gradient", expected, weight.gradient().tensor().toFloatArray());
      sgd.zeroGrad();
    }
  }
}
