import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Sums of products by 64 partial sums, lanes across the partial sums of one output; see DotKernels.
 *
 * <p>A row's partial sums stay in registers from the first product to the end of the tree. How many
 * vectors they fill depends on the machine's width, so there is a method for each; only those of
 * the machine are ever compiled.
 */
final class DotsSource {
  private static final int PARTIALS = 64;

  /** Accumulators that 16 registers hold beside what a step needs. */
  private static final int MOST_ACCUMULATORS = 8;

  private static final String A_AND_B =
      "MemorySegment a, long aOffset, long aRowStride, MemorySegment b, long bOffset, long bRowStride";
  private static final String C =
      "MemorySegment c, long cOffset, long cRowStride, boolean accumulate";
  private static final String RUNS = "int k, " + A_AND_B + ", " + C;
  private static final String STRIDED =
      "int k, MemorySegment a, long aOffset, long aRowStride, long aStride, MemorySegment b, long bOffset, long bRowStride, long bStride, "
          + C;

  private final Dialect d;
  private final Element e;
  private final boolean vector;

  /** Nothing is cast: with casts C1 has too few registers for some of these methods. */
  private DotsSource(Dialect d) {
    this.d = d instanceof VectorDialect vectors ? vectors.uncast() : d;
    this.e = d.element();
    this.vector = d.loops().size() > 1;
  }

  /** How the rows of B are read. */
  private enum Rows {
    /** Every row of A meets the same row of B, which is loaded once. */
    SHARED("dot"),
    /** Every row of A has a row of B. */
    EACH("dotEach"),
    /** A row of B is one number. */
    SCALAR("scaled");

    final String method;

    Rows(String method) {
      this.method = method;
    }
  }

  static String methods(Dialect d) {
    DotsSource source = new DotsSource(d);
    return (source.vector ? source.constants() : "")
        + source.entries()
        + source.strided()
        + (source.vector ? source.vectorRows() : "")
        + source.puts()
        + ReductionsSource.products(d, "accumulate")
        + source.finish();
  }

  private String entries() {
    String dot = "int rows, " + RUNS;
    String contiguous = "k, a, aOffset, aRowStride, %1$s, b, bOffset, bRowStride, %2$s, ";
    String out = "c, cOffset, cRowStride, accumulate";
    StringBuilder code = new StringBuilder();
    for (boolean scalar : new boolean[] {false, true}) {
      code.append(SourceText.header(scalar ? "scaledSum" : "dot", dot));
      if (vector) {
        code.append("    if (k >= LANES) {\n");
        code.append(
            scalar
                ? "      scaledRows(rows, %s);\n".formatted(SourceText.names(RUNS))
                : """
                      if (bRowStride == 0) {
                        dotRows(rows, %1$s);
                      } else {
                        dotEachRows(rows, %1$s);
                      }
                """
                    .formatted(SourceText.names(RUNS)));
        code.append("      return;\n    }\n");
      }
      code.append(
          "    strided(rows, %s%s);\n  }\n"
              .formatted(contiguous.formatted(e.bytes(), scalar ? "0" : e.bytes()), out));
    }
    return code.toString();
  }

