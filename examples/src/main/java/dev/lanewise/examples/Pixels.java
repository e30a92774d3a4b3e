package dev.lanewise.examples;

import dev.lanewise.autograd.Tape;
import dev.lanewise.autograd.Variable;
import dev.lanewise.embedding.Embedding;
import dev.lanewise.optim.Sgd;
import dev.lanewise.tensor.Parameter;
import dev.lanewise.tensor.Tensor;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/**
 * An embedding over pixel values: each of the 256 shades of grey has a row, so a small image
 * becomes [h, w, d], and one contraction gives a score for each class. (What a PixelEmbed layer
 * would be, if PyTorch had one.)
 */
public final class Pixels {
  private static final int SIZE = 16;
  private static final int DIM = 8;
  private static final int BATCH = 100;
  private static final int EPOCHS = 6;
  private static final List<String> CLASSES = List.of("disc", "square", "cross");

  private Pixels() {}

  /**
   * A batch of images.
   *
   * @param pixels the shades, int32 [n, h, w]
   * @param classes what each one shows
   */
  private record Images(Tensor pixels, int[] classes) {
    Images slice(int from, int to) {
      return new Images(pixels.slice(0, from, to), Arrays.copyOfRange(classes, from, to));
    }
  }

  /**
   * Draws, trains and judges.
   *
   * @param args not used
   */
  public static void main(String[] args) {
    RandomGenerator random = new SplittableRandom(3);
    try (Arena arena = Arena.ofConfined();
        Tape tape = new Tape()) {
      Images training = draw(arena, random, 6000);
      Images test = draw(arena, random, 1000);
      var embedding = Embedding.randn(arena, random, 256, DIM);
      var weight =
          Parameter.trainable(
              arena, Tensor.uniform(arena, random, -0.02f, 0.02f, SIZE, SIZE, DIM, CLASSES.size()));
      var bias = Parameter.trainable(arena, Tensor.zeros(arena, CLASSES.size()));
      var sgd = Sgd.of(0.05f, embedding.weight(), weight, bias);
      for (int epoch = 1; epoch <= EPOCHS; epoch++) {
        double loss = 0;
        double accuracy = 0;
        for (int from = 0; from < training.classes().length; from += BATCH) {
          Images batch = training.slice(from, from + BATCH);
          Variable scores = scores(tape, embedding, weight, bias, batch.pixels());
          Variable batchLoss = tape.crossEntropy(scores, batch.classes());
          sgd.zeroGrad();
          batchLoss.backward();
          sgd.step();
          loss += batchLoss.item() * BATCH / training.classes().length;
          accuracy += accuracy(scores, batch.classes()) * BATCH / training.classes().length;
          tape.reset();
        }
        System.out.printf(
            Locale.ROOT,
            "epoch %d  loss %.3f  training accuracy %.1f %%%n",
            epoch,
            loss,
            100 * accuracy);
      }
      Variable scores = scores(tape, embedding, weight, bias, test.pixels());
      System.out.printf(
          Locale.ROOT,
          "test accuracy on %d new images of %s: %.1f %%%n",
          test.classes().length,
          CLASSES,
          100 * accuracy(scores, test.classes()));
    }
  }

  private static Variable scores(
      Tape tape, Embedding embedding, Parameter weight, Parameter bias, Tensor pixels) {
    Variable embedded = tape.lookup(embedding, pixels); // [n, h, w, d]
    return tape.add(tape.einsum("nhwd,hwdc->nc", embedded, weight), bias);
  }

  private static double accuracy(Variable scores, int[] classes) {
    int correct = 0;
    for (int i = 0; i < classes.length; i++) {
      int best = 0;
      for (int c = 1; c < CLASSES.size(); c++) {
        best = scores.value().get(i, c) > scores.value().get(i, best) ? c : best;
      }
      correct += best == classes[i] ? 1 : 0;
    }
    return correct / (double) classes.length;
  }

  /** Shapes of random size, place and shade on a darker, noisy ground. */
  private static Images draw(Arena arena, RandomGenerator random, int count) {
    int[] pixels = new int[count * SIZE * SIZE];
    int[] classes = new int[count];
    for (int i = 0; i < count; i++) {
      classes[i] = i % CLASSES.size();
      BufferedImage image = new BufferedImage(SIZE, SIZE, BufferedImage.TYPE_BYTE_GRAY);
      Graphics2D pen = image.createGraphics();
      int side = random.nextInt(10, 12);
      int x = (SIZE - side) / 2 + random.nextInt(-1, 2);
      int y = (SIZE - side) / 2 + random.nextInt(-1, 2);
      pen.setColor(new Color(1f, 1f, 1f, random.nextFloat(0.6f, 1f)));
      switch (classes[i]) {
        case 0 -> pen.fillOval(x, y, side, side);
        case 1 -> pen.drawRect(x, y, side, side);
        default -> {
          pen.drawLine(x, y, x + side, y + side);
          pen.drawLine(x, y + side, x + side, y);
        }
      }
      pen.dispose();
      for (int p = 0; p < SIZE * SIZE; p++) {
        int shade = image.getRaster().getSample(p % SIZE, p / SIZE, 0);
        pixels[i * SIZE * SIZE + p] = Math.min(255, shade + random.nextInt(40));
      }
    }
    return new Images(Tensor.copyOf(arena, pixels, count, SIZE, SIZE), classes);
  }
}
