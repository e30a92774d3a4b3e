package dev.lanewise.examples;

import dev.lanewise.embedding.Embedding;
import dev.lanewise.embedding.NearestRows;
import dev.lanewise.embedding.Similarity;
import dev.lanewise.parallel.Parallelism;
import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.concurrent.ForkJoinPool;

/**
 * Items like a given one: the rows of an embedding's table whose directions are nearest to its row,
 * exactly, for one item and for a batch of them, with the same scores to the bit.
 */
public final class NearestItems {
  private static final int ITEMS = 100_000;
  private static final int DIM = 64;
  private static final int FOUND = 5;
  private static final int BATCH = 32;

  private NearestItems() {}

  /**
   * Finds items.
   *
   * @param args not used
   */
  public static void main(String[] args) {
    var random = new SplittableRandom(42);
    // Shared: several threads read the table.
    try (Arena arena = Arena.ofShared()) {
      var items =
          Embedding.fromPretrained(Tensor.randn(arena, random, ITEMS, DIM)).withPaddingIdx(0);
      var table = items.weight().value();
      var nearest = NearestRows.of(items, Similarity.COSINE, FOUND);

      // Kept and used again, none of this allocates.
      var rows = Tensor.allocate(arena, DType.INT64, Shape.of(FOUND));
      var scores = Tensor.zeros(arena, FOUND);
      nearest.search(table.select(0, 17), rows, scores);
      System.out.println("items like 17: " + rows);
      System.out.println("their cosines: " + scores);

      // Many queries share one pass over the table; any executor may help.
      var batch = table.slice(0, 1, 1 + BATCH);
      var rowsOfAll = Tensor.allocate(arena, DType.INT64, Shape.of(BATCH, FOUND));
      var scoresOfAll = Tensor.zeros(arena, BATCH, FOUND);
      nearest
          .withParallelism(Parallelism.of(ForkJoinPool.commonPool()))
          .search(batch, rowsOfAll, scoresOfAll);
      boolean same =
          Arrays.equals(scores.toFloatArray(), scoresOfAll.select(0, 17 - 1).toFloatArray());
      System.out.println("the same scores among " + BATCH + " queries: " + same);
    }
  }
}