  /** One lane, any strides: for the scalar backend, for short sums and for scattered operands. */
  private String strided() {
    String operands = "a, ap, aStride, b, bp, bStride";
    String parameters =
        "int k, MemorySegment a, long aOffset, long aStride, MemorySegment b, long bOffset, long bStride";
    StringBuilder code = new StringBuilder(SourceText.header("strided", "int rows, " + STRIDED));
    code.append(
"""
    for (int row = 0; row < rows; row++) {
      final long ap = aOffset + row * aRowStride;
      final long bp = bOffset + row * bRowStride;
      final %1$s sum = k <= 16 ? few(k, %2$s) : many(k, %2$s);
      put1(c, cOffset + row * cRowStride, accumulate, sum);
    }
  }

  /** At most 16 products: what the tree adds to them is +0, which takes the sign from a zero. */
  private static %1$s few(%3$s) {
"""
            .formatted(e.primitive, operands, parameters));
    for (int i = 0; i < 16; i++) {
      code.append(
          "    final %1$s q%2$d = %2$d < k ? Math.fma(%3$s, %4$s, %5$s) + %5$s : %5$s;\n"
              .formatted(e.primitive, i, at("a", "aOffset", i), at("b", "bOffset", i), zero()));
    }
    code.append("    return %s;\n  }\n".formatted(tree(0, 1, 16)));
    code.append("\n  private static %s many(%s) {\n".formatted(e.primitive, parameters));
    for (int i = 0; i < 16; i++) {
      code.append(
          "    final %s q%d = four(%d, %s);\n"
              .formatted(e.primitive, i, i, SourceText.names(parameters)));
    }
    code.append("    return %s;\n  }\n".formatted(tree(0, 1, 16)));
    code.append(
"""

  /** Partial sums i, i + 16, i + 32 and i + 48, and the first two levels of the tree. */
  private static %1$s four(int i, %2$s) {
    %1$s p0 = %3$s;
    %1$s p1 = %3$s;
    %1$s p2 = %3$s;
    %1$s p3 = %3$s;
    long ap = aOffset + i * aStride;
    long bp = bOffset + i * bStride;
    int p = i;
    for (; p < k - 48; p += 64) {
      p0 = Math.fma(%4$s, %5$s, p0);
      p1 = Math.fma(%6$s, %7$s, p1);
      p2 = Math.fma(%8$s, %9$s, p2);
      p3 = Math.fma(%10$s, %11$s, p3);
      ap += 64 * aStride;
      bp += 64 * bStride;
    }
    if (p < k) {
      p0 = Math.fma(%4$s, %5$s, p0);
    }
    if (p < k - 16) {
      p1 = Math.fma(%6$s, %7$s, p1);
    }
    if (p < k - 32) {
      p2 = Math.fma(%8$s, %9$s, p2);
    }
    return (p0 + p2) + (p1 + p3);
  }
"""
            .formatted(
                e.primitive,
                parameters,
                zero(),
                at("a", "ap", 0),
                at("b", "bp", 0),
                at("a", "ap", 16),
                at("b", "bp", 16),
                at("a", "ap", 32),
                at("b", "bp", 32),
                at("a", "ap", 48),
                at("b", "bp", 48)));
    return code.toString();
  }

  private String at(String operand, String base, int index) {
    return new ScalarDialect(e)
        .load(operand, base + (index == 0 ? "" : " + " + index + " * " + operand + "Stride"));
  }

  private String zero() {
    return new ScalarDialect(e).zero();
  }

  /** q[i] += q[i + count / 2] and so on, as one expression. */
  private static String tree(int from, int step, int count) {
    return step == count
        ? "q" + from
        : "(" + tree(from, 2 * step, count) + " + " + tree(from + step, 2 * step, count) + ")";
  }

  private String constants() {
    String indices = Selection.type(e);
    StringBuilder code = new StringBuilder();
    code.append(
"""
  private static final %1$s ZERO = %1$s.zero(F);

  /** What changes no partial sum, not even -0, when it is added: +0 times this is -0. */
  private static final %1$s MINUS_ZERO = %1$s.broadcast(F, -0%2$s);

  /** The lanes of one vector, 0, 1, 2, ... */
  private static final %3$s IOTA = swap(0);

"""
            .formatted(d.floats(), e.literalSuffix.isEmpty() ? "d" : e.literalSuffix, indices));
    int apart = rowsAtATime(widestVectors());
    for (int h = widest() / 2; h >= 1; h /= 2) {
      code.append("  private static final %1$s SWAP%2$d = swap(%2$d);\n".formatted(indices, h));
      if (apart > 1) {
        code.append(
            "  private static final %1$s FIRST%2$d = halves(%2$d, 0);\n".formatted(indices, h));
        code.append(
            "  private static final %1$s SECOND%2$d = halves(%2$d, %2$d);\n".formatted(indices, h));
      }
      apart /= 2;
    }
    return code.append(
"""

  /** Exchanges neighbouring groups of lanes. */
  private static %1$s swap(int group) {
    %2$s[] indices = new %2$s[LANES];
    for (int i = 0; i < LANES; i++) {
      final int lane = (i ^ group) %% LANES;
      indices[i] = lane;
    }
    return %3$s;
  }

  /** Of every two groups of lanes in two vectors the one that starts at first, side by side. */
  private static %1$s halves(int group, int first) {
    %2$s[] indices = new %2$s[LANES];
    for (int i = 0; i < LANES; i++) {
      final int lane = (i / group * 2 * group + i %% group + first) %% (2 * LANES);
      indices[i] = lane;
    }
    return %3$s;
  }
"""
                .formatted(indices, Selection.primitive(e), Selection.fromArray(e, "indices")))
        .toString();
  }

