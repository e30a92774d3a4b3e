package dev.lanewise.embedding;

import static dev.lanewise.verification.TensorAssertions.assertSameBits;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.lanewise.Refusals;
import dev.lanewise.optim.Sgd;
import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Parameter;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What bags and tables refuse, with which words; nothing is written then. */
class EmbeddingRefusalTest {
  private final Arena arena = Arena.ofConfined();
  private final Tensor table = Tensor.full(arena, 5f, 4, 3);
  private final Embedding embedding = Embedding.of(Parameter.trainable(arena, table));
  private final EmbeddingBag sum = EmbeddingBag.of(embedding, BagMode.SUM);
  private final Tensor out = Tensor.full(arena, 42f, 2, 3);

  @AfterEach
  void close() {
    arena.close();
  }

  private static void refused(String message, Executable call) {
    Refusals.refused(IllegalArgumentException.class, message, call);
  }

  static Stream<Arguments> offsets() {
    return Stream.of(
        Arguments.of(false, new int[] {1, 2}, "offsets[0] must be 0, got 1"),
        Arguments.of(
            false, new int[] {0, 3, 2}, "offsets must not decrease: offsets[2] is 2 after 3"),
        Arguments.of(false, new int[] {0, 5}, "offsets[1] is 5, behind the last of 4 indices"),
        Arguments.of(
            false, new int[] {}, "there are 4 indices, but no offsets: they belong to no bag"),
        Arguments.of(
            true, new int[] {}, "offsets: with the last offset included there is at least one"),
        Arguments.of(true, new int[] {0, 2, 5}, "offsets[2] is 5, behind the last of 4 indices"));
  }

  @ParameterizedTest
  @MethodSource("offsets")
  void offsetsOutOfOrder(boolean last, int[] offsets, String message) {
    EmbeddingBag bag = last ? sum.withIncludeLastOffset() : sum;
    refused(message, () -> bag.forward(new int[] {0, 1, 2, 3}, offsets, out));
    Tensor indices = Tensor.copyOf(arena, new int[] {0, 1, 2, 3});
    refused(message, () -> bag.forward(indices, Tensor.copyOf(arena, offsets), out));
    assertSameBits("out", Tensor.full(arena, 42f, 2, 3), out);
  }

  @Test
  void offsetsThatNoIntHolds() {
    Tensor indices = Tensor.copyOf(arena, new int[] {0, 1});
    refused(
        "offsets[1] is 4294967297, behind the last of 2 indices",
        () -> sum.forward(indices, Tensor.copyOf(arena, new long[] {0, (1L << 32) + 1}), out));
    refused(
        "offsets: expected int32 or int64, got float32",
        () -> sum.forward(indices, Tensor.zeros(arena, 2), out));
    refused(
        "offsets: expected shape [bags], got [1, 2]",
        () -> sum.forward(indices, Tensor.copyOf(arena, new int[] {0, 1}, 1, 2), out));
    refused(
        "indices: expected shape [n] where offsets are given, got [1, 2]",
        () ->
            sum.forward(
                Tensor.copyOf(arena, new int[] {0, 1}, 1, 2),
                Tensor.copyOf(arena, new int[] {0, 1}),
                out));
  }

  @Test
  void weightsThatDoNotFit() {
    int[] indices = {0, 1, 2};
    int[] offsets = {0, 1};
    refused(
        "perSampleWeights: expected 3, got 2",
        () -> sum.forward(indices, offsets, new float[2], out));
    refused(
        "perSampleWeights: only bags of mode SUM have weights, not of mode MAX",
        () -> EmbeddingBag.of(embedding, BagMode.MAX).forward(indices, offsets, new float[3], out));
    Tensor list = Tensor.copyOf(arena, indices);
    refused(
        "perSampleWeights: expected shape [3], got [2]",
        () -> sum.bags().loadWeighted(list, list, Tensor.zeros(arena, 2)));
    refused(
        "perSampleWeights: expected float32, got int32",
        () -> sum.bags().loadWeighted(list, Tensor.copyOf(arena, offsets), list));
    Bags plain = sum.bags().load(indices, offsets);
    refused(
        "bags: Bags(2 of 3 entries) have no weights",
        () -> sum.backwardOfWeights(plain, out, Tensor.zeros(arena, 3)));
    Bags weighted = sum.bags().loadWeighted(indices, offsets, new float[3]);
    refused(
        "out: expected 3 contiguous elements, got shape [4]",
        () -> sum.backwardOfWeights(weighted, out, Tensor.zeros(arena, 4)));
    refused(
        "bags: Bags(2 of 3 entries, weighted) of EmbeddingBag(4, 3, SUM) are not for EmbeddingBag(4, 3, MEAN)",
        () -> EmbeddingBag.of(embedding, BagMode.MEAN).forward(weighted, out));
    assertSameBits("out", Tensor.full(arena, 42f, 2, 3), out);
  }

