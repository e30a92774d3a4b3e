/** Loops of one lane over operands of any strides; see StridedKernels. */
final class StridedSource {
  /** Columns whose chains run side by side, so that one waits less for its own last step. */
  private static final int COLUMNS = 4;

  private StridedSource() {}

  static String methods(Dialect d) {
    Element e = d.element();
    return chain(d)
        + gather(e)
        + scatter(e, "long toStride", "i * toStride", "")
        + scatter(e, "long[] table", "table[first + i]", ", int first");
  }

  private static String gather(Element e) {
    return
"""

  @Override
  public void gather(int n, MemorySegment from, long fromOffset, long[] table, int first, MemorySegment to, long toOffset) {
    for (int i = 0; i < n; i++) {
      to.set(%1$s, toOffset + (long) i * %2$s, from.get(%1$s, fromOffset + table[first + i]));
    }
  }
"""
        .formatted(e.layout(), e.bytes());
  }

  private static String scatter(Element e, String map, String at, String first) {
    return
"""

  @Override
  public void scatter(int n, MemorySegment from, long fromOffset, MemorySegment to, long toOffset, %1$s%2$s, boolean accumulate) {
    for (int i = 0; i < n; i++) {
      final long at = toOffset + %3$s;
      final %4$s value = from.get(%5$s, fromOffset + (long) i * %6$s);
      to.set(%5$s, at, accumulate ? to.get(%5$s, at) + value : value);
    }
  }
"""
        .formatted(map, first, at, e.primitive, e.layout(), e.bytes());
  }

  private static String chain(Dialect d) {
    String parameters =
        "MemorySegment a, long aOffset, long aColumnStride, MemorySegment b, long bOffset, long bRowStride, long bColumnStride, MemorySegment c, long cOffset, long cColumnStride, boolean accumulate";
    StringBuilder code =
        new StringBuilder(
"""
  @Override
  public void chain(int m, int n, int kc, MemorySegment a, long aOffset, long aRowStride, long aColumnStride, MemorySegment b, long bOffset, long bRowStride, long bColumnStride, MemorySegment c, long cOffset, long cRowStride, long cColumnStride, boolean accumulate) {
    for (int i = 0; i < m; i++) {
      final long aRow = aOffset + i * aRowStride;
      final long cRow = cOffset + i * cRowStride;
      int j = 0;
      for (; j + %1$d <= n; j += %1$d) {
        chain%1$d(kc, a, aRow, aColumnStride, b, bOffset + j * bColumnStride, bRowStride, bColumnStride, c, cRow + j * cColumnStride, cColumnStride, accumulate);
      }
      for (; j < n; j++) {
        chain1(kc, a, aRow, aColumnStride, b, bOffset + j * bColumnStride, bRowStride, bColumnStride, c, cRow + j * cColumnStride, cColumnStride, accumulate);
      }
    }
  }
"""
                .formatted(COLUMNS));
    return code.append(chains(d, 1, parameters)).append(chains(d, COLUMNS, parameters)).toString();
  }

  /** One row's chains for neighbouring columns. */
  private static String chains(Dialect d, int columns, String parameters) {
    Element e = d.element();
    StringBuilder code = new StringBuilder();
    code.append("\n  private static void chain%d(int kc, %s) {\n".formatted(columns, parameters));
    for (int j = 0; j < columns; j++) {
      code.append("    %s c%d = %s;\n".formatted(e.primitive, j, d.zero()));
    }
    code.append("    long ap = aOffset;\n    long bp = bOffset;\n");
    code.append("    for (int p = 0; p < kc; p++) {\n");
    code.append("      final %s x = a.get(%s, ap);\n".formatted(e.primitive, e.layout()));
    for (int j = 0; j < columns; j++) {
      code.append(
          "      c%1$d = Math.fma(x, b.get(%2$s, bp + %1$d * bColumnStride), c%1$d);\n"
              .formatted(j, e.layout()));
    }
    code.append("      ap += aColumnStride;\n      bp += bRowStride;\n    }\n");
    for (int j = 0; j < columns; j++) {
      code.append("    final long at%1$d = cOffset + %1$d * cColumnStride;\n".formatted(j));
      code.append(
          "    c.set(%2$s, at%1$d, accumulate ? c.get(%2$s, at%1$d) + c%1$d : c%1$d);\n"
              .formatted(j, e.layout()));
    }
    return code.append("  }\n").toString();
  }
}