  /** The most lanes of a vector. */
  private int widest() {
    return e == Element.FLOAT ? 16 : 8;
  }

  /** Rows at a time: of the widest vectors 16 accumulators, of narrower ones a row's. */
  private int rowsAtATime(int vectors) {
    return PARTIALS / vectors == widest() ? 16 / vectors : 1;
  }

  private String vectorRows() {
    StringBuilder code = new StringBuilder();
    for (Rows kind : Rows.values()) {
      code.append("\n  private static void %sRows(int rows, %s) {\n".formatted(kind.method, RUNS));
      code.append("    switch (LANES) {\n");
      for (int lanes = widest(); lanes >= widest() / 4; lanes /= 2) {
        code.append(
            "      case %d -> %sRows%d(rows, %s);\n"
                .formatted(lanes, kind.method, lanes, SourceText.names(RUNS)));
      }
      code.append(
          "      default -> throw new IllegalStateException(\"no sums of \" + LANES + \" lanes\");\n    }\n  }\n");
      for (int lanes = widest(); lanes >= widest() / 4; lanes /= 2) {
        int together = rowsAtATime(PARTIALS / lanes);
        code.append(
            "\n  private static void %sRows%d(int rows, %s) {\n    int row = 0;\n"
                .formatted(kind.method, lanes, RUNS));
        for (int count : together == 1 ? List.of(1) : List.of(together, 1)) {
          code.append(count == 1 ? "" : "    if (k %% %d == 0) {\n".formatted(PARTIALS));
          code.append(rowLoop(count == 1 && kind == Rows.EACH ? Rows.SHARED : kind, lanes, count));
          code.append(count == 1 ? "" : "    }\n");
        }
        code.append("  }\n");
        for (int count : together == 1 ? List.of(1) : List.of(together, 1)) {
          if (count > 1 || kind != Rows.EACH) {
            code.append(rows(kind, lanes, count));
          }
        }
      }
    }
    return code.toString();
  }

  private static String rowLoop(Rows kind, int lanes, int count) {
    String next =
        SourceText.names(runs(kind, count))
            .replaceAll("([abc])Offset", "$1Offset + row * $1RowStride");
    return "    for (; row + %1$d <= rows; row += %1$d) {\n      %2$s%1$d(%3$s);\n    }\n"
        .formatted(count, name(kind, lanes), next);
  }

  /** The parameters of a kernel of some rows: one row has no distance to the next. */
  private static String runs(Rows kind, int rows) {
    if (rows == 1) {
      return RUNS.replaceAll(", long [abc]RowStride", "");
    }
    return kind == Rows.SHARED ? RUNS.replace(", long bRowStride", "") : RUNS;
  }

  private static String name(Rows kind, int lanes) {
    return kind.method + lanes + "x";
  }

  private static String sum(int row, int vector) {
    return "p" + row + "_" + vector;
  }

