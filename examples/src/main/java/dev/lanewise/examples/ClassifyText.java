package dev.lanewise.examples;

import dev.lanewise.autograd.Tape;
import dev.lanewise.checkpoint.StateDict;
import dev.lanewise.checkpoint.Value;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Serves a text classifier that was trained in PyTorch (examples/pytorch/train_text_classifier.py)
 * or by {@link TextClassifier}: the checkpoint holds the model, the words and the classes.
 */
public final class ClassifyText {
  private ClassifyText() {}

  /**
   * Prints each class's score for a text.
   *
   * @param args the checkpoint, then the text: {@code
   *     -Ddemo.args="examples/target/demo/classifier.pth http client"}
   * @throws IOException if the checkpoint cannot be read
   */
  public static void main(String[] args) throws IOException {
    List<String> given = List.of(String.join(" ", args).strip().split("\\s+"));
    if (given.size() < 2) {
      System.out.println("usage: -Ddemo.args=\"CHECKPOINT WORD...\"");
      return;
    }
    try (Arena arena = Arena.ofConfined();
        Tape tape = Tape.inference()) {
      StateDict checkpoint = StateDict.map(Path.of(given.getFirst()), arena);
      TextModel model = TextModel.of(checkpoint.dict("model"));
      List<String> words = strings(checkpoint.value("words"));
      List<String> classes = strings(checkpoint.value("classes"));

      int[] ids =
          given.stream().skip(1).mapToInt(word -> Math.max(words.indexOf(word), 0)).toArray();
      float[] scores = model.forward(tape, ids, new int[] {0}).value().toFloatArray();
      IntStream.range(0, scores.length)
          .boxed()
          .sorted((a, b) -> Float.compare(scores[b], scores[a]))
          .limit(5)
          .forEach(i -> System.out.println(classes.get(i) + " " + scores[i]));
    }
  }

  static Value list(List<String> texts) {
    return new Value.PyList(texts.stream().map(Value::of).toList());
  }

  private static List<String> strings(Value value) {
    if (!(value instanceof Value.PyList(List<Value> items))) {
      throw new IllegalArgumentException("expected a list of strings, not " + value.kind());
    }
    return items.stream()
        .map(item -> {
          if (item instanceof Value.Text(String text)) {
            return text;
          }
          throw new IllegalArgumentException("expected a string, not " + item.kind());
        })
        .toList();
  }
}
