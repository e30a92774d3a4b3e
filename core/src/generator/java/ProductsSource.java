import java.util.List;
import java.util.stream.IntStream;

/**
 * Products that are not summed; see ProductKernels. A row is written in straight-line groups of
 * vectors, so that C2 does not split a short loop into pre, main and post loops.
 */
final class ProductsSource {
  private static final String PARAMETERS =
      "int rows, int columns, MemorySegment a, long aOffset, long aRowStride, MemorySegment b, long bOffset, long bRowStride, MemorySegment c, long cOffset, long cRowStride";
  private static final String STRIDED =
      "int rows, int columns, MemorySegment a, long aOffset, long aRowStride, long aStride, MemorySegment b, long bOffset, long bRowStride, long bStride, MemorySegment c, long cOffset, long cRowStride, long cStride, boolean accumulate";

  private final Dialect d;
  private final Dialect one;
  private final Element e;

  private ProductsSource(Dialect d) {
    this.d = d;
    this.one = new ScalarDialect(d.element());
    this.e = d.element();
  }

  /** How the rows of the operands lie. */
  private enum Rows {
    /** Both side by side. */
    MULTIPLY("multiply"),
    /** Those of a side by side, of b one number. */
    SCALE("scale"),
    /** One number each. */
    FILL("fill"),
    /** As SCALE, but each product is a sum of one term. */
    TERM("term");

    final String method;

    Rows(String method) {
      this.method = method;
    }

    /** Whether b is one number for each row. */
    boolean scales() {
      return this == SCALE || this == TERM;
    }

    /** Whether products are only stored, only added, or both. */
    List<Boolean> adds() {
      return this == TERM ? List.of(false) : List.of(true, false);
    }
  }

  static String methods(Dialect d) {
    ProductsSource source = new ProductsSource(d);
    StringBuilder code = new StringBuilder();
    for (Rows kind : Rows.values()) {
      code.append(source.entry(kind));
      for (boolean add : kind.adds()) {
        if (d.loops().size() > 1) {
          code.append(source.vectors(kind, add));
        }
        code.append(source.singles(kind, add));
      }
    }
    return code.append(source.strided()).toString();
  }

  private String entry(Rows kind) {
    String names = SourceText.names(PARAMETERS);
    boolean chooses = kind.adds().size() > 1;
    StringBuilder code =
        new StringBuilder(
            SourceText.header(kind.method, PARAMETERS + (chooses ? ", boolean accumulate" : "")));
    boolean vector = d.loops().size() > 1;
    for (boolean add : kind.adds()) {
      code.append(!chooses ? "    {\n" : add ? "    if (accumulate) {\n" : "    } else {\n");
      if (vector) {
        code.append("      if (columns >= LANES) {\n");
        code.append("        %s(%s);\n".formatted(name(kind, add), names));
        code.append(add ? "" : "        return;\n").append("      }\n");
      }
      code.append(
          "      %sSingles(%s, %s);\n"
              .formatted(
                  name(kind, add),
                  vector && add ? "columns >= LANES ? columns - columns % LANES : 0" : "0",
                  names));
    }
    return code.append("    }\n  }\n").toString();
  }

  private static String name(Rows kind, boolean add) {
    return kind.method + (add ? "Add" : "Store");
  }

  private String rowStart(Dialect dialect, Rows kind) {
    StringBuilder code = new StringBuilder();
    code.append("    for (int r = 0; r < rows; r++) {\n");
    for (String operand : List.of("a", "b", "c")) {
      code.append(
          "      final long %1$sRow = %1$sOffset + r * %1$sRowStride;\n".formatted(operand));
    }
    String x = one.load("a", "aRow");
    String y = one.load("b", "bRow");
    if (kind.scales()) {
      code.append("      final %s y = %s;\n".formatted(dialect.floats(), dialect.broadcast(y)));
    } else if (kind == Rows.FILL) {
      code.append(
          "      final %s product = %s;\n"
              .formatted(dialect.floats(), dialect.broadcast(x + " * " + y)));
    }
    return code.toString();
  }

