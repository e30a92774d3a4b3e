package dev.lanewise.tensor;

import dev.lanewise.internal.kernel.KernelSet;
import dev.lanewise.internal.kernel.RowFormat;
import dev.lanewise.internal.kernel.RowKernels;
import dev.lanewise.internal.kernel.ScatterKernels;
import dev.lanewise.internal.memory.GrowableMemory;
import dev.lanewise.internal.memory.Zeros;
import dev.lanewise.internal.sort.RowGroups;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * The gradient of a parameter as a list of rows: entry i says that row {@code indices[i]} has
 * {@code values[i, :]}, and a row that occurs several times has their sum. Its memory is that of
 * the entries, whatever the size of the table.
 *
 * <p>Entries are kept as they were added, in order, until {@link #coalesce} sorts them by row and
 * adds up the duplicates in that order, starting from +0: the bits that a dense gradient has after
 * the same additions.
 *
 * <p>Memory is reused after {@link #zero} and grows to the largest batch; it belongs to no thread
 * and is freed when the gradient is garbage. In steady state nothing is allocated, but for the
 * tensors that {@link #indices} and {@link #values} return. Not thread-safe.
 *
 * <p>Semantics: <a
 * href="https://docs.pytorch.org/docs/stable/sparse.html">torch.sparse_coo_tensor</a> with one
 * sparse dimension.
 */
public final class SparseGradient {
  private static final RowKernels KERNELS = KernelSet.active().rows(RowFormat.FLOAT32);
  private static final ScatterKernels SCATTER = KernelSet.active().scatter();
  private static final int MOST_ENTRIES = Integer.MAX_VALUE - 9;

  private final Shape parameterShape;
  private final int width;
  private final RowGroups groups = new RowGroups();
  private long[] rows = new long[16];
  private int count;
  private boolean coalesced = true;
  private GrowableMemory values = new GrowableMemory();
  private GrowableMemory spare = new GrowableMemory();

  SparseGradient(Shape parameterShape) {
    long each = 1;
    for (int dim = 1; dim < parameterShape.rank(); dim++) {
      each *= parameterShape.size(dim);
    }
    if (parameterShape.rank() == 0 || each > Integer.MAX_VALUE) {
      throw new IllegalStateException(
          "a parameter of shape "
              + parameterShape
              + " has no rows of at most "
              + Integer.MAX_VALUE
              + " elements, so it cannot have a sparse gradient");
    }
    this.parameterShape = parameterShape;
    this.width = (int) each;
  }

  /**
   * How many entries there are.
   *
   * @return at least 0; the number of different rows once coalesced
   */
  public int nnz() {
    return count;
  }

  /**
   * How many elements an entry has.
   *
   * @return the product of the parameter's sizes but the first
   */
  public int width() {
    return width;
  }

  /**
   * Whether the rows ascend without duplicates.
   *
   * @return true after {@link #coalesce}, and while there are no entries
   */
  public boolean isCoalesced() {
    return coalesced;
  }

  /**
   * The entries' rows.
   *
   * @return a copy: a new int64 tensor [nnz]
   */
  public Tensor indices() {
    return Tensor.copyOf(Arena.ofAuto(), Arrays.copyOf(rows, count), count);
  }

  /**
   * The entries' values.
   *
   * @return a float32 view [nnz, width], which is meaningless after the next change
   */
  public Tensor values() {
    return Tensor.wrap(
        values.atLeast(1).asSlice(0, bytes(count)), DType.FLOAT32, Shape.of(count, width));
  }

  /**
   * The row of an entry.
   *
   * @param entry from 0 to {@link #nnz} - 1
   * @return its row
   */
  public long row(int entry) {
    return rows[entry];
  }

  /**
   * The rows of all entries, for loops that allocate nothing.
   *
   * @return the array itself, of which the first {@link #nnz} are meant; not to be written
   */
  public long[] rows() {
    return rows;
  }

  /**
   * The memory of the values, for loops that allocate nothing: row by row without gaps from its
   * first byte on.
   *
   * @return the segment, until the next change
   */
  public MemorySegment segment() {
    return values.atLeast(1);
  }

  /**
   * Adds entries: {@code rows[from + i]} with row i of a matrix, for i below a count, in order.
   *
   * @param source the rows, each from 0 to the parameter's size in dimension 0 - 1
   * @param from the first
   * @param entries how many
   * @param skip a row whose entries are left out, as padding is; negative for none
   * @param g the memory that the matrix is in
   * @param offsetBytes where the matrix starts
   * @param strideBytes how far apart its rows are; in a row, elements lie side by side
   * @throws IndexOutOfBoundsException if there is no such row; nothing is added then
   * @throws IllegalArgumentException if there would be more entries than an int can count
   */
  public void append(
      long[] source,
      int from,
      int entries,
      long skip,
      MemorySegment g,
      long offsetBytes,
      long strideBytes) {
    for (int i = from; i < from + entries; i++) {
      if (source[i] != skip) {
        requireRow(source[i]);
      }
    }
    reserve(entries);
    MemorySegment to = segment();
    long rowBytes = bytes(1);
    int next = count;
    int i = 0;
    while (i < entries) {
      if (source[from + i] == skip) {
        i++;
        continue;
      }
      // Rows that lie side by side are copied at once.
      int first = i;
      int start = next;
      do {
        rows[next++] = source[from + i++];
      } while (i < entries && strideBytes == rowBytes && source[from + i] != skip);
      if (rowBytes > 0) {
        MemorySegment.copy(
            g, offsetBytes + first * strideBytes, to, bytes(start), (next - start) * rowBytes);
      }
    }
    coalesced &= next == count;
    count = next;
  }

  /**
   * Makes room for one more entry, whose values the caller writes.
   *
   * @param row its row, from 0 to the parameter's size in dimension 0 - 1
   * @return where in {@link #segment}, which may be another than before, its values belong, in
   *     bytes
   * @throws IndexOutOfBoundsException if there is no such row
   */
  public long append(long row) {
    requireRow(row);
    reserve(1);
    rows[count] = row;
    coalesced = false;
    return bytes(count++);
  }

  /**
   * Makes room for more entries. Until so many have been added, adding one cannot fail for want of
   * memory: who adds in several steps reserves first, and adds all or nothing.
   *
   * @param more how many, at least 0
   * @throws IllegalArgumentException if the number is negative, or there would be more entries than
   *     an int can count
   */
  public void reserve(int more) {
    if (more < 0) {
      throw new IllegalArgumentException("more: expected at least 0, got " + more);
    }
    long needed = (long) count + more;
    if (needed > MOST_ENTRIES) {
      throw new IllegalArgumentException(
          needed + " entries are more than a sparse gradient holds: coalesce or split the batch");
    }
    if (rows.length < needed) {
      rows = Arrays.copyOf(rows, (int) Math.min(Math.max(needed, rows.length * 2L), MOST_ENTRIES));
    }
    values.atLeast(Math.max(bytes(needed), 1), bytes(count));
  }

  private void requireRow(long row) {
    if (row < 0 || row >= parameterShape.size(0)) {
      throw new IndexOutOfBoundsException(
          "row " + row + " is outside the parameter of shape " + parameterShape);
    }
  }

  /**
   * Sorts the entries by row and adds up those of the same row, in the order in which they were
   * added, starting from +0.
   */
  public void coalesce() {
    if (coalesced) {
      return;
    }
    groups.group(rows, count, -1);
    int distinct = groups.count();
    MemorySegment from = segment();
    MemorySegment to = spare.atLeast(Math.max(bytes(distinct), 1));
    for (int group = 0; group < distinct; group++) {
      KERNELS.bagSum(
          from,
          0,
          bytes(1),
          groups.positions(),
          groups.start(group),
          groups.size(group),
          to,
          bytes(group),
          width,
          1f);
    }
    System.arraycopy(groups.rows(), 0, rows, 0, distinct);
    count = distinct;
    GrowableMemory old = values;
    values = spare;
    spare = old;
    coalesced = true;
  }

  /**
   * Writes the gradient as a tensor of the parameter's shape: zeros, and to each entry's row its
   * values added, in order.
   *
   * @param out float32 of the parameter's shape, contiguous and writable
   * @return out
   * @throws IllegalArgumentException if out has another shape or type, is not contiguous or
   *     read-only
   */
  public Tensor toDense(Tensor out) {
    if (out.dtype() != DType.FLOAT32 || !out.shape().equals(parameterShape)) {
      throw new IllegalArgumentException(
          "out: expected float32 of shape "
              + parameterShape
              + ", got "
              + out.dtype()
              + " of shape "
              + out.shape());
    }
    if (!out.isContiguous() || out.segment().isReadOnly()) {
      throw new IllegalArgumentException(
          "out: a tensor of shape " + out.shape() + " must be contiguous and writable");
    }
    Zeros.fill(out.segment(), out.offsetBytes(), out.shape().elementCount() * Float.BYTES);
    addRows(out);
    return out;
  }

  /**
   * Adds what this holds to a dense gradient of the same parameter, each row's sum at once, and
   * becomes zero.
   */
  void moveTo(Gradient dense) {
    coalesce();
    addRows(dense.tensor());
    for (int i = 0; i < count; i++) {
      dense.touchRow(rows[i]);
    }
    zero();
  }

  private void addRows(Tensor table) {
    SCATTER.scatterAdd(
        table.segment(),
        table.offsetBytes(),
        bytes(1),
        rows,
        0,
        count,
        segment(),
        0,
        bytes(1),
        width,
        -1);
  }

  /** Forgets all entries; their memory is kept. */
  public void zero() {
    count = 0;
    coalesced = true;
  }

  private long bytes(long entries) {
    return entries * width * Float.BYTES;
  }

  /**
   * The number of entries and the parameter's shape.
   *
   * @return for example {@code SparseGradient(3 of [10000, 64], coalesced)}
   */
  @Override
  public String toString() {
    return "SparseGradient(" + count + " of " + parameterShape + (coalesced ? ", coalesced)" : ")");
  }
}
