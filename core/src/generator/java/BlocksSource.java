import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/** Copies of blocks of a matrix; see BlockKernels. */
final class BlocksSource {
  private static final int LARGEST_GROUP = 8;
  private static final int LARGEST_SUM = 2;
  private static final int MOST_LANES = 16;

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

  /** Where a copy goes: another place in memory, or packed rows on the heap. */
  private enum Target {
    MEMORY("MemorySegment to, long toOffset, long toRowStride", "long", "toOffset", "toRowStride"),
    ROWS("%s[] to, int toIndex", "int", "toIndex", "PackedRows.PITCH");

    final String parameters;
    final String placeType;
    final String start;
    final String stride;

    Target(String parameters, String placeType, String start, String stride) {
      this.parameters = parameters;
      this.placeType = placeType;
      this.start = start;
      this.stride = stride;
    }
  }

  static String methods(Dialect d) {
    BlocksSource source = new BlocksSource(d);
    StringBuilder code = new StringBuilder();
    if (source.vector) {
      code.append(source.parts())
          .append(source.interleavings())
          .append(
              source.exchanges(MOST_LANES / 2)
                  ? Selection.exchanges(source.e, MOST_LANES / 2)
                  : "");
    }
    for (Target target : Target.values()) {
      code.append(source.copy(target)).append(source.transpose(target));
    }
    return code.append(source.add()).toString();
  }

  private String parameters(Target target) {
    return "int rows, int columns, MemorySegment from, long fromOffset, long fromRowStride, "
        + target.parameters.formatted(e.primitive);
  }

  private String store(Target target, String place, int vectors, String value) {
    String further =
        target == Target.MEMORY
            ? SourceText.offset(place, vectors, d)
            : vectors == 0 ? place : place + " + " + vectors + " * " + d.lanes();
    return store(target, d, further, value);
  }

  private static String store(Target target, Dialect part, String place, String value) {
    return target == Target.MEMORY
        ? part.store("to", place, value)
        : part.storeArray("to", place, value);
  }

  /** The place of an element of a row of the target. */
  private String at(Target target, String row, String element) {
    return target == Target.MEMORY
        ? row + " + (long) " + element + " * " + e.bytes()
        : row + " + " + element;
  }