  /** The product at a place of a row, or its sum with what is there. */
  private static String value(Dialect dialect, Rows kind, boolean add, String at) {
    String x = dialect.load("a", "aRow + " + at);
    String product =
        switch (kind) {
          case FILL -> "product";
          case TERM -> dialect.fma(x, "y", dialect.zero());
          case SCALE -> dialect.binary("mul", "*", x, "y");
          case MULTIPLY -> dialect.binary("mul", "*", x, dialect.load("b", "bRow + " + at));
        };
    return add ? dialect.binary("add", "+", dialect.load("c", "cRow + " + at), product) : product;
  }

  /** Rows of at least one vector. Where nothing is added, the last vector ends with the row. */
  private String vectors(Rows kind, boolean add) {
    StringBuilder code = new StringBuilder();
    code.append("\n  private static void %s(%s) {\n".formatted(name(kind, add), PARAMETERS));
    code.append(rowStart(d, kind)).append("      int i = 0;\n");
    // What reads as well as writes has twice the accesses, and more than C2 takes at once.
    int largest = d.largestGroup() / (add ? 4 : kind == Rows.FILL ? 1 : 2);
    for (int group = largest; group >= 1; group /= 2) {
      code.append(
          group == largest
              ? "      for (; i + %1$d * LANES <= columns; i += %1$d * LANES) {\n".formatted(group)
              : "      if (i + %d * LANES <= columns) {\n".formatted(group));
      code.append("        final long at = (long) i * %s;\n".formatted(e.bytes()));
      for (int v = 0; v < group; v++) {
        code.append(
            "        final %s v%d = %s;\n"
                .formatted(d.floats(), v, value(d, kind, add, SourceText.offset("at", v, d))));
      }
      IntStream.range(0, group)
          .forEach(v ->
              code.append(
                  "        %s;\n"
                      .formatted(
                          d.store("c", "cRow + " + SourceText.offset("at", v, d), "v" + v))));
      code.append(group == largest ? "" : "        i += %d * LANES;\n".formatted(group));
      code.append("      }\n");
    }
    if (!add) {
      code.append("      if (i < columns) {\n");
      code.append("        final long at = (long) (columns - LANES) * %s;\n".formatted(e.bytes()));
      code.append("        final %s v = %s;\n".formatted(d.floats(), value(d, kind, false, "at")));
      code.append("        %s;\n      }\n".formatted(d.store("c", "cRow + at", "v")));
    }
    return code.append("    }\n  }\n").toString();
  }

  private String singles(Rows kind, boolean add) {
    StringBuilder code = new StringBuilder();
    code.append(
        "\n  private static void %sSingles(int from, %s) {\n"
            .formatted(name(kind, add), PARAMETERS));
    code.append(rowStart(one, kind)).append("      for (int i = from; i < columns; i++) {\n");
    code.append("        final long at = (long) i * %s;\n".formatted(e.bytes()));
    code.append(
        "        %s;\n      }\n    }\n  }\n"
            .formatted(one.store("c", "cRow + at", value(one, kind, add, "at"))));
    return code.toString();
  }

  private String strided() {
    String product =
        "%s * %s"
            .formatted(one.load("a", "aRow + i * aStride"), one.load("b", "bRow + i * bStride"));
    return SourceText.header("strided", STRIDED)
        + """
            for (int r = 0; r < rows; r++) {
              final long aRow = aOffset + r * aRowStride;
              final long bRow = bOffset + r * bRowStride;
              final long cRow = cOffset + r * cRowStride;
              for (int i = 0; i < columns; i++) {
                final long at = cRow + i * cStride;
                final %s product = %s;
                %s;
              }
            }
          }
        """
            .formatted(
                e.primitive,
                product,
                one.store(
                    "c", "at", "accumulate ? " + one.load("c", "at") + " + product : product"));
  }
}
