package dev.lanewise.einsum;

import dev.lanewise.internal.check.Check;
import dev.lanewise.internal.rows.RowNumbers;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * An operand made of rows of a table, chosen by indices: {@code operand[..., d] =
 * table[indices[...], d]}, of the indices' shape with the row length behind it. A {@link
 * Contraction} takes it in place of the tensor that a lookup would have written, and gives the same
 * bits; see there for when the rows are read where the table has them.
 *
 * <p>Indices are int32 or int64 of any shape, also empty or a scalar, and are copied and checked
 * when they are loaded. Loading others later allocates nothing once there was room for as many, and
 * leaves the old ones as they were if one of the new ones is outside the table.
 *
 * <p>The table is used as it is, not copied: a contraction reads the numbers it has then.
 *
 * <p>Any number of threads may run contractions with one object, as long as nobody loads indices
 * into it or writes the table.
 *
 * <pre>{@code
 * GatheredRows rows = embedding.rows(ids);
 * Contraction scores = Contraction.compile("ik,kj->ij", rows.shape(), weight.shape());
 * scores.execute(rows, weight, out);
 * }</pre>
 */
public final class GatheredRows {
  /** What {@link #paddingIdx} says where no row is padding. */
  public static final long NO_PADDING = -1;

  private final Tensor table;
  private final long paddingIdx;
  private RowNumbers rows = new RowNumbers();

  /** Where the next indices are read to, so that bad ones do no harm. */
  private RowNumbers spare = new RowNumbers();

  private Shape indicesShape = Shape.of(0);

  /** Made when it is asked for. */
  private @Nullable Shape shape;

  private GatheredRows(Tensor table, long paddingIdx) {
    this.table = table;
    this.paddingIdx = paddingIdx;
  }

  /**
   * No rows yet, of a table.
   *
   * @param table [rows, row length], the elements of a row side by side; may be read-only
   * @return an operand of no rows
   * @throws IllegalArgumentException if the tensor is not such a table
   * @throws IllegalStateException if its arena is closed
   */
  public static GatheredRows of(Tensor table) {
    Check.accessible("table", table);
    if (table.rank() != 2 || table.size(1) > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "table: expected shape [rows, row length], got " + table.shape());
    }
    Check.denseRows("table", table);
    return new GatheredRows(table, NO_PADDING);
  }

  /**
   * No rows yet, of the same table, with a row that gets no gradient; it is read like any other.
   *
   * @param index the padding row, from 0
   * @return an operand of no rows
   * @throws IndexOutOfBoundsException if there is no such row
   */
  public GatheredRows withPaddingIdx(long index) {
    if (index < 0 || index >= table.size(0)) {
      throw new IndexOutOfBoundsException(
          "paddingIdx " + index + " is outside the table's " + table.size(0) + " rows");
    }
    return new GatheredRows(table, index);
  }

  /**
   * Chooses rows, in place of those chosen before.
   *
   * @param indices row numbers, copied. An array that is kept avoids the one that Java makes for a
   *     variable argument list
   * @return this
   * @throws IndexOutOfBoundsException if an index is outside the table; the message names it and
   *     its position
   */
  public GatheredRows load(int... indices) {
    spare.load(indices, table.size(0));
    loaded();
    if (indicesShape.rank() != 1 || indicesShape.size(0) != indices.length) {
      indicesShape = Shape.of(indices.length);
      shape = null;
    }
    return this;
  }

  /**
   * Chooses rows, in place of those chosen before.
   *
   * @param indices row numbers, int32 or int64 of any shape and strides; copied
   * @return this
   * @throws IndexOutOfBoundsException if an index is outside the table; the message names it and
   *     its position
   * @throws IllegalArgumentException if the tensor does not hold integers
   */
  public GatheredRows load(Tensor indices) {
    spare.load(indices, table.size(0));
    loaded();
    if (!indicesShape.equals(indices.shape())) {
      indicesShape = indices.shape();
      shape = null;
    }
    return this;
  }

  private void loaded() {
    RowNumbers before = rows;
    rows = spare;
    spare = before;
  }

  /**
   * The table.
   *
   * @return [rows, row length]
   */
  public Tensor table() {
    return table;
  }

  /**
   * The row that gets no gradient.
   *
   * @return its index from 0, or {@link #NO_PADDING}
   */
  public long paddingIdx() {
    return paddingIdx;
  }

  /**
   * The shape of the indices.
   *
   * @return [0] before any were loaded
   */
  public Shape indicesShape() {
    return indicesShape;
  }

  /**
   * The shape of the operand.
   *
   * @return the indices' shape with the row length behind it
   */
  public Shape shape() {
    Shape known = shape;
    if (known == null) {
      known = indicesShape.append(table.size(1));
      shape = known;
    }
    return known;
  }

  /** The chosen rows. */
  RowNumbers rows() {
    return rows;
  }

  /**
   * The sizes.
   *
   * @return for example {@code GatheredRows [32, 128] of a table [10000, 128]}
   */
  @Override
  public String toString() {
    return "GatheredRows " + shape() + " of a table " + table.shape();
  }
}
