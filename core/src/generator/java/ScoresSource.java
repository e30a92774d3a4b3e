/** The programs that look through the scores of a table's rows; see ScoreKernels. */
final class ScoresSource {
  private ScoresSource() {}

  static String methods(Dialect d) {
    return "  @Override\n  public int lanes() {\n    return %s;\n  }\n".formatted(d.lanes())
        + scale(d)
        + next(d, "nextAbove", "<=", "LE")
        + next(d, "nextBelow", ">=", "GE");
  }

  private static String scale(Dialect d) {
    Program p = new Program(d, "      ", "");
    p.line("final long at = (long) r * Float.BYTES;");
    String product =
        p.mul(p.load("scores", "scoresOffset + at"), p.load("scales", "scalesOffset + at"));
    p.line(d.store("to", "at", product) + ";");
    return SourceText.header(
            "scale",
            "int rows, MemorySegment scores, long scoresOffset, MemorySegment scales, long scalesOffset, MemorySegment to")
        + "    for (int r = 0; r < rows; r += %s) {\n"
            .formatted(d.lanes() + (isVector(d) ? " * Lanes.one" : ""))
        + p.lines
        + "    }\n  }\n";
  }

  /** Looks for the first vector of which a number is not in an order to its limit. */
  private static String next(Dialect d, String name, String operator, String order) {
    String scores = d.load("scores", "at");
    String found =
        isVector(d)
            ? "!%s.compare(VectorOperators.%s, limits).allTrue()".formatted(scores, order)
            : "!(%s %s limits)".formatted(scores, operator);
    return """

      @Override
      public int %s(int from, int count, MemorySegment scores, long scoresOffset, long scoresStride, MemorySegment thresholds, long thresholdsOffset) {
        final %s limits = %s;
        long at = scoresOffset + from * scoresStride;
        for (int i = from; i < count; i += %s) {
          if (%s) {
            return i;
          }
          at += scoresStride;
        }
        return count;
      }
    """
        .formatted(
            name,
            d.floats(),
            d.load("thresholds", "thresholdsOffset"),
            isVector(d) ? "Lanes.one" : "1",
            found);
  }

  private static boolean isVector(Dialect d) {
    return d.loops().size() > 1;
  }
}
