package dev.lanewise.examples;

import dev.lanewise.autograd.Tape;
import dev.lanewise.autograd.Variable;
import dev.lanewise.checkpoint.StateDict;
import dev.lanewise.einsum.Einsum;
import dev.lanewise.optim.Sgd;
import dev.lanewise.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;

/** Which module of the JDK does a class come from? Learned from the words of its name. */
public final class TextClassifier {
  static final int VOCABULARY = 10_000;
  private static final int DIM = 128;
  private static final int HIDDEN = 64;
  private static final int BATCH = 64;
  private static final int EPOCHS = 12;
  private static final float LEARNING_RATE = 1f;

  private TextClassifier() {}

  /**
   * Trains, judges, draws, saves and reloads.
   *
   * @param args not used
   * @throws IOException if a checkpoint or picture cannot be written
   */
  public static void main(String[] args) throws IOException {
    Path folder = Files.createDirectories(Path.of("target", "demo"));
    ClassNames data = ClassNames.read(VOCABULARY);
    System.out.printf(
        "%d classes of the running JDK to learn from, %d to test, %d modules, %d words%n",
        data.training().size(), data.test().size(), data.modules().size(), data.words().size());
    try (Arena arena = Arena.ofConfined()) {
      TextModel model =
          TextModel.create(
              arena, new SplittableRandom(1), VOCABULARY, DIM, HIDDEN, data.modules().size());
      List<Epoch> curve = train(model, data);

      double accuracy = evaluate(model, data.test()).accuracy();
      System.out.printf(
          Locale.ROOT,
          "test accuracy %.1f %% (always guessing the largest module: %.1f %%)%n",
          100 * accuracy,
          100 * data.majorityBaseline());
      for (String word : List.of("http", "button", "certificate", "xml")) {
        System.out.println("nearest to " + word + ": " + nearest(arena, model, data.words(), word));
      }
      predict(
          model,
          data,
          "HttpClientConnection",
          "JTableHeaderRenderer",
          "X509CertificateParser",
          "MethodHandleCompiler");

      System.out.println(
          "learning curve: " + Charts.learningCurve(curve, folder.resolve("learning-curve.png")));
      System.out.println(
          "map of words: "
              + Charts.map(arena, model.emb(), data.words(), folder.resolve("words.png")));

      Path file = folder.resolve("classifier.pth");
      new StateDict()
          .put("model", model.stateDict())
          .put("words", ClassifyText.list(data.words()))
          .put("classes", ClassifyText.list(data.modules()))
          .save(file);
      StateDict saved = StateDict.load(file, arena).dict("model");
      double reloaded = evaluate(TextModel.of(saved), data.test()).accuracy();
      System.out.printf(
          Locale.ROOT,
          "saved to %s; test accuracy of the reloaded model: %.1f %%, equal: %b%n",
          file.toAbsolutePath(),
          100 * reloaded,
          reloaded == accuracy);
    }
  }

  /**
   * How far training is.
   *
   * @param trainingLoss the mean over the epoch's batches
   * @param trainingAccuracy over the training names, after the epoch
   * @param testLoss over the test names, after the epoch
   * @param testAccuracy over the test names, after the epoch
   */
  record Epoch(
      double trainingLoss, double trainingAccuracy, double testLoss, double testAccuracy) {}

