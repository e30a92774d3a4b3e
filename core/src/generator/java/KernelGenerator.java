import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Writes the kernel classes of both backends. A kernel is defined here once, as a scalar program with an explicit order of floating-point
 * operations, and rendered in two dialects: one lane (the scalar backend, and the tails of vector loops) and a vector of lanes. What a
 * kernel means is documented at its interface in {@code dev.lanewise.internal.kernel}.
 *
 * <p>Run by the build: {@code java KernelGenerator.java OUTPUT_DIRECTORY}.
 */
final class KernelGenerator {
  private static final String KERNEL_PACKAGE = "dev.lanewise.internal.kernel";

  public static void main(String[] args) throws IOException {
    Path output = Path.of(args[0]);
    for (Dialect dialect : List.of(new ScalarDialect(), new VectorDialect())) {
      write(output, dialect, "Elementwise", "ElementwiseKernels", elementwise(dialect));
      write(output, dialect, "Reductions", "ReductionKernels", reductions(dialect));
      write(output, dialect, "Rows", "RowKernels", rows(dialect));
    }
    // 14x2 and 4x2 vectors: the tiles measured best with 32 registers of 512 bits and with 16 registers. A scalar tile is 4x4 values.
    for (int[] tile : new int[][] {{14, 2}, {4, 2}}) {
      microKernel(output, new VectorDialect(), tile[0], tile[1]);
    }
    microKernel(output, new ScalarDialect(), 4, 4);
  }

  // ------------------------------------------------------------------------------------------------------ the programs

  /** A value of a program: its operations, in whichever dialect. Each result gets a name, so that the generated code can be read. */
  private static final class Program {
    final Dialect dialect;
    private final StringBuilder lines = new StringBuilder();
    private final String indent;
    private final String suffix;
    private int names;

    Program(Dialect dialect, String indent, String suffix) {
      this.dialect = dialect;
      this.indent = indent;
      this.suffix = suffix;
    }

    String line(String text) {
      lines.append(indent).append(text).append('\n');
      return text;
    }

    String let(String type, String expression) {
      String name = "t" + names++ + suffix;
      line("final " + type + " " + name + " = " + expression + ";");
      return name;
    }

    private String value(String expression) {
      return let(dialect.floats(), expression);
    }

    String load(String segment, String offset) {
      return value(dialect.load(segment, offset));
    }

    /**
     * Puts a scalar parameter at hand in every lane, inside the loop that needs it: a vector that is made at the top of a method, and not used because rows are narrower than a
     * vector, may be put on the heap by C2.
     */
    void broadcast(String scalar) {
      if (!dialect.broadcastName(scalar).equals(scalar)) {
        line("final " + dialect.floats() + " " + dialect.broadcastName(scalar) + " = " + dialect.broadcast(scalar) + ";");
      }
    }

    String add(String a, String b) {
      return value(dialect.binary("add", "+", a, b));
    }

    String sub(String a, String b) {
      return value(dialect.binary("sub", "-", a, b));
    }

    String mul(String a, String b) {
      return value(dialect.binary("mul", "*", a, b));
    }

    String div(String a, String b) {
      return value(dialect.binary("div", "/", a, b));
    }

    String fma(String a, String b, String c) {
      return value(dialect.fma(a, b, c));
    }

    /** {@code a comparison b ? ifTrue : otherwise}; the comparison is &lt; or &gt;. */
    String select(String a, String comparison, String b, String ifTrue, String otherwise) {
      return value(dialect.select(a, comparison, b, ifTrue, otherwise));
    }

    String constant(String literal) {
      return dialect.constant(literal);
    }

