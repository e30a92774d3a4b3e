import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** The programs that compare rows of a table with queries; see SimilarityKernels. */
final class SimilaritySource {
  private static final int PARTIALS = 4;

  /** The species of a row's four partial sums. */
  private static final String QUAD = "QUAD";

  private static final String ROWS =
      "int k, MemorySegment table, long tableOffset, long tableStride, MemorySegment query, long queryOffset, MemorySegment partials, long partialsOffset";
  private static final String FOLD =
      "int rows, MemorySegment partials, long partialsOffset, MemorySegment scores, long scoresOffset";
  private static final String TILE =
      "int k, float[] a, int aIndex, MemorySegment b, long bOffset, MemorySegment c, long cOffset";

  private final Dialect d;
  private final Dialect one = new ScalarDialect(Element.FLOAT);
  private final Dialect quads = new VectorDialect(Element.FLOAT, QUAD);
  private final boolean vector;

  private SimilaritySource(Dialect d) {
    this.d = d;
    this.vector = d.loops().size() > 1;
  }

  /** What is summed: products, or squares of differences, of which the negative is stored. */
  private enum Term {
    DOT("dot"),
    DISTANCE("distance");

    final String method;

    Term(String method) {
      this.method = method;
    }

    String add(Program p, String x, String y, String sum) {
      if (this == DOT) {
        return p.dialect.fma(x, y, sum);
      }
      String difference = p.sub(x, y);
      return p.dialect.fma(difference, difference, sum);
    }

    String stored(Dialect d, String sum) {
      return this == DOT ? sum : d.binary("sub", "-", d.zero(), sum);
    }
  }

  static String methods(Dialect d) {
    SimilaritySource source = new SimilaritySource(d);
    StringBuilder code = new StringBuilder(source.vector ? source.constants() : "");
    code.append(source.counts());
    for (Term term : Term.values()) {
      code.append(source.rows(term)).append(source.fold(term)).append(source.tiles(term));
    }
    return code.append(source.scale()).append(source.next()).toString();
  }

  private String constants() {
    String type = Selection.type(Element.FLOAT);
    return """
      /** The four partial sums of a row, on every machine. */
      private static final VectorSpecies<Float> QUAD = Lanes.FLOATS_QUARTER;
    %2$s
      private static final %1$s FIRST_EIGHTS = exchanged(8, 0);
      private static final %1$s SECOND_EIGHTS = exchanged(8, 8);
      private static final %1$s FIRST_QUADS = exchanged(4, 0);
      private static final %1$s SECOND_QUADS = exchanged(4, 4);
      private static final %1$s FIRST_PAIRS = everyOther(2, 0);
      private static final %1$s SECOND_PAIRS = everyOther(2, 2);
      private static final %1$s FIRST = everyOther(1, 0);
      private static final %1$s SECOND = everyOther(1, 1);

      /** Every other group of lanes in two vectors, the first of which starts at first. */
      private static %1$s everyOther(int group, int first) {
        int[] indices = new int[LANES];
        for (int i = 0; i < LANES; i++) {
          final int lane = i / group * 2 * group + i %% group + first;
          indices[i] = lane;
        }
        return %3$s;
      }

      /** Of two vectors the groups of lanes from first on, by turns: a step of a transposition. */
      private static %1$s exchanged(int group, int first) {
        int[] indices = new int[LANES];
        for (int i = 0; i < LANES; i++) {
          final int lane = i - i / group %% 2 * group + first + i / group %% 2 * LANES;
          indices[i] = lane;
        }
        return %3$s;
      }

    """
        .formatted(
            type,
            VectorDialect.classField(d.floats(), QUAD),
            Selection.fromArray(Element.FLOAT, "indices"));
  }

  private String counts() {
    return """
      @Override
      public int lanes() {
        return %s;
      }

      @Override
      public int tileRows() {
        return %s;
      }
    """
        .formatted(d.lanes(), d.maxRows(6, PARTIALS));
  }

