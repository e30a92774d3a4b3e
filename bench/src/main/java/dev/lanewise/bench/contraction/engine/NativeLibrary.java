package dev.lanewise.bench.contraction.engine;

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

/** Native libraries that come in JavaCPP's jars, for calls without JavaCPP. */
final class NativeLibrary {
  private static final Path MAPS = Path.of("/proc/self/maps");

  private NativeLibrary() {}

  /**
   * Loads a library with all that it needs.
   *
   * @param preset the class that JavaCPP loads it by
   * @param file the library's name, a place in the preset's package, where its functions are
   * @throws UnsatisfiedLinkError if it is not on the class path, or not for this platform
   */
  static SymbolLookup open(Class<?> preset, String file) {
    Loader.load(preset);
    String folder = preset.getPackageName().replace(".global", "").replace('.', '/');
    try {
      File library = Loader.cacheResource("/" + folder + "/" + Loader.getPlatform() + "/" + file);
      if (library == null) {
        throw new UnsatisfiedLinkError(file + " is not on the class path");
      }
      return SymbolLookup.libraryLookup(library.toPath(), Arena.global());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * The files this process has mapped whose names contain a text: which of its variants a library
   * has really loaded.
   *
   * @return names without folders, in order; empty where the system does not tell
   */
  static List<String> mapped(String part) {
    if (!Files.isReadable(MAPS)) {
      return List.of();
    }
    try (Stream<String> lines = Files.lines(MAPS)) {
      return lines
          .map(line -> line.substring(line.lastIndexOf('/') + 1))
          .filter(name -> name.contains(part))
          .distinct()
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
