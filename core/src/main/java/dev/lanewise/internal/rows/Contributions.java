package dev.lanewise.internal.rows;

import dev.lanewise.internal.kernel.KernelSet;
import dev.lanewise.internal.kernel.Partials;
import dev.lanewise.internal.kernel.ReductionKernels;
import dev.lanewise.internal.kernel.RowFormat;
import dev.lanewise.internal.kernel.RowKernels;
import dev.lanewise.internal.kernel.ScatterKernels;
import dev.lanewise.internal.memory.GrowableMemory;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.SparseGradient;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * What a batch adds to the gradient of a table's rows: entry e adds row {@code source(e)} of a
 * matrix, times {@code weights[e]} where there are weights, to row {@code rows[e]}. What a lookup
 * does with the rows of the matrix as they come, a bag does with its own row for each of its
 * entries.
 *
 * <p>First the gradient of the result is loaded, then what became of the rows. Memory is kept from
 * batch to batch.
 */
public final class Contributions {
  private static final RowKernels KERNELS = KernelSet.active().rows(RowFormat.FLOAT32);
  private static final ScatterKernels SCATTER = KernelSet.active().scatter();
  private static final ReductionKernels REDUCTIONS = KernelSet.active().reductions();
  private static final long[] NONE = {};

  private final GradientRows gradient = new GradientRows();

  /** A matrix that had to be computed. */
  private final GrowableMemory made = new GrowableMemory();

  private long[] bagOfEntry = new long[16];
  private final long[] itself = new long[1];
  private final float[] partials = new float[Partials.COUNT];

  private MemorySegment segment = MemorySegment.NULL;
  private long offsetBytes;
  private long strideBytes;
  private int width;

  private long[] rows = NONE;
  private int count;
  private long @Nullable [] sources;
  private double @Nullable [] weights;

  // ---------------------------------------------------------------------------------------------------- the gradient

  /**
   * Takes the gradient of a result of the indices' shape with the row length behind it; see {@link
   * GradientRows#load(Tensor, Shape, long)}.
   */
  public void load(Tensor g, Shape indices, long rowLength) {
    gradient.load(g, indices, rowLength);
    useGradient((int) rowLength);
  }

  /** Takes the gradient of a list of rows; see {@link GradientRows#load(Tensor, int, long)}. */
  public void load(Tensor g, int resultRows, long rowLength) {
    gradient.load(g, resultRows, rowLength);
    useGradient((int) rowLength);
  }

  /**
   * Takes some columns of a matrix.
   *
   * @param g float32 of rank 2, accessible, the elements of a row side by side
   * @param column the first
   * @param columns how many
   */
  public void loadColumns(Tensor g, long column, int columns) {
    segment = g.segment();
    offsetBytes = g.offsetBytes() + column * Float.BYTES;
    strideBytes = g.stride(0) * Float.BYTES;
    width = columns;
  }

  private void useGradient(int rowLength) {
    segment = gradient.segment();
    offsetBytes = gradient.offsetBytes();
    strideBytes = gradient.strideBytes();
    width = rowLength;
  }

  /** Lets go of the gradient's memory, so that a pooled object does not keep it. */
  public void release() {
    gradient.release();
    segment = MemorySegment.NULL;
    rows = NONE;
    weights = null;
  }

  // -----------------------------------------------------------------------------------------------
  // what became of it

  /** The result was the rows themselves: {@code result[i] = table[entryRows[i]]}. */
  public void ofRows(long[] entryRows, int entries) {
    rows = entryRows;
    count = entries;
    sources = null;
    weights = null;
  }

  /** The entries of a sparse gradient. */
  public void of(SparseGradient sparse) {
    segment = sparse.segment();
    offsetBytes = 0;
    width = sparse.width();
    strideBytes = (long) width * Float.BYTES;
    ofRows(sparse.rows(), sparse.nnz());
  }

