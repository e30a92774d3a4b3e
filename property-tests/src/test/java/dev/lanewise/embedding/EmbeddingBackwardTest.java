package dev.lanewise.embedding;

import static dev.lanewise.verification.TensorAssertions.assertSameBits;
import static dev.lanewise.verification.TensorAssertions.assertWithin;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.lanewise.autograd.Tape;
import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Parameter;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import dev.lanewise.verification.DoubleArray;
import dev.lanewise.verification.FloatClass;
import dev.lanewise.verification.LanewiseArbitraries;
import dev.lanewise.verification.OracleEmbedding;
import dev.lanewise.verification.Rounded;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.List;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tag;
import net.jqwik.api.constraints.IntRange;

/**
 * The gradient of a lookup, dense and sparse, plain and by frequency, with a tape and without:
 * against each other to the bit, and against the definition.
 */
@Tag("lanes")
class EmbeddingBackwardTest {
  private static final int ROWS = 7;

  @Provide
  Arbitrary<List<Integer>> indices() {
    return LanewiseArbitraries.indices(ROWS, 20);
  }

  private static Embedding embedding(Arena arena, int width, int padding, boolean byFrequency) {
    Embedding plain = Embedding.of(Parameter.trainable(arena, Tensor.zeros(arena, ROWS, width)));
    Embedding padded = padding < 0 ? plain : plain.withPaddingIdx(padding);
    return byFrequency ? padded.withScaleGradByFreq() : padded;
  }

  private static Tensor gradient(Arena arena, Embedding embedding) {
    Parameter weight = embedding.weight();
    return embedding.hasSparseGradient()
        ? weight.sparseGradient().toDense(Tensor.zeros(arena, weight.value().shape().toArray()))
        : weight.gradient().tensor();
  }

  /** The sums by the definition in float32, over several batches. */
  private static float[] expected(
      int[] indices, float[] g, int width, int padding, boolean byFrequency, int batches) {
    float[] sums = new float[ROWS * width];
    int[] counts = new int[ROWS];
    for (int i = 0; i < indices.length; i++) {
      for (int d = 0; d < width && indices[i] != padding; d++) {
        sums[indices[i] * width + d] += g[i * width + d];
      }
      counts[indices[i]]++;
    }
    float[] total = new float[sums.length];
    for (int batch = 0; batch < batches; batch++) {
      for (int k = 0; k < sums.length; k++) {
        if (byFrequency) {
          total[k] += sums[k] / Math.max(counts[k / width], 1);
        }
      }
      for (int i = 0; i < indices.length && !byFrequency; i++) {
        for (int d = 0; d < width && indices[i] != padding; d++) {
          total[indices[i] * width + d] += g[i * width + d];
        }
      }
    }
    return total;
  }

  @Property
  void allWaysGiveTheSameBits(
      @ForAll("indices") List<Integer> list,
      @ForAll @IntRange(min = 1, max = 40) int width,
      @ForAll @IntRange(min = -1, max = 2) int padding,
      @ForAll boolean byFrequency,
      @ForAll boolean sparse) {
    int[] indices = list.stream().mapToInt(Integer::intValue).toArray();
    try (Arena arena = Arena.ofConfined();
        Tape tape = new Tape()) {
      float[] values = FloatClass.wild(list.hashCode(), indices.length * width);
      Tensor g = Tensor.copyOf(arena, values, indices.length, width);
      Embedding free = embedding(arena, width, padding, byFrequency);
      Embedding taped = embedding(arena, width, padding, byFrequency);
      if (sparse) {
        free = free.withSparseGradient();
        taped = taped.withSparseGradient();
      }
      float[] expected = expected(indices, values, width, padding, byFrequency, 2);
      free.backward(indices, g);
      free.backward(Tensor.copyOf(arena, indices, indices.length), g);
      assertSameBits(free + " of " + list, expected, gradient(arena, free).toFloatArray());
      for (int batch = 0; batch < 2; batch++) {
        tape.sum(tape.einsum("ik,ik->ik", tape.lookup(taped, indices), g)).backward();
        tape.reset();
      }
      assertSameBits("tape over " + taped, expected, gradient(arena, taped).toFloatArray());
      assertEquals(!sparse, taped.weight().hasGradient(), "no table of the size of the weights");
      if (sparse && !byFrequency && indices.length > 0) {
        free.weight().zeroGradient();
        free.backward(indices, g);
        assertArrayEquals(
            Arrays.stream(indices).filter(row -> row != padding).mapToLong(row -> row).toArray(),
            free.weight().sparseGradient().indices().toLongArray());
      }
    }
  }

