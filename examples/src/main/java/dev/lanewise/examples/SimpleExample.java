package dev.lanewise.examples;

import dev.lanewise.autograd.Retention;
import dev.lanewise.autograd.Tape;
import dev.lanewise.autograd.Variable;
import dev.lanewise.checkpoint.StateDict;
import dev.lanewise.embedding.Embedding;
import dev.lanewise.optim.Sgd;
import dev.lanewise.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/**
 * Train a table of five rows so that each row times a vector gives 3; save it, load it, serve it.
 */
public final class SimpleExample {
  private static final int[] ROWS = {0, 1, 2, 3, 4};

  private SimpleExample() {}

  /**
   * Trains, saves, loads and serves.
   *
   * @param args not used
   * @throws IOException if the checkpoint cannot be written
   */
  public static void main(String[] args) throws IOException {
    RandomGenerator random = new SplittableRandom(42);
    Path file = Files.createDirectories(Path.of("target", "demo")).resolve("embedding.pth");
    try (Arena arena = Arena.ofConfined()) {
      Tensor vec = Tensor.randn(arena, random, 3, 1);
      train(arena, random, vec, file);
      serve(arena, vec, file);
      second(arena, random);
    }
  }

  private static void train(Arena arena, RandomGenerator random, Tensor vec, Path file)
      throws IOException {
    var embedding = Embedding.randn(arena, random, 5, 3);
    var label = Tensor.full(arena, 3f, 5, 1);
    var sgd = Sgd.of(0.015f, embedding.weight());
    System.out.println("weights before: " + embedding.weight().value());
    try (Tape tape = new Tape()) {
      for (int step = 0; step < 100; step++) {
        Variable rows = tape.lookup(embedding, ROWS);
        Variable output = tape.einsum("ik,kj->ij", rows, vec);
        Variable loss = tape.meanSquaredError(output, label);
        sgd.zeroGrad();
        if (step == 0) {
          // Walk the same recording twice: RETAIN keeps it, and the gradients of both passes add
          // up.
          loss.backward(Retention.RETAIN);
          sgd.zeroGrad();
        }
        loss.backward();
        sgd.step();
        if (step % 20 == 0 || step == 99) {
          System.out.printf("step %3d  loss %.6f%n", step, loss.item());
        }
        tape.reset();
      }
    }
    System.out.println("weights after: " + embedding.weight().value());
    StateDict.of("emb.weight", embedding.weight()).save(file);
    System.out.println("saved to " + file.toAbsolutePath());
  }

  private static void serve(Arena arena, Tensor vec, Path file) throws IOException {
    var embedding = Embedding.fromPretrained(StateDict.load(file, arena).get("emb.weight"));
    float[] before = embedding.weight().value().toFloatArray();
    try (Tape tape = Tape.inference()) {
      for (int i = 0; i < 100; i++) {
        Variable prediction = tape.einsum("ik,kj->ij", tape.lookup(embedding, ROWS), vec);
        if (i == 99) {
          System.out.println("prediction of the loaded model: " + prediction.value());
        }
        tape.reset();
      }
    }
    boolean unchanged = Arrays.equals(before, embedding.weight().value().toFloatArray());
    System.out.println("weights unchanged after 100 predictions: " + unchanged);
  }

  private static void second(Arena arena, RandomGenerator random) {
    var embedding = Embedding.randn(arena, random, 5, 10);
    var vec = Tensor.randn(arena, random, 10, 1);
    var label = Tensor.full(arena, 3f, 5, 1);
    var sgd = Sgd.of(0.015f, embedding.weight());
    System.out.println("\nEmbedding(5, 10), one iteration:");
    try (Tape tape = new Tape()) {
      Variable rows = tape.lookup(embedding, ROWS);
      Variable output = tape.einsum("ik,kj->ij", rows, vec);
      Variable loss = tape.meanSquaredError(output, label);
      loss.backward();
      sgd.step();
      System.out.println("rows: " + rows.value());
      System.out.println("output: " + output.value());
      System.out.println("loss: " + loss.item());
    }
  }
}
