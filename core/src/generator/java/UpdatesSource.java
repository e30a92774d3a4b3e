import java.util.ArrayList;
import java.util.List;

/** The program that moves rows of a table by rows of a gradient; see UpdateKernels. */
final class UpdatesSource {
  private static final String BYTES = Stored.FLOAT32.bytes;

  private UpdatesSource() {}

  static String methods(Dialect d, RowAccess access) {
    return RowLoops.eachGroup(
        d,
        "axpy",
        "MemorySegment g, long gOffset, long gStride, long[] sources, MemorySegment w, long wOffset, long wStride, long[] rows, double[] factors, int count, int width, double start",
        List.of("start"),
        Stored.FLOAT32,
        // Twice as many vectors are more than C2 takes at once, and no faster.
        4,
        (p, vectors) -> axpy(p, access.slices(p.dialect, vectors), vectors));
  }

  private static void axpy(Program p, boolean slices, int vectors) {
    Dialect d = p.dialect;
    p.line("for (int r = 0; r < count; r++) {");
    String factor = p.let(d.floats(), d.broadcast(RowLoops.narrowed(d, "factors[r]")));
    Columns g = Columns.of(p, slices, "g", "gOffset + sources[r] * gStride", vectors);
    Columns w = Columns.of(p, slices, "w", "wOffset + rows[r] * wStride", vectors);
    // All loads of a group come before its stores, so that the cache misses of a row overlap.
    List<String> moved = new ArrayList<>();
    for (int v = 0; v < vectors; v++) {
      String sum = p.add(g.load(p, v), RowLoops.lanes("start"));
      moved.add(p.fma(factor, sum, w.load(p, v)));
    }
    for (int v = 0; v < vectors; v++) {
      p.line(d.store(w.segment, w.at(d, v), moved.get(v)) + ";");
    }
    p.line("}");
  }

  /** A group of a row's columns: a slice, or a part of the matrix. */
  private record Columns(String segment, String base) {
    static Columns of(Program p, boolean slices, String matrix, String row, int vectors) {
      String first = RowLoops.at(row, 0, p.dialect);
      String name = matrix + "Row";
      if (slices) {
        String span = Stored.FLOAT32.span(p.dialect, vectors);
        p.line("final MemorySegment %s = %s.asSlice(%s, %s);".formatted(name, matrix, first, span));
        return new Columns(name, "");
      }
      p.line("final long %s = %s;".formatted(name, first));
      return new Columns(matrix, name + " + ");
    }

    String at(Dialect d, int v) {
      return "%s(long) %d * %s * %s".formatted(base, v, d.lanes(), BYTES);
    }

    String load(Program p, int v) {
      return p.load(segment, at(p.dialect, v));
    }
  }
}
