import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

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

  private static final String C =
      "MemorySegment c, long cOffset, long cRowStride, boolean accumulate";
  private static final String RUNS =
      "int k, MemorySegment a, long aOffset, long aRowStride, MemorySegment b, long bOffset, long bRowStride, "
          + C;
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
    /** Every row of A has a row of B, or all the same one. */
    EACH("dot"),
    /** A row of B is one number. */
    SCALAR("scaledSum");

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
    StringBuilder code = new StringBuilder();
    for (Rows kind : Rows.values()) {
      code.append(SourceText.header(kind.method, "int rows, " + RUNS));
      if (vector) {
        code.append(
            "    if (k >= LANES) {\n      %sRows(rows, %s);\n      return;\n    }\n"
                .formatted(kind.method, SourceText.names(RUNS)));
      }
      code.append(
          "    strided(rows, k, a, aOffset, aRowStride, %1$s, b, bOffset, bRowStride, %2$s, c, cOffset, cRowStride, accumulate);\n  }\n"
              .formatted(e.bytes(), kind == Rows.SCALAR ? "0" : e.bytes()));
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
    return code.append(Selection.exchanges(e, widest())).toString();
  }

  /** The most lanes of a vector. */
  private int widest() {
    return e == Element.FLOAT ? 16 : 8;
  }

  /** Rows of a call: as many as any vector has lanes for. */
  private int rowsAtATime() {
    return widest() / 4;
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
        code.append(
            "\n  private static void %sRows%d(int rows, %s) {\n"
                .formatted(kind.method, lanes, RUNS));
        code.append(inTurn(kind, lanes)).append("  }\n");
        code.append(rows(kind, lanes, true)).append(rows(kind, lanes, false));
      }
    }
    return code.toString();
  }

  /** Rows by several. */
  private String inTurn(Rows kind, int lanes) {
    String next = next(RUNS);
    return
"""
    int row = 0;
    if (k %% %1$d == 0 && !a.isMapped() && !b.isMapped()) {
      for (; row + %2$d <= rows; row += %2$d) {
        %3$s(%5$s);
      }
    }
    for (; row < rows; row += %2$d) {
      %4$s(Math.min(%2$d, rows - row), %5$s);
    }
"""
        .formatted(PARTIALS, rowsAtATime(), blocks(kind, lanes), someRows(kind, lanes), next);
  }

  /** Arguments for the rows from {@code row} on. */
  private static String next(String parameters) {
    return SourceText.names(parameters).replaceAll("([abc])Offset", "$1Offset + row * $1RowStride");
  }

  /** The kernel of some rows of any length. */
  private String someRows(Rows kind, int lanes) {
    return kind.method + lanes + "x" + rowsAtATime();
  }

  /** The kernel of as many rows, of whole blocks of 64. */
  private String blocks(Rows kind, int lanes) {
    return kind.method + "Blocks" + lanes + "x" + rowsAtATime();
  }

  private static String sum(int vector) {
    return "p" + vector;
  }

  private static List<String> sums(List<Integer> vectors) {
    return vectors.stream().map(DotsSource::sum).toList();
  }

  /**
   * The complete sums of some rows, one after the other, so that memory is read in one run or two:
   * several at once were up to 6 times as slow where they do not come from the nearest cache. Their
   * sums change places like a queue, as code for each of them is too much for C2.
   *
   * @param blocks all rows, of whole blocks of 64, by slices; or as many as are left, of any length
   *     and mapped or not
   */
  private String rows(Rows kind, int lanes, boolean blocks) {
    int most = rowsAtATime();
    int passes = passes(lanes);
    int step = blocks ? blockStep(lanes, passes) : step(lanes, passes);
    List<String> sums = IntStream.range(0, most).mapToObj(r -> "row" + r).toList();
    StringBuilder code = new StringBuilder();
    code.append(
        "\n  private static void %s(%s%s) {\n"
            .formatted(
                blocks ? blocks(kind, lanes) : someRows(kind, lanes),
                blocks ? "" : "int rows, ",
                RUNS));
    code.append(blocks ? stepBytes(step * passes * lanes) : lengths(lanes, step, passes));
    code.append(zeros(sums));
    String count = blocks ? "" + most : "rows";
    code.append("    for (int row = 0; row < %s; row++) {\n".formatted(count));
    code.append(scalar(kind))
        .append(blocks ? blockSums(kind, lanes, passes) : sums(kind, lanes, passes));
    code.append(queue(sums, sum(0)));
    code.append("    aOffset += aRowStride;\n    bOffset += bRowStride;\n    }\n");
    return code.append(lanesTree(sums, lanes, count)).append("  }\n").toString();
  }

  /** What a row of any length begins with, and the steps of its loops. */
  private String lengths(int lanes, int step, int passes) {
    int products = step * passes * lanes;
    return stepBytes(products)
        +
"""
    final int rest = k %% %1$d;
    final int odd = k %% %2$d;
    final long vector = %3$d * Lanes.one * %4$s;
"""
            .formatted(products, lanes, passes * lanes, e.bytes());
  }

  /** The step of a loop: a multiple of what C2 cannot know, which keeps its checks in the loop. */
  private String stepBytes(int products) {
    return "    final long step = %d * Lanes.one * %s;\n".formatted(products, e.bytes());
  }

  /** How many times a row of any length is gone through: its sums are more than registers hold. */
  private static int passes(int lanes) {
    return Math.max(1, PARTIALS / lanes / MOST_ACCUMULATORS);
  }

  /** The vectors of a row in a step of a pass. */
  private static int step(int lanes, int passes) {
    return Math.min(PARTIALS / lanes / passes, LONGEST_STEP);
  }

  /** The same where they are read from slices: as many bytes at every width, if in one pass. */
  private int blockStep(int lanes, int passes) {
    return passes == 1 ? LONGEST_STEP * widest() / lanes : step(lanes, passes);
  }

  private String zeros(List<String> sums) {
    return sums.stream()
        .map(sum -> "    %s %s = %s;\n".formatted(d.floats(), sum, d.zero()))
        .collect(Collectors.joining());
  }

  /**
   * The sum of one row of any length, as one vector. Its products are counted from its end: the
   * first ones, fewer than a step of the loop has, meet partial sums that are still 0. Which
   * partial sum is the first does not matter, as the tree adds those that are half of their number
   * apart.
   *
   * <p>Where a row has more partial sums than a step of the loop is long, they change places like a
   * queue.
   */
  private String sums(Rows kind, int lanes, int passes) {
    int step = step(lanes, passes);
    List<Integer> own = every(passes, PARTIALS / lanes);
    return inPasses(
        passes,
        rest(kind, lanes, passes, own, step)
            + "    for (long at = (long) rest * %1$s%2$s; at < (long) k * %1$s; at += step) {\n"
                .formatted(e.bytes(), passes == 1 ? "" : " + first")
            + products(kind, own, own.subList(0, step), false)
            + "    }\n"
            + addHalves(sums(own)));
  }

  /**
   * The sum of one row from what adds up, as {@code p0}, the partial sums of a pass, which begin
   * with those of vector {@code pass}.
   */
  private String inPasses(int passes, String sum) {
    if (passes == 1) {
      return sum;
    }
    List<String> parts = IntStream.range(0, passes).mapToObj(i -> "part" + i).toList();
    StringBuilder code = new StringBuilder();
    code.append(zeros(parts));
    code.append("    for (int pass = 0; pass < %d; pass++) {\n".formatted(passes));
    code.append("    final long first = pass * %s;\n".formatted(d.bytes(1)));
    code.append(sum).append(queue(parts, sum(0))).append("    }\n");
    return code.append(addHalves(parts))
        .append("    final %s %s = %s;\n".formatted(d.floats(), sum(0), parts.getFirst()))
        .toString();
  }

  /** Every one takes the place of the one before it, and a further one the last place. */
  private static String queue(List<String> variables, String further) {
    StringBuilder code = new StringBuilder();
    for (int i = 1; i < variables.size(); i++) {
      code.append("    %s = %s;\n".formatted(variables.get(i - 1), variables.get(i)));
    }
    return code.append("    %s = %s;\n".formatted(variables.getLast(), further)).toString();
  }

  /** What all products of a row are multiplied by, where that is one number. */
  private String scalar(Rows kind) {
    String value = d.broadcast(new ScalarDialect(e).load("b", "bOffset"));
    return kind == Rows.SCALAR ? "    final %s s0 = %s;\n".formatted(d.floats(), value) : "";
  }

  /**
   * The sum of one row of whole blocks of 64, as one vector. C2 knows that there is a block, so it
   * looks at the operands before the first row, not before each.
   */
  private String blockSums(Rows kind, int lanes, int passes) {
    int step = blockStep(lanes, passes);
    List<Integer> own = every(passes, PARTIALS / lanes);
    return inPasses(
        passes,
        zeros(sums(own))
            + "    for (long at = %s; at < (long) Math.max(k, %d) * %s; at += step) {\n"
                .formatted(passes == 1 ? "0" : "first", PARTIALS, e.bytes())
            + products(kind, own, own.subList(0, step), true)
            + "    }\n"
            + addHalves(sums(own)));
  }

  /** Levels of the tree: adds those that are half of their number apart, until one is left. */
  private String addHalves(List<String> sums) {
    StringBuilder code = new StringBuilder();
    for (int half = sums.size() / 2; half >= 1; half /= 2) {
      for (int i = 0; i < half; i++) {
        String other = sums.get(i + half);
        code.append(
            "    %s = %s;\n".formatted(sums.get(i), d.binary("add", "+", sums.get(i), other)));
      }
    }
    return code.toString();
  }

  /**
   * A step of products of a row. Where it has fewer vectors than the row has partial sums, it adds
   * to the first ones, which then move behind the others. Operands that are sliced are looked at
   * once for all vectors of a step, not for each.
   */
  private String products(Rows kind, List<Integer> vectors, List<Integer> step, boolean sliced) {
    StringBuilder code = new StringBuilder();
    for (String operand : kind == Rows.SCALAR ? List.of("a") : List.of("a", "b")) {
      code.append(
          sliced
              ? "      final MemorySegment %1$sStep = %1$s.asSlice(%1$sOffset + at, %2$s);\n"
                  .formatted(operand, d.bytes(step.getLast() + 1))
              : "");
    }
    if (kind != Rows.SCALAR) {
      for (int v : step) {
        code.append("      final %s y%d = %s;\n".formatted(d.floats(), v, load("b", v, sliced)));
      }
    }
    for (int v : step) {
      String b = kind == Rows.SCALAR ? "s0" : "y" + v;
      code.append("      %s = %s;\n".formatted(sum(v), d.fma(load("a", v, sliced), b, sum(v))));
    }
    if (step.size() < vectors.size()) {
      for (int v : step) {
        code.append("      final %s next%d = %s;\n".formatted(d.floats(), v, sum(v)));
      }
      for (int i = 0; i < vectors.size(); i++) {
        int other = i + step.size();
        code.append(
            "      %s = %s;\n"
                .formatted(
                    sum(vectors.get(i)),
                    other < vectors.size()
                        ? sum(vectors.get(other))
                        : "next" + step.get(other - vectors.size())));
      }
    }
    return code.toString();
  }

  /** A vector of a step. */
  private String load(String operand, int vector, boolean sliced) {
    return sliced
        ? d.load(operand + "Step", d.bytes(vector))
        : d.load(operand, SourceText.offset(operand + "Offset + at", vector, d));
  }

  private static List<Integer> every(int step, int count) {
    return IntStream.iterate(0, v -> v < count, v -> v + step).boxed().toList();
  }

  /**
   * The partial sums of one row with its first products, which are fewer than those of a step.
   * First come those that do not fill a vector: the vector that begins with the row has them too,
   * and they are moved to the last lanes of zeros. Then come whole vectors.
   */
  private String rest(Rows kind, int lanes, int passes, List<Integer> own, int step) {
    List<Integer> last = own.subList(own.size() - step, own.size());
    StringBuilder code = new StringBuilder(zeros(sums(own)));
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
                    : " && rest / %d %% %d == %d - pass".formatted(lanes, passes, passes - 1),
                d.floats(),
                product(kind, "0"),
                sum(last.getLast()),
                Selection.of(e, "IOTA.add(odd - LANES)", "product", "ZERO"),
                passes == 1 ? "odd" : "((rest + pass * %d) %% %d)".formatted(lanes, passes * lanes),
                e.bytes(),
                product(kind, "at")));
    return code.append(queue(sums(last), "product")).append("    }\n").toString();
  }

  /** The products of a vector of one row, as sums that begin. */
  private String product(Rows kind, String at) {
    return d.fma(
        d.load("a", "aOffset + " + at),
        kind == Rows.SCALAR ? "s0" : d.load("b", "bOffset + " + at),
        d.zero());
  }

  /**
   * The levels of the tree within the vectors of some rows; two share a vector as soon as they fit.
   * A lane is added to its partner, so both have the sum, and one of them makes room. Of vectors of
   * two lanes C2 can exchange none, and boxes them.
   *
   * @param count how many of the rows there are, the last ones
   */
  private String lanesTree(List<String> rows, int lanes, String count) {
    StringBuilder code = new StringBuilder();
    if (lanes == 2) {
      return put(
          rows.size(), count, rows.stream().map(row -> row + ".lane(0) + " + row + ".lane(1)"));
    }
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
                    d.binary("add", "+", vector, Selection.exchanged(vector, h))));
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
    int apart = lanes / rows.size();
    return code.append(
            put(
                rows.size(),
                count,
                IntStream.range(0, rows.size()).mapToObj(r -> result + ".lane(" + r * apart + ")")))
        .toString();
  }

  private static String put(int most, String count, Stream<String> sums) {
    return "    put%d(%s, c, cOffset, cRowStride, accumulate, %s);\n"
        .formatted(most, count, sums.collect(Collectors.joining(", ")));
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
    if (vector) {
      int most = rowsAtATime();
      code.append(
          "\n  private static void put%d(int rows, MemorySegment c, long at, long stride, boolean accumulate, %s) {\n"
              .formatted(
                  most,
                  IntStream.range(0, most)
                      .mapToObj(r -> e.primitive + " sum" + r)
                      .collect(Collectors.joining(", "))));
      for (int r = 0; r < most; r++) {
        int behind = most - r;
        code.append(
            "    if (rows >= %1$d) {\n      put1(c, at + (rows - %1$d) * stride, accumulate, sum%2$d);\n    }\n"
                .formatted(behind, r));
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
