package dev.lanewise.verification;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The bugs that {@code property-tests/planted/run} plants still fit the sources. */
class PlantedPatchesTest {
  private static final Path MODULE = Path.of(System.getProperty("basedir", ""));
  private static final String FILE = "--- a/";

  static List<Path> patches() throws IOException {
    try (Stream<Path> files = Files.list(MODULE.resolve("planted"))) {
      return files.filter(file -> file.toString().endsWith(".patch")).sorted().toList();
    }
  }

  @ParameterizedTest
  @MethodSource("patches")
  void everyHunkReplacesLinesThatAreThereOnce(Path patch) throws IOException {
    String[] parts = Files.readString(patch).split("(?m)^@@ .*\\R");
    List<String> files = parts[0].lines().filter(line -> line.startsWith(FILE)).toList();
    assertEquals(1, files.size(), "files that are changed");
    assertTrue(parts.length > 1, "no hunk");
    List<String> source =
        Files.readAllLines(MODULE.resolve("..").resolve(files.getFirst().substring(FILE.length())));
    for (String hunk : List.of(parts).subList(1, parts.length)) {
      List<String> replaced =
          hunk.lines()
              .filter(line -> !line.startsWith("+"))
              .map(line -> line.substring(1))
              .toList();
      int first = Collections.indexOfSubList(source, replaced);
      assertTrue(first >= 0, () -> "no longer there: " + replaced);
      assertEquals(
          first, Collections.lastIndexOfSubList(source, replaced), () -> "not once: " + replaced);
    }
  }
}
