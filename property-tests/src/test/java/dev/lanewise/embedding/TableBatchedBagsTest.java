package dev.lanewise.embedding;

import static dev.lanewise.Refusals.refused;
import static dev.lanewise.verification.TensorAssertions.assertSameBits;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.lanewise.optim.Adagrad;
import dev.lanewise.optim.FusedTableUpdate;
import dev.lanewise.optim.Optimizer;
import dev.lanewise.parallel.Parallelism;
import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Parameter;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import dev.lanewise.verification.FloatClass;
import dev.lanewise.verification.LanewiseArbitraries;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ForkJoinPool;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tag;
import net.jqwik.api.constraints.IntRange;

/** Many tables in one call give what each gives alone, to the bit. */
@Tag("lanes")
class TableBatchedBagsTest {
  @Provide
  Arbitrary<Long> seeds() {
    return LanewiseArbitraries.seeds();
  }

  /** A batch over some tables, twice: for one call, and for a call each. */
  private record Case(
      int[] rows, int[] widths, BagMode[] modes, int bags, int[] indices, int[] offsets) {
    static Case random(int tables, int bags, int entries, SplittableRandom random) {
      int[] rows = random.ints(tables, 1, 9).toArray();
      int[] widths = random.ints(tables, 1, 40).toArray();
      BagMode[] modes = new BagMode[tables];
      Arrays.setAll(modes, t -> BagMode.values()[random.nextInt(3)]);
      int[] offsets = new int[tables * bags + 1];
      for (int i = 1; i < offsets.length; i++) {
        offsets[i] = offsets[i - 1] + random.nextInt(entries + 1);
      }
      int[] indices = new int[offsets[offsets.length - 1]];
      for (int i = 0; i < tables * bags; i++) {
        for (int at = offsets[i]; at < offsets[i + 1]; at++) {
          indices[at] = random.nextInt(rows[i / bags]);
        }
      }
      return new Case(rows, widths, modes, bags, indices, offsets);
    }

    int width() {
      return Arrays.stream(widths).sum();
    }

    List<EmbeddingBag> tables(Arena arena, long seed) {
      List<EmbeddingBag> tables = new ArrayList<>();
      for (int t = 0; t < rows.length; t++) {
        Tensor table =
            Tensor.copyOf(
                arena, FloatClass.tame(seed + t, rows[t] * widths[t]), rows[t], widths[t]);
        Embedding embedding = Embedding.of(Parameter.trainable(arena, table)).withPaddingIdx(0);
        tables.add(EmbeddingBag.of(embedding, modes[t]));
      }
      return tables;
    }

    Bags alone(EmbeddingBag bag, int table) {
      int first = offsets[table * bags];
      int[] part = Arrays.copyOfRange(indices, first, offsets[(table + 1) * bags]);
      int[] starts = new int[bags];
      Arrays.setAll(starts, b -> offsets[table * bags + b] - first);
      return bag.bags().load(part, starts);
    }
  }

  @Property(tries = 150)
  void eachTableGivesWhatItGivesAlone(
      @ForAll @IntRange(min = 1, max = 5) int count,
      @ForAll @IntRange(min = 1, max = 6) int bags,
      @ForAll("seeds") long seed) {
    Case c = Case.random(count, bags, 5, new SplittableRandom(seed));
    try (Arena arena = Arena.ofConfined()) {
      List<EmbeddingBag> together = c.tables(arena, seed);
      List<EmbeddingBag> alone = c.tables(arena, seed);
      TableBatchedBags tables = TableBatchedBags.of(together);
      Tensor out = Tensor.full(arena, Float.NaN, bags, c.width());
      Tensor fromTensors =
          Tensor.full(arena, Float.NaN, bags, c.width() + 3).slice(1, 2, c.width() + 2);
      Tensor g = Tensor.copyOf(arena, FloatClass.tame(seed - 1, bags * c.width()), bags, c.width());
      TableBatch batch =
          tables.batch().load(Tensor.copyOf(arena, c.indices), Tensor.copyOf(arena, c.offsets));
      tables.forward(c.indices, c.offsets, out);
      tables.forward(batch, fromTensors);
      assertSameBits("from tensors", out, fromTensors);
      tables.backward(batch, g);
      long column = 0;
      for (int t = 0; t < count; t++) {
        EmbeddingBag bag = alone.get(t);
        long end = column + c.widths[t];
        Tensor expected = Tensor.full(arena, Float.NaN, bags, c.widths[t]);
        bag.forward(c.alone(bag, t), expected);
        assertSameBits("table " + t, expected, out.slice(1, column, end));
        bag.backward(c.alone(bag, t), g.slice(1, column, end));
        assertSameBits(
            "gradient of " + t,
            bag.embedding().weight().gradient().tensor(),
            together.get(t).embedding().weight().gradient().tensor());
        column = end;
      }
      assertEquals(column, tables.width());
      update(c, together, alone, batch, tables, g);
    }
  }