    /**
     * exp(x), see docs/numerics.md: x is clamped to where the result is 0 or infinite anyway, split into n ln 2 + r, a polynomial in r is
     * evaluated by Horner's rule, and the result scaled by 2^n in two exact steps, of which only the last can round (to a subnormal).
     */
    String exp(String x) {
      String low = select(x, "<", constant("-104f"), constant("-104f"), x);
      String clamped = select(low, ">", constant("89f"), constant("89f"), low);
      // Adding 1.5 * 2^23 rounds to an integer and leaves that integer in the low bits.
      String shifted = fma(clamped, constant("0x1.715476p+0f"), constant("0x1.8p23f"));
      String n = sub(shifted, constant("0x1.8p23f"));
      String high = fma(n, constant("-0x1.62e4p-1f"), clamped);
      String r = fma(n, constant("-0x1.7f7d1cp-20f"), high);
      String p = constant("0x1.a01a02p-13f");
      for (String coefficient :
          List.of("0x1.6c16c2p-10f", "0x1.111112p-7f", "0x1.555556p-5f", "0x1.555556p-3f", "0.5f", "1f", "1f")) {
        p = fma(p, r, constant(coefficient));
      }
      String integer = let(dialect.ints(), dialect.exponent(shifted));
      String half = let(dialect.ints(), dialect.halve(integer));
      String firstScale = value(dialect.powerOfTwo(half));
      String rest = let(dialect.ints(), dialect.subtractInts(integer, half));
      String secondScale = value(dialect.powerOfTwo(rest));
      return mul(mul(p, firstScale), secondScale);
    }
  }

  private interface Body {
    /** Emits the program for the run's current position and returns what is stored in each of the outputs, in their order. */
    List<String> emit(Program p, Function<String, String> in);
  }

  private static String elementwise(Dialect d) {
    return map(d, "add", "a b", "c", "", (p, in) -> List.of(p.add(in.apply("a"), in.apply("b"))))
        + map(d, "addScalar", "a", "c", "s", (p, in) -> List.of(p.add(in.apply("a"), in.apply("s"))))
        + map(d, "axpy", "x", "y", "alpha", (p, in) -> List.of(p.fma(in.apply("alpha"), in.apply("x"), in.apply("y"))))
        + map(d, "relu", "x", "y", "",
            (p, in) -> {
              String x = in.apply("x");
              return List.of(p.select(x, "<", p.constant("0f"), p.constant("0f"), x));
            })
        + map(d, "reluGradient", "y g", "d", "",
            (p, in) ->
                List.of(p.add(in.apply("d"), p.select(in.apply("y"), ">", p.constant("0f"), in.apply("g"), p.constant("0f")))))
        + map(d, "differenceGradient", "x t", "d", "alpha",
            (p, in) -> List.of(p.fma(in.apply("alpha"), p.sub(in.apply("x"), in.apply("t")), in.apply("d"))))
        + map(d, "squaredDifference", "x t", "y", "",
            (p, in) -> {
              String difference = p.sub(in.apply("x"), in.apply("t"));
              return List.of(p.mul(difference, difference));
            })
        + map(d, "squaredDifferenceGradient", "x t g", "d", "sign",
            (p, in) -> {
              String twice = p.mul(p.mul(p.constant("2f"), in.apply("sign")), p.sub(in.apply("x"), in.apply("t")));
              return List.of(p.fma(twice, in.apply("g"), in.apply("d")));
            })
        + map(d, "expGradient", "x", "d", "shift alpha",
            (p, in) -> List.of(p.fma(in.apply("alpha"), p.exp(p.sub(in.apply("x"), in.apply("shift"))), in.apply("d"))))
        + map(d, "sgdDecay", "g", "w", "sign weightDecay negativeRate",
            (p, in) -> List.of(p.fma(in.apply("negativeRate"), decayed(p, in), in.apply("w"))))
        + map(d, "sgdMomentum", "g", "b w", "sign weightDecay momentum scale negativeRate",
            (p, in) -> {
              String b = buffer(p, in, decayed(p, in));
              return List.of(b, p.fma(in.apply("negativeRate"), b, in.apply("w")));
            })
        + map(d, "sgdNesterov", "g", "b w", "sign weightDecay momentum scale negativeRate",
            (p, in) -> {
              String gradient = decayed(p, in);
              String b = buffer(p, in, gradient);
              String step = p.fma(in.apply("momentum"), b, gradient);
              return List.of(b, p.fma(in.apply("negativeRate"), step, in.apply("w")));
            });
  }

  private static String decayed(Program p, Function<String, String> in) {
    return p.fma(in.apply("weightDecay"), in.apply("w"), p.mul(in.apply("sign"), in.apply("g")));
  }

  private static String buffer(Program p, Function<String, String> in, String gradient) {
    return p.fma(in.apply("momentum"), in.apply("b"), p.mul(in.apply("scale"), gradient));
  }

