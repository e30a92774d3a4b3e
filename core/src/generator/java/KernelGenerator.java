import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Writes the kernel classes of both backends. A kernel is defined here once, as a scalar program
 * with an explicit order of floating-point operations, and rendered in two dialects: one lane (the
 * scalar backend, and the tails of vector loops) and a vector of lanes. What a kernel means is
 * documented at its interface in {@code dev.lanewise.internal.kernel}.
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
    // 14x2 and 4x2 vectors: the tiles measured best with 32 registers of 512 bits and with 16
    // registers. A scalar tile is 4x4 values.
    for (int[] tile : new int[][] {{14, 2}, {4, 2}}) {
      microKernel(output, new VectorDialect(), tile[0], tile[1]);
    }
    microKernel(output, new ScalarDialect(), 4, 4);
  }

  // ------------------------------------------------------------------------------------------------------ the programs

  /**
   * A value of a program: its operations, in whichever dialect. Each result gets a name, so that
   * the generated code can be read.
   */
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
     * exp(x), see docs/numerics.md: x is clamped to where the result is 0 or infinite anyway, split
     * into n ln 2 + r, a polynomial in r is evaluated by Horner's rule, and the result scaled by
     * 2^n in two exact steps, of which only the last can round (to a subnormal).
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
          List.of(
              "0x1.6c16c2p-10f",
              "0x1.111112p-7f",
              "0x1.555556p-5f",
              "0x1.555556p-3f",
              "0.5f",
              "1f",
              "1f")) {
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
    /**
     * Emits the program for the run's current position and returns what is stored in each of the
     * outputs, in their order.
     */
    List<String> emit(Program p, Function<String, String> in);
  }

  private static String elementwise(Dialect d) {
    return map(d, "add", "a b", "c", "", (p, in) -> List.of(p.add(in.apply("a"), in.apply("b"))))
        + map(
            d, "addScalar", "a", "c", "s", (p, in) -> List.of(p.add(in.apply("a"), in.apply("s"))))
        + map(
            d,
            "axpy",
            "x",
            "y",
            "alpha",
            (p, in) -> List.of(p.fma(in.apply("alpha"), in.apply("x"), in.apply("y"))))
        + map(
            d,
            "relu",
            "x",
            "y",
            "",
            (p, in) -> {
              String x = in.apply("x");
              return List.of(p.select(x, "<", p.constant("0f"), p.constant("0f"), x));
            })
        + map(
            d,
            "reluGradient",
            "y g",
            "d",
            "",
            (p, in) ->
                List.of(
                    p.add(
                        in.apply("d"),
                        p.select(
                            in.apply("y"),
                            ">",
                            p.constant("0f"),
                            in.apply("g"),
                            p.constant("0f")))))
        + map(
            d,
            "differenceGradient",
            "x t",
            "d",
            "alpha",
            (p, in) ->
                List.of(
                    p.fma(in.apply("alpha"), p.sub(in.apply("x"), in.apply("t")), in.apply("d"))))
        + map(
            d,
            "squaredDifference",
            "x t",
            "y",
            "",
            (p, in) -> {
              String difference = p.sub(in.apply("x"), in.apply("t"));
              return List.of(p.mul(difference, difference));
            })
        + map(
            d,
            "squaredDifferenceGradient",
            "x t g",
            "d",
            "sign",
            (p, in) -> {
              String twice =
                  p.mul(
                      p.mul(p.constant("2f"), in.apply("sign")),
                      p.sub(in.apply("x"), in.apply("t")));
              return List.of(p.fma(twice, in.apply("g"), in.apply("d")));
            })
        + map(
            d,
            "expGradient",
            "x",
            "d",
            "shift alpha",
            (p, in) ->
                List.of(
                    p.fma(
                        in.apply("alpha"),
                        p.exp(p.sub(in.apply("x"), in.apply("shift"))),
                        in.apply("d"))))
        + map(
            d,
            "sgdDecay",
            "g",
            "w",
            "sign weightDecay negativeRate",
            (p, in) -> List.of(p.fma(in.apply("negativeRate"), decayed(p, in), in.apply("w"))))
        + map(
            d,
            "sgdMomentum",
            "g",
            "b w",
            "sign weightDecay momentum scale negativeRate",
            (p, in) -> {
              String b = buffer(p, in, decayed(p, in));
              return List.of(b, p.fma(in.apply("negativeRate"), b, in.apply("w")));
            })
        + map(
            d,
            "sgdNesterov",
            "g",
            "b w",
            "sign weightDecay momentum scale negativeRate",
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
    return reduce(
            d,
            "dot",
            "a b",
            "",
            (p, in) -> List.of(p.fma(in.apply("a"), in.apply("b"), in.apply("p"))))
        + reduce(d, "sum", "a", "", (p, in) -> List.of(p.add(in.apply("p"), in.apply("a"))))
        + reduce(
            d,
            "squaredDifference",
            "a b",
            "",
            (p, in) -> {
              String difference = p.sub(in.apply("a"), in.apply("b"));
              return List.of(p.fma(difference, difference, in.apply("p")));
            })
        + reduce(
            d,
            "max",
            "a",
            "",
            (p, in) -> {
              String a = in.apply("a");
              String best = in.apply("p");
              return List.of(p.select(a, ">", best, a, best));
            })
        + reduce(
            d,
            "sumExp",
            "a",
            "shift",
            (p, in) ->
                List.of(p.add(in.apply("p"), p.exp(p.sub(in.apply("a"), in.apply("shift"))))));
  }

  // --------------------------------------------------------------------------------------------------- the loop shapes

  /** A loop over a run: outputs are also inputs where the program reads them. */
  private static String map(
      Dialect d, String name, String inputs, String outputs, String scalars, Body body) {
    List<String> in = words(inputs);
    List<String> out = words(outputs);
    List<String> values = words(scalars);
    List<String> runs =
        IntStream.range(0, in.size() + out.size())
            .mapToObj(i -> i < in.size() ? in.get(i) : out.get(i - in.size()))
            .toList();
    Tails tails = new Tails(name, segments(runs) + floats(values), "int from, int n");
    StringBuilder code =
        new StringBuilder(header(name, segments(runs) + floats(values) + ", int n"));
    for (Dialect loop : d.loops()) {
      Program p = new Program(loop, "      ", "");
      List<String> results = body.emit(p, operands(p, runs, values, "at"));
      for (int r = 0; r < results.size(); r++) {
        p.line(loop.store(out.get(r), out.get(r) + "Offset + at", results.get(r)) + ";");
      }
      code.append(tails.next(loop, values, "0")).append(run(loop, p));
    }
    return code.append("  }\n").toString();
  }

  /** A loop over what is left of a run, from i on. */
  private static String run(Dialect loop, Program body) {
    return "    for (; i + %s <= n; i += %s) {\n      final long at = (long) i * Float.BYTES;\n%s    }\n"
        .formatted(loop.lanes(), loop.lanes(), body.lines);
  }

  /**
   * Cuts a kernel into methods: the loop over vectors, and behind a call the loop over the few
   * elements that are left. One method with both would be too large for C1's tier 3, and a kernel
   * that fails there can stay at tier 2 for the life of the process, a hundred times slower (seen
   * with the rows' kernels).
   */
  private static final class Tails {
    private final String name;
    private final String parameters;
    private final String range;
    private int methods;

    Tails(String name, String parameters, String range) {
      this.name = name;
      this.parameters = parameters;
      this.range = range;
    }

    /**
     * What stands before the next loop: in the first method the start, then a call of the method in
     * which the loop is.
     */
    String next(Dialect loop, List<String> scalars, String start) {
      boolean first = methods++ == 0;
      String begin =
          broadcasts(loop, scalars) + "    int i = %s;\n".formatted(first ? start : "from");
      if (first) {
        return begin;
      }
      String method = name + "Tail" + (methods > 2 ? methods - 1 : "");
      return "    if (i < n) {\n      %s(%s, i, n);\n    }\n  }\n\n  private static void %s(%s, %s) {\n"
              .formatted(method, names(parameters), method, parameters, range)
          + begin;
    }
  }

  /**
   * A reduction to 64 partials. Four accumulators at a time (sixteen for single lanes) walk the run
   * in steps of 64 elements, so that the partial an element enters never depends on the lane width.
   */
  private static String reduce(Dialect d, String name, String inputs, String scalars, Body body) {
    List<String> in = words(inputs);
    List<String> values = words(scalars);
    String parameters = "float[] partials, " + segments(in) + floats(values);
    StringBuilder code =
        new StringBuilder(header(name, parameters + ", int n")).append(broadcasts(d, values));
    code.append("    final int whole = n - n % Partials.COUNT;\n");
    code.append("    for (int group = 0; group < Partials.COUNT; group += ")
        .append(d.accumulators())
        .append(" * ")
        .append(d.lanes())
        .append(") {\n");
    for (int a = 0; a < d.accumulators(); a++) {
      code.append("      ")
          .append(d.floats())
          .append(" p")
          .append(a)
          .append(" = ")
          .append(d.loadArray("partials", "group + " + a + " * " + d.lanes()))
          .append(";\n");
    }
    code.append("      for (int i = group; i < whole; i += Partials.COUNT) {\n");
    code.append("        final long at = (long) i * Float.BYTES;\n");
    for (int a = 0; a < d.accumulators(); a++) {
      String accumulator = "p" + a;
      Program p = new Program(d, "        ", "_" + a);
      Function<String, String> operand = operands(p, in, values, offset("at", a, d));
      p.line(
          accumulator
              + " = "
              + body.emit(p, v -> v.equals("p") ? accumulator : operand.apply(v)).getFirst()
              + ";");
      code.append(p.lines);
    }
    code.append("      }\n");
    for (int a = 0; a < d.accumulators(); a++) {
      code.append("      ")
          .append(d.storeArray("partials", "group + " + a + " * " + d.lanes(), "p" + a))
          .append(";\n");
    }
    code.append("    }\n");
    String call =
        "    if (whole < n) {\n      %sRest(%s, whole, n);\n    }\n  }\n\n  private static void %sRest(%s, int whole, int n) {\n";
    code.append(call.formatted(name, names(parameters), name, parameters));
    Tails tails = new Tails(name, parameters + ", int whole", "int from, int n");
    for (Dialect loop : d.loops()) {
      Program p = new Program(loop, "      ", "");
      Function<String, String> operand = operands(p, in, values, "at");
      String partial = p.let(loop.floats(), loop.loadArray("partials", "i - whole"));
      String result = body.emit(p, v -> v.equals("p") ? partial : operand.apply(v)).getFirst();
      p.line(loop.storeArray("partials", "i - whole", result) + ";");
      code.append(tails.next(loop, values, "whole")).append(run(loop, p));
    }
    return code.append("  }\n").toString();
  }

  private static String rows(Dialect d) {
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
        + eachGroup(
            d, "bagSum", table + "MemorySegment out, long outOffset", KernelGenerator::bagSum)
        + eachGroup(
            d,
            "bagScatterAdd",
            table + "MemorySegment g, long gOffset",
            KernelGenerator::bagScatterAdd);
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
              + d.binary("add", "+", "sum" + v, d.load("table", offset("source", v, d)))
              + ";");
    }
    p.line("}");
    for (int v = 0; v < vectors; v++) {
      p.line(
          d.store(
                  "out",
                  offset("outOffset + at", v, d),
                  p.div("sum" + v, d.broadcastName("divisor")))
              + ";");
    }
  }

  private static void bagScatterAdd(Program p, int vectors) {
    Dialect d = p.dialect;
    for (int v = 0; v < vectors; v++) {
      String g = d.load("g", offset("gOffset + at", v, d));
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
      String sum = d.binary("add", "+", d.load("table", offset("to", v, d)), "g" + v);
      p.line("  " + d.store("table", offset("to", v, d), sum) + ";");
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
    StringBuilder code = new StringBuilder(header(name, parameters));
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
            IntStream.range(0, vectors).mapToObj(v -> step.emit(p, offset("at", v, d))).toList();
        for (int v = 0; v < vectors; v++) {
          p.line(d.store(to, offset("to + at", v, d), values.get(v)) + ";");
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
    p.line("final long at = (long) i * Float.BYTES;");
    p.line(last.store(to, "to + at", step.emit(p, "at")) + ";");
    code.append(p.lines).append(d == last ? "      }\n" : "").append("    }\n  }\n");
    return code.toString();
  }

  /**
   * The columns of a bag's rows in groups of 8, 4, 2 and 1 vectors held in registers, each in a
   * method with its own loop over the rows.
   */
  private static String eachGroup(Dialect d, String name, String parameters, GroupStep step) {
    StringBuilder code = new StringBuilder(header(name, parameters + ", int width, float divisor"));
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
                "      " + method + "(" + names(parameters) + ", divisor, at);\n"));
        Program p = new Program(loop, "    ", "");
        step.emit(p, vectors);
        methods
            .append("\n  private static void ")
            .append(method)
            .append('(')
            .append(parameters)
            .append(", float divisor, long at) {\n");
        methods.append(broadcasts(loop, List.of("divisor"))).append(p.lines).append("  }\n");
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
        + "  final long at = (long) i * Float.BYTES;\n"
        + body
        + (repeats || vectors == 1 && d.loops().size() == 1
            ? ""
            : indent + "  i += " + span + ";\n")
        + indent
        + "}\n";
  }

  private static String offset(String base, int vectors, Dialect d) {
    return vectors == 0 ? base : base + " + " + d.bytes(vectors);
  }

  /**
   * Nothing but broadcasts, loads and multiply-adds in the loop, whose counter is the place in A's
   * panel. From a counter p of its own C2 would derive both places (p * mr, p * nr) and then move
   * broadcasts up until twenty accumulators are spilled: 50 GFLOP/s instead of 88 at n = 512 with
   * tensors of a shared arena. B's step is no multiple of 14, so nothing can be derived here.
   */
  private static void microKernel(Path output, Dialect d, int mr, int vectors) throws IOException {
    String name = d.prefix() + "MicroKernel" + mr + "x" + vectors;
    StringBuilder code = new StringBuilder();
    code.append("  @Override\n  public int mr() {\n    return ").append(mr).append(";\n  }\n");
    code.append("  @Override\n  public int nr() {\n    return ")
        .append(vectors)
        .append(" * ")
        .append(d.lanes())
        .append(";\n  }\n");
    code.append(
        header(
            "multiply",
            "int kc, float[] a, int aIndex, MemorySegment b, long bOffset, MemorySegment c, long cOffset, long cRowStride"));
    String accumulators =
        IntStream.range(0, mr * vectors)
            .mapToObj(i -> "    " + d.floats() + " c" + i + " = " + d.zero() + ";\n")
            .collect(Collectors.joining());
    code.append(accumulators);
    code.append(
        "    final int end = aIndex + kc * %d;\n    long bp = bOffset;\n    for (int ap = aIndex; ap < end; ap += %d) {\n"
            .formatted(mr, mr));
    for (int v = 0; v < vectors; v++) {
      code.append("      final ")
          .append(d.floats())
          .append(" b")
          .append(v)
          .append(" = ")
          .append(d.load("b", offset("bp", v, d)))
          .append(";\n");
    }
    for (int i = 0; i < mr; i++) {
      code.append("      final ")
          .append(d.floats())
          .append(" a")
          .append(i)
          .append(" = ")
          .append(d.broadcast("a[ap + " + i + "]"))
          .append(";\n");
      for (int v = 0; v < vectors; v++) {
        String accumulator = "c" + (i * vectors + v);
        code.append("      ")
            .append(accumulator)
            .append(" = ")
            .append(d.fma("a" + i, "b" + v, accumulator))
            .append(";\n");
      }
    }
    code.append("      bp += ").append(d.bytes(vectors)).append(";\n    }\n");
    code.append("    long cp = cOffset;\n");
    for (int i = 0; i < mr; i++) {
      for (int v = 0; v < vectors; v++) {
        code.append("    ")
            .append(d.store("c", offset("cp", v, d), "c" + (i * vectors + v)))
            .append(";\n");
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

    /** The size of a number of vectors. */
    String bytes(int vectors);

    /** The loops that cover a run: for vectors, a second one for the tail. */
    List<Dialect> loops();

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
    public String bytes(int vectors) {
      return Integer.toString(vectors * Float.BYTES);
    }

    @Override
    public List<Dialect> loops() {
      return List.of(this);
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
    public String bytes(int vectors) {
      return vectors + " * BYTES";
    }

    @Override
    public List<Dialect> loops() {
      return List.of(this, new ScalarDialect());
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
      return otherwise
          + ".blend("
          + ifTrue
          + ", "
          + a
          + ".compare(VectorOperators."
          + operator
          + ", "
          + b
          + "))";
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

  private static Function<String, String> operands(
      Program p, List<String> runs, List<String> scalars, String position) {
    return name ->
        scalars.contains(name)
            ? p.dialect.broadcastName(name)
            : p.load(name, name + "Offset + " + position);
  }

  private static List<String> words(String text) {
    return text.isEmpty() ? List.of() : List.of(text.split(" "));
  }

  private static String segments(List<String> runs) {
    return runs.stream()
        .map(r -> "MemorySegment " + r + ", long " + r + "Offset")
        .collect(Collectors.joining(", "));
  }

  private static String floats(List<String> scalars) {
    return scalars.stream().map(s -> ", float " + s).collect(Collectors.joining());
  }

  /** The names of parameters, to pass them on. */
  private static String names(String parameters) {
    return Stream.of(parameters.split(", "))
        .map(p -> p.substring(p.indexOf(' ') + 1))
        .collect(Collectors.joining(", "));
  }

  private static String header(String name, String parameters) {
    return "\n  @Override\n  public void " + name + "(" + parameters + ") {\n";
  }

  private static String broadcasts(Dialect d, List<String> scalars) {
    return d.broadcastName("x").equals("x")
        ? ""
        : scalars.stream()
            .map(s ->
                "    final "
                    + d.floats()
                    + " "
                    + d.broadcastName(s)
                    + " = "
                    + d.broadcast(s)
                    + ";\n")
            .collect(Collectors.joining());
  }

  private static void write(Path output, Dialect d, String name, String contract, String methods)
      throws IOException {
    boolean vector = d instanceof VectorDialect;
    StringBuilder code =
        new StringBuilder("package " + KERNEL_PACKAGE + "." + d.folder() + ";\n\n");
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
    code.append("\n/** Generated by core/src/generator: do not edit. */\npublic final class ")
        .append(d.prefix())
        .append(name);
    code.append(" implements ").append(contract).append(" {\n");
    if (methods.contains("FLOAT,")) {
      code.append(
          "  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;\n");
    }
    if (vector) {
      code.append("  private static final VectorSpecies<Float> F = Lanes.FLOATS;\n");
      code.append("  private static final int LANES = F.length();\n");
      if (methods.contains("* BYTES")) {
        code.append("  private static final long BYTES = F.vectorByteSize();\n");
      }
      code.append("  private static final ByteOrder NATIVE = ByteOrder.nativeOrder();\n");
    }
    code.append("\n").append(methods).append("}\n");
    Path file =
        output
            .resolve((KERNEL_PACKAGE + "." + d.folder()).replace('.', '/'))
            .resolve(d.prefix() + name + ".java");
    // An unchanged file keeps its time, so that an unchanged module is not compiled again.
    if (!Files.exists(file) || !Files.readString(file).contentEquals(code)) {
      Files.createDirectories(file.getParent());
      Files.writeString(file, code);
    }
  }
}
