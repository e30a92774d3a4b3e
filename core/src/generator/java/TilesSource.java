import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * The innermost products and distances of matrices, a method for each shape of tile; see
 * TileKernels and DirectKernels.
 *
 * <p>Nothing but broadcasts, loads and what adds a term in a loop. B's place goes up by a stride
 * that is a parameter, so C2 cannot derive it from the loop's counter: from one counter for both
 * places it moved broadcasts up until twenty accumulators were spilled, at half the speed.
 */
final class TilesSource {
  private static final String PANEL_STRIDE = ", long bPanelStride";
  private static final String LAST = ", long lastBytes";
  private static final String B = "MemorySegment b, long bOffset, long bRowStride";
  private static final String C = ", MemorySegment c, long cOffset, long cRowStride";
  private static final String PACKED = "int kc, %s[] a, int aIndex, " + B + PANEL_STRIDE + LAST + C;
  private static final String DIRECT =
      "int kc, MemorySegment a, long aOffset, long aRowStride, long aColumnStride, " + B + LAST + C;

  private TilesSource() {}

  /** How the rows of A that a tile has are read. */
  private interface Rows {
    /** What comes before the loop over the sum. */
    String prepare(int mr);

    /** The head of that loop. */
    String loop();

    /** A row's value at this step. */
    String value(int row, int mr);

    /** What comes at the end of a step. */
    String step();

    /** Goes on to the next tile's rows. */
    String next(int mr);
  }

  /** Rows that are packed on the heap, at a pitch that the compiler knows. */
  private record PackedA() implements Rows {
    @Override
    public String prepare(int mr) {
      return "";
    }

    @Override
    public String loop() {
      return "int ap = aIndex; ap < aIndex + kc; ap++";
    }

    @Override
    public String value(int row, int mr) {
      return "a[ap" + (row == 0 ? "" : " + " + row + " * PackedRows.PITCH") + "]";
    }

    @Override
    public String step() {
      return "";
    }

    @Override
    public String next(int mr) {
      return "aIndex += %d * PackedRows.PITCH;".formatted(mr);
    }
  }

  /**
   * Rows that are read where they lie: each number by its place, or rows by twos from slices. These
   * are equally long, so that two checks at each step are enough for all of them.
   */
  private record DirectA(Element element, boolean slices) implements Rows {
    @Override
    public String prepare(int mr) {
      if (!slices) {
        return "      long ap = aOffset;\n";
      }
      StringBuilder code =
          new StringBuilder(
              "      final long length = %s(kc - 1) * aColumnStride + %s;\n"
                  .formatted(mr > 1 ? "aRowStride + " : "", element.bytes()));
      for (int i = 0; i < mr; i++) {
        if (first(i, mr) == i) {
          code.append(
              "      final MemorySegment rows%d = a.asSlice(aOffset + %d * aRowStride, length);\n"
                  .formatted(i, i));
        }
      }
      return code.append("      long ap = 0;\n").toString();
    }

    /** The first row of the slice that a row is read from: the last two have one of their own. */
    private static int first(int row, int mr) {
      return row < mr - 2 ? row / 2 * 2 : Math.max(0, mr - 2);
    }

    @Override
    public String loop() {
      return "int p = 0; p < kc; p++";
    }

    @Override
    public String value(int row, int mr) {
      if (!slices) {
        return "a.get(%s, ap + %d * aRowStride)".formatted(element.layout(), row);
      }
      int first = first(row, mr);
      return "rows%d.get(%s, ap%s)"
          .formatted(first, element.layout(), row == first ? "" : " + aRowStride");
    }

    @Override
    public String step() {
      return "        ap += aColumnStride;\n";
    }

    @Override
    public String next(int mr) {
      return "aOffset += %d * aRowStride;".formatted(mr);
    }
  }

  /** Tiles whose A is packed on the heap. */
  static String packed(Dialect d) {
    return """
      @Override
      public int panelVectors() {
        return %d;
      }

      @Override
      public boolean boundByInstructions() {
        return %s;
      }

    """
            .formatted(d.panelVectors(), d.boundByInstructions())
        + methods(
            d,
            PACKED.formatted(d.element().primitive),
            d.tileRows(),
            d.panelVectors(),
            new PackedA(),
            Term.PRODUCT);
  }

  /**
   * Tiles whose A is read where it lies: in classes of vectors from slices.
   *
   * @param rows the most of a tile of 1, 2, 3, ... vectors; 0 where there is none
   */
  static String direct(Dialect d, Term term, int[] rows) {
    Rows a = new DirectA(d.element(), RowAccess.SLICED.slices(d));
    return methods(d, DIRECT, rows, rows.length, a, term);
  }

