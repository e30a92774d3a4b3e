package dev.lanewise.bench.engine;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** A program in C among the resources, which the machine's own gcc compiles when it is needed. */
public final class CompiledC {
  private static final String COMPILER = "gcc";

  private final String resource;
  private final List<String> flags;

  /**
   * @param resource the source
   * @param flags for the compiler
   */
  public CompiledC(String resource, String... flags) {
    this.resource = resource;
    this.flags = List.of(flags);
  }

  /**
   * The compiler's version and the flags.
   *
   * @throws AbsentException if there is no gcc
   */
  public Map<String, String> facts() {
    String version = run(List.of(COMPILER, "--version")).lines().findFirst().orElse("unknown");
    return Map.of("compiler", version + " " + String.join(" ", flags));
  }

  /**
   * Compiles it and opens the library, whose files are gone afterwards.
   *
   * @throws AbsentException if there is no gcc
   */
  public SymbolLookup open() {
    try {
      Path folder = Files.createTempDirectory("lanewise-bench");
      try {
        return open(folder);
      } finally {
        try (Stream<Path> files = Files.list(folder)) {
          for (Path file : files.toList()) {
            Files.delete(file);
          }
        }
        Files.delete(folder);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private SymbolLookup open(Path folder) throws IOException {
    Path source = folder.resolve("program.c");
    Path library = folder.resolve("program.so");
    try (InputStream content = CompiledC.class.getResourceAsStream(resource)) {
      if (content == null) {
        throw new IllegalStateException(resource + " is not on the class path");
      }
      Files.copy(content, source);
    }
    List<String> command = new ArrayList<>(List.of(COMPILER));
    command.addAll(flags);
    command.addAll(List.of("-shared", "-fPIC", "-o", library.toString(), source.toString()));
    String said = run(command);
    if (!Files.exists(library)) {
      throw new IllegalStateException(COMPILER + " made no library: " + said);
    }
    return SymbolLookup.libraryLookup(library, Arena.global());
  }

  private static String run(List<String> command) {
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      process.waitFor();
      return said;
    } catch (IOException e) {
      throw new AbsentException("there is no " + COMPILER + ": " + e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(COMPILER + " was interrupted", e);
    }
  }
}