  /**
   * As many rows at a time as a vector has groups of four lanes, and what is left of rows and of
   * columns a vector of four lanes at a time; the rest of a row is one lane's.
   */
  private String rows(Term term) {
    String name = term.method + "Rows";
    StringBuilder code = new StringBuilder(SourceText.header(name, "int rows, " + ROWS));
    if (!vector) {
      return code.append("    %sRest(rows, 0, %s);\n  }\n".formatted(name, SourceText.names(ROWS)))
          .append(rest(term, name))
          .toString();
    }
    code.append(
"""
    final int group = LANES / %1$d;
    final int grouped = group == 1 ? 0 : rows - rows %% group;
    final int whole = grouped == 0 ? 0 : k - k %% LANES;
    if (group == 4) {
      %2$sOfFour(grouped, whole, %3$s);
    } else if (group == 2) {
      %2$sOfTwo(grouped, whole, %3$s);
    }
    if (whole < k) {
      %2$sFrom(grouped, whole, k, %3$s);
    }
    if (grouped < rows) {
      %2$sFrom(rows - grouped, 0, k, table, tableOffset + grouped * tableStride, tableStride, query, queryOffset, partials, partialsOffset + (long) grouped * %1$d * Float.BYTES);
    }
  }
"""
            .formatted(PARTIALS, name, SourceText.names(ROWS).substring("k, ".length())));
    return code.append(group(term, name + "OfFour", 4))
        .append(group(term, name + "OfTwo", 2))
        .append(from(term, name))
        .append(rest(term, name))
        .toString();
  }

  /**
   * A vector holds the partial sums of some rows. A vector of each is loaded, and they are
   * transposed as a matrix of groups of four numbers.
   */
  private String group(Term term, String name, int rows) {
    StringBuilder code =
        new StringBuilder("\n  private static void %s(int rows, %s) {\n".formatted(name, ROWS));
    code.append("    for (int r = 0; r < rows; r += %d) {\n".formatted(rows));
    for (int i = 0; i < rows; i++) {
      code.append(
          "      final long row%1$d = tableOffset + (r + %1$d) * tableStride;\n".formatted(i));
    }
    code.append("      FloatVector p = FloatVector.zero(F);\n");
    code.append("      for (int t = 0; t < k; t += %d * Lanes.one) {\n".formatted(rows * PARTIALS));
    code.append("        final long at = (long) t * Float.BYTES;\n");
    Program p = new Program(d, "        ", "");
    List<String> x = new ArrayList<>();
    for (int i = 0; i < rows; i++) {
      String row = "row%d + at".formatted(i);
      x.add(p.let(d.ints(), Selection.load(Element.FLOAT, "table", row)));
    }
    for (int apart = rows / 2; apart > 0; apart /= 2) {
      String kind = apart == 2 ? "EIGHTS" : "QUADS";
      List<String> exchanged = new ArrayList<>(x);
      for (int i = 0; i < rows; i++) {
        if (i / apart % 2 == 0) {
          String both = "%s_" + kind + ".selectFrom(" + x.get(i) + ", " + x.get(i + apart) + ")";
          exchanged.set(i, p.let("IntVector", both.formatted("FIRST")));
          exchanged.set(i + apart, p.let("IntVector", both.formatted("SECOND")));
        }
      }
      x = exchanged;
    }
    for (int i = 0; i < rows; i++) {
      String y = p.load("query", SourceText.offset("queryOffset + at * %d".formatted(rows), i, d));
      String value = p.let(d.floats(), x.get(i) + ".reinterpretAsFloats()");
      p.line("p = " + term.add(p, value, y, "p") + ";");
    }
    code.append(p.lines);
    return code.append(
"""
      }
      %s;
    }
  }
"""
                .formatted(
                    d.store(
                        "partials",
                        "partialsOffset + (long) r * %d * Float.BYTES".formatted(PARTIALS),
                        "p")))
        .toString();
  }

