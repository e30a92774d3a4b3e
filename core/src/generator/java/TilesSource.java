import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * The innermost products of matrices, a method for each shape of tile; see TileKernels and
 * DirectKernels.
 *
 * <p>Nothing but broadcasts, loads and multiply-adds in a loop. B's place goes up by a stride that
 * is a parameter, so C2 cannot derive it from the loop's counter: from one counter for both places
 * it moved broadcasts up until twenty accumulators were spilled, at half the speed.
 */
final class TilesSource {
  private static final String B_AND_C =
      "MemorySegment b, long bOffset, long bRowStride, long lastBytes, MemorySegment c, long cOffset, long cRowStride";
  private static final String PACKED = "int kc, %s[] a, int aIndex, " + B_AND_C;
  private static final String DIRECT =
      "int kc, MemorySegment a, long aOffset, long aRowStride, long aColumnStride, " + B_AND_C;

  private TilesSource() {}

  /** How a tile's loop finds the values of A. */
  private record Operand(String counter, String first, String further, String end) {
    String value(int row) {
      return first + (row == 0 ? "" : further.formatted(row)) + end;
    }
  }

  /** Tiles whose A is packed on the heap. */
  static String packed(Dialect d) {
    Operand a =
        new Operand(
            "int ap = aIndex; ap < aIndex + kc; ap++", "a[ap", " + %d * PackedRows.PITCH", "]");
    return methods(d, PACKED.formatted(d.element().primitive), d.tileRows(), a)
        + """

          @Override
          public int maxVectors() {
            return %d;
          }
        """
            .formatted(1 << (d.tileRows().length - 1));
  }

  /** Tiles whose A is read where it lies. */
  static String direct(Dialect d) {
    Operand a =
        new Operand(
            "int p = 0; p < kc; p++",
            "a.get(" + d.element().layout() + ", ap",
            " + %d * aRowStride",
            ")");
    return methods(d, DIRECT, d.directRows(), a);
  }

  /** One switch for all shapes: a tile of mr rows and v vectors has the case {@code 16 v + mr}. */
  private static String methods(Dialect d, String parameters, int[] rows, Operand a) {
    StringBuilder most = new StringBuilder();
    StringBuilder cases = new StringBuilder();
    StringBuilder tiles = new StringBuilder();
    for (int index = 0; index < rows.length; index++) {
      int vectors = 1 << index;
      most.append("      case %d -> %s;\n".formatted(vectors, d.maxRows(rows[index], vectors)));
      for (int mr = 1; mr <= rows[index]; mr++) {
        String read = vectors == 1 ? without("long lastBytes", parameters) : parameters;
        String ofTile =
            mr == 1 ? without("long cRowStride", without("long aRowStride", read)) : read;
        cases.append(
            "      case %d -> tile%dx%d(%s);\n"
                .formatted(16 * vectors + mr, mr, vectors, SourceText.names(ofTile)));
        tiles.append(tile(d, mr, vectors, ofTile, a));
      }
    }
    return """
      @Override
      public int lanes() {
        return %s;
      }

      @Override
      public int maxRows(int vectors) {
        return switch (vectors) {
    %s      default -> 0;
        };
      }

      @Override
      public void multiply(int mr, int vectors, %s) {
        switch (16 * vectors + mr) {
    %s      default -> throw new IllegalArgumentException("no tile of " + mr + " rows and " + vectors + " vectors");
        }
      }
    """
            .formatted(d.lanes(), most, parameters, cases)
        + tiles;
  }

  /** Parameters but for one, which a tile of one row or one vector has no use for. */
  private static String without(String parameter, String parameters) {
    return parameters.replace(", " + parameter, "");
  }

  private static String tile(Dialect d, int mr, int vectors, String parameters, Operand a) {
    boolean direct = parameters.contains("MemorySegment a");
    StringBuilder code = new StringBuilder();
    code.append("\n  private static void tile%dx%d(%s) {\n".formatted(mr, vectors, parameters));
    code.append("    final %s zero = %s;\n".formatted(d.floats(), d.zero()));
    code.append(
        IntStream.range(0, mr * vectors)
            .mapToObj(i -> "    %s c%d = zero;\n".formatted(d.floats(), i))
            .collect(Collectors.joining()));
    code.append("    long bp = bOffset;\n");
    if (direct) {
      code.append("    long ap = aOffset;\n");
    }
    code.append("    for (%s) {\n".formatted(a.counter));
    for (int v = 0; v < vectors; v++) {
      code.append(
          "      final %s b%d = %s;\n"
              .formatted(d.floats(), v, d.load("b", place("bp", v, vectors, d))));
    }
    for (int i = 0; i < mr; i++) {
      code.append("      final %s a%d = %s;\n".formatted(d.floats(), i, d.broadcast(a.value(i))));
      for (int v = 0; v < vectors; v++) {
        String sum = "c" + (i * vectors + v);
        code.append("      %s = %s;\n".formatted(sum, d.fma("a" + i, "b" + v, sum)));
      }
    }
    if (direct) {
      code.append("      ap += aColumnStride;\n");
    }
    code.append("      bp += bRowStride;\n    }\n    long cp = cOffset;\n");
    for (int i = 0; i < mr; i++) {
      for (int v = 0; v < vectors; v++) {
        code.append(
            "    %s;\n"
                .formatted(d.store("c", place("cp", v, vectors, d), "c" + (i * vectors + v))));
      }
      if (i < mr - 1) {
        code.append("    cp += cRowStride;\n");
      }
    }
    return code.append("  }\n").toString();
  }

  private static String place(String base, int vector, int vectors, Dialect d) {
    return vector > 0 && vector == vectors - 1
        ? base + " + lastBytes"
        : SourceText.offset(base, vector, d);
  }
}