  private static Parameter[] weights(List<EmbeddingBag> tables) {
    return tables.stream().map(bag -> bag.embedding().weight()).toArray(Parameter[]::new);
  }

  private static void update(
      Case c,
      List<EmbeddingBag> together,
      List<EmbeddingBag> alone,
      TableBatch batch,
      TableBatchedBags tables,
      Tensor g) {
    Optimizer one = Adagrad.of(0.1f, weights(together));
    Optimizer each = Adagrad.of(0.1f, weights(alone));
    one.fused(tables).backward(batch, g);
    long column = 0;
    for (int t = 0; t < alone.size(); t++) {
      EmbeddingBag bag = alone.get(t);
      long end = column + c.widths[t];
      each.fused(bag).backward(c.alone(bag, t), g.slice(1, column, end));
      assertSameBits(
          "moved " + t,
          bag.embedding().weight().value(),
          together.get(t).embedding().weight().value());
      column = end;
    }
  }

  @Example
  void severalThreadsGiveTheSameBits() {
    Case c = Case.random(7, 300, 40, new SplittableRandom(5));
    try (Arena arena = Arena.ofShared();
        ForkJoinPool pool = new ForkJoinPool(3)) {
      TableBatchedBags tables = TableBatchedBags.of(c.tables(arena, 5));
      Tensor alone = Tensor.zeros(arena, c.bags, c.width());
      Tensor together = Tensor.zeros(arena, c.bags, c.width());
      tables.forward(c.indices, c.offsets, alone);
      tables.withParallelism(Parallelism.of(pool)).forward(c.indices, c.offsets, together);
      assertSameBits("threads", alone, together);
    }
  }

  @Example
  void weightsBelongToTheirIndices() {
    try (Arena arena = Arena.ofConfined()) {
      Tensor table = Tensor.copyOf(arena, new float[] {1, 10}, 2, 1);
      EmbeddingBag bag = EmbeddingBag.of(Embedding.fromPretrained(table), BagMode.SUM);
      TableBatchedBags tables = TableBatchedBags.of(bag, bag);
      Tensor out = Tensor.zeros(arena, 1, 2);
      TableBatch batch =
          tables
              .batch()
              .loadWeighted(
                  Tensor.copyOf(arena, new int[] {0, 1, 1}),
                  Tensor.copyOf(arena, new int[] {0, 2, 3}),
                  Tensor.copyOf(arena, new float[] {2, 3, 4}));
      tables.forward(batch, out);
      assertSameBits("sums", new float[] {32, 40}, out.toFloatArray());
    }
  }

  @Example
  void rowsThatAreTooLongAreScaledDownInEachTable() {
    try (Arena arena = Arena.ofConfined()) {
      Tensor first = Tensor.full(arena, 4f, 3, 1);
      Tensor second = Tensor.full(arena, 4f, 2, 1);
      int[] indices = {0, 2, 1};
      int[] offsets = {0, 2, 3};
      Tensor expected = Tensor.zeros(arena, 1, 1);
      List<EmbeddingBag> bags = new ArrayList<>();
      for (Tensor table : List.of(first, second)) {
        bags.add(EmbeddingBag.of(Embedding.fromPretrained(table).withMaxNorm(1, 2), BagMode.SUM));
      }
      Tensor limited = Tensor.full(arena, 4f, 1, 1);
      EmbeddingBag alone =
          EmbeddingBag.of(Embedding.fromPretrained(limited).withMaxNorm(1, 2), BagMode.SUM);
      alone.forward(new int[] {0}, new int[] {0}, expected);
      Tensor out = Tensor.zeros(arena, 1, 2);
      TableBatchedBags.of(bags).forward(indices, offsets, out);
      float one = expected.toFloatArray()[0];
      assertSameBits("sums", new float[] {2 * one, one}, out.toFloatArray());
      float row = limited.toFloatArray()[0];
      assertSameBits("first", new float[] {row, 4, row}, first.toFloatArray());
      assertSameBits("second", new float[] {4, row}, second.toFloatArray());
    }
  }