  /** One switch for all shapes: a tile of mr rows and v vectors has the case {@code 16 v + mr}. */
  private static String methods(
      Dialect d, String parameters, int[] rows, int panelVectors, Rows a, Term term) {
    StringBuilder most = new StringBuilder();
    StringBuilder cases = new StringBuilder();
    StringBuilder tiles = new StringBuilder();
    for (int vectors = 1; vectors <= rows.length; vectors++) {
      int mostRows = rows[vectors - 1];
      if (mostRows == 0) {
        continue;
      }
      most.append("      case %d -> %s;\n".formatted(vectors, d.maxRows(mostRows, vectors)));
      // The last vector of a tile of one is its first.
      String ofTile = "int count, " + parameters;
      if (vectors == 1) {
        ofTile = ofTile.replace(LAST, "");
      }
      if (vectors <= panelVectors) {
        ofTile = ofTile.replace(PANEL_STRIDE, "");
      }
      for (int mr = 1; mr <= mostRows; mr++) {
        cases.append(
            "      case %d -> tile%dx%d(%s);\n"
                .formatted(16 * vectors + mr, mr, vectors, SourceText.names(ofTile)));
        tiles.append(tile(d, mr, vectors, panelVectors, ofTile, a, term));
      }
    }
    return """
      @Override
      public int lanes() {
        return %s;
      }

      @Override
      public int maxVectors() {
        return %d;
      }

      @Override
      public int maxRows(int vectors) {
        return switch (vectors) {
    %s      default -> 0;
        };
      }

      @Override
      public void multiply(int mr, int vectors, int count, %s) {
        switch (16 * vectors + mr) {
    %s      default -> throw new IllegalArgumentException("no tile of " + mr + " rows and " + vectors + " vectors");
        }
      }
    """
            .formatted(d.lanes(), rows.length, most, parameters, cases)
        + tiles;
  }

  private static String tile(
      Dialect d, int mr, int vectors, int panelVectors, String parameters, Rows a, Term term) {
    StringBuilder code = new StringBuilder();
    code.append("\n  private static void tile%dx%d(%s) {\n".formatted(mr, vectors, parameters));
    code.append("    final %s zero = %s;\n".formatted(d.floats(), d.zero()));
    // There is a tile: what C2 looks at once for all of them it looks at before the first.
    code.append(
        "    long cp = cOffset;\n    for (int tile = 0; tile < Math.max(count, 1); tile++) {\n");
    code.append(a.prepare(mr));
    code.append(
        IntStream.range(0, mr * vectors)
            .mapToObj(i -> "      %s c%d = zero;\n".formatted(d.floats(), i))
            .collect(Collectors.joining()));
    code.append("      long bp = bOffset;\n      for (%s) {\n".formatted(a.loop()));
    for (int v = 0; v < vectors; v++) {
      code.append(
          "        final %s b%d = %s;\n"
              .formatted(
                  d.floats(),
                  v,
                  d.load("b", place("bp", "bPanelStride", v, vectors, panelVectors, d))));
    }
    for (int i = 0; i < mr; i++) {
      code.append(
          "        final %s a%d = %s;\n".formatted(d.floats(), i, d.broadcast(a.value(i, mr))));
      for (int v = 0; v < vectors; v++) {
        String sum = "c" + (i * vectors + v);
        code.append("        ").append(term.add(d, "a" + i, "b" + v, sum, ""));
      }
    }
    code.append(a.step());
    code.append("        bp += bRowStride;\n      }\n");
    for (int i = 0; i < mr; i++) {
      for (int v = 0; v < vectors; v++) {
        code.append(
            "      %s;\n"
                .formatted(
                    d.store(
                        "c",
                        place("cp", d.bytes(panelVectors), v, vectors, panelVectors, d),
                        "c" + (i * vectors + v))));
      }
      code.append("      cp += cRowStride;\n");
    }
    return code.append("      %s\n    }\n  }\n".formatted(a.next(mr))).toString();
  }

  /** Where a vector of a row lies, if the next panel's lie at a distance from the first one's. */
  private static String place(
      String base, String panelStride, int vector, int vectors, int panelVectors, Dialect d) {
    int inPanel = vector % panelVectors;
    String panel = vector == inPanel ? base : base + " + " + panelStride;
    return vector > 0 && vector == vectors - 1
        ? panel + " + lastBytes"
        : SourceText.offset(panel, inPanel, d);
  }
}
