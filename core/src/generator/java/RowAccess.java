/** How vectors of a row are read from a table's memory. */
enum RowAccess {
  /** Each by its place in the table, which is checked each time. */
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

  /** Whether a dialect's loops read from slices: single numbers are not worth one. */
  boolean slices(Dialect d) {
    return this == SLICED && d instanceof VectorDialect;
  }
}