  @Property
  void gradientIsThatOfTheDefinition(
      @ForAll("indices") List<Integer> list, @ForAll boolean byFrequency) {
    int[] indices = list.stream().mapToInt(Integer::intValue).toArray();
    try (Arena arena = Arena.ofConfined()) {
      Tensor g =
          Tensor.copyOf(
              arena, FloatClass.tame(list.hashCode(), indices.length * 5), indices.length, 5);
      Embedding embedding = embedding(arena, 5, 1, byFrequency);
      embedding.backward(indices, g);
      List<Rounded> sums = OracleEmbedding.backward(ROWS, 1, DoubleArray.of(g), indices);
      assertWithin(
          embedding.toString(),
          k -> {
            long count = list.stream().filter(row -> row == k / 5).count();
            return byFrequency && count > 0
                ? sums.get(k).dividedBy(Rounded.exact((double) count))
                : sums.get(k);
          },
          embedding.weight().gradient().tensor());
    }
  }

  @Property
  void gradientsOfAnyLayout(@ForAll boolean sparse, @ForAll boolean byFrequency) {
    try (Arena arena = Arena.ofConfined()) {
      int[] indices = {3, 1, 3, 0, 6, 3};
      Tensor table = Tensor.copyOf(arena, FloatClass.tame(1, 4 * 3 * 9), 4, 3, 9);
      // Rows that no single stride leads through, a sliced row, and one row for all.
      Tensor[] layouts = {
        table.slice(1, 0, 2).slice(0, 0, 3),
        table.slice(2, 2, 7).slice(1, 0, 2).slice(0, 0, 3),
        table.select(0, 1).select(0, 1).unsqueeze(0).unsqueeze(0).expand(3, 2, 9)
      };
      for (Tensor g : layouts) {
        Embedding a = embedding(arena, (int) g.size(2), -1, byFrequency);
        Embedding b = embedding(arena, (int) g.size(2), -1, byFrequency);
        a = sparse ? a.withSparseGradient() : a;
        a.backward(Tensor.copyOf(arena, indices, 3, 2), g);
        b.backward(indices, g.contiguous(arena).reshape(6, g.size(2)));
        assertSameBits(
            "strides " + Arrays.toString(g.strides()), gradient(arena, b), gradient(arena, a));
      }
    }
  }

  private static void assertRefused(
      Class<? extends RuntimeException> kind, String message, Embedding embedding, Runnable run) {
    assertEquals(message, assertThrows(kind, run::run).getMessage());
    Parameter weight = embedding.weight();
    if (weight.hasGradient()) {
      assertSameBits(
          "gradient",
          new float[(int) weight.value().shape().elementCount()],
          weight.gradient().tensor().toFloatArray());
    }
    assertEquals(0, weight.hasSparseGradient() ? weight.sparseGradient().nnz() : 0);
  }

  @Example
  void whatIsRefused() {
    try (Arena arena = Arena.ofConfined()) {
      Embedding dense = embedding(arena, 3, -1, false);
      for (Embedding e : List.of(dense, dense.withSparseGradient(), dense.withScaleGradByFreq())) {
        Tensor g = Tensor.full(arena, 1, 2, 3);
        assertRefused(
            IndexOutOfBoundsException.class,
            "index 7 at position [1] is outside the embedding's 7 rows",
            e,
            () -> e.backward(new int[] {0, 7}, g));
        assertRefused(
            IllegalArgumentException.class,
            "gradient: expected shape [3, 3], got [2, 3]",
            e,
            () -> e.backward(new int[] {0, 1, 2}, g));
        assertRefused(
            IllegalArgumentException.class,
            "gradient: expected shape [1, 2, 3], got [2, 3]",
            e,
            () -> e.backward(Tensor.copyOf(arena, new int[2], 1, 2), g));
        assertRefused(
            IllegalArgumentException.class,
            "gradient: expected float32, got float64",
            e,
            () ->
                e.backward(
                    new int[] {0, 1}, Tensor.allocate(arena, DType.FLOAT64, Shape.of(2, 3))));
        assertRefused(
            IllegalArgumentException.class,
            "gradient: the elements of a row must lie side by side, but have stride 2; copy it with contiguous(arena)",
            e,
            () -> e.backward(new int[] {0, 1}, Tensor.zeros(arena, 3, 2).transpose(0, 1)));
      }
      Embedding frozen = Embedding.fromPretrained(Tensor.zeros(arena, 7, 3));
      assertThrows(
          IllegalStateException.class,
          () -> frozen.backward(new int[] {0}, Tensor.zeros(arena, 1, 3)));
      assertFalse(frozen.weight().hasGradient());
    }
  }

  @Example
  void aLookupAndContractionInOneHasNoSuchGradient() {
    try (Arena arena = Arena.ofConfined();
        Tape tape = new Tape()) {
      Embedding sparse = embedding(arena, 3, -1, false).withSparseGradient();
      assertEquals(
          "a lookup and contraction in one has a dense, unscaled gradient and no maxNorm: call lookup and einsum for Embedding(7, 3, sparse)",
          assertThrows(
                  IllegalArgumentException.class,
                  () ->
                      tape.lookupEinsum(
                          "ik,kj->ij", sparse, new int[] {1}, Tensor.zeros(arena, 3, 2)))
              .getMessage());
    }
  }
}
