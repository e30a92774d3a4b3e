import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Rows of a matrix added to a row in a near cache; see StreamKernels. */
final class StreamSource {
  private StreamSource() {}

  /** What the rows of B are multiplied by. */
  private enum Factors {
    /** A number for each row. */
    NUMBERS("update", 8),
    /** Another row. */
    ROWS("updateProducts", 4);

    final String method;

    /** Rows of B at a time. */
    final int rows;

    Factors(String method, int rows) {
      this.method = method;
      this.rows = rows;
    }
  }

  static String methods(Dialect d) {
    StringBuilder code = new StringBuilder();
    for (Factors factors : Factors.values()) {
      code.append(
          """
            @Override
            public void %1$s(int rows, int n, MemorySegment a, long aOffset, long aStride, MemorySegment b, long bOffset, long bRowStride, MemorySegment y, long yOffset) {
              int r = 0;
              for (; r + %2$d <= rows; r += %2$d) {
                %1$s%2$d(n, a, aOffset + r * aStride, aStride, b, bOffset + r * bRowStride, bRowStride, y, yOffset);
              }
              for (; r < rows; r++) {
                %1$s1(n, a, aOffset + r * aStride, b, bOffset + r * bRowStride, y, yOffset);
              }
            }
          """
              .formatted(factors.method, factors.rows));
      code.append(update(d, factors, factors.rows)).append(update(d, factors, 1)).append("\n");
    }
    return code.toString();
  }

  private static String update(Dialect d, Factors factors, int rows) {
    Element e = d.element();
    boolean numbers = factors == Factors.NUMBERS;
    String parameters =
        "MemorySegment a, long aOffset, %sMemorySegment b, long bOffset, %sMemorySegment y, long yOffset"
            .formatted(rows > 1 ? "long aStride, " : "", rows > 1 ? "long bRowStride, " : "");
    Tails tails = new Tails(factors.method + rows, parameters, "int from, int n");
    StringBuilder code =
        new StringBuilder(
            "\n  private static void %s%d(int n, %s) {\n"
                .formatted(factors.method, rows, parameters));
    List<String> values =
        numbers ? IntStream.range(0, rows).mapToObj(r -> "a" + r).toList() : List.of();
    String loads =
        IntStream.range(0, values.size())
            .mapToObj(r ->
                "    final %s a%d = a.get(%s, %s);\n"
                    .formatted(e.primitive, r, e.layout(), row("aOffset", "aStride", r)))
            .collect(Collectors.joining());
    for (Dialect loop : d.loops()) {
      Program p = new Program(loop, "      ", "");
      String sum = p.load("y", "yOffset + at");
      for (int r = 0; r < rows; r++) {
        String factor =
            numbers
                ? loop.broadcastName("a" + r)
                : p.load("a", row("aOffset", "aStride", r) + " + at");
        sum = p.fma(factor, p.load("b", row("bOffset", "bRowStride", r) + " + at"), sum);
      }
      p.line(loop.store("y", "yOffset + at", sum) + ";");
      code.append(tails.next(loop, loads, values, "0")).append(Tails.run(loop, p));
    }
    return code.append("  }\n").toString();
  }

  private static String row(String offset, String stride, int row) {
    return row == 0 ? offset : offset + " + " + row + " * " + stride;
  }
}
