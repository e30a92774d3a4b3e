package dev.lanewise.examples;

import java.io.IOException;
import java.net.URI;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Real text that every JDK carries: the words of each class's name, and the module the class comes
 * from.
 *
 * @param words the vocabulary by row number; row 0 stands for every word that is too rare
 * @param modules the classes to predict, by number
 * @param training the names to learn from
 * @param test the names to be judged by
 */
record ClassNames(
    List<String> words, List<String> modules, List<Sample> training, List<Sample> test) {
  private static final int SMALLEST_MODULE = 200;
  private static final long SEED = 20250916;

  /**
   * One class: the words of its name, as rows of the vocabulary, and its module's number.
   *
   * @param name the class's name
   * @param words row numbers
   * @param module the module's number
   */
  record Sample(String name, int[] words, int module) {}

  /**
   * Reads the running JDK. The split is seeded and the files are sorted first, so that the same JDK
   * gives the same data.
   */
  static ClassNames read(int vocabulary) throws IOException {
    Map<String, List<String>> namesByModule = new TreeMap<>();
    Path root = FileSystems.getFileSystem(URI.create("jrt:/")).getPath("/modules");
    try (Stream<Path> files = Files.walk(root)) {
      files
          .filter(file -> file.toString().endsWith(".class") && !file.endsWith("module-info.class"))
          .forEach(file ->
              namesByModule
                  .computeIfAbsent(file.getName(1).toString(), m -> new ArrayList<>())
                  .add(className(file)));
    }
    namesByModule.values().removeIf(names -> names.size() < SMALLEST_MODULE);

    Map<String, Integer> rows = new HashMap<>();
    List<String> words = frequentWords(namesByModule, vocabulary);
    for (int row = 1; row < words.size(); row++) {
      rows.put(words.get(row), row);
    }
    List<String> modules = List.copyOf(namesByModule.keySet());
    List<Sample> samples = new ArrayList<>();
    namesByModule.forEach((module, names) -> {
      for (String name : names.stream().sorted().toList()) {
        int[] sampleWords =
            split(name).stream().mapToInt(word -> rows.getOrDefault(word, 0)).toArray();
        samples.add(new Sample(name, sampleWords, modules.indexOf(module)));
      }
    });
    Collections.shuffle(samples, new Random(SEED));
    int training = samples.size() * 4 / 5;
    return new ClassNames(
        words, modules, samples.subList(0, training), samples.subList(training, samples.size()));
  }

  private static String className(Path file) {
    String name = file.getFileName().toString();
    return name.substring(0, name.length() - ".class".length());
  }

  private static List<String> frequentWords(
      Map<String, List<String>> namesByModule, int vocabulary) {
    Map<String, Integer> counts = new HashMap<>();
    namesByModule.values().stream()
        .flatMap(List::stream)
        .forEach(name -> split(name).forEach(word -> counts.merge(word, 1, Integer::sum)));
    List<String> words = new ArrayList<>(List.of("(rare)"));
    counts.entrySet().stream()
        .sorted(
            Map.Entry.<String, Integer>comparingByValue(Comparator.reverseOrder())
                .thenComparing(Map.Entry.comparingByKey()))
        .limit(vocabulary - 1)
        .forEach(entry -> words.add(entry.getKey()));
    return words;
  }

  /** {@code HttpURLConnection$1} is http, url, connection. */
  static List<String> split(String name) {
    return Stream.of(name.split("(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[0-9_$]+"))
        .filter(word -> !word.isEmpty())
        .map(word -> word.toLowerCase(Locale.ROOT))
        .toList();
  }

  /** The share of the test names that always guessing the largest module gets right. */
  double majorityBaseline() {
    long[] counts = new long[modules.size()];
    training.forEach(sample -> counts[sample.module()]++);
    int largest = 0;
    for (int module = 1; module < counts.length; module++) {
      largest = counts[module] > counts[largest] ? module : largest;
    }
    int guess = largest;
    return test.stream().filter(sample -> sample.module() == guess).count() / (double) test.size();
  }
}