  /**
   * The result was sums of bags: bag b has the entries from {@code starts[b]} to before {@code
   * starts[b + 1]}.
   *
   * @param factors what each entry's row was multiplied by, or null for nothing
   */
  public void ofSums(long[] entryRows, int[] starts, int bags, double @Nullable [] factors) {
    rows = entryRows;
    count = starts[bags];
    weights = factors;
    if (bagOfEntry.length < count) {
      bagOfEntry = new long[Math.max(count, 2 * bagOfEntry.length)];
    }
    for (int bag = 0; bag < bags; bag++) {
      for (int entry = starts[bag]; entry < starts[bag + 1]; entry++) {
        bagOfEntry[entry] = bag;
      }
    }
    sources = bagOfEntry;
  }

  /** The result was means of bags. */
  public void ofMeans(long[] entryRows, int[] starts, int bags) {
    ofSums(entryRows, starts, bags, null);
    MemorySegment quotients = made.atLeast(Math.max(bytes(bags), 1));
    for (int bag = 0; bag < bags; bag++) {
      itself[0] = bag;
      KERNELS.bagSum(
          segment,
          offsetBytes,
          strideBytes,
          itself,
          0,
          1,
          quotients,
          bytes(bag),
          width,
          Math.max(starts[bag + 1] - starts[bag], 1));
    }
    useMade();
  }

  /** The result was maxima of bags of a table's rows: what was not the first largest gets 0. */
  public void ofMaxima(Tensor table, long[] entryRows, int[] starts, int bags) {
    ofRows(entryRows, starts[bags]);
    MemorySegment values = made.atLeast(bytes(count + 1L));
    long tableStride = table.stride(0) * Float.BYTES;
    for (int bag = 0; bag < bags; bag++) {
      int size = starts[bag + 1] - starts[bag];
      // Behind the last entry there is room for one bag's maxima.
      KERNELS.bagMax(
          table.segment(),
          table.offsetBytes(),
          tableStride,
          entryRows,
          starts[bag],
          size,
          values,
          bytes(count),
          width);
      SCATTER.bagMaxGradient(
          table.segment(),
          table.offsetBytes(),
          tableStride,
          entryRows,
          starts[bag],
          size,
          values,
          bytes(count),
          segment,
          offsetBytes + bag * strideBytes,
          values,
          bytes(starts[bag]),
          bytes(1),
          width);
    }
    useMade();
  }

  /**
   * The gradient of the entries' factors: {@code out[places[e]] = sum over d of matrix[source(e),
   * d] table[rows[e], d]}, in partial sums and a fixed tree.
   */
  public void dotRows(Tensor table, int[] places, Tensor out) {
    long tableStride = table.stride(0) * Float.BYTES;
    for (int entry = 0; entry < count; entry++) {
      long source = sources == null ? entry : sources[entry];
      Partials.reset(partials, 0f);
      REDUCTIONS.dot(
          partials,
          segment,
          offsetBytes + source * strideBytes,
          table.segment(),
          table.offsetBytes() + rows[entry] * tableStride,
          width);
      Runs.set(out, Runs.bytes(out, places[entry]), Partials.sum(partials));
    }
  }

  /** Makes room for what {@link #ofMeans} or {@link #ofMaxima} computes, of some rows. */
  public void reserve(long rowsToMake, long rowLength) {
    made.atLeast(Math.max(rowsToMake * rowLength * Float.BYTES, 1));
  }

  private void useMade() {
    segment = made.segment();
    offsetBytes = 0;
    strideBytes = bytes(1);
  }

  private long bytes(long matrixRows) {
    return matrixRows * width * Float.BYTES;
  }

  // --------------------------------------------------------------------------------------------------------- the entries

  /** How many entries there are. */
  public int count() {
    return count;
  }

  /** The entries' rows of the table; only the first {@link #count} are meant. */
  public long[] rows() {
    return rows;
  }

  /** The entries' rows of the matrix, ascending; null for 0, 1, 2, ... */
  long @Nullable [] sources() {
    return sources;
  }

  /** The entries' factors; null for none. A sum is a chain of fused multiply-adds with them. */
  double @Nullable [] weights() {
    return weights;
  }

  /** The memory the matrix is in. */
  public MemorySegment segment() {
    return segment;
  }

  /** Where its first row starts. */
  long offsetBytes() {
    return offsetBytes;
  }

  /** How far apart its rows are. */
  long strideBytes() {
    return strideBytes;
  }

  /** How many elements a row has. */
  int width() {
    return width;
  }
}
