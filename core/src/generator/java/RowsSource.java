import java.util.List;
import java.util.stream.IntStream;

/** The programs over rows of a table; see RowKernels. */
final class RowsSource {
  private RowsSource() {}

  static String methods(Dialect d) {
    String table =
        "MemorySegment table, long tableOffset, long tableStride, long[] rows, int from, int count, ";
    String tableRow = "tableOffset + row * tableStride";
    return eachRow(
            d,
            "gather",
            table + "MemorySegment out, long outOffset, long outStride, int width",
            "",
            "table",
            tableRow,
            "out",
            "outOffset + r * outStride",
            (p, at) -> p.load("table", "source + " + at))
        + eachRow(
            d,
            "scatterAdd",
            table + "MemorySegment g, long gOffset, long gStride, int width, long skip",
            "      if (row == skip) {\n        continue;\n      }\n",
            "g",
            "gOffset + r * gStride",
            "table",
            tableRow,
            (p, at) -> p.add(p.load("table", "to + " + at), p.load("g", "source + " + at)))
        + eachGroup(d, "bagSum", table + "MemorySegment out, long outOffset", RowsSource::bagSum)
        + eachGroup(
            d, "bagScatterAdd", table + "MemorySegment g, long gOffset", RowsSource::bagScatterAdd);
  }

  private static void bagSum(Program p, int vectors) {
    Dialect d = p.dialect;
    for (int v = 0; v < vectors; v++) {
      p.line(d.floats() + " sum" + v + " = " + d.zero() + ";");
    }
    p.line("for (int r = 0; r < count; r++) {");
    p.line("  final long source = tableOffset + rows[from + r] * tableStride + at;");
    for (int v = 0; v < vectors; v++) {
      p.line(
          "  sum"
              + v
              + " = "
              + d.binary("add", "+", "sum" + v, d.load("table", SourceText.offset("source", v, d)))
              + ";");
    }
    p.line("}");
    for (int v = 0; v < vectors; v++) {
      p.line(
          d.store(
                  "out",
                  SourceText.offset("outOffset + at", v, d),
                  p.div("sum" + v, d.broadcastName("divisor")))
              + ";");
    }
  }

  private static void bagScatterAdd(Program p, int vectors) {
    Dialect d = p.dialect;
    for (int v = 0; v < vectors; v++) {
      String g = d.load("g", SourceText.offset("gOffset + at", v, d));
      p.line(
          "final "
              + d.floats()
              + " g"
              + v
              + " = "
              + d.binary("div", "/", g, d.broadcastName("divisor"))
              + ";");
    }
    p.line("for (int r = 0; r < count; r++) {");
    p.line("  final long to = tableOffset + rows[from + r] * tableStride + at;");
    for (int v = 0; v < vectors; v++) {
      String sum = d.binary("add", "+", d.load("table", SourceText.offset("to", v, d)), "g" + v);
      p.line("  " + d.store("table", SourceText.offset("to", v, d), sum) + ";");
    }
    p.line("}");
  }

  private interface RowStep {
    /** Emits the program for one position of a row and returns what is stored there. */
    String emit(Program p, String at);
  }

  private interface GroupStep {
    void emit(Program p, int vectors);
  }

  /**
   * A loop over rows, each in straight-line groups of 8, 4, 2 and 1 vectors. C2 would split a loop
   * over single vectors into a pre-, main- and post-loop, which costs rows of ordinary width more
   * than twice the time (150 ns a row against 58, on the machine the project is developed on).
   */
  private static String eachRow(
      Dialect d,
      String name,
      String parameters,
      String guard,
      String source,
      String sourceAt,
      String to,
      String toAt,
      RowStep step) {
    StringBuilder code = new StringBuilder(SourceText.header(name, parameters));
    code.append("    for (int r = 0; r < count; r++) {\n      final long row = rows[from + r];\n")
        .append(guard);
    code.append("      final long to = ")
        .append(toAt)
        .append(";\n      final long source = ")
        .append(sourceAt)
        .append(";\n      int i = 0;\n");
    Dialect last = d.loops().getLast();
    if (d != last) {
      for (int vectors = d.largestGroup(); vectors >= 1; vectors /= 2) {
        Program p = new Program(d, "        ", "");
        // All loads of a group come before its stores, so that the cache misses of a row overlap.
        List<String> values =
            IntStream.range(0, vectors)
                .mapToObj(v -> step.emit(p, SourceText.offset("at", v, d)))
                .toList();
        for (int v = 0; v < vectors; v++) {
          p.line(d.store(to, SourceText.offset("to + at", v, d), values.get(v)) + ";");
        }
        code.append(group(d, vectors, "      ", p.lines.toString()));
      }
      code.append("      if (i < width) {\n        ")
          .append(name)
          .append("Tail(")
          .append(source)
          .append(", source, ")
          .append(to)
          .append(", to, i, width);\n      }\n    }\n  }\n\n");
      code.append("  private static void ")
          .append(name)
          .append("Tail(MemorySegment ")
          .append(source)
          .append(", long source, MemorySegment ")
          .append(to)
          .append(", long to, int begin, int width) {\n");
      code.append("    for (int i = begin; i < width; i++) {\n");
    } else {
      code.append("      for (; i < width; i++) {\n");
    }
    Program p = new Program(last, "        ", "");
    p.line("final long at = (long) i * " + d.element().bytes() + ";");
    p.line(last.store(to, "to + at", step.emit(p, "at")) + ";");
    code.append(p.lines).append(d == last ? "      }\n" : "").append("    }\n  }\n");
    return code.toString();
  }

  /**
   * The columns of a bag's rows in groups of 8, 4, 2 and 1 vectors held in registers, each in a
   * method with its own loop over the rows.
   */
  private static String eachGroup(Dialect d, String name, String parameters, GroupStep step) {
    StringBuilder code =
        new StringBuilder(SourceText.header(name, parameters + ", int width, float divisor"));
    StringBuilder methods = new StringBuilder();
    code.append("    int i = 0;\n");
    for (Dialect loop : d.loops()) {
      for (int vectors = loop.largestGroup(); vectors >= 1; vectors /= 2) {
        String method = name + (loop == d ? vectors : "Tail");
        code.append(
            group(
                loop,
                vectors,
                "    ",
                "      " + method + "(" + SourceText.names(parameters) + ", divisor, at);\n"));
        Program p = new Program(loop, "    ", "");
        step.emit(p, vectors);
        methods
            .append("\n  private static void ")
            .append(method)
            .append('(')
            .append(parameters)
            .append(", float divisor, long at) {\n");
        methods
            .append(SourceText.broadcasts(loop, List.of("divisor")))
            .append(p.lines)
            .append("  }\n");
      }
    }
    return code.append("  }\n").append(methods).toString();
  }

  /**
   * One group of columns, from i on: as often as it fits if it is the largest, else once if it
   * fits.
   */
  private static String group(Dialect d, int vectors, String indent, String body) {
    String span = vectors == 1 ? d.lanes() : vectors + " * " + d.lanes();
    boolean repeats = vectors == d.largestGroup();
    return indent
        + (repeats
            ? "for (; i + " + span + " <= width; i += " + span + ") {\n"
            : "if (i + " + span + " <= width) {\n")
        + indent
        + "  final long at = (long) i * "
        + d.element().bytes()
        + ";\n"
        + body
        + (repeats || vectors == 1 && d.loops().size() == 1
            ? ""
            : indent + "  i += " + span + ";\n")
        + indent
        + "}\n";
  }
}