  private static List<Epoch> train(TextModel model, ClassNames data) {
    Sgd sgd = Sgd.of(LEARNING_RATE, model.parameters());
    List<ClassNames.Sample> samples = new ArrayList<>(data.training());
    List<Epoch> curve = new ArrayList<>();
    List<String> lines = new ArrayList<>();
    int batches = (samples.size() + BATCH - 1) / BATCH;
    try (Tape tape = new Tape();
        ProgressBar progress = progressBar((long) EPOCHS * batches)) {
      for (int epoch = 0; epoch < EPOCHS; epoch++) {
        Collections.shuffle(samples, new Random(epoch));
        double sum = 0;
        long start = System.nanoTime();
        for (int from = 0; from < samples.size(); from += BATCH) {
          Batch batch = Batch.of(samples.subList(from, Math.min(from + BATCH, samples.size())));
          Variable logits = model.forward(tape, batch.words(), batch.offsets());
          Variable loss = tape.crossEntropy(logits, batch.modules());
          sgd.zeroGrad();
          loss.backward();
          sgd.step();
          sum += loss.item();
          tape.reset();
          progress.step();
        }
        double seconds = (System.nanoTime() - start) * 1e-9;
        Score training = evaluate(model, data.training());
        Score test = evaluate(model, data.test());
        Epoch result = new Epoch(sum / batches, training.accuracy(), test.loss(), test.accuracy());
        curve.add(result);
        lines.add(
            String.format(
                Locale.ROOT,
                "epoch %2d  loss %.3f  accuracy %.1f %%  test loss %.3f  test accuracy %.1f %%  (%.3f s of training)",
                epoch + 1,
                result.trainingLoss(),
                100 * result.trainingAccuracy(),
                result.testLoss(),
                100 * result.testAccuracy(),
                seconds));
        progress.setExtraMessage(
            String.format(Locale.ROOT, "test accuracy %.1f %%", 100 * result.testAccuracy()));
      }
    }
    lines.forEach(System.out::println);
    return curve;
  }

  private static ProgressBar progressBar(long steps) {
    // A given console and width: asking the terminal would load a native library.
    return new ProgressBarBuilder()
        .setTaskName("training")
        .setInitialMax(steps)
        .setConsumer(new ConsoleProgressBarConsumer(System.out, 100))
        .build();
  }

  private record Score(double loss, double accuracy) {}

  private static Score evaluate(TextModel model, List<ClassNames.Sample> samples) {
    double loss = 0;
    int correct = 0;
    try (Tape tape = Tape.inference()) {
      for (int from = 0; from < samples.size(); from += BATCH) {
        Batch batch = Batch.of(samples.subList(from, Math.min(from + BATCH, samples.size())));
        Variable logits = model.forward(tape, batch.words(), batch.offsets());
        loss += tape.crossEntropy(logits, batch.modules()).item() * batch.modules().length;
        float[] scores = logits.value().toFloatArray();
        int classes = scores.length / batch.modules().length;
        for (int i = 0; i < batch.modules().length; i++) {
          correct += largest(scores, i * classes, classes) == batch.modules()[i] ? 1 : 0;
        }
        tape.reset();
      }
    }
    return new Score(loss / samples.size(), correct / (double) samples.size());
  }

  private static int largest(float[] scores, int from, int count) {
    return IntStream.range(0, count)
        .reduce((a, b) -> scores[from + b] > scores[from + a] ? b : a)
        .orElseThrow();
  }

  /** The words whose rows have the largest cosine with a word's row. */
  private static List<String> nearest(
      Arena arena, TextModel model, List<String> words, String word) {
    int row = words.indexOf(word);
    if (row < 0) {
      return List.of("(this JDK does not have the word)");
    }
    Tensor table = model.emb().weight().value();
    float[] dots = Einsum.einsum(arena, "wd,d->w", table, table.select(0, row)).toFloatArray();
    float[] squares = Einsum.einsum(arena, "wd,wd->w", table, table).toFloatArray();
    return IntStream.range(1, words.size())
        .filter(other -> other != row)
        .boxed()
        .sorted(
            Comparator.comparingDouble((Integer other) -> dots[other] / Math.sqrt(squares[other]))
                .reversed())
        .limit(5)
        .map(words::get)
        .toList();
  }

  private static void predict(TextModel model, ClassNames data, String... names) {
    try (Tape tape = Tape.inference()) {
      for (String name : names) {
        int[] words =
            ClassNames.split(name).stream()
                .mapToInt(word -> Math.max(data.words().indexOf(word), 0))
                .toArray();
        float[] scores = model.forward(tape, words, new int[] {0}).value().toFloatArray();
        System.out.println(
            name + " looks like " + data.modules().get(largest(scores, 0, scores.length)));
        tape.reset();
      }
    }
  }
}
