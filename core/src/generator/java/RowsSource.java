import java.util.List;
import java.util.stream.IntStream;

/** The programs that read rows of a table of some format; see RowKernels. */
final class RowsSource {
  private static final String TABLE =
      "MemorySegment table, long tableOffset, long tableStride, long[] rows, int from, int count, ";
  private static final String SOURCE = "tableOffset + rows[from + r] * tableStride";

  private RowsSource() {}

  static String methods(Dialect d, Stored stored, RowAccess access) {
    return gather(d, stored, access)
        + RowLoops.eachGroup(
            d,
            "bagSum",
            TABLE + "MemorySegment out, long outOffset, int width, double divisor",
            List.of("divisor"),
            stored,
            (p, vectors) -> sum(p, stored, access, vectors, false))
        + RowLoops.eachGroup(
            d,
            "bagWeightedSum",
            TABLE + "double[] weights, MemorySegment out, long outOffset, int width",
            List.of(),
            stored,
            (p, vectors) -> sum(p, stored, access, vectors, true))
        + RowLoops.eachGroup(
            d,
            "bagMax",
            TABLE + "MemorySegment out, long outOffset, int width",
            List.of(),
            stored,
            (p, vectors) -> max(p, stored, access, vectors));
  }

  private static String gather(Dialect d, Stored stored, RowAccess access) {
    String parameters = TABLE + "MemorySegment out, long outOffset, long outStride, int width";
    String to = "final long to = outOffset + r * outStride;";
    if (access.slices(d)) {
      return RowLoops.eachGroup(
          d,
          "gather",
          parameters,
          List.of(),
          stored,
          (p, vectors) -> {
            beginRows(p, stored, access, vectors);
            p.line(to);
            copy(p, stored, access, vectors);
            p.line("}");
          });
    }
    Program begin = new Program(d, "      ", "");
    begin.line(to);
    begin.line("final long source = tableOffset + row * tableStride;");
    return RowLoops.eachRow(
        d,
        "gather",
        parameters,
        begin.lines.toString(),
        "MemorySegment table, long source, MemorySegment out, long to",
        // All groups together become a part of the loop: of two of float16 it would be too large.
        stored == Stored.FLOAT16 ? 1 : stored.largestGroup(d),
        stored.isNarrow(),
        (p, vectors) -> {
          stored.begin(p, "source");
          copy(p, stored, access, vectors);
        });
  }

  /** All loads of a group come before its stores, so that the cache misses of a row overlap. */
  private static void copy(Program p, Stored stored, RowAccess access, int vectors) {
    List<String> values =
        IntStream.range(0, vectors).mapToObj(v -> load(p, stored, access, vectors, v)).toList();
    for (int v = 0; v < vectors; v++) {
      p.line(p.dialect.store("out", RowLoops.at("to", v, p.dialect), values.get(v)) + ";");
    }
  }

  private static void sum(
      Program p, Stored stored, RowAccess access, int vectors, boolean weighted) {
    Dialect d = p.dialect;
    for (int v = 0; v < vectors; v++) {
      p.line(d.floats() + " sum" + v + " = " + d.zero() + ";");
    }
    beginRows(p, stored, access, vectors);
    if (weighted) {
      p.line(
          "final %s weight = %s;"
              .formatted(d.floats(), d.broadcast(RowLoops.narrowed(d, "weights[from + r]"))));
    }
    for (int v = 0; v < vectors; v++) {
      String x = load(p, stored, access, vectors, v);
      String sum = "sum" + v;
      p.line(
          sum + " = " + (weighted ? d.fma("weight", x, sum) : d.binary("add", "+", x, sum)) + ";");
    }
    p.line("}");
    for (int v = 0; v < vectors; v++) {
      String sum = weighted ? "sum" + v : p.div("sum" + v, RowLoops.lanes("divisor"));
      p.line(d.store("out", RowLoops.at("outOffset", v, d), sum) + ";");
    }
  }

  private static void max(Program p, Stored stored, RowAccess access, int vectors) {
    Dialect d = p.dialect;
    for (int v = 0; v < vectors; v++) {
      p.line(
          "%s max%d = %s;"
              .formatted(
                  d.floats(),
                  v,
                  d.broadcast("count == 0 ? 0 : " + d.element().capital + ".NEGATIVE_INFINITY")));
    }
    beginRows(p, stored, access, vectors);
    for (int v = 0; v < vectors; v++) {
      String x = load(p, stored, access, vectors, v);
      p.line("max%d = %s;".formatted(v, d.call("max", x, "max" + v)));
    }
    p.line("}");
    for (int v = 0; v < vectors; v++) {
      p.line(d.store("out", RowLoops.at("outOffset", v, d), "max" + v) + ";");
    }
  }

  private static void beginRows(Program p, Stored stored, RowAccess access, int vectors) {
    p.line("for (int r = 0; r < count; r++) {");
    p.line("final long source = " + SOURCE + ";");
    stored.begin(p, "source");
    if (access.slices(p.dialect, vectors)) {
      p.line(
          "final MemorySegment x = table.asSlice(%s, %s);"
              .formatted(
                  RowLoops.at("source", 0, p.dialect, stored.bytes),
                  stored.span(p.dialect, vectors)));
    }
  }

  /** Vector v of a group. */
  private static String load(Program p, Stored stored, RowAccess access, int vectors, int v) {
    return access.slices(p.dialect, vectors)
        ? stored.load(p, "x", "(long) " + v + " * " + p.dialect.lanes() + " * " + stored.bytes)
        : stored.load(p, "table", RowLoops.at("source", v, p.dialect, stored.bytes));
  }
}
