package dev.lanewise;

import dev.lanewise.autograd.CrossEntropy;
import dev.lanewise.autograd.Reduction;
import dev.lanewise.autograd.Tape;
import dev.lanewise.autograd.Variable;
import dev.lanewise.embedding.BagMode;
import dev.lanewise.embedding.Embedding;
import dev.lanewise.embedding.EmbeddingBag;
import dev.lanewise.internal.kernel.KernelSet;
import dev.lanewise.nn.Linear;
import dev.lanewise.optim.Direction;
import dev.lanewise.optim.Sgd;
import dev.lanewise.tensor.Parameter;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.Arena;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;

/**
 * A model that is trained for some steps: the bits of its weights are the same on every machine.
 */
final class GoldenModel {
  private static final int STEPS = 25;

  private GoldenModel() {}

  /** The kernels and the hash, for a JVM that {@link OtherJvmsTest} starts. */
  public static void main(String[] args) {
    System.out.println(KernelSet.active().description());
    System.out.println(train());
  }

  /** Trains it and hashes the weights' bits. */
  static String train() {
    try (Arena arena = Arena.ofConfined();
        Tape tape = new Tape()) {
      SplittableRandom random = new SplittableRandom(20260101);
      Embedding words = Embedding.randn(arena, random, 40, 37, 0);
      Embedding tags = Embedding.randn(arena, random, 9, 37);
      EmbeddingBag bags = EmbeddingBag.of(tags, BagMode.MEAN);
      Linear hidden = Linear.create(arena, random, 37, 300);
      Linear logits = Linear.create(arena, random, 300, 11);
      Tensor classWeights = Tensor.uniform(arena, random, 0.5f, 1.5f, 11);
      CrossEntropy crossEntropy = new CrossEntropy(Reduction.MEAN, classWeights, -100, 0.1f);
      List<Parameter> dense =
          List.of(hidden.weight(), hidden.bias(), logits.weight(), logits.bias());
      Sgd.Settings settings =
          new Sgd.Settings(0.05f, 0.9f, 0, 1e-4f, Sgd.MomentumKind.NESTEROV, Direction.MINIMIZE);
      Sgd momentum = Sgd.of(settings, dense.toArray(Parameter[]::new));
      Sgd plain = Sgd.of(0.1f, words.weight(), tags.weight());
      for (int step = 0; step < STEPS; step++) {
        int[] ids = random.ints(17, 0, 40).toArray();
        int[] members = random.ints(50, 0, 9).toArray();
        int[] offsets = new int[17];
        java.util.Arrays.setAll(offsets, bag -> 3 * bag - bag % 2);
        int[] classes = random.ints(17, 0, 11).toArray();
        tape.reset();
        Variable x = tape.add(tape.lookup(words, ids), tape.lookup(bags, members, offsets));
        Variable y = logits.forward(tape, tape.relu(hidden.forward(tape, x)));
        Variable similarity = tape.einsum("ik,ik->i", x, x);
        Variable penalty = tape.meanSquaredError(similarity, Tensor.full(arena, 30f, 17));
        Variable small = tape.einsum(",->", penalty, Tensor.full(arena, 1e-4f));
        Variable loss = tape.add(tape.crossEntropy(y, classes, crossEntropy), small);
        momentum.zeroGrad();
        plain.zeroGrad();
        loss.backward();
        momentum.step();
        plain.step();
      }
      return hash(
          words.weight(),
          tags.weight(),
          hidden.weight(),
          hidden.bias(),
          logits.weight(),
          logits.bias());
    }
  }

  /** SHA-256 of all elements' bits, each as four bytes, the highest first. */
  private static String hash(Parameter... parameters) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      for (Parameter parameter : parameters) {
        for (float value : parameter.value().toFloatArray()) {
          int bits = Float.floatToIntBits(value);
          digest.update((byte) (bits >>> 24));
          digest.update((byte) (bits >>> 16));
          digest.update((byte) (bits >>> 8));
          digest.update((byte) bits);
        }
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }
}
