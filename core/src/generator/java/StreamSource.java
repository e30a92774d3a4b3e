import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Rows of a matrix added to a row in a near cache; see StreamKernels. */
final class StreamSource {
  private static final int ROWS = 8;

  private StreamSource() {}

  static String methods(Dialect d) {
    return """
      @Override
      public void update(int rows, int n, MemorySegment a, long aOffset, long aStride, MemorySegment b, long bOffset, long bRowStride, MemorySegment y, long yOffset) {
        int r = 0;
        for (; r + %1$d <= rows; r += %1$d) {
          update%1$d(n, a, aOffset + r * aStride, aStride, b, bOffset + r * bRowStride, bRowStride, y, yOffset);
        }
        for (; r < rows; r++) {
          update1(n, a, aOffset + r * aStride, b, bOffset + r * bRowStride, y, yOffset);
        }
      }
    """
            .formatted(ROWS)
        + update(d, ROWS)
        + update(d, 1);
  }

  private static String update(Dialect d, int rows) {
    Element e = d.element();
    String strides = rows > 1 ? "long aStride, " : "";
    String bStride = rows > 1 ? "long bRowStride, " : "";
    String parameters =
        "MemorySegment a, long aOffset, %sMemorySegment b, long bOffset, %sMemorySegment y, long yOffset"
            .formatted(strides, bStride);
    Tails tails = new Tails("update" + rows, parameters, "int from, int n");
    StringBuilder code =
        new StringBuilder(
            "\n  private static void update%d(int n, %s) {\n".formatted(rows, parameters));
    List<String> values = IntStream.range(0, rows).mapToObj(r -> "a" + r).toList();
    String loads =
        IntStream.range(0, rows)
            .mapToObj(r ->
                "    final %s a%d = a.get(%s, aOffset%s);\n"
                    .formatted(e.primitive, r, e.layout(), r == 0 ? "" : " + " + r + " * aStride"))
            .collect(Collectors.joining());
    for (Dialect loop : d.loops()) {
      Program p = new Program(loop, "      ", "");
      String sum = p.load("y", "yOffset + at");
      for (int r = 0; r < rows; r++) {
        String row = p.load("b", "bOffset" + (r == 0 ? "" : " + " + r + " * bRowStride") + " + at");
        sum = p.fma(loop.broadcastName("a" + r), row, sum);
      }
      p.line(loop.store("y", "yOffset + at", sum) + ";");
      code.append(tails.next(loop, loads, values, "0")).append(Tails.run(loop, p));
    }
    return code.append("  }\n").toString();
  }
}