  /** The columns from a multiple of four on, which begin the partial sums if it is 0. */
  private String from(Term term, String name) {
    StringBuilder code =
        new StringBuilder(
"""

  private static void %2$sFrom(int rows, int from, %3$s) {
    final int whole = k - k %% %1$d;
    for (int r = 0; r < rows; r++) {
      final long row = tableOffset + r * tableStride;
      final long to = partialsOffset + (long) r * %1$d * Float.BYTES;
      FloatVector p = from == 0 ? %4$s : %5$s;
      for (int t = from; t < whole; t += %1$d * Lanes.one) {
        final long at = (long) t * Float.BYTES;
"""
                .formatted(PARTIALS, name, ROWS, quads.zero(), quads.load("partials", "to")));
    code.append(quad(term));
    return code.append(
"""
      }
      %3$s;
    }
    if (whole < k) {
      %1$sRest(rows, whole, %2$s);
    }
  }
"""
                .formatted(name, SourceText.names(ROWS), quads.store("partials", "to", "p")))
        .toString();
  }

  private String quad(Term term) {
    Program p = new Program(quads, "        ", "");
    String x = p.load("table", "row + at");
    String y = p.load("query", "queryOffset + at * (LANES / " + PARTIALS + ")");
    p.line("p = " + term.add(p, x, y, "p") + ";");
    return p.lines.toString();
  }

  /** The columns from one on, which begin the partial sums if it is the first. */
  private String rest(Term term, String name) {
    Program p = new Program(one, "          ", "");
    p.line("final long at = (long) (t + i) * Float.BYTES;");
    String load = "t + i < k ? %s : 0f";
    String x = p.let("float", load.formatted(one.load("table", "row + at")));
    String copies = vector ? "t * (LANES / " + PARTIALS + ") + i" : "t + i";
    String place = "queryOffset + (long) (" + copies + ") * Float.BYTES";
    String y = p.let("float", load.formatted(one.load("query", place)));
    p.line("sum = " + term.add(p, x, y, "sum") + ";");
    return """

      private static void %1$sRest(int rows, int from, %2$s) {
        for (int r = 0; r < rows; r++) {
          final long row = tableOffset + r * tableStride;
          for (int i = 0; i < %3$d; i++) {
            final long to = partialsOffset + ((long) r * %3$d + i) * Float.BYTES;
            float sum = from == 0 ? 0f : %4$s;
            for (int t = from; t < k; t += %3$d) {
    %5$s        }
            %6$s;
          }
        }
      }
    """
        .formatted(
            name,
            ROWS,
            PARTIALS,
            one.load("partials", "to"),
            p.lines.toString(),
            one.store("partials", "to", "sum"));
  }

  /** As many rows at a time as there are lanes. */
  private String fold(Term term) {
    StringBuilder code = new StringBuilder(SourceText.header(term.method + "Fold", FOLD));
    code.append(
        "    for (int r = 0; r < rows; r += %s) {\n"
            .formatted(d.lanes() + (vector ? " * Lanes.one" : "")));
    code.append(
        "      final long at = partialsOffset + (long) r * %d * Float.BYTES;\n"
            .formatted(PARTIALS));
    Program p = new Program(d, "      ", "");
    List<String> sums =
        new ArrayList<>(
            IntStream.range(0, PARTIALS)
                .mapToObj(i -> p.load("partials", SourceText.offset("at", i, d)))
                .toList());
    String sum;
    if (vector) {
      String low = folded(p, "_PAIRS", sums.get(0), sums.get(1));
      String high = folded(p, "_PAIRS", sums.get(2), sums.get(3));
      sum = folded(p, "", low, high);
    } else {
      sum = tree(p, sums);
    }
    p.line(d.store("scores", "scoresOffset + (long) r * Float.BYTES", term.stored(d, sum)) + ";");
    return code.append(p.lines).append("    }\n  }\n").toString();
  }

  private static String folded(Program p, String kind, String a, String b) {
    return p.add(
        Selection.of(Element.FLOAT, "FIRST" + kind, a, b),
        Selection.of(Element.FLOAT, "SECOND" + kind, a, b));
  }

  private static String tree(Program p, List<String> sums) {
    return p.add(p.add(sums.get(0), sums.get(2)), p.add(sums.get(1), sums.get(3)));
  }