  private String copy(Target target) {
    StringBuilder code = new StringBuilder();
    code.append("\n  @Override\n  public void copy(%s) {\n".formatted(parameters(target)));
    if (vector) {
      code.append(
          "    if (columns < LANES) {\n      copyNarrow(%s);\n      return;\n    }\n"
              .formatted(SourceText.names(parameters(target))));
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
            "        final %s y = %s;\n".formatted(target.placeType, at(target, "target", "i")));
        IntStream.range(0, group)
            .forEach(v ->
                code.append(
                    "        final %s v%d = %s;\n"
                        .formatted(d.floats(), v, d.load("from", SourceText.offset("x", v, d)))));
        IntStream.range(0, group)
            .forEach(v -> code.append("        %s;\n".formatted(store(target, "y", v, "v" + v))));
        code.append(
            group == LARGEST_GROUP ? "      }\n" : "        i += %s;\n      }\n".formatted(span));
      }
      code.append("      if (i < columns) {\n");
      code.append("        final int last = columns - LANES;\n");
      code.append(
          "        %s;\n      }\n    }\n  }\n"
              .formatted(
                  store(
                      target,
                      at(target, "target", "last"),
                      0,
                      d.load("from", "source + (long) last * " + e.bytes()))));
    }
    if (vector) {
      return code.append(copyNarrow(target)).toString();
    }
    return code.append(
            rowLoop(
                target,
                "source",
                "fromOffset + r * fromRowStride",
                "source + (long) i * " + e.bytes()))
        .toString();
  }

  /** Rows of less than a vector: two parts of one, or up to three elements, which may overlap. */
  private String copyNarrow(Target target) {
    String parameters = parameters(target);
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
  private String ends(Target target, Dialect part, String... starts) {
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
      String place = at(target, "target", starts[i]);
      code.append("      %s;\n".formatted(store(target, part, place, "v" + i)));
    }
    return code.append("    }\n").toString();
  }

  /** Element by element: the rows of the target, from a source whose place in i is given. */
  private String rowLoop(Target target, String name, String start, String place) {
    String value = new ScalarDialect(e).load("from", place);
    return
"""
    for (int r = 0; r < rows; r++) {
      final long %1$s = %2$s;
      final %3$s target = %4$s + r * %5$s;
      for (int i = 0; i < columns; i++) {
        %6$s;
      }
    }
  }
"""
        .formatted(
            name,
            start,
            target.placeType,
            target.start,
            target.stride,
            store(target, new ScalarDialect(e), at(target, "target", "i"), value));
  }

  private String transpose(Target target) {
    StringBuilder code = new StringBuilder();
    code.append("\n  @Override\n  public void transpose(%s) {\n".formatted(parameters(target)));
    if (vector) {
      code.append(
"""
    if (rows < LANES || columns < LANES) {
      transposeNarrow(%1$s);
      return;
    }
    // A few rows behind the last whole block are not worth one of their own.
    final int few = rows %% LANES <= LANES / 8 ? rows %% LANES : 0;
    final int most = rows - few;
    for (int i = 0; i < columns; i += LANES) {
      // The last block of a side is moved back to end with it: what two blocks cover is written twice.
      final int column = Math.min(i, columns - LANES);
      for (int r = 0; r < most; r += LANES) {
        final int row = Math.min(r, most - LANES);
        final long source = fromOffset + (long) row * %2$s;
        final %3$s target = %4$s + row * %5$s;
        transposeBlock(from, source + column * fromRowStride, fromRowStride, to, %6$s%7$s);
      }
    }
    if (few > 0) {
      transposeNarrow(few, columns, from, fromOffset + (long) most * %2$s, fromRowStride, to, %4$s + most * %5$s%7$s);
    }
  }
"""
              .formatted(
                  SourceText.names(parameters(target)),
                  e.bytes(),
                  target.placeType,
                  target.start,
                  target.stride,
                  at(target, "target", "column"),
                  target == Target.MEMORY ? ", toRowStride" : ""));
      String block =
          "MemorySegment from, long fromOffset, long fromRowStride, "
              + target.parameters.formatted(e.primitive);
      code.append(
          "\n  private static void transposeBlock(%s) {\n    switch (LANES) {\n".formatted(block));
      int most = mostLanes();
      for (int lanes = most; lanes >= most / 4; lanes /= 2) {
        code.append(
            "      case %d -> transpose%d(%s);\n".formatted(lanes, lanes, SourceText.names(block)));
      }
      code.append(
          "      default -> throw new IllegalStateException(\"no transpose of \" + LANES + \" lanes\");\n    }\n  }\n");
      for (int lanes = most; lanes >= most / 4; lanes /= 2) {
        code.append(transposeLanes(target, lanes, block));
      }
      code.append("\n  private static void transposeNarrow(%s) {\n".formatted(parameters(target)));
    }
    return code.append(
            rowLoop(
                target,
                "source",
                "fromOffset + (long) r * " + e.bytes(),
                "source + i * fromRowStride"))
        .toString();
  }

  /**
   * A square of registers transposed in log2(lanes) stages: stage with distance h exchanges the
   * off-diagonal quarters of every 2h x 2h square. The widest square is done in two halves, each of
   * which reads all rows: as one method it can be too large for C1's tier 3, and then stays at tier
   * 2, where 100 x 100 numbers took 102 us instead of 2.
   */
  private String transposeLanes(Target target, int lanes, String block) {
    if (lanes < MOST_LANES) {
      return stages(target, lanes, block, "transpose" + lanes, 0, lanes);
    }
    String names = SourceText.names(block);
    return "\n  private static void transpose%1$d(%2$s) {\n    upper%1$d(%3$s);\n    lower%1$d(%3$s);\n  }\n"
            .formatted(lanes, block, names)
        + stages(target, lanes, block, "upper" + lanes, 0, lanes / 2)
        + stages(target, lanes, block, "lower" + lanes, lanes / 2, lanes);
  }

  /**
   * Some rows of the result, all or half of them. Where vectors have 256 bits no instruction
   * selects from two of them, and C2 needs five: groups of lanes are exchanged within one and
   * blended with the other. (Of doubles an exchange takes more than one instruction, and selecting
   * is faster.)
   */
  private String stages(Target target, int lanes, String block, String name, int from, int to) {
    boolean selects = !exchanges(lanes);
    String type = selects ? Selection.type(e) : d.floats();
    StringBuilder code = new StringBuilder();
    code.append("\n  private static void %s(%s) {\n".formatted(name, block));
    String[] rows = new String[lanes];
    for (int i = 0; i < lanes; i++) {
      rows[i] = "s" + lanes + "_" + i;
      String place = "fromOffset + " + i + " * fromRowStride";
      code.append(
          "    final %s %s = %s;\n"
              .formatted(
                  type,
                  rows[i],
                  selects ? Selection.load(e, "from", place) : d.load("from", place)));
    }
    for (int h = lanes / 2; h >= 1; h /= 2) {
      String[] next = new String[lanes];
      for (int i = from; i < to; i++) {
        boolean low = i / h % 2 == 0;
        next[i] = "s" + h + "_" + i;
        String first = rows[low ? i : i - h];
        String second = rows[low ? i + h : i];
        code.append(
            "    final %s %s = %s;\n"
                .formatted(
                    type,
                    next[i],
                    selects
                        ? "%s%d.selectFrom(%s, %s)"
                            .formatted(low ? "LOW" : "HIGH", h, first, second)
                        : Selection.half(first, second, h, low)));
      }
      rows = next;
    }
    for (int i = from; i < to; i++) {
      String place = target.start + " + " + i + " * " + target.stride;
      code.append(
          "    %s;\n"
              .formatted(
                  selects && target == Target.MEMORY
                      ? rows[i] + ".intoMemorySegment(to, " + place + ", NATIVE)"
                      : store(
                          target,
                          place,
                          0,
                          selects ? rows[i] + ".reinterpretAs" + e.capital + "s()" : rows[i])));
    }
    return code.append("  }\n").toString();
  }

  /** Whether blocks of so many lanes are transposed by exchanges. */
  private boolean exchanges(int lanes) {
    return e == Element.FLOAT && lanes == MOST_LANES / 2;
  }

  /** The lanes of the widest vector. */
  private int mostLanes() {
    return e == Element.FLOAT ? MOST_LANES : MOST_LANES / 2;
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

  private String interleavings() {
    StringBuilder code = new StringBuilder();
    for (int h = mostLanes() / 2; h >= 1; h /= 2) {
      code.append(
          "  private static final %1$s LOW%2$d = interleaving(%2$d, 0);\n"
              .formatted(Selection.type(e), h));
      code.append(
          "  private static final %1$s HIGH%2$d = interleaving(%2$d, %2$d);\n"
              .formatted(Selection.type(e), h));
    }
    return code.append(
"""

  /**
   * For every 2 distance lanes: from each of two vectors those whose place in their group of so
   * many starts at first.
   */
  private static %1$s interleaving(int distance, int first) {
    %2$s[] indices = new %2$s[LANES];
    for (int i = 0; i < LANES; i++) {
      final int place = i %% (2 * distance);
      indices[i] = i - place + first + place %% distance + (place < distance ? 0 : LANES);
    }
    return %3$s;
  }
"""
                .formatted(
                    Selection.type(e), Selection.primitive(e), Selection.fromArray(e, "indices")))
        .toString();
  }

  private String add() {
    StringBuilder code = new StringBuilder();
    code.append("\n  @Override\n  public void add(%s) {\n".formatted(parameters(Target.MEMORY)));
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
