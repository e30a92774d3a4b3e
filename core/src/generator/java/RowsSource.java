import java.util.List;
import java.util.stream.IntStream;

/** The programs that read rows of a table of some format; see RowKernels. */
final class RowsSource {
  private static final String TABLE =
      "MemorySegment table, long tableOffset, long tableStride, long[] rows, int from, int count, ";
  private static final String MAX = TABLE + "MemorySegment out, long outOffset, int width";
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
            MAX,
            List.of(),
            stored,
            // Of more, C2 has more nodes than it takes at once.
            stored.isNarrow() ? 2 : 4,
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

  /**
   * Of numbers taken as integers the largest number is the largest integer or, if all numbers are
   * negative, the smallest. Both are kept; the smallest starts as -1, so that it is negative in any
   * case, and without a sign the smaller of the two is the one that is meant. That takes three
   * operations a vector, where a maximum of numbers takes six. The third finds a negative NaN: it
   * is beyond -infinity if the integers have no sign, as a positive one is beyond infinity. Then
   * the columns are taken one by one.
   */
  private static void max(Program p, Stored stored, RowAccess access, int vectors) {
    Dialect d = p.dialect;
    if (!(d instanceof VectorDialect)) {
      maxOfNumbers(p, stored, access);
      return;
    }
    Element e = d.element();
    String type = Selection.type(e);
    String species = Selection.species(e);
    String start = type + " %s = " + type + ".broadcast(" + species + ", %s);";
    for (int v = 0; v < vectors; v++) {
      p.line(start.formatted("least" + v, "-1"));
      p.line(start.formatted("most" + v, "count == 0 ? 0 : " + Selection.boxed(e) + ".MIN_VALUE"));
    }
    p.line(start.formatted("furthest", "0"));
    beginRows(p, stored, access, vectors);
    for (int v = 0; v < vectors; v++) {
      String x = VectorDialect.known(species, p.let(type, integers(p, stored, access, vectors, v)));
      p.line("least%1$d = %2$s.min(least%1$d);".formatted(v, x));
      p.line("most%1$d = %2$s.max(most%1$d);".formatted(v, x));
      p.line("furthest = %s.lanewise(VectorOperators.UMAX, furthest);".formatted(x));
    }
    p.line("}");
    String most = VectorDialect.known(species, "most0");
    for (int v = 1; v < vectors; v++) {
      most = VectorDialect.known(species, most + ".max(most" + v + ")");
    }
    String infinity =
        "%s.%sTo%sBits(%s.%%s_INFINITY)".formatted(e.capital, e.primitive, e.integer, e.capital);
    p.line(
        "if (%s.compare(VectorOperators.GT, %s).or(%s.compare(VectorOperators.UGT, %s)).anyTrue()) {"
            .formatted(
                most,
                infinity.formatted("POSITIVE"),
                VectorDialect.known(species, "furthest"),
                infinity.formatted("NEGATIVE")));
    p.line("for (int column = i; column < i + %d * LANES; column++) {".formatted(vectors));
    p.line("bagMaxTail(%s, column);".formatted(SourceText.names(MAX)));
    p.line("}");
    p.line("return;");
    p.line("}");
    for (int v = 0; v < vectors; v++) {
      p.line(
          "%s.lanewise(VectorOperators.UMIN, least%d).intoMemorySegment(out, %s, NATIVE);"
              .formatted(
                  VectorDialect.known(species, "most" + v), v, RowLoops.at("outOffset", v, d)));
    }
  }

  /** The bits of a vector of numbers. */
  private static String integers(Program p, Stored stored, RowAccess access, int vectors, int v) {
    Element e = p.dialect.element();
    return stored.isNarrow()
        ? VectorDialect.known(VectorDialect.SPECIES, load(p, stored, access, vectors, v))
            + ".reinterpretAs"
            + e.integer
            + "s()"
        : Selection.load(e, segment(p, access, vectors), offset(p, stored, access, vectors, v));
  }

  private static void maxOfNumbers(Program p, Stored stored, RowAccess access) {
    Dialect d = p.dialect;
    String type = d.element().capital;
    p.line("%s max = count == 0 ? 0 : %s.NEGATIVE_INFINITY;".formatted(d.floats(), type));
    beginRows(p, stored, access, 1);
    p.line("max = %s;".formatted(d.call("max", load(p, stored, access, 1, 0), "max")));
    p.line("}");
    p.line(
        d.store(
                "out",
                RowLoops.at("outOffset", 0, d),
                type + ".isNaN(max) ? " + type + ".NaN : max")
            + ";");
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
    return stored.load(p, segment(p, access, vectors), offset(p, stored, access, vectors, v));
  }

  private static String segment(Program p, RowAccess access, int vectors) {
    return access.slices(p.dialect, vectors) ? "x" : "table";
  }

  private static String offset(Program p, Stored stored, RowAccess access, int vectors, int v) {
    return access.slices(p.dialect, vectors)
        ? "(long) " + v + " * " + p.dialect.lanes() + " * " + stored.bytes
        : RowLoops.at("source", v, p.dialect, stored.bytes);
  }
}
