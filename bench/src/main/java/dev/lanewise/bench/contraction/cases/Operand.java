package dev.lanewise.bench.contraction.cases;

/**
 * An input of a contraction.
 *
 * @param layout sizes and strides; of a {@link Source#LOOKED_UP} one, those of the rows as if they
 *     had been copied out of the table
 * @param source what an engine may know of it beforehand
 * @param tableRows how many rows the table of a {@link Source#LOOKED_UP} operand has; else 0
 */
public record Operand(Layout layout, Source source, int tableRows) {
  /** Where an operand's numbers come from. */
  public enum Source {
    /** New in every call. */
    VARIABLE,
    /** The same in all calls, such as a weight: an engine that can may rearrange it beforehand. */
    CONSTANT,
    /** Rows of a table, in an order that an array of indices gives. */
    LOOKED_UP
  }

  /** An operand that is new in every call. */
  public static Operand variable(Layout layout) {
    return new Operand(layout, Source.VARIABLE, 0);
  }

  /** An operand that is the same in all calls. */
  public static Operand constant(Layout layout) {
    return new Operand(layout, Source.CONSTANT, 0);
  }

  /** Rows of a table at random places. */
  public static Operand lookedUp(int rows, int columns, int tableRows) {
    return new Operand(Layout.dense(rows, columns), Source.LOOKED_UP, tableRows);
  }
}