  private static String reductions(Dialect d) {
    return reduce(d, "dot", "a b", "", (p, in) -> List.of(p.fma(in.apply("a"), in.apply("b"), in.apply("p"))))
        + reduce(d, "sum", "a", "", (p, in) -> List.of(p.add(in.apply("p"), in.apply("a"))))
        + reduce(d, "squaredDifference", "a b", "",
            (p, in) -> {
              String difference = p.sub(in.apply("a"), in.apply("b"));
              return List.of(p.fma(difference, difference, in.apply("p")));
            })
        + reduce(d, "max", "a", "",
            (p, in) -> {
              String a = in.apply("a");
              String best = in.apply("p");
              return List.of(p.select(a, ">", best, a, best));
            })
        + reduce(d, "sumExp", "a", "shift",
            (p, in) -> List.of(p.add(in.apply("p"), p.exp(p.sub(in.apply("a"), in.apply("shift"))))));
  }

  // --------------------------------------------------------------------------------------------------- the loop shapes

  /** A loop over a run: outputs are also inputs where the program reads them. */
  private static String map(Dialect d, String name, String inputs, String outputs, String scalars, Body body) {
    List<String> in = words(inputs);
    List<String> out = words(outputs);
    List<String> values = words(scalars);
    List<String> runs = IntStream.range(0, in.size() + out.size()).mapToObj(i -> i < in.size() ? in.get(i) : out.get(i - in.size())).toList();
    StringBuilder code = new StringBuilder();
    code.append(header(name, segments(runs), values, "int n")).append(broadcasts(d, values));
    code.append("    int i = 0;\n");
    for (Dialect loop : d.loops()) {
      code.append("    for (; i < ").append(loop.bound("n")).append("; i += ").append(loop.lanes()).append(") {\n");
      code.append("      final long at = (long) i * Float.BYTES;\n");
      Program p = new Program(loop, "      ", "");
      Function<String, String> operand = operands(p, runs, values, "at");
      List<String> results = body.emit(p, operand);
      for (int r = 0; r < results.size(); r++) {
        p.line(loop.store(out.get(r), out.get(r) + "Offset + at", results.get(r)) + ";");
      }
      code.append(p.lines).append("    }\n");
    }
    return code.append("  }\n").toString();
  }

  /**
   * A reduction to 64 partials. Four accumulators at a time (sixteen for single lanes) walk the run in steps of 64 elements, so that the
   * partial an element enters never depends on the lane width.
   */
  private static String reduce(Dialect d, String name, String inputs, String scalars, Body body) {
    List<String> in = words(inputs);
    List<String> values = words(scalars);
    StringBuilder code = new StringBuilder();
    code.append(header(name, "float[] partials, " + segments(in), values, "int n")).append(broadcasts(d, values));
    code.append("    final int whole = n - n % Partials.COUNT;\n");
    code.append("    for (int group = 0; group < Partials.COUNT; group += ").append(d.accumulators()).append(" * ").append(d.lanes()).append(") {\n");
    for (int a = 0; a < d.accumulators(); a++) {
      code.append("      ").append(d.floats()).append(" p").append(a).append(" = ").append(d.loadArray("partials", "group + " + a + " * " + d.lanes())).append(";\n");
    }
    code.append("      for (int i = group; i < whole; i += Partials.COUNT) {\n");
    code.append("        final long at = (long) i * Float.BYTES;\n");
    for (int a = 0; a < d.accumulators(); a++) {
      String accumulator = "p" + a;
      Program p = new Program(d, "        ", "_" + a);
      String position = "at + " + a + " * " + d.lanes() + " * Float.BYTES";
      Function<String, String> operand = operands(p, in, values, position);
      p.line(accumulator + " = " + body.emit(p, v -> v.equals("p") ? accumulator : operand.apply(v)).getFirst() + ";");
      code.append(p.lines);
    }
    code.append("      }\n");
    for (int a = 0; a < d.accumulators(); a++) {
      code.append("      ").append(d.storeArray("partials", "group + " + a + " * " + d.lanes(), "p" + a)).append(";\n");
    }
    code.append("    }\n");
    Dialect scalar = new ScalarDialect();
    code.append("    for (int i = whole; i < n; i++) {\n      final long at = (long) i * Float.BYTES;\n");
    Program p = new Program(scalar, "      ", "");
    Function<String, String> operand = operands(p, in, values, "at");
    p.line("partials[i - whole] = " + body.emit(p, v -> v.equals("p") ? "partials[i - whole]" : operand.apply(v)).getFirst() + ";");
    return code.append(p.lines).append("    }\n  }\n").toString();
  }

