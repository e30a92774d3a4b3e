import java.util.List;

/**
 * A matrix and a vector, lanes across the rows: some columns of as many rows as there are lanes are
 * transposed in registers, and multiplied, or compared, in order; see GemvKernels.
 */
final class GemvSource {
  private static final String MATRIX = "MemorySegment a, long aOffset, long aRowStride, ";
  private static final String RESULT = "MemorySegment y, long yOffset";

  private GemvSource() {}

  static String methods(Dialect d, Term term) {
    Element e = d.element();
    String operands = MATRIX + e.primitive + "[] x, " + RESULT;
    Transposition transposition = new Transposition(d);
    StringBuilder code = new StringBuilder(transposition.constants());
    String next = SourceText.names(operands);
    code.append("\n  @Override\n  public int lanes() {\n    return LANES;\n  }\n")
        .append(SourceText.header("multiply", "int rows, int columns, " + operands))
        .append(
"""
    final int rest = columns %% (LANES / 2);
    for (int i = 0; i < rows; i += LANES) {
      // The last strip is moved back to end with the matrix: what two cover is computed twice.
      final int row = Math.min(i, rows - LANES);
      final long source = aOffset + row * aRowStride;
      final long target = yOffset + (long) row * %1$s;
      if (rest < columns) {
        strip(columns - rest, a, source, aRowStride, x, y, target);
      }
      if (rest > 0) {
        rest(columns, a, source, aRowStride, x, y, target);
      }
    }
  }

  private static void strip(int columns, %2$s) {
%3$s  }

  private static void rest(int columns, %2$s) {
%4$s  }
"""
                .formatted(
                    e.bytes(),
                    operands,
                    transposition.choice("strip", "columns, " + next),
                    transposition.choice("rest", "columns, " + next)));
    for (int lanes : transposition.widths()) {
      code.append(strip(d, transposition, term, lanes, "int columns, " + operands))
          .append(rest(d, transposition, term, lanes, "int columns, " + operands));
    }
    return code.toString();
  }

  /** As many rows as a vector has lanes, and a multiple of half as many columns. */
  private static String strip(
      Dialect d, Transposition transposition, Term term, int lanes, String parameters) {
    StringBuilder code = new StringBuilder();
    code.append("\n  private static void strip%d(%s) {\n".formatted(lanes, parameters));
    code.append(transposition.slices(lanes, "a", "columns"));
    code.append("    %s sum = %s;\n".formatted(d.floats(), d.zero()));
    code.append("    for (int p = 0; p < columns; p += %d * Lanes.one) {\n".formatted(lanes / 2));
    code.append("      final long at = p * (long) %s;\n".formatted(d.element().bytes()));
    List<String> columns = transposition.columns(code, lanes, "a", RowAccess.SLICED);
    for (int i = 0; i < columns.size(); i++) {
      code.append("      ").append(add(d, transposition, term, lanes, i, columns.get(i)));
    }
    return code.append("    }\n    %s;\n  }\n".formatted(d.store("y", "yOffset", "sum")))
        .toString();
  }

  /** The columns behind the last multiple: they end the last half, whose others are not added. */
  private static String rest(
      Dialect d, Transposition transposition, Term term, int lanes, String parameters) {
    int half = lanes / 2;
    StringBuilder code = new StringBuilder();
    code.append("\n  private static void rest%d(%s) {\n".formatted(lanes, parameters));
    code.append(
"""
    final int p = columns - %1$d;
    aOffset += p * (long) %2$s;
%3$s    final long at = 0;
    %4$s sum = %5$s;
    if (p > 0) {
      sum = %6$s;
    }
"""
            .formatted(
                half,
                d.element().bytes(),
                transposition.slices(lanes, "a", Integer.toString(half)),
                d.floats(),
                d.zero(),
                d.load("y", "yOffset")));
    List<String> columns = transposition.columns(code, lanes, "a", RowAccess.SLICED);
    for (int i = 1; i < half; i++) {
      code.append("      if (columns %% %d >= %d) {\n        ".formatted(half, half - i))
          .append(add(d, transposition, term, lanes, i, columns.get(i)))
          .append("      }\n");
    }
    return code.append("    %s;\n  }\n".formatted(d.store("y", "yOffset", "sum"))).toString();
  }

  /** Adds the term of column i of those that begin with p. */
  private static String add(
      Dialect d, Transposition transposition, Term term, int lanes, int i, String column) {
    return term.add(
        d,
        d.broadcast("x[p + %d]".formatted(i)),
        transposition.numbers(lanes, column),
        "sum",
        Integer.toString(i));
  }
}