  /** The complete sums of some rows. */
  private String rows(Rows kind, int lanes, int rows) {
    int vectors = PARTIALS / lanes;
    int passes = rows > 1 ? 1 : Math.max(1, vectors / MOST_ACCUMULATORS);
    StringBuilder code = new StringBuilder();
    code.append(
        "\n  private static void %s%d(%s) {\n"
            .formatted(name(kind, lanes), rows, runs(kind, rows)));
    if (rows == 1) {
      code.append("    final int whole = k - k %% %d;\n".formatted(PARTIALS));
      code.append("    final int rest = k - whole;\n");
    }
    code.append("    final long step = %d * Lanes.one * %s;\n".formatted(PARTIALS, e.bytes()));
    for (int r = 1; r < rows; r++) {
      code.append("    final long a%1$d = aOffset + %1$d * aRowStride;\n".formatted(r));
      if (kind != Rows.SHARED) {
        code.append("    final long b%1$d = bOffset + %1$d * bRowStride;\n".formatted(r));
      }
    }
    if (kind == Rows.SCALAR) {
      for (int r = 0; r < rows; r++) {
        String value = new ScalarDialect(e).load("b", r == 0 ? "bOffset" : "b" + r);
        code.append("    final %s s%d = %s;\n".formatted(d.floats(), r, d.broadcast(value)));
      }
    }
    for (int pass = 0; pass < passes; pass++) {
      List<Integer> own = every(pass, passes, vectors);
      for (List<Integer> together : loops(kind, rows)) {
        code.append(loop(kind, together, own, rows == 1 ? "whole" : "k"));
        if (rows == 1) {
          code.append(rest(kind, lanes, own));
        }
        for (int half = own.size() / 2; half >= 1; half /= 2) {
          for (int i = 0; i < half; i++) {
            for (int r : together) {
              code.append(fold(r, own.get(i), own.get(i + half)));
            }
          }
        }
      }
    }
    for (int half = passes / 2; half >= 1; half /= 2) {
      for (int i = 0; i < half; i++) {
        for (int r = 0; r < rows; r++) {
          code.append(fold(r, i, i + half));
        }
      }
    }
    return code.append(lanesTree(lanes, rows)).append("  }\n").toString();
  }

  /**
   * The rows whose products one loop computes: all of them where they share B's row, one by one
   * where each has its own, so that memory is read in two runs instead of eight (1.5 times the
   * speed for rows of 64).
   */
  private static List<List<Integer>> loops(Rows kind, int rows) {
    List<Integer> all = every(0, 1, rows);
    return kind == Rows.EACH ? all.stream().map(List::of).toList() : List.of(all);
  }

  /** The products of some rows up to an end, in some of their partial sums. */
  private String loop(Rows kind, List<Integer> rows, List<Integer> vectors, String end) {
    StringBuilder code = new StringBuilder();
    for (int v : vectors) {
      for (int r : rows) {
        code.append("    %s %s = %s;\n".formatted(d.floats(), sum(r, v), d.zero()));
      }
    }
    code.append(
        "    for (long at = 0; at < (long) %s * %s; at += step) {\n".formatted(end, e.bytes()));
    for (int v : vectors) {
      code.append(step(kind, rows, v, "      "));
    }
    return code.append("    }\n").toString();
  }

  private int widestVectors() {
    return PARTIALS / widest();
  }

  private static List<Integer> every(int first, int step, int count) {
    return IntStream.iterate(first, v -> v < count, v -> v + step).boxed().toList();
  }

  private String fold(int row, int vector, int other) {
    return "    %1$s = %2$s;\n"
        .formatted(sum(row, vector), d.binary("add", "+", sum(row, vector), sum(row, other)));
  }

  /** One vector of products of some rows. */
  private String step(Rows kind, List<Integer> rows, int v, String indent) {
    StringBuilder code = new StringBuilder();
    String at = SourceText.offset("at", v, d);
    for (int r : rows) {
      String b = kind == Rows.SCALAR ? "s" + r : "y" + v;
      if (kind != Rows.SCALAR && r == rows.getFirst()) {
        code.append("%sfinal %s %s = %s;\n".formatted(indent, d.floats(), b, load("b", r, at)));
      }
      code.append(
          "%s%s = %s;\n".formatted(indent, sum(r, v), d.fma(load("a", r, at), b, sum(r, v))));
    }
    return code.toString();
  }

  private String load(String operand, int row, String at) {
    return d.load(operand, (row == 0 ? operand + "Offset" : operand + row) + " + " + at);
  }

  /**
   * The products behind the last whole 64 of one row: whole vectors of them, and then fewer than a
   * vector has lanes, which are taken from the vector that ends with the run, its lanes moved to
   * the front and the others filled so that their product is -0.
   */
  private String rest(Rows kind, int lanes, List<Integer> own) {
    StringBuilder code = new StringBuilder();
    code.append("    if (rest > 0) {\n");
    code.append("      final long at = (long) whole * %s;\n".formatted(e.bytes()));
    for (int v : own) {
      if (v < PARTIALS / lanes - 1) {
        code.append("      if (rest >= %d) {\n".formatted((v + 1) * lanes));
        code.append(step(kind, List.of(0), v, "        ")).append("      }\n");
      }
    }
    String end = "(long) (k - LANES) * " + e.bytes();
    code.append(
"""
      final int odd = rest %% %1$d;
      if (odd > 0) {
        final %3$s front = IOTA.add(LANES - odd);
        final %2$s x = %4$s;
        final %2$s y = %5$s;
        switch (rest / %1$d) {
"""
            .formatted(
                lanes,
                d.floats(),
                Selection.type(e),
                Selection.of(e, "front", load("a", 0, end), "ZERO"),
                Selection.of(
                    e, "front", kind == Rows.SCALAR ? "s0" : load("b", 0, end), "MINUS_ZERO")));
    for (int v : own) {
      code.append(
          "          case %d -> %s = %s;\n".formatted(v, sum(0, v), d.fma("x", "y", sum(0, v))));
    }
    return code.append("          default -> {}\n        }\n      }\n    }\n").toString();
  }

