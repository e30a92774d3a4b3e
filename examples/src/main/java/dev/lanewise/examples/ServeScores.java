package dev.lanewise.examples;

import dev.lanewise.einsum.Contraction;
import dev.lanewise.einsum.ContractionOptions;
import dev.lanewise.einsum.GatheredRows;
import dev.lanewise.einsum.PackedOperand;
import dev.lanewise.embedding.Embedding;
import dev.lanewise.parallel.Parallelism;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.concurrent.ForkJoinPool;

/**
 * Scores of a request's items: rows of a table times a weight. Three ways to the same bits: the
 * rows read without a lookup, the weight packed once, a large batch on all processors.
 */
public final class ServeScores {
  private static final int ITEMS = 32;
  private static final int DIM = 128;
  private static final int SCORES = 10;

  private ServeScores() {}

  /**
   * Scores a request.
   *
   * @param args not used
   */
  public static void main(String[] args) {
    var random = new SplittableRandom(42);
    try (Arena arena = Arena.ofShared()) {
      var items = Embedding.fromPretrained(Tensor.randn(arena, random, 10_000, DIM));
      var weight = Tensor.randn(arena, random, DIM, SCORES);
      var scores = Contraction.compile("ik,kj->ij", Shape.of(ITEMS, DIM), weight.shape());
      int[] request = random.ints(ITEMS, 0, 10_000).toArray();

      // Without a lookup. Kept, and loaded with the next request's items, it allocates nothing.
      GatheredRows rows = items.rows(request);
      var out = Tensor.zeros(arena, ITEMS, SCORES);
      scores.execute(rows, weight, out);
      System.out.println("first item's scores: " + out.select(0, 0));

      // The weight packed once: for this plan, and for those of any other number of items.
      PackedOperand packed = scores.pack(arena, 1, weight);
      var vectors = Tensor.zeros(arena, ITEMS, DIM);
      items.forward(request, vectors);
      var again = Tensor.zeros(arena, ITEMS, SCORES);
      scores.execute(vectors, packed, again);
      System.out.println(packed + ", same scores: " + sameBits(out, again));

      // Every item at once, on all processors.
      var all = Tensor.zeros(arena, items.numEmbeddings(), SCORES);
      Contraction.compile(
              "ik,kj->ij",
              ContractionOptions.DEFAULT.withParallelism(Parallelism.of(ForkJoinPool.commonPool())),
              items.weight().value().shape(),
              weight.shape())
          .execute(items.weight().value(), packed, all);
      boolean same = sameBits(out.select(0, 0), all.select(0, request[0]));
      System.out.println("the first item's scores among all " + all.size(0) + ", same: " + same);
    }
  }

  private static boolean sameBits(Tensor a, Tensor b) {
    return Arrays.equals(a.toFloatArray(), b.toFloatArray());
  }
}
