/**
 * Blocks of a matrix whose columns lie a stride apart on one side; see BlockKernels. Of every
 * second number vectors are made, in strips: all rows of one or two vectors of columns are a loop
 * over slices of one length, so one check a row is enough for all that is read of it.
 */
final class GathersSource {
  /** Of fewer rows, making a strip's slices takes as long as its numbers. */
  private static final int FEWEST_ROWS = 4;

  /** The vectors of columns of a strip: two, and one of the last columns. */
  private static final int[] STRIPS = {2, 1};

  private final Dialect d;
  private final Element e;
  private final boolean vector;

  private GathersSource(Dialect d) {
    this.d = d;
    this.e = d.element();
    this.vector = d.loops().size() > 1;
  }

  static String methods(Dialect d) {
    GathersSource source = new GathersSource(d);
    StringBuilder code = new StringBuilder(source.vector ? source.constants() : "");
    for (BlockTarget target : BlockTarget.values()) {
      code.append(source.gather(target));
    }
    return code.append(source.scatter()).toString();
  }

  /** Which lanes of two vectors are every second number, and where the lanes of one go. */
  private String constants() {
    // The second vector starts one number early, to end with the last element.
    StringBuilder code = new StringBuilder();
    code.append(
"""

  private static final %1$s EVERY_SECOND = everySecond();

  private static %1$s everySecond() {
    %2$s[] indices = new %2$s[LANES];
    for (int i = 0; i < LANES; i++) {
      indices[i] = 2 * i + (i < LANES / 2 ? 0 : 1);
    }
    return %3$s;
  }

"""
            .formatted(
                Selection.type(e), Selection.primitive(e), Selection.fromArray(e, "indices")));
    if (exchanges()) {
      code.append(shuffle("SECOND_OF_LOWER", "2 * i % LANES"))
          .append(shuffle("SECOND_OF_UPPER", "(2 * i + 1) % LANES"));
    }
    return code.append(shuffle("LOWER_SPREAD", "i / 2"))
        .append(shuffle("UPPER_SPREAD", "(i + LANES - 1) / 2"))
        .append(
"""
  private static final VectorMask<%1$s> EVEN = VectorMask.fromLong(F, 0x5555555555555555L);
  private static final VectorMask<%1$s> ODD = EVEN.not();
"""
                .formatted(e.capital))
        .toString();
  }

  private String shuffle(String name, String index) {
    return "  private static final VectorShuffle<%s> %s = F.shuffleFromOp(i -> %s);\n"
        .formatted(e.capital, name, index);
  }

  /** Whether there is a width at which lanes are exchanged instead of selected from two vectors. */
  private boolean exchanges() {
    return e == Element.FLOAT;
  }

  private String gather(BlockTarget target) {
    String parameters = target.gatherParameters(e);
    StringBuilder code = new StringBuilder(SourceText.header("gather", parameters));
    String numbers =
        target.numbers(e, "fromOffset + r * fromRowStride", "source + i * fromColumnStride");
    if (!vector) {
      return code.append(numbers).toString();
    }
    String stripParameters = "int rows, " + target.blockParameters(e);
    code.append(
        strips(
            "gather",
            parameters,
            "fromColumnStride == 2 * %s && fromRowStride >= 0 && !from.isMapped()"
                .formatted(e.bytes()),
            "rows, from, fromOffset + i * fromColumnStride, fromRowStride, to, %s%s"
                .formatted(
                    target.at(e, target.start, "i"),
                    target == BlockTarget.MEMORY ? ", toRowStride" : "")));
    code.append("\n  private static void gatherNumbers(%s) {\n%s".formatted(parameters, numbers));
    for (int vectors : STRIPS) {
      code.append("\n  private static void gather%d(%s) {\n".formatted(vectors, stripParameters));
      if (exchanges()) {
        code.append(
            "    if (LANES == %d) {\n      exchanged%d(%s);\n      return;\n    }\n"
                .formatted(Selection.EXCHANGED, vectors, SourceText.names(stripParameters)));
      }
      code.append(gatherStrip(target, vectors, true)).append("  }\n");
      if (exchanges()) {
        code.append(
            "\n  private static void exchanged%d(%s) {\n%s  }\n"
                .formatted(vectors, stripParameters, gatherStrip(target, vectors, false)));
      }
    }
    return code.toString();
  }

  /**
   * All by strips if a condition holds, else number by number, to the end of the method.
   *
   * @param arguments of a strip that starts with column i
   */
  private static String strips(String name, String parameters, String condition, String arguments) {
    return
"""
    if (columns < LANES || rows < %1$d || !(%2$s)) {
      %3$sNumbers(%4$s);
      return;
    }
    int i = 0;
    for (; i + 2 * LANES <= columns; i += 2 * LANES) {
      %3$s2(%5$s);
    }
    for (int begin = i; begin < columns; begin += LANES) {
      // The last strip is moved back to end with the columns: what two cover is written twice.
      i = Math.min(begin, columns - LANES);
      %3$s1(%5$s);
    }
  }
"""
        .formatted(FEWEST_ROWS, condition, name, SourceText.names(parameters), arguments);
  }