  private String tiles(Term term) {
    int most = 6;
    StringBuilder code =
        new StringBuilder(SourceText.header(term.method + "Tile", "int rows, " + TILE));
    code.append("    switch (rows) {\n");
    // Tiles of more rows would have more nodes than C2 takes at once; distances take an operation
    // more.
    int largest = term == Term.DISTANCE ? 2 : 3;
    for (int rows = 1; rows <= most; rows++) {
      code.append("      case %d -> {\n".formatted(rows));
      for (int first = 0; first < rows; first += largest) {
        code.append(
            "        %sTile%d(k, a, aIndex + %d * PackedRows.PITCH, b, bOffset, c, %s);\n"
                .formatted(
                    term.method,
                    Math.min(largest, rows - first),
                    first,
                    SourceText.offset("cOffset", first, d)));
      }
      code.append("      }\n");
    }
    code.append(
        "      default -> throw new IllegalArgumentException(\"no tile of \" + rows + \" rows\");\n    }\n  }\n");
    for (int rows = 1; rows <= largest; rows++) {
      code.append(tile(term, rows));
    }
    return code.toString();
  }

  private String tile(Term term, int rows) {
    StringBuilder code =
        new StringBuilder(
            "\n  private static void %sTile%d(%s) {\n".formatted(term.method, rows, TILE));
    code.append("    final %s zero = %s;\n".formatted(d.floats(), d.zero()));
    for (int i = 0; i < rows * PARTIALS; i++) {
      code.append("    %s c%d = zero;\n".formatted(d.floats(), i));
    }
    code.append("    long bp = bOffset;\n");
    code.append("    for (int ap = aIndex; ap < aIndex + k; ap += %d) {\n".formatted(PARTIALS));
    Program p = new Program(d, "      ", "");
    for (int t = 0; t < PARTIALS; t++) {
      String b = p.load("b", SourceText.offset("bp", t, d));
      for (int i = 0; i < rows; i++) {
        String a =
            p.let(d.floats(), d.broadcast("a[ap + %d * PackedRows.PITCH + %d]".formatted(i, t)));
        String sum = "c" + (i * PARTIALS + t);
        p.line(sum + " = " + term.add(p, a, b, sum) + ";");
      }
    }
    p.line("bp += " + d.bytes(PARTIALS) + (vector ? " * Lanes.one" : "") + ";");
    code.append(p.lines).append("    }\n");
    Program end = new Program(d, "    ", "_");
    for (int i = 0; i < rows; i++) {
      int first = i * PARTIALS;
      String sum =
          tree(end, IntStream.range(first, first + PARTIALS).mapToObj(c -> "c" + c).toList());
      end.line(d.store("c", SourceText.offset("cOffset", i, d), term.stored(d, sum)) + ";");
    }
    return code.append(end.lines).append("  }\n").toString();
  }

  private String scale() {
    Program p = new Program(d, "      ", "");
    p.line("final long at = (long) r * Float.BYTES;");
    String product =
        p.mul(p.load("scores", "scoresOffset + at"), p.load("scales", "scalesOffset + at"));
    p.line(d.store("to", "at", product) + ";");
    return SourceText.header(
            "scale",
            "int rows, MemorySegment scores, long scoresOffset, MemorySegment scales, long scalesOffset, MemorySegment to")
        + "    for (int r = 0; r < rows; r += %s) {\n"
            .formatted(d.lanes() + (vector ? " * Lanes.one" : ""))
        + p.lines
        + "    }\n  }\n";
  }

  private String next() {
    String above = vector ? "!%s.compare(VectorOperators.LE, limits).allTrue()" : "!(%s <= limits)";
    String scores = d.load("scores", "scoresOffset + i * " + d.bytes(1));
    return "\n  @Override\n  public int next(int from, int count, MemorySegment scores, long scoresOffset, MemorySegment thresholds, long thresholdsOffset) {\n"
        + "    final %s limits = %s;\n"
            .formatted(d.floats(), d.load("thresholds", "thresholdsOffset"))
        + "    for (int i = from; i < count; i += %s) {\n".formatted(vector ? "Lanes.one" : "1")
        + "      if (%s) {\n        return i;\n      }\n    }\n    return count;\n  }\n"
            .formatted(above.formatted(scores));
  }
}
