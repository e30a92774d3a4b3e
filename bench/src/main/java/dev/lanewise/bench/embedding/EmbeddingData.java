package dev.lanewise.bench.embedding;

import dev.lanewise.bench.embedding.EmbeddingCase.Operation;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * A table, an output, and a ring of batches, each other rows: so a table larger than the caches
 * stays out of them.
 */
final class EmbeddingData {
  /** Rows that all batches together read at least, if that takes no more than the most batches. */
  private static final int RING_ROWS = 1 << 20;

  private static final int MOST_BATCHES = 4096;

  /**
   * What one call gets.
   *
   * @param indices row numbers, one bag behind the other
   * @param offsets where each bag starts
   * @param weights one an index
   */
  record Batch(int[] indices, int[] offsets, float[] weights) {}

  final Tensor table;
  final Tensor out;
  final List<Batch> batches = new ArrayList<>();
  private int current;

  EmbeddingData(EmbeddingCase asked, Arena memory) {
    table = Tensor.zeros(memory, asked.rows(), asked.dim());
    out = Tensor.zeros(memory, asked.outputs(), asked.dim());
    long size = (long) asked.rows() * asked.dim();
    for (long i = 0; i < size; i++) {
      // The top 24 bits of a multiplicative sequence, as a number in [-1, 1).
      int bits = (int) ((i + 1) * 0x9E3779B97F4A7C15L >>> 40);
      table.segment().setAtIndex(ValueLayout.JAVA_FLOAT, i, bits * 0x1p-23f - 1);
    }
    SplittableRandom random = new SplittableRandom(1);
    int count = (int) Math.clamp(RING_ROWS / asked.indices(), 4, MOST_BATCHES);
    for (int i = 0; i < count; i++) {
      batches.add(batch(asked, random));
    }
    rewind();
  }

  private static Batch batch(EmbeddingCase asked, SplittableRandom random) {
    int[] offsets = new int[asked.outputs()];
    int length = 0;
    for (int bag = 0; bag < offsets.length; bag++) {
      offsets[bag] = length;
      length += random.nextInt(asked.smallestBag(), asked.largestBag() + 1);
    }
    int[] indices = random.ints(length, 0, asked.rows()).toArray();
    float[] weights = new float[asked.operation() == Operation.WEIGHTED_SUM ? length : 0];
    for (int i = 0; i < weights.length; i++) {
      weights[i] = random.nextFloat();
    }
    return new Batch(indices, offsets, weights);
  }

  /** Goes to the next batch, around the ring. */
  int next() {
    int next = current + 1;
    current = next == batches.size() ? 0 : next;
    return current;
  }

  /** Makes the first batch the next one, and the output NaN. */
  void rewind() {
    current = batches.size() - 1;
    for (long i = 0; i < out.size(0) * out.size(1); i++) {
      out.segment().setAtIndex(ValueLayout.JAVA_FLOAT, i, Float.NaN);
    }
  }

  /** The number of the last call's batch. */
  int lastIndex() {
    return current;
  }

  /** The batch of the last call. */
  Batch last() {
    return batches.get(current);
  }
}
