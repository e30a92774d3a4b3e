import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/** Copies of blocks of a matrix and their sums; see BlockKernels. */
final class BlocksSource {
  private static final int LARGEST_GROUP = 8;
  private static final int LARGEST_SUM = 2;

  /** What parts of a vector are called, from the widest on. */
  private static final List<String> PARTS = List.of("Half", "Quarter");

  private final Dialect d;
  private final Element e;
  private final boolean vector;

  private BlocksSource(Dialect d) {
    this.d = d;
    this.e = d.element();
    this.vector = d.loops().size() > 1;
  }

  static String methods(Dialect d) {
    BlocksSource source = new BlocksSource(d);
    StringBuilder code = new StringBuilder(source.vector ? source.parts() : "");
    for (BlockTarget target : BlockTarget.values()) {
      code.append(source.copy(target));
    }
    return code.append(source.add())
        .append(TransposesSource.methods(d))
        .append(GathersSource.methods(d))
        .toString();
  }

  private String copy(BlockTarget target) {
    StringBuilder code = new StringBuilder();
    code.append("\n  @Override\n  public void copy(%s) {\n".formatted(target.parameters(e)));
    if (vector) {
      code.append(
          "    if (columns < LANES) {\n      copyNarrow(%s);\n      return;\n    }\n"
              .formatted(SourceText.names(target.parameters(e))));
      code.append("    for (int r = 0; r < rows; r++) {\n");
      code.append("      final long source = fromOffset + r * fromRowStride;\n");
      code.append(
          "      final %s target = %s + r * %s;\n"
              .formatted(target.placeType, target.start, target.stride));
      code.append("      int i = 0;\n");
      for (int vectors = LARGEST_GROUP; vectors >= 1; vectors /= 2) {
        int group = vectors;
        String span = vectors + " * LANES";
        code.append(
            "      %s (%si + %s <= columns%s) {\n"
                .formatted(
                    group == LARGEST_GROUP ? "for" : "if",
                    group == LARGEST_GROUP ? "; " : "",
                    span,
                    group == LARGEST_GROUP ? "; i += " + span : ""));
        code.append("        final long x = %s;\n".formatted("source + (long) i * " + e.bytes()));
        code.append(
            "        final %s y = %s;\n".formatted(target.placeType, target.at(e, "target", "i")));
        IntStream.range(0, group)
            .forEach(v ->
                code.append(
                    "        final %s v%d = %s;\n"
                        .formatted(d.floats(), v, d.load("from", SourceText.offset("x", v, d)))));
        IntStream.range(0, group)
            .forEach(v ->
                code.append(
                    "        %s;\n"
                        .formatted(target.store(d, target.further(d, "y", v), "v" + v))));
        code.append(
            group == LARGEST_GROUP ? "      }\n" : "        i += %s;\n      }\n".formatted(span));
      }
      code.append("      if (i < columns) {\n");
      code.append("        final int last = columns - LANES;\n");
      code.append(
          "        %s;\n      }\n    }\n  }\n"
              .formatted(
                  target.store(
                      d,
                      target.at(e, "target", "last"),
                      d.load("from", "source + (long) last * " + e.bytes()))));
    }
    if (vector) {
      return code.append(copyNarrow(target)).toString();
    }
    return code.append(
            target.numbers(e, "fromOffset + r * fromRowStride", "source + (long) i * " + e.bytes()))
        .toString();
  }

  /** Rows of less than a vector: two parts of one, or up to three elements, which may overlap. */
  private String copyNarrow(BlockTarget target) {
    String parameters = target.parameters(e);
    StringBuilder code = new StringBuilder();
    code.append("\n  private static void copyNarrow(%s) {\n".formatted(parameters));
    for (String part : PARTS) {
      code.append(
          "    if (columns >= %s.length()) {\n      copy%s(%s);\n      return;\n    }\n"
              .formatted(species(part), part, SourceText.names(parameters)));
    }
    code.append("    final int last = columns - 1;\n    if (last < 0) {\n      return;\n    }\n");
    code.append("    final int middle = last / 2;\n");
    code.append(ends(target, new ScalarDialect(e), "0", "middle", "last")).append("  }\n");
    for (String part : PARTS) {
      code.append("\n  private static void copy%s(%s) {\n".formatted(part, parameters));
      code.append("    final int last = columns - %s.length();\n".formatted(species(part)));
      code.append(ends(target, new VectorDialect(e, species(part)), "0", "last")).append("  }\n");
    }
    return code.toString();
  }