  @Example
  void aBatchIsForAllBagsOverTheSameTables() {
    try (Arena arena = Arena.ofConfined()) {
      Embedding table = Embedding.fromPretrained(Tensor.full(arena, 3f, 2, 1));
      EmbeddingBag sum = EmbeddingBag.of(table, BagMode.SUM);
      TableBatchedBags tables = TableBatchedBags.of(sum, sum);
      TableBatch batch = tables.batch().load(new int[] {0, 1, 1}, new int[] {0, 1, 3});
      Tensor out = Tensor.zeros(arena, 1, 2);
      TableBatchedBags.of(sum, sum).forward(batch, out);
      assertSameBits("sums", new float[] {3, 6}, out.toFloatArray());
      TableBatchedBags others = TableBatchedBags.of(sum, EmbeddingBag.of(table, BagMode.MEAN));
      refused(
          IllegalArgumentException.class,
          "batch: " + batch + " of " + tables + " is not for " + others,
          () -> others.forward(batch, out));
    }
  }

  @Example
  void offsetsComeInAnyStridesAndNumbers() {
    try (Arena arena = Arena.ofConfined()) {
      EmbeddingBag sum =
          EmbeddingBag.of(Embedding.fromPretrained(Tensor.full(arena, 1f, 1, 1)), BagMode.SUM);
      Bags bags = sum.bags();
      for (int count = 1; count < 50; count++) {
        int[] starts = new int[2 * count];
        Arrays.setAll(starts, i -> i % 2 == 0 ? i / 2 : 99);
        Tensor every = Tensor.copyOf(arena, starts, count, 2).select(1, 0);
        bags.load(Tensor.allocate(arena, DType.INT32, Shape.of(count)), every);
        Tensor out = Tensor.zeros(arena, count, 1);
        sum.forward(bags, out);
        assertSameBits("bags of one row", Tensor.full(arena, 1f, count, 1), out);
        bags.load(Tensor.allocate(arena, DType.INT32, Shape.of(count, 1)));
        assertEquals(count, bags.count());
      }
    }
  }

  @Example
  void whatDoesNotFitIsRefusedBeforeAnythingIsWritten() {
    try (Arena arena = Arena.ofConfined()) {
      Embedding one = Embedding.of(Parameter.trainable(arena, Tensor.full(arena, 1f, 2, 3)));
      Embedding two = Embedding.of(Parameter.trainable(arena, Tensor.full(arena, 1f, 4, 2)));
      TableBatchedBags tables =
          TableBatchedBags.of(EmbeddingBag.of(one, BagMode.SUM), EmbeddingBag.of(two, BagMode.MAX));
      Tensor out = Tensor.full(arena, 42f, 1, 5);
      assertEquals(
          "index 4 at position [1] is outside the embedding's 4 rows",
          assertThrows(
                  IndexOutOfBoundsException.class,
                  () -> tables.forward(new int[] {0, 4}, new int[] {0, 1, 2}, out))
              .getMessage());
      assertEquals(
          "offsets: expected a multiple of 2 tables and one more, got 2",
          assertThrows(
                  IllegalArgumentException.class,
                  () -> tables.forward(new int[] {0, 4}, new int[] {0, 1}, out))
              .getMessage());
      assertSameBits("out", Tensor.full(arena, 42f, 1, 5), out);
      TableBatch batch = tables.batch().load(new int[] {0, 3}, new int[] {0, 1, 2});
      assertThrows(
          IllegalArgumentException.class, () -> tables.backward(batch, Tensor.zeros(arena, 1, 4)));
      Optimizer optimizer = Adagrad.of(1f, one.weight(), two.weight());
      assertThrows(
          IllegalArgumentException.class,
          () -> optimizer.fused(tables).backward(batch, two.weight().value().slice(0, 0, 1)));
      EmbeddingBag shared = EmbeddingBag.of(one.withSparseGradient(), BagMode.SUM);
      assertThrows(
          IllegalArgumentException.class,
          () -> optimizer.fused(TableBatchedBags.of(EmbeddingBag.of(one, BagMode.SUM), shared)));
      assertSameBits("one", Tensor.full(arena, 1f, 2, 3), one.weight().value());
      assertThrows(IllegalArgumentException.class, () -> TableBatchedBags.of(List.of()));
      TableBatchedBags sums = TableBatchedBags.of(shared, shared);
      refused(
          IllegalArgumentException.class,
          "perSampleWeights: expected shape [2], got [3]",
          () ->
              sums.batch()
                  .loadWeighted(
                      Tensor.copyOf(arena, new int[] {0, 1}),
                      Tensor.copyOf(arena, new int[] {0, 1, 2}),
                      Tensor.zeros(arena, 3)));
    }
  }

