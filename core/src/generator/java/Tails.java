import java.util.List;

/**
 * Cuts a kernel into methods: the loop over vectors, and behind a call the loop over the few
 * elements that are left. One method with both would be too large for C1's tier 3, and a kernel
 * that fails there can stay at tier 2 for the life of the process, a hundred times slower (seen
 * with the rows' kernels).
 */
final class Tails {
  private final String name;
  private final String parameters;
  private final String range;
  private int methods;

  Tails(String name, String parameters, String range) {
    this.name = name;
    this.parameters = parameters;
    this.range = range;
  }

  /**
   * What stands before the next loop: in the first method the start, then a call of the method in
   * which the loop is.
   */
  String next(Dialect loop, List<String> scalars, String start) {
    return next(loop, "", scalars, start);
  }

  /** The same, with statements that stand before the broadcasts of each method. */
  String next(Dialect loop, String before, List<String> scalars, String start) {
    boolean first = methods++ == 0;
    String begin =
        before
            + SourceText.broadcasts(loop, scalars)
            + "    int i = %s;\n".formatted(first ? start : "from");
    if (first) {
      return begin;
    }
    String method = name + "Tail" + (methods > 2 ? methods - 1 : "");
    return "    if (i < n) {\n      %s(%s, i, n);\n    }\n  }\n\n  private static void %s(%s, %s) {\n"
            .formatted(method, SourceText.names(parameters), method, parameters, range)
        + begin;
  }

  /** A loop over what is left of a run, from i on. */
  static String run(Dialect loop, Program body) {
    return "    for (; i + %s <= n; i += %s) {\n      final long at = (long) i * %s;\n%s    }\n"
        .formatted(loop.lanes(), loop.lanes(), loop.element().bytes(), body.lines);
  }
}