  private static String rows(Dialect d) {
    String table = "MemorySegment table, long tableOffset, long tableStride, long[] rows, int from, int count, ";
    String eachRow =
        """
            for (int r = 0; r < count; r++) {
              final long row = rows[from + r];
              final long to = %s;
              final long source = %s;
        """;
    String tableRow = "tableOffset + row * tableStride";
    String gather =
        header("gather", table + "MemorySegment out, long outOffset, long outStride, int width", List.of(), null)
            + eachRow.formatted("outOffset + r * outStride", tableRow)
            + straight(d, "      ",
                (p, at) -> {
                  p.line(p.dialect.store("out", "to + " + at, p.load("table", "source + " + at)) + ";");
                })
            + "    }\n  }\n";
    String scatter =
        header("scatterAdd", table + "MemorySegment g, long gOffset, long gStride, int width, long skip", List.of(), null)
            + eachRow.formatted(tableRow, "gOffset + r * gStride")
            + "      if (row == skip) {\n        continue;\n      }\n"
            + straight(d, "      ",
                (p, at) -> {
                  String sum = p.add(p.load("table", "to + " + at), p.load("g", "source + " + at));
                  p.line(p.dialect.store("table", "to + " + at, sum) + ";");
                })
            + "    }\n  }\n";
    String bagSum =
        header("bagSum", table + "MemorySegment out, long outOffset, int width, float divisor", List.of(), null)
            + groups(d,
                (p, accumulators) -> {
                  p.broadcast("divisor");
                  for (int a = 0; a < accumulators; a++) {
                    p.line(p.dialect.floats() + " sum" + a + " = " + p.dialect.zero() + ";");
                  }
                  p.line("for (int r = 0; r < count; r++) {");
                  p.line("  final long source = " + tableRow.replace("row *", "rows[from + r] *") + " + at;");
                  for (int a = 0; a < accumulators; a++) {
                    String row = p.dialect.load("table", offset("source", a, p.dialect));
                    p.line("  sum" + a + " = " + p.dialect.binary("add", "+", "sum" + a, row) + ";");
                  }
                  p.line("}");
                  for (int a = 0; a < accumulators; a++) {
                    String mean = p.div("sum" + a, p.dialect.broadcastName("divisor"));
                    p.line(p.dialect.store("out", offset("outOffset + at", a, p.dialect), mean) + ";");
                  }
                })
            + "  }\n";
    String bagScatter =
        header("bagScatterAdd", table + "MemorySegment g, long gOffset, int width, float divisor", List.of(), null)
            + groups(d,
                (p, accumulators) -> {
                  p.broadcast("divisor");
                  for (int a = 0; a < accumulators; a++) {
                    String g = p.dialect.load("g", offset("gOffset + at", a, p.dialect));
                    p.line("final " + p.dialect.floats() + " g" + a + " = " + p.dialect.binary("div", "/", g, p.dialect.broadcastName("divisor")) + ";");
                  }
                  p.line("for (int r = 0; r < count; r++) {");
                  p.line("  final long to = " + tableRow.replace("row *", "rows[from + r] *") + " + at;");
                  for (int a = 0; a < accumulators; a++) {
                    String sum = p.dialect.binary("add", "+", p.dialect.load("table", offset("to", a, p.dialect)), "g" + a);
                    p.line("  " + p.dialect.store("table", offset("to", a, p.dialect), sum) + ";");
                  }
                  p.line("}");
                })
            + "  }\n";
    return gather + scatter + bagSum + bagScatter;
  }

  private interface RowStep {
    void emit(Program p, String at);
  }

  private interface GroupStep {
    void emit(Program p, int vectors);
  }

  /**
   * One row in straight-line groups of 8, 4, 2 and 1 vectors and a scalar tail. C2 would split a loop over single vectors into a pre-, main- and
   * post-loop, which costs rows of ordinary width more than twice the time (KERNELS: 150 ns against 58).
   */
  private static String straight(Dialect d, String indent, RowStep step) {
    return groupsAt(d, indent, (p, vectors) -> {
      for (int v = 0; v < vectors; v++) {
        step.emit(p, offset("at", v, p.dialect));
      }
    });
  }

