package dev.lanewise.bench.engine;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.bytedeco.javacpp.Loader;

/**
 * Native libraries out of JavaCPP's jars, for calls without JavaCPP. It is not asked to load them:
 * it would load every variant of MKL's kernels, and then nobody sees which one MKL chose.
 */
public final class NativeLibrary {
  private static final Path MAPS = Path.of("/proc/self/maps");

  private NativeLibrary() {}

  /**
   * Unpacks a library with all that lies beside it, once for all runs, and opens it.
   *
   * @param folder the name of JavaCPP's package, such as openblas
   * @param file the library's file
   * @throws UnsatisfiedLinkError if it is not on the class path, or not for this platform
   */
  public static SymbolLookup open(String folder, String file) {
    String resource = "/org/bytedeco/" + folder + "/" + Loader.getPlatform() + "/";
    try {
      for (File place : Loader.cacheResources(resource)) {
        Path library = place.toPath().resolve(file);
        if (Files.exists(library)) {
          return SymbolLookup.libraryLookup(library, Arena.global());
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    throw new UnsatisfiedLinkError(resource + file + " is not on the class path");
  }

  /**
   * The files this process has mapped whose names start with a text: what a library has loaded in
   * its turn.
   *
   * @return names without folders, in order; empty where the system does not tell
   */
  public static List<String> mapped(String prefix) {
    if (!Files.isReadable(MAPS)) {
      return List.of();
    }
    try (Stream<String> lines = Files.lines(MAPS)) {
      return lines
          .map(line -> line.substring(line.lastIndexOf('/') + 1))
          .filter(name -> name.startsWith(prefix))
          .distinct()
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
