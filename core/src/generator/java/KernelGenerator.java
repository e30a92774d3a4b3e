import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Writes the kernel classes of both backends. A kernel is defined here once, as a scalar program
 * with an explicit order of floating-point operations, and rendered in two dialects: one lane (the
 * scalar backend, and the tails of vector loops) and a vector of lanes. What a kernel means is
 * documented at its interface in {@code dev.lanewise.internal.kernel}.
 *
 * <p>Run by the build: {@code java KernelGenerator.java OUTPUT_DIRECTORY}.
 */
final class KernelGenerator {
  /**
   * The rows of tiles of one vector and of two whose terms take an operation more: tiles of more
   * rows have more nodes than C2 takes at once.
   */
  private static final int[] DISTANCE_ROWS = {6, 4};

  private final Path output;
  private final Set<Path> written = new HashSet<>();

  private KernelGenerator(Path output) {
    this.output = output;
  }

  public static void main(String[] args) throws IOException {
    KernelGenerator generator = new KernelGenerator(Path.of(args[0]));
    generator.runsAndRows();
    for (Element element : Element.values()) {
      generator.contractions(element);
    }
    generator.deleteStale();
  }

  private void write(KernelClass target, String methods) throws IOException {
    written.add(target.write(output, methods));
  }

  private void runsAndRows() throws IOException {
    for (Dialect d : List.of(new ScalarDialect(Element.FLOAT), new VectorDialect(Element.FLOAT))) {
      write(new KernelClass(d, "Elementwise", "ElementwiseKernels"), ElementwiseSource.methods(d));
      write(new KernelClass(d, "Reductions", "ReductionKernels"), ReductionsSource.methods(d));
      write(new KernelClass(d, "Scatter", "ScatterKernels"), ScatterSource.methods(d));
      write(new KernelClass(d, "Scores", "ScoreKernels"), ScoresSource.methods(d));
      updates(d, RowAccess.CHECKED);
      narrowing(d, Stored.BFLOAT16);
      narrowing(d, Stored.FLOAT16);
    }
    updates(new VectorDialect(Element.FLOAT), RowAccess.SLICED);
    comparisons();
    for (Stored stored : Stored.values()) {
      Element element = stored.element;
      rows(new ScalarDialect(element), stored, RowAccess.CHECKED);
      for (RowAccess access : RowAccess.values()) {
        rows(new VectorDialect(element), stored, access);
      }
    }
  }

  private void updates(Dialect d, RowAccess access) throws IOException {
    write(
        new KernelClass(d, access.label + "Updates", "UpdateKernels"),
        UpdatesSource.methods(d, access));
  }

  /** What the nearest rows are found by, besides the products of contractions. */
  private void comparisons() throws IOException {
    Dialect scalar = new ScalarDialect(Element.FLOAT);
    Dialect vector = new VectorDialect(Element.FLOAT);
    direct(scalar, Term.PRODUCT, scalar.directRows());
    for (Dialect d : List.of(scalar, vector)) {
      direct(d, Term.SQUARED_DIFFERENCE, DISTANCE_ROWS);
    }
    gemv(vector, Term.SQUARED_DIFFERENCE);
  }

  private void direct(Dialect d, Term term, int[] rows) throws IOException {
    write(
        new KernelClass(d, d.element().capital + term.label + "Direct", "DirectKernels"),
        TilesSource.direct(d, term, rows));
  }

  private void gemv(Dialect d, Term term) throws IOException {
    Element element = d.element();
    write(
        new KernelClass(
            d, element.capital + term.label + "Gemv", "GemvKernels<" + element.primitive + "[]>"),
        GemvSource.methods(d, term));
  }

  private void narrowing(Dialect d, Stored stored) throws IOException {
    write(
        new KernelClass(d, stored.label() + "Narrowing", "NarrowingKernels"),
        NarrowingSource.methods(d, stored));
  }

  private void rows(Dialect d, Stored stored, RowAccess access) throws IOException {
    write(
        new KernelClass(d, stored.className(access), "RowKernels"),
        RowsSource.methods(d, stored, access));
  }

  private void contractions(Element element) throws IOException {
    Dialect scalar = new ScalarDialect(element);
    Dialect vector = new VectorDialect(element);
    String name = element.capital;
    for (Dialect d : List.of(scalar, vector)) {
      String array = "<" + element.primitive + "[]>";
      write(new KernelClass(d, name + "Tiles", "TileKernels" + array), TilesSource.packed(d));
      write(new KernelClass(d, name + "Stream", "StreamKernels"), StreamSource.methods(d));
      write(new KernelClass(d, name + "Blocks", "BlockKernels" + array), BlocksSource.methods(d));
      write(new KernelClass(d, name + "Products", "ProductKernels"), ProductsSource.methods(d));
      write(new KernelClass(d, name + "Dots", "DotKernels" + array), DotsSource.methods(d));
      write(
          new KernelClass(d, name + "ColumnDots", "ColumnDotKernels"), ColumnDotsSource.methods(d));
    }
    gemv(vector, Term.PRODUCT);
    write(
        new KernelClass(scalar, name + "Strided", "StridedKernels"), StridedSource.methods(scalar));
    String lanes = "Lanes." + element + "S";
    for (String part : List.of("", "Half", "Quarter")) {
      String species = part.isEmpty() ? lanes : lanes + "_" + part.toUpperCase(Locale.ROOT);
      write(
          new KernelClass(vector, name + "Direct" + part, "DirectKernels", species),
          TilesSource.direct(vector, Term.PRODUCT, vector.directRows()));
    }
  }

  /** A class that is no longer generated would still be compiled. */
  private void deleteStale() throws IOException {
    try (Stream<Path> files = Files.walk(output)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        if (!written.contains(file)) {
          Files.delete(file);
        }
      }
    }
  }
}
