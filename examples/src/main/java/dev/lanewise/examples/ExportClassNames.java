package dev.lanewise.examples;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Writes the classifier's data as text, so that the same model can be trained elsewhere: see
 * bench/pytorch/classifier.py.
 */
public final class ExportClassNames {
  private ExportClassNames() {}

  /**
   * Writes one line a class: its part (training or test), its module's number, its words' rows.
   *
   * @param args the file to write; target/demo/classes.tsv if none is given
   * @throws IOException if it cannot be written
   */
  public static void main(String[] args) throws IOException {
    Path file =
        args.length > 0
            ? Path.of(args[0])
            : Files.createDirectories(Path.of("target", "demo")).resolve("classes.tsv");
    ClassNames data = ClassNames.read(TextClassifier.VOCABULARY);
    try (PrintWriter out = new PrintWriter(Files.newBufferedWriter(file))) {
      write(out, "training", data.training());
      write(out, "test", data.test());
    }
    System.out.println("written to " + file.toAbsolutePath());
  }

  private static void write(PrintWriter out, String part, List<ClassNames.Sample> samples) {
    for (ClassNames.Sample sample : samples) {
      String words =
          Arrays.stream(sample.words())
              .mapToObj(Integer::toString)
              .collect(Collectors.joining(" "));
      out.println(part + "\t" + sample.module() + "\t" + words);
    }
  }
}