  /** All of a row's columns in groups of up to 4 vectors held in registers while the step's own loop runs over rows. */
  private static String groups(Dialect d, GroupStep step) {
    return groupsAt(d, "    ", step);
  }

  private static String groupsAt(Dialect d, String indent, GroupStep step) {
    StringBuilder code = new StringBuilder(indent + "int i = 0;\n");
    for (Dialect loop : d.loops()) {
      int largest = loop.largestGroup();
      for (int vectors = largest; vectors >= 1; vectors /= 2) {
        String span = vectors == 1 ? loop.lanes() : vectors + " * " + loop.lanes();
        boolean repeats = vectors == largest;
        code.append(indent).append(repeats ? "for (; i + " + span + " <= width; i += " + span + ") {\n" : "if (i + " + span + " <= width) {\n");
        code.append(indent).append("  final long at = (long) i * Float.BYTES;\n");
        Program p = new Program(loop, indent + "  ", "");
        step.emit(p, vectors);
        code.append(p.lines);
        if (!repeats) {
          code.append(indent).append("  i += ").append(span).append(";\n");
        }
        code.append(indent).append("}\n");
      }
    }
    return code.toString();
  }

  private static String offset(String base, int vectors, Dialect d) {
    return vectors == 0 ? base : base + " + " + vectors + " * " + d.lanes() + " * Float.BYTES";
  }

  /** Running offsets and nothing but broadcasts, loads and multiply-adds in the loop: see the table of shapes in docs/kernels.md. */
  private static void microKernel(Path output, Dialect d, int mr, int vectors) throws IOException {
    String name = d.prefix() + "MicroKernel" + mr + "x" + vectors;
    StringBuilder code = new StringBuilder();
    code.append("  @Override\n  public int mr() {\n    return ").append(mr).append(";\n  }\n");
    code.append("  @Override\n  public int nr() {\n    return ").append(vectors).append(" * ").append(d.lanes()).append(";\n  }\n");
    code.append(header("multiply", "int kc, float[] a, int aIndex, MemorySegment b, long bOffset, MemorySegment c, long cOffset, long cRowStride", List.of(), null));
    String accumulators =
        IntStream.range(0, mr * vectors).mapToObj(i -> "    " + d.floats() + " c" + i + " = " + d.zero() + ";\n").collect(Collectors.joining());
    code.append(accumulators);
    code.append("    int ap = aIndex;\n    long bp = bOffset;\n    for (int p = 0; p < kc; p++) {\n");
    for (int v = 0; v < vectors; v++) {
      code.append("      final ").append(d.floats()).append(" b").append(v).append(" = ").append(d.load("b", offset("bp", v, d))).append(";\n");
    }
    for (int i = 0; i < mr; i++) {
      code.append("      final ").append(d.floats()).append(" a").append(i).append(" = ").append(d.broadcast("a[ap + " + i + "]")).append(";\n");
      for (int v = 0; v < vectors; v++) {
        String accumulator = "c" + (i * vectors + v);
        code.append("      ").append(accumulator).append(" = ").append(d.fma("a" + i, "b" + v, accumulator)).append(";\n");
      }
    }
    code.append("      ap += ").append(mr).append(";\n      bp += ").append(vectors).append(" * ").append(d.lanes()).append(" * Float.BYTES;\n    }\n");
    code.append("    long cp = cOffset;\n");
    for (int i = 0; i < mr; i++) {
      for (int v = 0; v < vectors; v++) {
        code.append("    ").append(d.store("c", offset("cp", v, d), "c" + (i * vectors + v))).append(";\n");
      }
      if (i < mr - 1) {
        code.append("    cp += cRowStride;\n");
      }
    }
    code.append("  }\n");
    write(output, d, "MicroKernel" + mr + "x" + vectors, "MicroKernel", code.toString());
  }

  // ------------------------------------------------------------------------------------------------------- the dialects

  /** How a program is written down for one lane or for a vector of them. */
  private interface Dialect {
    String prefix();

    String folder();

    String lanes();

    /** The loops that cover a run: for vectors, a second one for the tail. */
    List<Dialect> loops();

    String bound(String n);

    int accumulators();

    int largestGroup();

    String floats();

    String ints();