  /** Slices of one length, one for each vector that a row has, where the vectors start. */
  private static String slices(String matrix, String... starts) {
    StringBuilder code = new StringBuilder();
    code.append(
        "    final long %1$sLength = (rows - 1) * %1$sRowStride + BYTES;\n".formatted(matrix));
    for (int i = 0; i < starts.length; i++) {
      code.append(
          "    final MemorySegment %1$s%2$d = %1$s.asSlice(%1$sOffset + %3$s, %1$sLength);\n"
              .formatted(matrix, i, starts[i]));
    }
    return code.toString();
  }

  /** Where the vectors start whose every second number some vectors hold. */
  private String[] spread(int vectors) {
    String[] starts = new String[2 * vectors];
    for (int v = 0; v < vectors; v++) {
      starts[2 * v] = "%d * BYTES".formatted(2 * v);
      starts[2 * v + 1] = "%d * BYTES - %s".formatted(2 * v + 1, e.bytes());
    }
    return starts;
  }

  private static String[] dense(int vectors) {
    String[] starts = new String[vectors];
    for (int v = 0; v < vectors; v++) {
      starts[v] = v + " * BYTES";
    }
    return starts;
  }

  private String gatherStrip(BlockTarget target, int vectors, boolean selects) {
    boolean memory = target == BlockTarget.MEMORY;
    StringBuilder code = new StringBuilder(slices("from", spread(vectors)));
    if (memory) {
      code.append(slices("to", dense(vectors)));
    }
    code.append("    for (int r = 0; r < rows; r += Lanes.one) {\n");
    code.append("      final long source = r * fromRowStride;\n");
    code.append(
        "      final %s target = %s;\n"
            .formatted(
                target.placeType, memory ? "r * toRowStride" : "toIndex + r * " + target.stride));
    for (int i = 0; i < 2 * vectors; i++) {
      code.append(
          "      final %s x%d = %s;\n"
              .formatted(
                  selects ? Selection.type(e) : d.floats(),
                  i,
                  selects
                      ? Selection.load(e, "from" + i, "source")
                      : d.load("from" + i, "source")));
    }
    for (int v = 0; v < vectors; v++) {
      String chosen =
          selects
              ? "EVERY_SECOND.selectFrom(x%d, x%d).reinterpretAs%ss()"
                  .formatted(2 * v, 2 * v + 1, e.capital)
              : "%s.rearrange(SECOND_OF_LOWER).blend(%s.rearrange(SECOND_OF_UPPER), UPPER_F)"
                  .formatted(
                      VectorDialect.known(VectorDialect.SPECIES, "x" + 2 * v),
                      VectorDialect.known(VectorDialect.SPECIES, "x" + (2 * v + 1)));
      code.append(
          "      %s;\n"
              .formatted(
                  memory
                      ? d.store("to" + v, "target", chosen)
                      : target.store(d, target.further(d, "target", v), chosen)));
    }
    return code.append("    }\n").toString();
  }

  private String scatter() {
    String block =
        "MemorySegment from, long fromOffset, long fromRowStride, MemorySegment to, long toOffset, long toRowStride";
    String parameters = "int rows, int columns, " + block + ", long toColumnStride";
    String numbers =
"""
    for (int r = 0; r < rows; r++) {
      final long source = fromOffset + r * fromRowStride;
      final long target = toOffset + r * toRowStride;
      for (int i = 0; i < columns; i++) {
        to.set(%1$s, target + i * toColumnStride, from.get(%1$s, source + (long) i * %2$s));
      }
    }
  }
"""
            .formatted(e.layout(), e.bytes());
    StringBuilder code = new StringBuilder(SourceText.header("scatter", parameters));
    if (!vector) {
      return code.append(numbers).toString();
    }
    // Narrower vectors may have no masked stores, or slow ones.
    code.append(
            strips(
                "scatter",
                parameters,
                "LANES == %d && toColumnStride == 2 * %s && toRowStride >= 0 && !to.isMapped()"
                    .formatted(Transposition.mostLanes(e), e.bytes()),
                "rows, from, fromOffset + (long) i * %s, fromRowStride, to, toOffset + i * toColumnStride, toRowStride"
                    .formatted(e.bytes())))
        .append("\n  private static void scatterNumbers(%s) {\n%s".formatted(parameters, numbers));
    for (int vectors : STRIPS) {
      code.append(scatterStrip(vectors, "int rows, " + block));
    }
    return code.toString();
  }

  private String scatterStrip(int vectors, String parameters) {
    StringBuilder code = new StringBuilder();
    code.append("\n  private static void scatter%d(%s) {\n".formatted(vectors, parameters))
        .append(slices("from", dense(vectors)))
        .append(slices("to", spread(vectors)))
        .append("    for (int r = 0; r < rows; r += Lanes.one) {\n")
        .append("      final long source = r * fromRowStride;\n")
        .append("      final long target = r * toRowStride;\n");
    for (int v = 0; v < vectors; v++) {
      code.append(
          "      final %s x%d = %s;\n".formatted(d.floats(), v, d.load("from" + v, "source")));
    }
    for (int i = 0; i < 2 * vectors; i++) {
      String vector = VectorDialect.known(VectorDialect.SPECIES, "x" + i / 2);
      String spread =
          vector + ".rearrange(%s)".formatted(i % 2 == 0 ? "LOWER_SPREAD" : "UPPER_SPREAD");
      code.append(
          "      %s.intoMemorySegment(to%d, target, NATIVE, %s);\n"
              .formatted(spread, i, i % 2 == 0 ? "EVEN" : "ODD"));
    }
    return code.append("    }\n  }\n").toString();
  }
}
