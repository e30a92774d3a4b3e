import java.util.ArrayList;
import java.util.List;

/**
 * Rows of a matrix that become columns in registers: of as many rows as a vector has lanes, half as
 * many columns at a time, each of which is a vector.
 *
 * <p>The first stage is a matter of loading: the rows of the lower half are read from half a vector
 * before, and take the upper lanes. Each of the others, with distances h = lanes / 4, ..., 1,
 * exchanges the off-diagonal quarters of every 2h x 2h square. So rows are read beyond their ends,
 * and before their starts, but never before the first one's start or beyond the last one's end, if
 * they follow one another in memory.
 */
final class Transposition {
  /** The most lanes of floats. */
  private static final int MOST_LANES = 16;

  private final Dialect d;
  private final Element e;

  Transposition(Dialect d) {
    this.d = d;
    this.e = d.element();
  }

  /** The numbers of lanes that a machine may have, from the most on. */
  List<Integer> widths() {
    int most = mostLanes(e);
    return List.of(most, most / 2, most / 4);
  }

  /** The lanes of the widest vectors. */
  static int mostLanes(Element e) {
    return e == Element.FLOAT ? MOST_LANES : MOST_LANES / 2;
  }

  /** A choice between methods by the machine's number of lanes, which their names end with. */
  String choice(String name, String arguments) {
    StringBuilder code = new StringBuilder("    switch (LANES) {\n");
    for (int lanes : widths()) {
      code.append("      case %1$d -> %2$s%1$d(%3$s);\n".formatted(lanes, name, arguments));
    }
    return code.append(
            "      default -> throw new IllegalStateException(\"no transpose of \" + LANES + \" lanes\");\n    }\n")
        .toString();
  }

  /** Whether rows can be read beyond their ends and before their starts, and there are enough. */
  String condition(String matrix, String rows, String columns) {
    return "%s >= LANES && %s >= LANES / 2 && %sRowStride >= %s"
        .formatted(rows, columns, matrix, e.bytes());
  }

  /**
   * Slices of two rows, all of one length, so that two checks are enough for the vectors of all
   * rows.
   */
  String slices(int lanes, String matrix, String columns) {
    StringBuilder code = new StringBuilder();
    int together = inSlice(lanes);
    code.append(
        "    final long length = %s(%s + %dL) * %s;\n"
            .formatted(together > 1 ? matrix + "RowStride + " : "", columns, lanes / 2, e.bytes()));
    for (int i = 0; i < lanes; i += together) {
      code.append(
          "    final MemorySegment %1$s%2$d = %1$s.asSlice(%1$sOffset + %2$d * %1$sRowStride%3$s, length);\n"
              .formatted(matrix, i, shift(lanes, i)));
    }
    return code.toString();
  }

  /** The rows that one slice is for, of which none are of the other half. */
  private static int inSlice(int lanes) {
    return Math.min(2, lanes / 2);
  }

  /** How much before its start a row is read. */
  private String shift(int lanes, int row) {
    return row < lanes / 2 ? "" : " - %d * %s".formatted(lanes / 2, e.bytes());
  }

  /**
   * The vectors of the columns that begin {@code at} bytes behind the rows' starts.
   *
   * @param code what they are appended to
   * @param access whether they are read from {@link #slices} or from the matrix, of which {@code
   *     at} is then a place
   * @return their names
   */
  List<String> columns(StringBuilder code, int lanes, String matrix, RowAccess access) {
    String type = selects(lanes) ? Selection.type(e) : d.floats();
    String species = selects(lanes) ? Selection.species(e) : VectorDialect.SPECIES;
    List<String> rows = new ArrayList<>();
    for (int i = 0; i < lanes / 2; i++) {
      rows.add("s%d_%d".formatted(lanes / 2, i));
      code.append(
          "      final %s %s = %s.blend(%s, UPPER_%s);\n"
              .formatted(
                  type,
                  rows.get(i),
                  VectorDialect.known(species, load(type, species, lanes, i, matrix, access)),
                  load(type, species, lanes, i + lanes / 2, matrix, access),
                  species));
    }
    for (int h = lanes / 4; h >= 1; h /= 2) {
      List<String> next = new ArrayList<>();
      for (int i = 0; i < lanes / 2; i++) {
        boolean first = i / h % 2 == 0;
        next.add("s%d_%d".formatted(h, i));
        String a = rows.get(first ? i : i - h);
        String b = rows.get(first ? i + h : i);
        code.append(
            "      final %s %s = %s;\n"
                .formatted(type, next.get(i), exchanged(lanes, a, b, h, first)));
      }
      rows = next;
    }
    return rows;
  }

