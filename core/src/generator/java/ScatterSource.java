import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** The programs of gradients of rows of a table; see ScatterKernels. */
final class ScatterSource {
  private static final String TABLE =
      "MemorySegment table, long tableOffset, long tableStride, long[] rows, int from, int count, ";

  private ScatterSource() {}

  static String methods(Dialect d) {
    return scatterAdd(d)
        + RowLoops.eachGroup(
            d,
            "bagScatterAdd",
            TABLE + "MemorySegment g, long gOffset, int width, double divisor",
            List.of("divisor"),
            Stored.FLOAT32,
            4,
            (p, vectors) -> bag(p, vectors, false))
        + RowLoops.eachGroup(
            d,
            "bagWeightedScatterAdd",
            TABLE + "double[] weights, MemorySegment g, long gOffset, int width",
            List.of(),
            Stored.FLOAT32,
            (p, vectors) -> bag(p, vectors, true))
        + RowLoops.eachGroup(
            d,
            "bagMaxGradient",
            TABLE
                + "MemorySegment out, long outOffset, MemorySegment g, long gOffset, MemorySegment values, long valuesOffset, long valuesStride, int width",
            List.of(),
            Stored.FLOAT32,
            2,
            ScatterSource::maxGradient);
  }

  private static String scatterAdd(Dialect d) {
    Program begin = new Program(d, "      ", "");
    begin.line("if (row == skip) {");
    begin.line("  continue;");
    begin.line("}");
    begin.line("final long to = tableOffset + row * tableStride;");
    begin.line("final long source = gOffset + r * gStride;");
    return RowLoops.eachRow(
        d,
        "scatterAdd",
        TABLE + "MemorySegment g, long gOffset, long gStride, int width, long skip",
        begin.lines.toString(),
        "MemorySegment g, long source, MemorySegment table, long to",
        d.largestGroup(),
        true,
        (p, vectors) -> {
          Dialect loop = p.dialect;
          // All loads of a group come before its stores, so that the cache misses of a row overlap.
          List<String> sums =
              IntStream.range(0, vectors)
                  .mapToObj(v ->
                      p.add(
                          p.load("table", RowLoops.at("to", v, loop)),
                          p.load("g", RowLoops.at("source", v, loop))))
                  .toList();
          for (int v = 0; v < vectors; v++) {
            p.line(loop.store("table", RowLoops.at("to", v, loop), sums.get(v)) + ";");
          }
        });
  }

  private static void bag(Program p, int vectors, boolean weighted) {
    Dialect d = p.dialect;
    for (int v = 0; v < vectors; v++) {
      String g = d.load("g", RowLoops.at("gOffset", v, d));
      String share = weighted ? g : d.binary("div", "/", g, RowLoops.lanes("divisor"));
      p.line("final %s g%d = %s;".formatted(d.floats(), v, share));
    }
    p.line("for (int r = 0; r < count; r++) {");
    p.line("final long to = tableOffset + rows[from + r] * tableStride;");
    if (weighted) {
      p.line(
          "final %s weight = %s;"
              .formatted(d.floats(), d.broadcast(RowLoops.narrowed(d, "weights[from + r]"))));
    }
    for (int v = 0; v < vectors; v++) {
      String to = RowLoops.at("to", v, d);
      String row = p.load("table", to);
      p.line(
          d.store("table", to, weighted ? p.fma("weight", "g" + v, row) : p.add(row, "g" + v))
              + ";");
    }
    p.line("}");
  }

  private static void maxGradient(Program p, int vectors) {
    Dialect d = p.dialect;
    List<String> max = new ArrayList<>();
    for (int v = 0; v < vectors; v++) {
      max.add(p.load("out", RowLoops.at("outOffset", v, d)));
      p.line("%s rest%d = %s;".formatted(d.floats(), v, d.load("g", RowLoops.at("gOffset", v, d))));
    }
    p.line("for (int r = 0; r < count; r++) {");
    p.line("final long source = tableOffset + rows[from + r] * tableStride;");
    p.line("final long to = valuesOffset + r * valuesStride;");
    for (int v = 0; v < vectors; v++) {
      String x = p.load("table", RowLoops.at("source", v, d));
      String takes = p.let(d.booleans(), d.sameOrBothNan(x, max.get(v)));
      String rest = "rest" + v;
      p.line(
          d.store("values", RowLoops.at("to", v, d), "(" + d.choose(takes, rest, d.zero()) + ")")
              + ";");
      p.line(rest + " = " + d.choose(d.not(takes), rest, d.zero()) + ";");
    }
    p.line("}");
  }
}