  /** The levels of the tree within a vector; two rows share a vector as soon as they fit. */
  private String lanesTree(int lanes, int rows) {
    StringBuilder code = new StringBuilder();
    List<String> left = IntStream.range(0, rows).mapToObj(r -> sum(r, 0)).toList();
    int names = 0;
    for (int h = lanes / 2; h >= 1; h /= 2) {
      if (left.size() > 1) {
        List<String> next = new ArrayList<>();
        for (int i = 0; i < left.size(); i += 2) {
          String name = "t" + names++;
          code.append(
              "    final %s %s = %s;\n"
                  .formatted(
                      d.floats(),
                      name,
                      d.binary(
                          "add",
                          "+",
                          Selection.of(e, "FIRST" + h, left.get(i), left.get(i + 1)),
                          Selection.of(e, "SECOND" + h, left.get(i), left.get(i + 1)))));
          next.add(name);
        }
        left = next;
      } else {
        String name = "t" + names++;
        String x = left.getFirst();
        code.append(
            "    final %s %s = %s;\n"
                .formatted(
                    d.floats(), name, d.binary("add", "+", x, Selection.of(e, "SWAP" + h, x, x))));
        left = List.of(name);
      }
    }
    String result = left.getFirst();
    code.append(
        "    put%d(c, cOffset, %saccumulate, %s);\n"
            .formatted(
                rows,
                rows == 1 ? "" : "cRowStride, ",
                IntStream.range(0, rows)
                    .mapToObj(r -> result + ".lane(" + r * (lanes / rows) + ")")
                    .collect(Collectors.joining(", "))));
    return code.toString();
  }

  /** Sums go to memory behind a call: the code for it would make a kernel too large for C1. */
  private String puts() {
    ScalarDialect one = new ScalarDialect(e);
    StringBuilder code = new StringBuilder();
    code.append(
"""

  private static void put1(MemorySegment c, long at, boolean accumulate, %1$s sum) {
    %2$s;
  }
"""
            .formatted(
                e.primitive,
                one.store("c", "at", "accumulate ? " + one.load("c", "at") + " + sum : sum")));
    int together = vector ? rowsAtATime(widestVectors()) : 1;
    if (together > 1) {
      code.append(
          "\n  private static void put%d(MemorySegment c, long at, long stride, boolean accumulate, %s) {\n"
              .formatted(
                  together,
                  IntStream.range(0, together)
                      .mapToObj(r -> e.primitive + " sum" + r)
                      .collect(Collectors.joining(", "))));
      for (int r = 0; r < together; r++) {
        code.append("    put1(c, at + %1$d * stride, accumulate, sum%1$d);\n".formatted(r));
      }
      code.append("  }\n");
    }
    return code.toString();
  }

  private String finish() {
    String array = e.primitive + "[] partials";
    String parameters = array + ", MemorySegment c, long cOffset, boolean accumulate";
    StringBuilder code = new StringBuilder(SourceText.header("reset", array));
    code.append(
        "    for (int i = 0; i < Partials.COUNT; i++) {\n      partials[i] = %s;\n    }\n  }\n"
            .formatted(zero()));
    return code.append(SourceText.header("finish", parameters))
        .append(
"""
    for (int half = Partials.COUNT / 2; half > 0; half /= 2) {
      for (int i = 0; i < half; i++) {
        partials[i] += partials[i + half];
      }
    }
    put1(c, cOffset, accumulate, partials[0]);
  }
""")
        .toString();
  }
}