  @Example
  void aFailedLoadLeavesNoBagsOfAnyTable() {
    try (Arena arena = Arena.ofConfined()) {
      Embedding one = Embedding.of(Parameter.trainable(arena, Tensor.full(arena, 1f, 2, 3)));
      Embedding two = Embedding.of(Parameter.trainable(arena, Tensor.full(arena, 1f, 4, 2)));
      TableBatchedBags tables =
          TableBatchedBags.of(EmbeddingBag.of(one, BagMode.SUM), EmbeddingBag.of(two, BagMode.SUM));
      FusedTableUpdate update = Adagrad.of(1f, one.weight(), two.weight()).fused(tables);
      TableBatch batch = tables.batch();
      assertThrows(
          IndexOutOfBoundsException.class, () -> batch.load(new int[] {0, 4}, new int[] {0, 1, 2}));
      assertEquals(0, batch.count());
      assertEquals(0, batch.bags(0).count());
      assertEquals(0, batch.bags(0).entries());
      Tensor indices = Tensor.copyOf(arena, new int[] {0, 4});
      Tensor offsets = Tensor.copyOf(arena, new int[] {0, 1, 2});
      assertThrows(IndexOutOfBoundsException.class, () -> batch.load(indices, offsets));
      assertEquals(0, batch.bags(0).count());
      // Offsets that are none are refused before any table's.
      int[] sound = {0, 1};
      batch.load(sound, new int[] {0, 1, 2});
      assertThrows(IllegalArgumentException.class, () -> batch.load(sound, new int[] {0, 3, 1}));
      assertEquals(0, batch.count());
      batch.load(sound, new int[] {0, 1, 2});
      assertThrows(
          IllegalArgumentException.class, () -> batch.load(indices, indices.reshape(1, 2)));
      assertEquals(0, batch.count());
      assertThrows(IllegalArgumentException.class, () -> batch.load(new int[0], new int[0]));
      // Nothing is added, where the first table's bag would have been.
      tables.backward(batch, Tensor.zeros(arena, 0, 5));
      update.backward(batch, Tensor.zeros(arena, 0, 5));
      batch.bags(1).load(new int[] {3}, new int[] {0});
      String why = "batch: TableBatch(2 tables, 0 bags each) has Bags(1 of 1 entries) for table 1";
      Tensor empty = Tensor.zeros(arena, 0, 5);
      refused(IllegalArgumentException.class, why, () -> tables.forward(batch, empty));
      refused(IllegalArgumentException.class, why, () -> tables.backward(batch, empty));
      refused(IllegalArgumentException.class, why, () -> update.backward(batch, empty));
      assertSameBits("one", Tensor.full(arena, 1f, 2, 3), one.weight().value());
      assertSameBits("two", Tensor.full(arena, 1f, 4, 2), two.weight().value());
    }
  }
}
