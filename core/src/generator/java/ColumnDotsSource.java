import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Sums of products by 64 partial sums, lanes across outputs; see ColumnDotKernels.
 *
 * <p>One partial sum of several vectors of outputs at a time, from its first product to its last:
 * the accumulators stay in registers, and memory is read a line or more at each step.
 */
final class ColumnDotsSource {
  private static final String LAST = "long lastBytes, ";
  private static final String PARAMETERS =
      "int first, int k, MemorySegment a, long aOffset, long aRowStride, MemorySegment b, long bOffset, long bRowStride, MemorySegment partials";

  private ColumnDotsSource() {}

  static String methods(Dialect d) {
    StringBuilder code = new StringBuilder();
    code.append("  @Override\n  public int lanes() {\n    return %s;\n  }\n".formatted(d.lanes()));
    code.append(
        "\n  @Override\n  public int maxVectors() {\n    return %d;\n  }\n"
            .formatted(d.columnVectors()));
    for (String name : new String[] {"dot", "scaledSum"}) {
      code.append(SourceText.header(name, "int vectors, " + LAST + PARAMETERS));
      code.append("    switch (vectors) {\n");
      for (int vectors = 1; vectors <= d.columnVectors(); vectors++) {
        code.append(
            "      case %1$d -> %2$s%1$d(%3$s);\n"
                .formatted(vectors, name, SourceText.names(parameters(vectors))));
      }
      code.append(
          "      default -> throw new IllegalArgumentException(\"no columns of \" + vectors + \" vectors\");\n    }\n  }\n");
      for (int vectors = 1; vectors <= d.columnVectors(); vectors++) {
        code.append(columns(d, name, vectors));
      }
    }
    return code.toString();
  }

  private static String columns(Dialect d, String name, int vectors) {
    boolean scalar = name.equals("scaledSum");
    Element e = d.element();
    StringBuilder steps = new StringBuilder();
    if (scalar) {
      String value = new ScalarDialect(e).load("b", "bp");
      steps.append("        final %s s = %s;\n".formatted(d.floats(), d.broadcast(value)));
    }
    for (int v = 0; v < vectors; v++) {
      String x = d.load("a", place("ap", v, vectors, d));
      String y = scalar ? "s" : d.load("b", place("bp", v, vectors, d));
      steps.append("        p%d = %s;\n".formatted(v, d.fma(x, y, "p" + v)));
    }
    String start =
        IntStream.range(0, vectors)
            .mapToObj(v ->
                "      %1$s p%2$d = fresh ? %3$s : %4$s;\n"
                    .formatted(
                        d.floats(), v, d.zero(), d.load("partials", SourceText.offset("at", v, d))))
            .collect(Collectors.joining());
    String end =
        IntStream.range(0, vectors)
            .mapToObj(v ->
                "      %s;\n"
                    .formatted(d.store("partials", SourceText.offset("at", v, d), "p" + v)))
            .collect(Collectors.joining());
    return
"""

  private static void %1$s%2$d(%3$s) {
    final int count = Math.min(k, Partials.COUNT);
    for (int i = 0; i < count; i++) {
      final boolean fresh = first + i < Partials.COUNT;
      final long at = (long) ((first + i) %% Partials.COUNT) * %2$d * %4$s * %5$s;
%6$s      long ap = aOffset + i * aRowStride;
      long bp = bOffset + i * bRowStride;
      for (int p = i; p < k; p += Partials.COUNT) {
%7$s        ap += Partials.COUNT * aRowStride;
        bp += Partials.COUNT * bRowStride;
      }
%8$s    }
  }
"""
        .formatted(name, vectors, parameters(vectors), d.lanes(), e.bytes(), start, steps, end);
  }

  private static String parameters(int vectors) {
    return vectors == 1 ? PARAMETERS : LAST + PARAMETERS;
  }

  private static String place(String base, int vector, int vectors, Dialect d) {
    return vector > 0 && vector == vectors - 1
        ? base + " + lastBytes"
        : SourceText.offset(base, vector, d);
  }
}
