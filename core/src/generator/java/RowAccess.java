/** How vectors of a row of a table or a matrix are read from memory. */
enum RowAccess {
  /** Each by its place, which is checked each time. */
  CHECKED(""),
  /**
   * From a slice for each row and group of columns: one check for them all, so that more rows are
   * on their way from memory at a time (1.4 to 3 times the rows a second out of cache). Slices of
   * mapped segments may allocate, where a program uses mapped and other ones.
   */
  SLICED("Sliced");

  /** What the names of generated classes have in them. */
  final String label;

  RowAccess(String label) {
    this.label = label;
  }

  /** Whether a dialect's loops read from slices at all. */
  boolean slices(Dialect d) {
    return this == SLICED && d instanceof VectorDialect;
  }

  /**
   * Whether a group of vectors is read from a slice. One or two are not worth it; and their methods
   * are so small that C2 makes them a part of their caller, at times before it knows that they run
   * often, and then allocates the slices.
   */
  boolean slices(Dialect d, int vectors) {
    return slices(d) && vectors > 2;
  }
}