  @Test
  void gradientsThatDoNotFit() {
    Bags bags = sum.bags().load(new int[] {0, 1, 2}, new int[] {0, 1});
    refused(
        "gradient: expected shape [2, 3], got [1, 3]",
        () -> sum.backward(bags, Tensor.zeros(arena, 1, 3)));
    refused(
        "gradient must not overlap weight in memory",
        () -> Sgd.of(1f, embedding.weight()).fused(sum).backward(bags, table.slice(0, 0, 2)));
    Bags others = EmbeddingBag.of(embedding, BagMode.MAX).bags().load(new int[] {0}, new int[] {0});
    assertThrows(
        IllegalArgumentException.class,
        () ->
            Sgd.of(1f, embedding.weight()).fused(sum).backward(others, Tensor.zeros(arena, 1, 3)));
    EmbeddingBag frozen = EmbeddingBag.of(Embedding.fromPretrained(table), BagMode.SUM);
    Bags ofFrozen = frozen.bags().load(new int[] {0}, new int[] {0});
    assertThrows(
        IllegalStateException.class, () -> frozen.backward(ofFrozen, Tensor.zeros(arena, 1, 3)));
    assertSameBits("table", Tensor.full(arena, 5f, 4, 3), table);
  }

  @Test
  void gradientsThatCannotBeAdded() {
    Tensor own = embedding.weight().gradient().tensor();
    Tensor gradient = Tensor.full(arena, 1f, 1, 3);
    int[] list = {1};
    Tensor indices = Tensor.copyOf(arena, list);
    String overlap = "the weight's gradient must not overlap gradient in memory";
    refused(overlap, () -> embedding.backward(list, own.slice(0, 1, 2)));
    refused(overlap, () -> embedding.backward(indices, own.slice(0, 1, 2)));
    refused(overlap, () -> sum.backward(sum.bags().load(list, list(0)), own.slice(0, 1, 2)));
    assertSameBits("gradient", Tensor.zeros(arena, 4, 3), own);

    Arena closing = Arena.ofConfined();
    Embedding closed = Embedding.of(Parameter.trainable(closing, table));
    closed.weight().gradient();
    Arena ofTable = Arena.ofConfined();
    Tensor gone = Tensor.full(ofTable, 5f, 4, 3);
    EmbeddingBag withoutTable =
        EmbeddingBag.of(Embedding.of(Parameter.trainable(arena, gone)), BagMode.MAX);
    EmbeddingBag withoutGradient = EmbeddingBag.of(closed, BagMode.SUM);
    Bags bags = withoutGradient.bags().load(list, list(0));
    Bags others = withoutTable.bags().load(list, list(0));
    closing.close();
    ofTable.close();
    String memory = "the weight's gradient: the arena of this tensor of shape [4, 3] is closed";
    Refusals.refused(IllegalStateException.class, memory, () -> closed.backward(list, gradient));
    Refusals.refused(IllegalStateException.class, memory, () -> closed.backward(indices, gradient));
    Refusals.refused(
        IllegalStateException.class, memory, () -> withoutGradient.backward(bags, gradient));
    Refusals.refused(
        IllegalStateException.class,
        "weight: the arena of this tensor of shape [4, 3] is closed",
        () -> withoutTable.backward(others, gradient));
  }

  private static int[] list(int... numbers) {
    return numbers;
  }

  @Test
  void outputsThatCannotBeWritten() {
    Tensor indices = Tensor.copyOf(arena, new int[] {0, 1, 2});
    refused("out: expected shape [3, 3], got [2, 3]", () -> embedding.forward(indices, out));
    refused(
        "out: expected shape [3, 3], got [9]",
        () -> embedding.forward(indices, Tensor.zeros(arena, 9)));
    Bags weighted = sum.bags().loadWeighted(list(0, 1, 2), list(0, 1), new float[3]);
    refused(
        "out: a read-only tensor of shape [3] cannot be written",
        () -> sum.backwardOfWeights(weighted, out, Tensor.zeros(arena, 3).asReadOnly()));
    refused(
        "out: expected float32, got float64",
        () ->
            sum.backwardOfWeights(
                weighted, out, Tensor.allocate(arena, DType.FLOAT64, Shape.of(3))));
    assertSameBits("out", Tensor.full(arena, 42f, 2, 3), out);
  }

