import java.util.List;

/**
 * A matrix times a vector, lanes across the rows: some columns of as many rows as there are lanes
 * are transposed in registers, and multiplied in order; see GemvKernels.
 */
final class GemvSource {
  private static final String MATRIX = "MemorySegment a, long aOffset, long aRowStride, ";
  private static final String RESULT = "MemorySegment y, long yOffset";

  private GemvSource() {}

  static String methods(Dialect d) {
    Element e = d.element();
    String vector = e.primitive + "[] x, ";
    Transposition transposition = new Transposition(d);
    StringBuilder code = new StringBuilder(transposition.constants());
    String rest = "int from, int rows, int columns, " + MATRIX + vector + RESULT;
    code.append("\n  @Override\n  public int lanes() {\n    return LANES;\n  }\n");
    code.append(SourceText.header("multiply", "int rows, int columns, " + MATRIX + vector + RESULT))
        .append(
"""
    final int whole = columns - columns %% (LANES / 2);
    for (int i = 0; whole > 0 && i < rows; i += LANES) {
      // The last strip is moved back to end with the matrix: what two cover is computed twice.
      final int row = Math.min(i, rows - LANES);
      strip(whole, a, aOffset + row * aRowStride, aRowStride, x, y, yOffset + (long) row * %1$s);
    }
    if (whole < columns) {
      rest(whole, %2$s);
    }
  }

  private static void strip(int columns, %3$s) {
%4$s  }

  /** The columns that are left, number by number. */
  private static void rest(%5$s) {
    for (int i = 0; i < rows; i++) {
      %6$s sum = from > 0 ? %7$s : %8$s;
      for (int p = from; p < columns; p++) {
        sum = Math.fma(%9$s, x[p], sum);
      }
      %10$s;
    }
  }
"""
                .formatted(
                    e.bytes(),
                    SourceText.names("int rows, int columns, " + MATRIX + vector + RESULT),
                    MATRIX + vector + RESULT,
                    transposition.choice(
                        "strip", "columns, " + SourceText.names(MATRIX + vector + RESULT)),
                    rest,
                    e.primitive,
                    new ScalarDialect(e).load("y", place("yOffset", "i", e)),
                    new ScalarDialect(e).zero(),
                    new ScalarDialect(e).load("a", place("aOffset + i * aRowStride", "p", e)),
                    new ScalarDialect(e).store("y", place("yOffset", "i", e), "sum")));
    for (int lanes : transposition.widths()) {
      code.append(strip(d, transposition, lanes, "int columns, " + MATRIX + vector + RESULT));
    }
    return code.toString();
  }

  private static String place(String start, String element, Element e) {
    return start + " + (long) " + element + " * " + e.bytes();
  }

  /** As many rows as a vector has lanes, and a multiple of half as many columns. */
  private static String strip(
      Dialect d, Transposition transposition, int lanes, String parameters) {
    StringBuilder code = new StringBuilder();
    code.append("\n  private static void strip%d(%s) {\n".formatted(lanes, parameters));
    code.append(transposition.slices(lanes, "a", "columns"));
    code.append("    %s sum = %s;\n".formatted(d.floats(), d.zero()));
    code.append("    for (int p = 0; p < columns; p += %d * Lanes.one) {\n".formatted(lanes / 2));
    code.append("      final long at = p * (long) %s;\n".formatted(d.element().bytes()));
    List<String> columns = transposition.columns(code, lanes, "a", RowAccess.SLICED);
    for (int i = 0; i < columns.size(); i++) {
      code.append(
          "      final %s x%d = %s;\n"
              .formatted(d.floats(), i, d.broadcast("x[p + %d]".formatted(i))));
      code.append(
          "      sum = %s;\n"
              .formatted(d.fma("x" + i, transposition.numbers(lanes, columns.get(i)), "sum")));
    }
    code.append("    }\n    %s;\n  }\n".formatted(d.store("y", "yOffset", "sum")));
    return code.toString();
  }
}
