/** The programs that look through the scores of a table's rows; see ScoreKernels. */
final class ScoresSource {
  private ScoresSource() {}

  static String methods(Dialect d) {
    return "  @Override\n  public int lanes() {\n    return %s;\n  }\n".formatted(d.lanes())
        + scale(d)
        + next(d);
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

  private static String next(Dialect d) {
    String above =
        isVector(d) ? "!%s.compare(VectorOperators.LE, limits).allTrue()" : "!(%s <= limits)";
    String scores = d.load("scores", "at");
    return """

      @Override
      public int next(int from, int count, MemorySegment scores, long scoresOffset, long scoresStride, MemorySegment thresholds, long thresholdsOffset) {
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
            d.floats(),
            d.load("thresholds", "thresholdsOffset"),
            isVector(d) ? "Lanes.one" : "1",
            above.formatted(scores));
  }

  private static boolean isVector(Dialect d) {
    return d.loops().size() > 1;
  }
}