  @Test
  void outputsThatOneRowCannotBeWrittenTo() {
    int[] one = {1};
    Tensor index = Tensor.copyOf(arena, one);
    Tensor row = out.slice(0, 0, 1);
    refused("out: expected shape [1, 3], got [2, 3]", () -> embedding.forward(one, out));
    refused(
        "out: expected shape [1, 3], got [3]", () -> embedding.forward(index, out.select(0, 0)));
    refused(
        "out: a read-only tensor of shape [1, 3] cannot be written",
        () -> embedding.forward(one, row.asReadOnly()));
    refused(
        "out must not overlap weight in memory",
        () -> embedding.forward(one, table.slice(0, 3, 4)));
    Tensor inOut = Tensor.wrap(out.segment(), DType.INT32, Shape.of(1)).fill(0);
    refused("out must not overlap indices in memory", () -> embedding.forward(inOut, row));
    refused(
        "indices: expected int32 or int64, got float32",
        () -> embedding.forward(Tensor.zeros(arena, 1), row));
    Arena closed = Arena.ofConfined();
    Tensor gone = Tensor.copyOf(closed, one);
    closed.close();
    Refusals.refused(
        IllegalStateException.class,
        "indices: the arena of this tensor of shape [1] is closed",
        () -> embedding.forward(gone, row));
  }

  @Test
  void bagsAndOutputsThatDoNotFit() {
    EmbeddingBag max = EmbeddingBag.of(embedding, BagMode.MAX);
    Bags ofMax = max.bags().load(list(0, 1), list(0, 1));
    String others =
        "bags: Bags(2 of 2 entries) of EmbeddingBag(4, 3, MAX) are not for EmbeddingBag(4, 3, SUM)";
    refused(others, () -> sum.backward(ofMax, out));
    refused(others, () -> sum.backwardOfWeights(ofMax, out, Tensor.zeros(arena, 2)));
    refused(
        "out: expected shape [2, 3], got [3, 3]",
        () -> max.forward(ofMax, Tensor.zeros(arena, 3, 3)));
    refused(
        "out must not overlap weight in memory", () -> max.forward(ofMax, table.slice(0, 1, 3)));
    refused(
        "out: the elements of a row must lie side by side, but have stride 2",
        () -> max.forward(ofMax, Tensor.zeros(arena, 3, 2).transpose(0, 1)));
    Tensor inOut = Tensor.wrap(out.segment(), DType.INT32, Shape.of(2)).fill(0);
    Tensor pairs = inOut.reshape(2, 1);
    Tensor single = Tensor.copyOf(arena, list(0, 1));
    refused("out must not overlap indices in memory", () -> embedding.forward(inOut, out));
    refused("out must not overlap indices in memory", () -> sum.forward(pairs, out));
    refused("out must not overlap indices in memory", () -> sum.forward(inOut, single, out));
    refused("out must not overlap offsets in memory", () -> sum.forward(single, inOut, out));
  }

  @Test
  void gradientsOfWeightsThatDoNotFit() {
    Bags weighted = sum.bags().loadWeighted(list(0, 1, 2), list(0, 1), new float[3]);
    Tensor gradient = Tensor.zeros(arena, 2, 3);
    refused(
        "out must not overlap gradient in memory",
        () -> sum.backwardOfWeights(weighted, gradient, gradient.select(0, 1)));
    refused(
        "out must not overlap weight in memory",
        () -> sum.backwardOfWeights(weighted, gradient, table.select(0, 1)));
    EmbeddingBag doubles =
        EmbeddingBag.of(
            Embedding.fromPretrained(Tensor.allocate(arena, DType.FLOAT64, Shape.of(4, 3))),
            BagMode.SUM);
    Bags ofDoubles = doubles.bags().loadWeighted(list(0), list(0), new float[1]);
    refused(
        "weight: expected float32, got float64",
        () -> doubles.backwardOfWeights(ofDoubles, gradient, Tensor.zeros(arena, 1)));
  }

  /** However they are loaded. */
  @Test
  void noBagsStayWhereOthersAreRefused() {
    Tensor indices = Tensor.copyOf(arena, list(0, 1));
    Tensor bad = Tensor.copyOf(arena, list(0, 4));
    Tensor factors = Tensor.zeros(arena, 2);
    Bags bags = sum.bags();
    for (Executable load :
        List.<Executable>of(
            () -> bags.load(bad.reshape(1, 2)),
            () -> bags.load(indices, bad),
            () -> bags.load(indices),
            () -> bags.loadWeighted(bad.reshape(1, 2), factors.reshape(1, 2)),
            () -> bags.loadWeighted(list(0, 1), list(0), new float[1]))) {
      bags.load(indices, Tensor.copyOf(arena, list(0)));
      assertThrows(RuntimeException.class, load);
      assertEquals("Bags(0 of 0 entries)", bags.toString());
    }
    String why = "perSampleWeights: only bags of mode SUM have weights, not of mode MEAN";
    EmbeddingBag mean = EmbeddingBag.of(embedding, BagMode.MEAN);
    refused(why, () -> mean.bags().loadWeighted(indices.reshape(1, 2), factors.reshape(1, 2)));
    TableBatch batch = TableBatchedBags.of(mean, mean).batch();
    Tensor offsets = Tensor.copyOf(arena, list(0, 1, 2));
    refused(why, () -> batch.loadWeighted(indices, offsets, factors));
  }

