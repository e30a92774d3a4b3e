package dev.lanewise.examples;

import dev.lanewise.einsum.Contraction;
import dev.lanewise.embedding.Embedding;
import dev.lanewise.embedding.NearestRows;
import dev.lanewise.embedding.Similarity;
import dev.lanewise.optim.FusedUpdate;
import dev.lanewise.optim.RowwiseAdagrad;
import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Word vectors from the class names of the running JDK (skip-gram with negative sampling), trained
 * without a tape: each touched row is read and written once a batch, and no gradient is kept. Then
 * the words nearest to a few.
 */
public final class SimilarWords {
  private static final int VOCABULARY = 2000;
  private static final int DIM = 32;
  private static final int BATCH = 4096;
  private static final int STEPS = 1500;

  /** Pairs that occur, to pairs that are drawn at random. */
  private static final int NEGATIVES = 3;

  private SimilarWords() {}

  /**
   * Trains and prints.
   *
   * @param args not used
   * @throws IOException if the JDK's classes cannot be listed
   */
  public static void main(String[] args) throws IOException {
    ClassNames names = ClassNames.read(VOCABULARY);
    var random = new SplittableRandom(7);
    try (Arena arena = Arena.ofConfined()) {
      int rows = names.words().size();
      // Row 0 stands for all rare words.
      Embedding words = Embedding.randn(arena, random, rows, DIM).withPaddingIdx(0);
      Embedding contexts = Embedding.randn(arena, random, rows, DIM).withPaddingIdx(0);
      train(arena, random, names.training(), words, contexts);
      print(arena, names.words(), words);
    }
  }

  private static void train(
      Arena arena,
      SplittableRandom random,
      List<ClassNames.Sample> samples,
      Embedding words,
      Embedding contexts) {
    var optimizer = RowwiseAdagrad.of(0.1f, words.weight(), contexts.weight());
    FusedUpdate wordUpdate = optimizer.fused(words);
    FusedUpdate contextUpdate = optimizer.fused(contexts);
    int[] left = new int[BATCH];
    int[] right = new int[BATCH];
    Tensor a = Tensor.zeros(arena, BATCH, DIM);
    Tensor b = Tensor.zeros(arena, BATCH, DIM);
    Tensor scores = Tensor.zeros(arena, BATCH);
    Tensor gradientOfA = Tensor.zeros(arena, BATCH, DIM);
    Tensor gradientOfB = Tensor.zeros(arena, BATCH, DIM);
    Contraction dots = Contraction.compile("nd,nd->n", a.shape(), b.shape());
    Contraction scaled = Contraction.compile("n,nd->nd", scores.shape(), b.shape());
    for (int step = 0; step < STEPS; step++) {
      draw(random, samples, words.numEmbeddings(), left, right);
      words.forward(left, a);
      contexts.forward(right, b);
      dots.execute(a, b, scores);
      double loss = replaceByGradients(scores);
      scaled.execute(scores, b, gradientOfA);
      scaled.execute(scores, a, gradientOfB);
      wordUpdate.backward(left, gradientOfA);
      contextUpdate.backward(right, gradientOfB);
      if (step % 300 == 0 || step == STEPS - 1) {
        System.out.printf("step %4d  loss %.3f%n", step, loss);
      }
    }
  }

  /** Every fourth pair is of two words of one name; the others are random. */
  private static void draw(
      SplittableRandom random, List<ClassNames.Sample> samples, long rows, int[] left, int[] right) {
    for (int i = 0; i < BATCH; i++) {
      int[] name = samples.get(random.nextInt(samples.size())).words();
      left[i] = name[random.nextInt(name.length)];
      right[i] =
          isPair(i) ? name[random.nextInt(name.length)] : (int) random.nextLong(1, rows);
    }
  }

  private static boolean isPair(int i) {
    return i % (1 + NEGATIVES) == 0;
  }

  /** The mean logistic loss of scores, which become its gradient. */
  private static double replaceByGradients(Tensor scores) {
    double loss = 0;
    for (int i = 0; i < BATCH; i++) {
      double probability = 1 / (1 + Math.exp(-scores.get(i)));
      loss -= Math.log(isPair(i) ? probability : 1 - probability);
      scores.set(probability - (isPair(i) ? 1 : 0), i);
    }
    return loss / BATCH;
  }

  private static void print(Arena arena, List<String> vocabulary, Embedding words) {
    NearestRows nearest = NearestRows.of(words, Similarity.COSINE, 6);
    List<String> asked =
        List.of("socket", "window", "lock", "date", "cipher").stream()
            .filter(vocabulary::contains)
            .toList();
    int[] rows = asked.stream().mapToInt(vocabulary::indexOf).toArray();
    Tensor queries = Tensor.zeros(arena, rows.length, DIM);
    words.forward(rows, queries);
    Tensor found = Tensor.allocate(arena, DType.INT64, Shape.of(rows.length, 6));
    Tensor scores = Tensor.zeros(arena, rows.length, 6);
    nearest.search(queries, found, scores);
    for (int i = 0; i < rows.length; i++) {
      StringBuilder line = new StringBuilder("%-8s".formatted(asked.get(i)));
      // The nearest is the word itself.
      for (int n = 1; n < 6; n++) {
        line.append("  %s %.2f".formatted(vocabulary.get((int) found.get(i, n)), scores.get(i, n)));
      }
      System.out.println(line);
    }
  }
}
