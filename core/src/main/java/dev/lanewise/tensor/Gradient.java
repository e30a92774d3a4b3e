package dev.lanewise.tensor;

import dev.lanewise.internal.memory.Zeros;
import java.util.Arrays;
import java.util.Objects;

/**
 * The gradient of a parameter: a dense tensor that also knows which of its rows (positions of
 * dimension 0) may differ from zero.
 *
 * <p>An embedding's batch touches few rows of a large table. With the touched rows at hand, zeroing
 * the gradient and a plain SGD step cost what the batch touched instead of the whole table, and
 * give the same bits as the full pass.
 *
 * <p>Whoever adds to {@link #tensor()} must call {@link #touchRow} or {@link #touchAllRows} for
 * what it wrote. Not thread-safe. Marking allocates nothing once the list of rows has reached its
 * size.
 */
public final class Gradient {
  private final Tensor tensor;
  private final long rowCount;
  private final long[] marked;
  private int[] rows = new int[16];
  private int touched;
  private boolean all;

  Gradient(Tensor tensor) {
    this.tensor = tensor;
    this.rowCount = tensor.rank() == 0 ? 1 : tensor.size(0);
    // A table of more rows than an int can count is always treated as touched as a whole.
    this.marked = new long[rowCount <= Integer.MAX_VALUE ? (int) ((rowCount + 63) / 64) : 0];
  }

  /**
   * The gradient's numbers, of the parameter's shape.
   *
   * @return the dense tensor, zero in every row that was not touched
   */
  public Tensor tensor() {
    return tensor;
  }

  /**
   * Notes that a row may have become different from zero.
   *
   * @param row its position in dimension 0
   * @throws IndexOutOfBoundsException if there is no such row
   */
  public void touchRow(long row) {
    if (row < 0 || row >= rowCount) {
      throw new IndexOutOfBoundsException(
          "row " + row + " is outside the gradient of shape " + tensor.shape());
    }
    if (all) {
      return;
    }
    if (rowCount > Integer.MAX_VALUE) {
      all = true;
      return;
    }
    int word = (int) (row >>> 6);
    long bit = 1L << row;
    if ((marked[word] & bit) == 0) {
      // First, as it may fail: a row that is marked and not listed would never be zeroed.
      if (touched == rows.length) {
        rows = Arrays.copyOf(rows, (int) Math.min(rowCount, rows.length * 2L));
      }
      marked[word] |= bit;
      rows[touched++] = (int) row;
    }
  }

  /** Notes that any row may have become different from zero. */
  public void touchAllRows() {
    all = true;
  }

  /**
   * Whether any row may differ from zero.
   *
   * @return true after {@link #touchAllRows}, until {@link #zero}
   */
  public boolean allRowsTouched() {
    return all;
  }

  /**
   * How many rows were touched one by one.
   *
   * @return the number of different rows; meaningless while {@link #allRowsTouched}
   */
  public int touchedRowCount() {
    return touched;
  }

  /**
   * One of the touched rows.
   *
   * @param position from 0 to {@link #touchedRowCount} - 1, in order of the first touch
   * @return the row's position in dimension 0
   * @throws IndexOutOfBoundsException if fewer were touched
   */
  public int touchedRow(int position) {
    Objects.checkIndex(position, touched);
    return rows[position];
  }

  /** Sets every element to zero, which costs only what was touched. */
  public void zero() {
    if (all) {
      tensor.fill(0);
      Arrays.fill(marked, 0);
    } else if (touched > 0) {
      long rowBytes = tensor.shape().elementCount() / rowCount * tensor.dtype().sizeBytes();
      for (int i = 0; i < touched; i++) {
        Zeros.fill(tensor.segment(), tensor.offsetBytes() + rows[i] * rowBytes, rowBytes);
        marked[rows[i] >>> 6] = 0;
      }
    }
    touched = 0;
    all = false;
  }
}