    String load(String segment, String offset);

    String store(String segment, String offset, String value);

    String loadArray(String array, String index);

    String storeArray(String array, String index, String value);

    String binary(String method, String operator, String a, String b);

    String fma(String a, String b, String c);

    String select(String a, String comparison, String b, String ifTrue, String otherwise);

    String broadcast(String scalar);

    /** The name under which a scalar parameter is at hand in every lane. */
    String broadcastName(String scalar);

    String constant(String literal);

    String zero();

    String exponent(String shifted);

    String halve(String integer);

    String subtractInts(String a, String b);

    String powerOfTwo(String integer);
  }

  private static final class ScalarDialect implements Dialect {
    @Override
    public String prefix() {
      return "Scalar";
    }

    @Override
    public String folder() {
      return "scalar";
    }

    @Override
    public String lanes() {
      return "1";
    }

    @Override
    public List<Dialect> loops() {
      return List.of(this);
    }

    @Override
    public String bound(String n) {
      return n;
    }

    @Override
    public int accumulators() {
      return 16;
    }

    @Override
    public int largestGroup() {
      return 1;
    }

    @Override
    public String floats() {
      return "float";
    }

    @Override
    public String ints() {
      return "int";
    }

    @Override
    public String load(String segment, String offset) {
      return segment + ".get(FLOAT, " + offset + ")";
    }

    @Override
    public String store(String segment, String offset, String value) {
      return segment + ".set(FLOAT, " + offset + ", " + value + ")";
    }

    @Override
    public String loadArray(String array, String index) {
      return array + "[" + index + "]";
    }

    @Override
    public String storeArray(String array, String index, String value) {
      return array + "[" + index + "] = " + value;
    }

    @Override
    public String binary(String method, String operator, String a, String b) {
      return a + " " + operator + " " + b;
    }

    @Override
    public String fma(String a, String b, String c) {
      return "Math.fma(" + a + ", " + b + ", " + c + ")";
    }

    @Override
    public String select(String a, String comparison, String b, String ifTrue, String otherwise) {
      return a + " " + comparison + " " + b + " ? " + ifTrue + " : " + otherwise;
    }

    @Override
    public String broadcast(String scalar) {
      return scalar;
    }

    @Override
    public String broadcastName(String scalar) {
      return scalar;
    }

    @Override
    public String constant(String literal) {
      return literal;
    }

    @Override
    public String zero() {
      return "0f";
    }

    @Override
    public String exponent(String shifted) {
      return "Float.floatToRawIntBits(" + shifted + ") - 0x4b400000";
    }

    @Override
    public String halve(String integer) {
      return integer + " >> 1";
    }

    @Override
    public String subtractInts(String a, String b) {
      return a + " - " + b;
    }

    @Override
    public String powerOfTwo(String integer) {
      return "Float.intBitsToFloat((" + integer + " + 127) << 23)";
    }
  }

  private static final class VectorDialect implements Dialect {
    @Override
    public String prefix() {
      return "Vector";
    }

    @Override
    public String folder() {
      return "vector";
    }

    @Override
    public String lanes() {
      return "LANES";
    }

    @Override
    public List<Dialect> loops() {
      return List.of(this, new ScalarDialect());
    }

    @Override
    public String bound(String n) {
      return n + " - " + n + " % LANES";
    }

    @Override
    public int accumulators() {
      return 4;
    }

    @Override
    public int largestGroup() {
      return 8;
    }

    @Override
    public String floats() {
      return "FloatVector";
    }

    @Override
    public String ints() {
      return "IntVector";
    }

    @Override
    public String load(String segment, String offset) {
      return "FloatVector.fromMemorySegment(F, " + segment + ", " + offset + ", NATIVE)";
    }

    @Override
    public String store(String segment, String offset, String value) {
      return value + ".intoMemorySegment(" + segment + ", " + offset + ", NATIVE)";
    }

    @Override
    public String loadArray(String array, String index) {
      return "FloatVector.fromArray(F, " + array + ", " + index + ")";
    }

    @Override
    public String storeArray(String array, String index, String value) {
      return value + ".intoArray(" + array + ", " + index + ")";
    }

    @Override
    public String binary(String method, String operator, String a, String b) {
      return a + "." + method + "(" + b + ")";
    }

