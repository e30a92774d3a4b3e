import java.util.List;
import java.util.function.Function;

/** The programs that reduce a run to partial results; see ReductionKernels. */
final class ReductionsSource {
  private ReductionsSource() {}

  static String methods(Dialect d) {
    return products(d, "dot")
        + reduce(d, "sum", "a", "", (p, in) -> List.of(p.add(in.apply("a"), in.apply("p"))))
        + reduce(
            d,
            "squaredDifference",
            "a b",
            "",
            (p, in) -> {
              String difference = p.sub(in.apply("a"), in.apply("b"));
              return List.of(p.fma(difference, difference, in.apply("p")));
            })
        + reduce(d, "max", "a", "", (p, in) -> List.of(p.max(in.apply("a"), in.apply("p"))))
        + reduce(
            d,
            "sumExp",
            "a",
            "shift",
            // Of two, which are fifty operations, C2 has more nodes than it takes at once.
            d.accumulators() / 4,
            (p, in) ->
                List.of(p.add(p.exp(p.sub(in.apply("a"), in.apply("shift"))), in.apply("p"))));
  }

  /** A run of products of two operands. */
  static String products(Dialect d, String name) {
    return reduce(
        d, name, "a b", "", (p, in) -> List.of(p.fma(in.apply("a"), in.apply("b"), in.apply("p"))));
  }

  /**
   * A reduction to 64 partials. Four accumulators at a time (sixteen for single lanes) walk the run
   * in steps of 64 elements, so that the partial an element enters never depends on the lane width.
   */
  private static String reduce(Dialect d, String name, String inputs, String scalars, Body body) {
    return reduce(d, name, inputs, scalars, d.accumulators(), body);
  }

  private static String reduce(
      Dialect d, String name, String inputs, String scalars, int accumulators, Body body) {
    List<String> in = SourceText.words(inputs);
    List<String> values = SourceText.words(scalars);
    String parameters =
        d.element().primitive
            + "[] partials, "
            + SourceText.segments(in)
            + SourceText.scalars(d, values);
    StringBuilder code =
        new StringBuilder(SourceText.header(name, parameters + ", int n"))
            .append(SourceText.broadcasts(d, values));
    code.append("    final int whole = n - n % Partials.COUNT;\n");
    code.append("    for (int group = 0; group < Partials.COUNT; group += ")
        .append(accumulators)
        .append(" * ")
        .append(d.lanes())
        .append(") {\n");
    for (int a = 0; a < accumulators; a++) {
      code.append("      ")
          .append(d.floats())
          .append(" p")
          .append(a)
          .append(" = ")
          .append(d.loadArray("partials", "group + " + a + " * " + d.lanes()))
          .append(";\n");
    }
    code.append("      for (int i = group; i < whole; i += Partials.COUNT) {\n");
    code.append("        final long at = (long) i * ").append(d.element().bytes()).append(";\n");
    for (int a = 0; a < accumulators; a++) {
      String accumulator = "p" + a;
      Program p = new Program(d, "        ", "_" + a);
      Function<String, String> operand =
          SourceText.operands(p, in, values, SourceText.offset("at", a, d));
      p.line(
          accumulator
              + " = "
              + body.emit(p, v -> v.equals("p") ? accumulator : operand.apply(v)).getFirst()
              + ";");
      code.append(p.lines);
    }
    code.append("      }\n");
    for (int a = 0; a < accumulators; a++) {
      code.append("      ")
          .append(d.storeArray("partials", "group + " + a + " * " + d.lanes(), "p" + a))
          .append(";\n");
    }
    code.append("    }\n");
    String call =
        "    if (whole < n) {\n      %sRest(%s, whole, n);\n    }\n  }\n\n  private static void %sRest(%s, int whole, int n) {\n";
    code.append(call.formatted(name, SourceText.names(parameters), name, parameters));
    Tails tails = new Tails(name, parameters + ", int whole", "int from, int n");
    for (Dialect loop : d.loops()) {
      Program p = new Program(loop, "      ", "");
      Function<String, String> operand = SourceText.operands(p, in, values, "at");
      String partial = p.let(loop.floats(), loop.loadArray("partials", "i - whole"));
      String result = body.emit(p, v -> v.equals("p") ? partial : operand.apply(v)).getFirst();
      p.line(loop.storeArray("partials", "i - whole", result) + ";");
      code.append(tails.next(loop, values, "whole")).append(Tails.run(loop, p));
    }
    return code.append("  }\n").toString();
  }
}
