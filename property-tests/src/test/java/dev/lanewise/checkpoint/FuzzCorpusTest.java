package dev.lanewise.checkpoint;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The inputs that a fuzzer found to reach each part of the readers: each is read or refused. */
final class FuzzCorpusTest {
  @Test
  void everyInputIsReadOrRefused() throws IOException, URISyntaxException {
    Path corpus =
        Path.of(Objects.requireNonNull(FuzzCorpusTest.class.getResource("/fuzz")).toURI());
    try (Stream<Path> files = Files.list(corpus)) {
      List<Path> inputs = files.sorted().toList();
      assertTrue(inputs.size() > 100, "the corpus is missing");
      for (Path input : inputs) {
        try {
          FuzzTarget.fuzzerTestOneInput(Files.readAllBytes(input));
        } catch (RuntimeException | Error e) {
          throw new AssertionError(input.getFileName() + " failed with " + e, e);
        }
      }
    }
  }
}
