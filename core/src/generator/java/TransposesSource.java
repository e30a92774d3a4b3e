import java.util.List;

/** Blocks of a matrix with rows and columns exchanged; see BlockKernels. */
final class TransposesSource {
  private final Dialect d;
  private final Element e;
  private final Transposition transposition;

  private TransposesSource(Dialect d) {
    this.d = d;
    this.e = d.element();
    this.transposition = new Transposition(d);
  }

  static String methods(Dialect d) {
    boolean vector = d.loops().size() > 1;
    TransposesSource source = new TransposesSource(d);
    Element e = d.element();
    StringBuilder code = new StringBuilder(vector ? source.transposition.constants() : "");
    for (BlockTarget target : BlockTarget.values()) {
      code.append(SourceText.header("transpose", target.parameters(e)))
          .append(vector ? source.strips(target) : "")
          .append(
              target.numbers(
                  e, "fromOffset + (long) r * " + e.bytes(), "source + i * fromRowStride"));
    }
    return code.toString();
  }

  /** All by strips, and the head of a method for what has too few rows or columns for one. */
  private String strips(BlockTarget target) {
    String parameters = target.parameters(e);
    StringBuilder code = new StringBuilder();
    code.append(
"""
    if (!(%1$s)) {
      transposeNarrow(%2$s);
      return;
    }
    for (int i = 0; i < columns; i += LANES) {
      // The last strip is moved back to end with the source: what two cover is written twice.
      final int column = Math.min(i, columns - LANES);
      strip(rows, from, fromOffset + column * fromRowStride, fromRowStride, to, %3$s%4$s);
    }
  }

  private static void strip(%5$s) {
    if (from.isMapped()) {
      checkedStrip(%6$s);
      return;
    }
%7$s  }

  private static void checkedStrip(%5$s) {
%8$s  }
"""
            .formatted(
                transposition.condition("from", "columns", "rows"),
                SourceText.names(parameters),
                target.at(e, target.start, "column"),
                target == BlockTarget.MEMORY ? ", toRowStride" : "",
                stripParameters(target),
                SourceText.names(stripParameters(target)),
                choice(target, RowAccess.SLICED),
                choice(target, RowAccess.CHECKED)));
    for (RowAccess access : RowAccess.values()) {
      for (int lanes : transposition.widths()) {
        code.append(strip(target, lanes, access));
      }
    }
    return code.append("\n  private static void transposeNarrow(%s) {\n".formatted(parameters))
        .toString();
  }

  private String choice(BlockTarget target, RowAccess access) {
    return transposition.choice(name(access), SourceText.names(stripParameters(target)));
  }

  private static String name(RowAccess access) {
    return access == RowAccess.SLICED ? "strip" : "checkedStrip";
  }

  private String stripParameters(BlockTarget target) {
    return "int rows, " + target.blockParameters(e);
  }

  /** As many rows of the source as a vector has lanes. */
  private String strip(BlockTarget target, int lanes, RowAccess access) {
    boolean sliced = access == RowAccess.SLICED;
    StringBuilder code = new StringBuilder();
    code.append(
"""

  private static void %1$s%2$d(%3$s) {
%4$s    for (int r = 0; r < rows; r += %5$d * Lanes.one) {
      // The last rows, moved back to end with the others, are written twice.
      final int row = Math.min(r, rows - %5$d);
      final long at = %6$srow * (long) %7$s;
      final %8$s target = %9$s + row * %10$s;
"""
            .formatted(
                name(access),
                lanes,
                stripParameters(target),
                sliced ? transposition.slices(lanes, "from", "rows") : "",
                lanes / 2,
                sliced ? "" : "fromOffset + ",
                e.bytes(),
                target.placeType,
                target.start,
                target.stride));
    List<String> columns = transposition.columns(code, lanes, "from", access);
    for (int i = 0; i < columns.size(); i++) {
      String place = "target + %d * %s".formatted(i, target.stride);
      code.append("      %s;\n".formatted(store(target, lanes, place, columns.get(i))));
    }
    return code.append("    }\n  }\n").toString();
  }

  private String store(BlockTarget target, int lanes, String place, String column) {
    return target == BlockTarget.MEMORY
        ? transposition.store(lanes, "to", place, column)
        : d.storeArray("to", place, transposition.numbers(lanes, column));
  }
}
