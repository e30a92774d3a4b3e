import java.util.List;

/**
 * The loops of the programs over rows of a table. C2 would split a loop over single vectors into a
 * pre-, main- and post-loop, which costs rows of ordinary width more than twice the time (150 ns a
 * row against 58, on the machine the project was begun on): columns are taken in straight-line
 * groups of 8, 4, 2 and 1 vectors.
 */
final class RowLoops {
  private RowLoops() {}

  /** Emits a row's program for one group of columns. */
  interface GroupBody {
    void emit(Program p, int vectors);
  }

  /**
   * A loop over rows, each in straight-line groups; what is left of a row is a method of its own.
   *
   * @param begin what a row begins with: its number is {@code row}, its place {@code r}
   * @param tail the parameters of the method for what is left of a row, besides where it begins and
   *     ends
   * @param largest the most vectors of a group
   * @param apart whether each group is a method of its own: of all that take many operations, one
   *     method would be too large for C1
   */
  static String eachRow(
      Dialect d,
      String name,
      String parameters,
      String begin,
      String tail,
      int largest,
      boolean apart,
      GroupBody body) {
    StringBuilder code = new StringBuilder(SourceText.header(name, parameters));
    StringBuilder methods = new StringBuilder();
    code.append("    for (int r = 0; r < count; r++) {\n      final long row = rows[from + r];\n")
        .append(begin);
    Dialect last = d.loops().getLast();
    String loop = "for (int i = %s; i < width; i++) {\n";
    if (d == last) {
      code.append("      ").append(loop.formatted("0"));
    } else {
      code.append("      int i = 0;\n");
      for (int vectors = largest; vectors >= 1; vectors /= 2) {
        Program p = new Program(d, apart ? "    " : "        ", "");
        body.emit(p, vectors);
        String group = p.lines.toString();
        if (apart) {
          String method = name + vectors;
          methods.append(
              "\n  private static void %s(%s, int i, int width) {\n".formatted(method, tail));
          methods.append(p.lines).append("  }\n");
          group = "        %s(%s, i, width);\n".formatted(method, SourceText.names(tail));
        }
        code.append(group(d, vectors, vectors == largest, "      ", group));
      }
      code.append(
          "      if (i < width) {\n        %sTail(%s, i, width);\n      }\n    }\n  }\n\n"
              .formatted(name, SourceText.names(tail)));
      code.append(
          "  private static void %sTail(%s, int begin, int width) {\n".formatted(name, tail));
      code.append("    ").append(loop.formatted("begin"));
    }
    Program p = new Program(last, "        ", "");
    body.emit(p, 1);
    code.append(p.lines).append(d == last ? "      }\n" : "").append("    }\n  }\n");
    return code.append(methods).toString();
  }

  /**
   * The columns of many rows in groups held in registers, each in a method with its own loop over
   * the rows. The method's parameters are the program's own, and where the group begins: {@code i}.
   *
   * @param scalars numbers that the program uses in every lane: parameters of type double
   */
  static String eachGroup(
      Dialect d,
      String name,
      String parameters,
      List<String> scalars,
      Stored stored,
      GroupBody body) {
    return eachGroup(d, name, parameters, scalars, stored, Integer.MAX_VALUE, body);
  }

  /**
   * As the other, with groups of so many vectors at most: for programs of so many operations a
   * vector that C2 would not keep all vectors of a larger group in registers.
   */
  static String eachGroup(
      Dialect d,
      String name,
      String parameters,
      List<String> scalars,
      Stored stored,
      int most,
      GroupBody body) {
    StringBuilder code = new StringBuilder(SourceText.header(name, parameters));
    StringBuilder methods = new StringBuilder();
    code.append("    int i = 0;\n");
    for (Dialect loop : d.loops()) {
      int largest = Math.min(most, stored.largestGroup(loop));
      int larger = 0;
      for (int vectors = largest; vectors >= 1; vectors /= 2) {
        String method = name + (loop == d ? vectors : "Tail");
        code.append(
            group(
                loop,
                vectors,
                larger != 2 * vectors,
                "    ",
                "      " + method + "(" + SourceText.names(parameters) + ", i);\n"));
        larger = vectors;
        Program p = new Program(loop, "    ", "");
        for (String scalar : scalars) {
          p.line(
              "final %s %s = %s;"
                  .formatted(loop.floats(), lanes(scalar), loop.broadcast(narrowed(loop, scalar))));
        }
        body.emit(p, vectors);
        methods
            .append("\n  private static void ")
            .append(method)
            .append('(')
            .append(parameters)
            .append(", int i) {\n")
            .append(p.lines)
            .append("  }\n");
      }
    }
    return code.append("  }\n").append(methods).toString();
  }

  /** The name under which a scalar of {@link #eachGroup} is at hand in every lane. */
  static String lanes(String scalar) {
    return scalar + "Lanes";
  }

  /** A double as a number of the dialect's type. */
  static String narrowed(Dialect d, String value) {
    return d.element() == Element.DOUBLE ? value : "(float) " + value;
  }

  /** Where the v-th vector of a group from column i on lies, of elements of a size. */
  static String at(String base, int v, Dialect d, String elementBytes) {
    String first = base + " + (long) i * " + elementBytes;
    return v == 0 ? first : first + " + (long) " + v + " * " + d.lanes() + " * " + elementBytes;
  }

  /** As the other, of elements of the dialect's own type. */
  static String at(String base, int v, Dialect d) {
    return at(base, v, d, d.element().bytes());
  }

  /**
   * One group of columns, from i on: as often as it fits if it is the largest, else once if it
   * fits.
   */
  private static String group(Dialect d, int vectors, boolean repeats, String indent, String body) {
    String span = vectors == 1 ? d.lanes() : vectors + " * " + d.lanes();
    return indent
        + (repeats
            ? "for (; i + " + span + " <= width; i += " + span + ") {\n"
            : "if (i + " + span + " <= width) {\n")
        + body
        + (repeats || vectors == 1 && d.loops().size() == 1
            ? ""
            : indent + "  i += " + span + ";\n")
        + indent
        + "}\n";
  }
}
