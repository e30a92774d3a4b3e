/** Where a copy of a block goes: another place in memory, or packed rows on the heap. */
enum BlockTarget {
  MEMORY("MemorySegment to, long toOffset, long toRowStride", "long", "toOffset", "toRowStride"),
  ROWS("%s[] to, int toIndex", "int", "toIndex", "PackedRows.PITCH");

  private final String to;

  /** The type of a place of it. */
  final String placeType;

  /** Where its first row starts. */
  final String start;

  /** The distance of its rows. */
  final String stride;

  BlockTarget(String to, String placeType, String start, String stride) {
    this.to = to;
    this.placeType = placeType;
    this.start = start;
    this.stride = stride;
  }

  /** The parameters of a copy of some rows and columns. */
  String parameters(Element e) {
    return "int rows, int columns, " + blockParameters(e);
  }

  /** The same without its size. */
  String blockParameters(Element e) {
    return "MemorySegment from, long fromOffset, long fromRowStride, " + to.formatted(e.primitive);
  }

  /** Those of a copy from columns that lie a stride apart. */
  String gatherParameters(Element e) {
    return "int rows, int columns, MemorySegment from, long fromOffset, long fromRowStride, long fromColumnStride, "
        + to.formatted(e.primitive);
  }

  /** The place of an element of a row that starts at a place. */
  String at(Element e, String row, String element) {
    return this == MEMORY
        ? row + " + (long) " + element + " * " + e.bytes()
        : row + " + " + element;
  }

  /** The place that is some vectors behind another. */
  String further(Dialect d, String place, int vectors) {
    return this == MEMORY
        ? SourceText.offset(place, vectors, d)
        : vectors == 0 ? place : place + " + " + vectors + " * " + d.lanes();
  }

  /** Stores a vector or a number. */
  String store(Dialect d, String place, String value) {
    return this == MEMORY ? d.store("to", place, value) : d.storeArray("to", place, value);
  }

  /**
   * Number by number, to the end of the method.
   *
   * @param start where row r of the source starts, from then on {@code source}
   * @param place where the row's number i is read
   */
  String numbers(Element e, String start, String place) {
    Dialect number = new ScalarDialect(e);
    return
"""
    for (int r = 0; r < rows; r++) {
      final long source = %1$s;
      final %2$s target = %3$s + r * %4$s;
      for (int i = 0; i < columns; i++) {
        %5$s;
      }
    }
  }
"""
        .formatted(
            start,
            placeType,
            this.start,
            stride,
            store(number, at(e, "target", "i"), number.load("from", place)));
  }
}