  @Test
  void tablesAndPaddingThatAreNone() {
    String matrix = "weight: expected shape [numEmbeddings, embeddingDim";
    refused(matrix + "], got [3]", () -> Embedding.fromPretrained(table.select(0, 1)));
    refused(
        "weight: the elements of a row must lie side by side, but have stride 3; copy it with contiguous(arena)",
        () -> Embedding.fromPretrained(table.transpose(0, 1)));
    refused(
        matrix + " + 8], got [9]",
        () -> Embedding.fromQuantized(Tensor.allocate(arena, DType.UINT8, Shape.of(9))));
    Arena closing = Arena.ofConfined();
    Tensor closed = Tensor.zeros(closing, 4, 3);
    closing.close();
    Refusals.refused(
        IllegalStateException.class,
        "weight: the arena of this tensor of shape [4, 3] is closed",
        () -> Embedding.fromPretrained(closed));
    for (long outside : new long[] {4, -5}) {
      Refusals.refused(
          IndexOutOfBoundsException.class,
          "paddingIdx " + outside + " is outside the embedding's 4 rows",
          () -> embedding.withPaddingIdx(outside));
    }
    assertEquals(0, embedding.withPaddingIdx(-4).paddingIdx());
    assertEquals(3, embedding.withPaddingIdx(3).paddingIdx());
    assertEquals(2.5, embedding.withMaxNorm(1, 2.5).normType());
  }

  @Test
  void moreBagsThanOneCallTakes() {
    long most = Integer.MAX_VALUE;
    Tensor bags = Tensor.allocate(arena, DType.INT32, Shape.of(most, 0));
    refused(
        "indices: [2147483647, 0] are more bags or entries than one call takes",
        () -> sum.bags().load(bags));
    Tensor entries = Tensor.allocate(arena, DType.INT32, Shape.of(0, most));
    assertEquals(0, sum.bags().load(entries).count());
  }

  @Test
  void aFailedLoadLeavesNoBags() {
    Bags bags = sum.bags().load(new int[] {0, 1}, new int[] {0});
    assertThrows(
        IndexOutOfBoundsException.class, () -> bags.load(new int[] {0, 4}, new int[] {0, 1}));
    assertEquals(0, bags.count());
    assertEquals(0, bags.entries());
  }

  @Test
  void largestNorms() {
    refused("maxNorm: expected at least 0, got -1.0", () -> embedding.withMaxNorm(-1, 2));
    refused("maxNorm: expected at least 0, got NaN", () -> embedding.withMaxNorm(Double.NaN, 2));
    refused("normType: expected more than 0, got 0.0", () -> embedding.withMaxNorm(1, 0));
    Tensor readOnly = Tensor.wrap(table.segment().asReadOnly(), DType.FLOAT32, Shape.of(4, 3));
    refused(
        "weight: a read-only tensor of shape [4, 3] cannot be written",
        () -> Embedding.fromPretrained(readOnly).withMaxNorm(1, 2));
    Embedding limited = embedding.withMaxNorm(1, 2);
    assertThrows(IndexOutOfBoundsException.class, () -> limited.forward(new int[] {0, 4}, out));
    assertThrows(
        IllegalArgumentException.class,
        () -> limited.forward(new int[] {0}, Tensor.zeros(arena, 1, 4)));
    assertSameBits("table", Tensor.full(arena, 5f, 4, 3), table);
  }

  @Test
  void tablesOfNoRows() {
    refused(
        "weight: expected float32, float64, bfloat16 or float16, got int64",
        () -> Embedding.fromPretrained(Tensor.allocate(arena, DType.INT64, Shape.of(2, 2))));
    refused(
        "rows: expected uint8, got float32",
        () -> Embedding.fromQuantized(Tensor.zeros(arena, 2, 9)));
    refused(
        "weight: expected shape [numEmbeddings, embeddingDim + 8], got [2, 7]",
        () -> Embedding.fromQuantized(Tensor.allocate(arena, DType.UINT8, Shape.of(2, 7))));
    Tensor wide = Tensor.allocate(arena, DType.FLOAT64, Shape.of(4, 3));
    refused(
        "out: expected float64, got float32",
        () -> Embedding.fromPretrained(wide).forward(new int[] {0, 1}, out));
  }
}