    @Override
    public String fma(String a, String b, String c) {
      return a + ".fma(" + b + ", " + c + ")";
    }

    @Override
    public String select(String a, String comparison, String b, String ifTrue, String otherwise) {
      String operator = comparison.equals("<") ? "LT" : "GT";
      return otherwise + ".blend(" + ifTrue + ", " + a + ".compare(VectorOperators." + operator + ", " + b + "))";
    }

    @Override
    public String broadcast(String scalar) {
      return "FloatVector.broadcast(F, " + scalar + ")";
    }

    @Override
    public String broadcastName(String scalar) {
      return scalar + "Lanes";
    }

    @Override
    public String constant(String literal) {
      return broadcast(literal);
    }

    @Override
    public String zero() {
      return "FloatVector.zero(F)";
    }

    @Override
    public String exponent(String shifted) {
      return shifted + ".reinterpretAsInts().sub(0x4b400000)";
    }

    @Override
    public String halve(String integer) {
      return integer + ".lanewise(VectorOperators.ASHR, 1)";
    }

    @Override
    public String subtractInts(String a, String b) {
      return a + ".sub(" + b + ")";
    }

    @Override
    public String powerOfTwo(String integer) {
      return integer + ".add(127).lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats()";
    }
  }

  // ------------------------------------------------------------------------------------------------------------- text

  private static Function<String, String> operands(Program p, List<String> runs, List<String> scalars, String position) {
    return name -> scalars.contains(name) ? p.dialect.broadcastName(name) : p.load(name, name + "Offset + " + position);
  }

  private static List<String> words(String text) {
    return text.isEmpty() ? List.of() : List.of(text.split(" "));
  }

  private static String segments(List<String> runs) {
    return runs.stream().map(r -> "MemorySegment " + r + ", long " + r + "Offset").collect(Collectors.joining(", "));
  }

  private static String header(String name, String parameters, List<String> scalars, String last) {
    String values = scalars.stream().map(s -> ", float " + s).collect(Collectors.joining());
    return "\n  @Override\n  public void " + name + "(" + parameters + values + (last == null ? "" : ", " + last) + ") {\n";
  }

  private static String broadcasts(Dialect d, List<String> scalars) {
    return d.broadcastName("x").equals("x")
        ? ""
        : scalars.stream().map(s -> "    final " + d.floats() + " " + d.broadcastName(s) + " = " + d.broadcast(s) + ";\n").collect(Collectors.joining());
  }

  private static void write(Path output, Dialect d, String name, String contract, String methods) throws IOException {
    boolean vector = d instanceof VectorDialect;
    StringBuilder code = new StringBuilder("package " + KERNEL_PACKAGE + "." + d.folder() + ";\n\n");
    code.append("import ").append(KERNEL_PACKAGE).append('.').append(contract).append(";\n");
    for (String type : List.of("Partials")) {
      if (methods.contains(type)) {
        code.append("import ").append(KERNEL_PACKAGE).append('.').append(type).append(";\n");
      }
    }
    code.append("import java.lang.foreign.MemorySegment;\n");
    if (methods.contains("FLOAT,")) {
      code.append("import java.lang.foreign.ValueLayout;\n");
    }
    if (vector) {
      for (String type : List.of("FloatVector", "IntVector", "VectorOperators")) {
        if (methods.contains(type)) {
          code.append("import jdk.incubator.vector.").append(type).append(";\n");
        }
      }
      code.append("import jdk.incubator.vector.VectorSpecies;\nimport java.nio.ByteOrder;\n");
    }
    code.append("\n/** Generated by core/src/generator: do not edit. */\npublic final class ").append(d.prefix()).append(name);
    code.append(" implements ").append(contract).append(" {\n");
    if (methods.contains("FLOAT,")) {
      code.append("  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;\n");
    }
    if (vector) {
      code.append("  private static final VectorSpecies<Float> F = Lanes.FLOATS;\n");
      code.append("  private static final int LANES = F.length();\n");
      code.append("  private static final ByteOrder NATIVE = ByteOrder.nativeOrder();\n");
    }
    code.append("\n").append(methods).append("}\n");
    Path file = output.resolve((KERNEL_PACKAGE + "." + d.folder()).replace('.', '/')).resolve(d.prefix() + name + ".java");
    Files.createDirectories(file.getParent());
    Files.writeString(file, code);
  }
}
