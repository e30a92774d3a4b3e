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

  /** Vectors of one row in a step of a loop: code for more is too much for C2. */
  private static final int LONGEST_STEP = 4;

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

  private DotsSource(Dialect d) {
    this.d = d;
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
    StringBuilder code = new StringBuilder();
    code.append(
"""
  private static final %1$s ZERO = %1$s.zero(F);

  /** The lanes of one vector, 0, 1, 2, ... */
  private static final %2$s IOTA = %2$s.zero(%3$s).addIndex(1);

"""
            .formatted(d.floats(), Selection.type(e), Selection.species(e)));
    int apart = rowsAtATime(widestVectors());
    for (int h = widest() / 2; h >= 1; h /= 2) {
      code.append(
          "  private static final VectorShuffle<%1$s> SWAP%2$d = F.shuffleFromOp(i -> (i ^ %2$d) %% LANES);\n"
              .formatted(e.capital, h));
      if (apart > 1) {
        code.append(
            "  private static final VectorMask<%1$s> SECOND%2$d = second(%2$d);\n"
                .formatted(e.capital, h));
      }
      apart /= 2;
    }
    return code.append(
"""

  /** Of every two groups of lanes the second one. */
  private static VectorMask<%1$s> second(int group) {
    long bits = 0;
    for (int i = 0; i < LANES; i++) {
      bits |= (i & group) == 0 ? 0 : 1L << i;
    }
    return VectorMask.fromLong(F, bits);
  }
"""
                .formatted(e.capital))
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
            code.append(count == 1 ? row(kind, lanes) : rows(kind, lanes, count));
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

  /**
   * The complete sums of some rows of whole blocks of 64. Rows that meet the same row of B are
   * computed together. Others come one after the other, so that memory is read in two runs instead
   * of eight (1.5 times the speed for rows of 64), and change places like a queue, as code for each
   * of them is too much for C2.
   */
  private String rows(Rows kind, int lanes, int rows) {
    List<Integer> vectors = every(0, 1, PARTIALS / lanes);
    int step = kind == Rows.SHARED ? vectors.size() : Math.min(vectors.size(), LONGEST_STEP);
    StringBuilder code = new StringBuilder(head(kind, lanes, rows, step));
    List<String> sums;
    if (kind == Rows.SHARED) {
      for (int r = 1; r < rows; r++) {
        code.append("    final long a%1$d = aOffset + %1$d * aRowStride;\n".formatted(r));
      }
      code.append(sums(kind, every(0, 1, rows), vectors, step));
      sums = IntStream.range(0, rows).mapToObj(r -> sum(r, 0)).toList();
    } else {
      sums = IntStream.range(0, rows).mapToObj(r -> "row" + r).toList();
      for (String row : sums) {
        code.append("    %s %s = %s;\n".formatted(d.floats(), row, d.zero()));
      }
      code.append("    for (int row = 0; row < %d; row++) {\n".formatted(rows));
      code.append(scalar(kind)).append(sums(kind, List.of(0), vectors, step));
      for (int r = 1; r < rows; r++) {
        code.append("    %s = %s;\n".formatted(sums.get(r - 1), sums.get(r)));
      }
      code.append("    %s = %s;\n".formatted(sums.getLast(), sum(0, 0)));
      code.append("    aOffset += aRowStride;\n    bOffset += bRowStride;\n    }\n");
    }
    return code.append(lanesTree(lanes, sums)).append("  }\n").toString();
  }

  /** The sums of some rows of whole blocks, one vector each. */
  private String sums(Rows kind, List<Integer> rows, List<Integer> vectors, int step) {
    StringBuilder code = new StringBuilder();
    for (int v : vectors) {
      for (int r : rows) {
        code.append("    %s %s = %s;\n".formatted(d.floats(), sum(r, v), d.zero()));
      }
    }
    return code.append(loop(kind, rows, "0", vectors, vectors.subList(0, step)))
        .append(folds(rows, vectors))
        .toString();
  }

  /**
   * The complete sum of one row of any length. Its products are counted from its end: the first
   * ones, fewer than a step of the loop has, meet partial sums that are still 0. Which partial sum
   * is the first does not matter, as the tree adds those that are half of their number apart.
   *
   * <p>Where a row has more partial sums than a step of the loop is long, they change places like a
   * queue.
   */
  private String row(Rows kind, int lanes) {
    int vectors = PARTIALS / lanes;
    int passes = Math.max(1, vectors / MOST_ACCUMULATORS);
    int step = Math.min(vectors / passes, LONGEST_STEP);
    StringBuilder code = new StringBuilder(head(kind, lanes, 1, step * passes));
    code.append("    final int rest = k %% %d;\n".formatted(step * passes * lanes));
    code.append("    final int odd = k %% %d;\n".formatted(lanes));
    code.append(
        "    final long vector = %d * Lanes.one * %s;\n".formatted(passes * lanes, e.bytes()));
    code.append(scalar(kind));
    for (int pass = 0; pass < passes; pass++) {
      List<Integer> own = every(pass, passes, vectors);
      code.append(rest(kind, lanes, passes, own, step));
      code.append(loop(kind, List.of(0), "(long) rest * " + e.bytes(), own, own.subList(0, step)));
      code.append(folds(List.of(0), own));
    }
    code.append(folds(List.of(0), every(0, 1, passes)));
    return code.append(
            "    put1(c, cOffset, accumulate, %s);\n  }\n"
                .formatted(tree(0, 1, lanes).replaceAll("q(\\d+)", sum(0, 0) + ".lane($1)")))
        .toString();
  }

  /** The begin of a kernel of some rows, whose loop has steps of some vectors. */
  private String head(Rows kind, int lanes, int rows, int vectors) {
    StringBuilder code = new StringBuilder();
    code.append(
        "\n  private static void %s%d(%s) {\n"
            .formatted(name(kind, lanes), rows, runs(kind, rows)));
    code.append(
        "    final long step = %d * Lanes.one * %s;\n".formatted(vectors * lanes, e.bytes()));
    return code.toString();
  }

  /** What all products of a row are multiplied by, where that is one number. */
  private String scalar(Rows kind) {
    String value = d.broadcast(new ScalarDialect(e).load("b", "bOffset"));
    return kind == Rows.SCALAR ? "    final %s s0 = %s;\n".formatted(d.floats(), value) : "";
  }

  /** The levels of the tree that add whole vectors. */
  private String folds(List<Integer> rows, List<Integer> vectors) {
    StringBuilder code = new StringBuilder();
    for (int half = vectors.size() / 2; half >= 1; half /= 2) {
      for (int i = 0; i < half; i++) {
        for (int r : rows) {
          code.append(fold(r, vectors.get(i), vectors.get(i + half)));
        }
      }
    }
    return code.toString();
  }

  /**
   * The products of some rows from a position to the end. Where a step has fewer vectors than a row
   * has partial sums, it adds to the first ones, which then move behind the others.
   */
  private String loop(
      Rows kind, List<Integer> rows, String from, List<Integer> vectors, List<Integer> step) {
    StringBuilder code = new StringBuilder();
    code.append(
        "    for (long at = %s; at < (long) k * %s; at += step) {\n".formatted(from, e.bytes()));
    for (int v : step) {
      code.append(step(kind, rows, v));
    }
    if (step.size() < vectors.size()) {
      for (int v : step) {
        code.append("      final %s next%d = %s;\n".formatted(d.floats(), v, sum(0, v)));
      }
      for (int i = 0; i < vectors.size(); i++) {
        int other = i + step.size();
        code.append(
            "      %s = %s;\n"
                .formatted(
                    sum(0, vectors.get(i)),
                    other < vectors.size()
                        ? sum(0, vectors.get(other))
                        : "next" + step.get(other - vectors.size())));
      }
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
  private String step(Rows kind, List<Integer> rows, int v) {
    StringBuilder code = new StringBuilder();
    String at = SourceText.offset("at", v, d);
    String b = kind == Rows.SCALAR ? "s0" : "y" + v;
    if (kind != Rows.SCALAR) {
      code.append("      final %s %s = %s;\n".formatted(d.floats(), b, load("b", 0, at)));
    }
    for (int r : rows) {
      code.append("      %s = %s;\n".formatted(sum(r, v), d.fma(load("a", r, at), b, sum(r, v))));
    }
    return code.toString();
  }

  private String load(String operand, int row, String at) {
    return d.load(operand, (row == 0 ? operand + "Offset" : operand + row) + " + " + at);
  }

  /**
   * The partial sums of one row with its first products, which are fewer than those of a step.
   * First come those that do not fill a vector: the vector that begins with the row has them too,
   * and they are moved to the last lanes of zeros. Then come whole vectors.
   */
  private String rest(Rows kind, int lanes, int passes, List<Integer> own, int step) {
    int pass = own.getFirst();
    List<Integer> last = own.subList(own.size() - step, own.size());
    StringBuilder code = new StringBuilder();
    for (int v : own) {
      code.append("    %s %s = %s;\n".formatted(d.floats(), sum(0, v), d.zero()));
    }
    code.append(
"""
    if (odd > 0%1$s) {
      final %2$s product = %3$s;
      %4$s = %5$s;
    }
    for (long at = (long) %6$s * %7$s; at < (long) rest * %7$s; at += vector) {
      final %2$s product = %8$s;
"""
            .formatted(
                passes == 1
                    ? ""
                    : " && rest / %d %% %d == %d".formatted(lanes, passes, passes - 1 - pass),
                d.floats(),
                product(kind, "0"),
                sum(0, last.getLast()),
                Selection.of(e, "IOTA.add(odd - LANES)", "product", "ZERO"),
                passes == 1 ? "odd" : "((rest + %d) %% %d)".formatted(pass * lanes, passes * lanes),
                e.bytes(),
                product(kind, "at")));
    for (int i = 1; i < step; i++) {
      code.append("      %s = %s;\n".formatted(sum(0, last.get(i - 1)), sum(0, last.get(i))));
    }
    return code.append("      %s = product;\n    }\n".formatted(sum(0, last.getLast()))).toString();
  }

  /** The products of a vector of one row, as sums that begin. */
  private String product(Rows kind, String at) {
    return d.fma(load("a", 0, at), kind == Rows.SCALAR ? "s0" : load("b", 0, at), d.zero());
  }

  /**
   * The levels of the tree within the vectors of some rows; two share a vector as soon as they fit.
   * A lane is added to its partner, so both have the sum, and one of them makes room.
   */
  private String lanesTree(int lanes, List<String> rows) {
    StringBuilder code = new StringBuilder();
    List<String> left = rows;
    int names = 0;
    for (int h = lanes / 2; h >= 1; h /= 2) {
      List<String> next = new ArrayList<>();
      for (String vector : left) {
        String name = "t" + names++;
        code.append(
            "    final %s %s = %s;\n"
                .formatted(
                    d.floats(),
                    name,
                    d.binary(
                        "add",
                        "+",
                        vector,
                        VectorDialect.known("F", vector) + ".rearrange(SWAP" + h + ")")));
        next.add(name);
      }
      left = next;
      if (left.size() > 1) {
        next = new ArrayList<>();
        for (int i = 0; i < left.size() / 2; i++) {
          String name = "t" + names++;
          code.append(
              "    final %s %s = %s.blend(%s, SECOND%d);\n"
                  .formatted(d.floats(), name, left.get(i), left.get(i + left.size() / 2), h));
          next.add(name);
        }
        left = next;
      }
    }
    String result = left.getFirst();
    return code.append(
            "    put%d(c, cOffset, cRowStride, accumulate, %s);\n"
                .formatted(
                    rows.size(),
                    IntStream.range(0, rows.size())
                        .mapToObj(r -> result + ".lane(" + r * (lanes / rows.size()) + ")")
                        .collect(Collectors.joining(", "))))
        .toString();
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