  private String load(
      String type, String species, int lanes, int row, String matrix, RowAccess access) {
    int inSlice = access == RowAccess.SLICED ? row % inSlice(lanes) : row;
    String segment = access == RowAccess.SLICED ? matrix + (row - inSlice) : matrix;
    String place = inSlice == 0 ? "at" : "at + %d * %sRowStride".formatted(inSlice, matrix);
    String shift = access == RowAccess.SLICED ? "" : shift(lanes, row);
    return "%s.fromMemorySegment(%s, %s, %s%s, NATIVE)"
        .formatted(type, species, segment, place, shift);
  }

  /** One of the vectors of columns as numbers of the element's type. */
  String numbers(int lanes, String column) {
    return selects(lanes) ? column + ".reinterpretAs" + e.capital + "s()" : column;
  }

  /** Stores one of them in memory, as what it is. */
  String store(int lanes, String segment, String place, String column) {
    return selects(lanes)
        ? "%s.intoMemorySegment(%s, %s, NATIVE)".formatted(column, segment, place)
        : d.store(segment, place, column);
  }

  private boolean selects(int lanes) {
    return e != Element.FLOAT || lanes != Selection.EXCHANGED;
  }

  /** Of every two groups of h lanes of two vectors, the first ones of both or the second ones. */
  private String exchanged(int lanes, String a, String b, int h, boolean first) {
    return selects(lanes)
        ? "%s%d.selectFrom(%s, %s)".formatted(first ? "LOW" : "HIGH", h, a, b)
        : Selection.half(a, b, h, first);
  }

  /** The masks and the indices of the exchanges. */
  String constants() {
    StringBuilder code = new StringBuilder(upper(Selection.species(e), Selection.boxed(e)));
    for (int h = widths().getFirst() / 4; h >= 1; h /= 2) {
      for (int first : new int[] {0, h}) {
        code.append(
            "  private static final %s %s%d = interleaving(%d, %d);\n"
                .formatted(Selection.type(e), first == 0 ? "LOW" : "HIGH", h, h, first));
      }
    }
    code.append(
"""

  /**
   * For every 2 distance lanes: from each of two vectors those whose place in their group of so
   * many starts at first.
   */
  private static %1$s interleaving(int distance, int first) {
    %2$s[] indices = new %2$s[LANES];
    for (int i = 0; i < LANES; i++) {
      final int place = i %% (2 * distance);
      indices[i] = i - place + first + place %% distance + (place < distance ? 0 : LANES);
    }
    return %3$s;
  }
"""
            .formatted(
                Selection.type(e), Selection.primitive(e), Selection.fromArray(e, "indices")));
    if (!selects(Selection.EXCHANGED)) {
      code.append(upper(VectorDialect.SPECIES, e.capital))
          .append(Selection.exchanges(e, MOST_LANES / 4));
    }
    return code.toString();
  }

  /** The mask of the upper half of the lanes of a species. */
  private static String upper(String species, String element) {
    return "  private static final VectorMask<%1$s> UPPER_%2$s = VectorMask.fromLong(%2$s, (1L << LANES) - (1L << LANES / 2));\n"
        .formatted(element, species);
  }
}