  /** For each row, what starts at some of its elements. */
  private String ends(BlockTarget target, Dialect part, String... starts) {
    StringBuilder code = new StringBuilder();
    code.append("    for (int r = 0; r < rows; r++) {\n");
    code.append("      final long source = fromOffset + r * fromRowStride;\n");
    code.append(
        "      final %s target = %s + r * %s;\n"
            .formatted(target.placeType, target.start, target.stride));
    for (int i = 0; i < starts.length; i++) {
      String place = "source + (long) " + starts[i] + " * " + e.bytes();
      code.append(
          "      final %s v%d = %s;\n".formatted(part.floats(), i, part.load("from", place)));
    }
    for (int i = 0; i < starts.length; i++) {
      code.append(
          "      %s;\n".formatted(target.store(part, target.at(e, "target", starts[i]), "v" + i)));
    }
    return code.append("    }\n").toString();
  }

  private static String species(String part) {
    return part.toUpperCase(Locale.ROOT);
  }

  private String parts() {
    StringBuilder code = new StringBuilder();
    for (String part : PARTS) {
      String name = species(part);
      code.append(
          "  private static final VectorSpecies<%s> %s = Lanes.%sS_%s;\n"
              .formatted(e.capital, name, e, name));
      code.append(VectorDialect.classField(e.vector(), name));
    }
    return code.toString();
  }

  private String add() {
    StringBuilder code = new StringBuilder();
    code.append(
        "\n  @Override\n  public void add(%s) {\n".formatted(BlockTarget.MEMORY.parameters(e)));
    code.append("    for (int r = 0; r < rows; r++) {\n");
    code.append("      final long source = fromOffset + r * fromRowStride;\n");
    code.append("      final long target = toOffset + r * toRowStride;\n      int i = 0;\n");
    // No counted loop of single vectors: that took three times as long for rows of two vectors.
    for (int vectors = LARGEST_SUM; vector && vectors >= 1; vectors /= 2) {
      boolean loops = vectors == LARGEST_SUM;
      code.append(
          "      %s (i + %d * LANES <= columns) {\n".formatted(loops ? "while" : "if", vectors));
      code.append(sum(d, vectors));
      code.append(
          "        i += %d * LANES%s;\n      }\n".formatted(vectors, loops ? " * Lanes.one" : ""));
    }
    String singles =
        "      for (; i < columns; i++) {\n" + sum(new ScalarDialect(e), 1) + "      }\n";
    if (!vector) {
      return code.append(singles).append("    }\n  }\n").toString();
    }
    // Behind a call: with it the method was too large for C1's tier 3, and stayed at tier 2.
    String rest =
        "int i, int columns, MemorySegment from, long source, MemorySegment to, long target";
    code.append(
        "      if (i < columns) {\n        addRest(%s);\n      }\n    }\n  }\n"
            .formatted(SourceText.names(rest)));
    return code.append("\n  private static void addRest(%s) {\n%s  }\n".formatted(rest, singles))
        .toString();
  }

  /** Some neighbouring vectors of a sum. */
  private String sum(Dialect dialect, int vectors) {
    Program p = new Program(dialect, "        ", "");
    p.line("final long at = (long) i * %s;".formatted(e.bytes()));
    for (int v = 0; v < vectors; v++) {
      String at = SourceText.offset("at", v, dialect);
      String sum = p.add(p.load("to", "target + " + at), p.load("from", "source + " + at));
      p.line(dialect.store("to", "target + " + at, sum) + ";");
    }
    return p.lines.toString();
  }
}
