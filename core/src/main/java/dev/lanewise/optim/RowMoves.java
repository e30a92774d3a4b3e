package dev.lanewise.optim;

import dev.lanewise.internal.kernel.KernelSet;
import dev.lanewise.internal.kernel.UpdateKernels;
import dev.lanewise.internal.rows.RowSums;
import dev.lanewise.internal.rows.RowTouch;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/**
 * Some different rows of a parameter that are to be moved together, and the rows of a matrix that
 * move them: row {@code rows()[i]} by row {@code sources()[i]}, for i below a count.
 */
final class RowMoves {
  /** Enough for a call to cost them little, few enough for their pages to stay at hand. */
  static final int MOST = 128;

  private static final UpdateKernels KERNELS = KernelSet.active().updates();
  private static final UpdateKernels SLICED = KernelSet.active().slicedUpdates();

  private final long[] rows = new long[MOST];
  private final long[] sources = new long[MOST];
  private final double[] factors = new double[MOST];
  private int count;
  private MemorySegment segment = MemorySegment.NULL;
  private long offsetBytes;
  private long strideBytes;

  /** What each row of the matrix is added to: +0 makes a sum of it, -0 leaves it as it is. */
  private double start;

  /** Takes rows of what is to be summed, of which each moves a row alone. */
  void ofSingleRows(RowSums sums) {
    segment = sums.segment();
    offsetBytes = sums.offsetBytes();
    strideBytes = sums.strideBytes();
    start = 0.0;
  }

  /** Takes sums that lie side by side. */
  void ofSums(MemorySegment block, long rowBytes) {
    segment = block;
    offsetBytes = 0;
    strideBytes = rowBytes;
    start = -0.0;
  }

  /** Lets go of the matrix, so that a pooled object does not keep it. */
  void release() {
    segment = MemorySegment.NULL;
  }

  /** Takes no rows, of the same matrix. */
  void clear() {
    count = 0;
  }

  /** One more row, which is moved by a row of the matrix. */
  void add(long row, long source) {
    rows[count] = row;
    sources[count++] = source;
  }

  int count() {
    return count;
  }

  /** The parameter's rows; only the first {@link #count} are meant. */
  long[] rows() {
    return rows;
  }

  /** Room for a factor for each. */
  double[] factors() {
    return factors;
  }

  MemorySegment segment() {
    return segment;
  }

  /** Where the row of the matrix lies that moves one of the rows. */
  long gradientBytes(int i) {
    return offsetBytes + sources[i] * strideBytes;
  }

  /** Reads the matrix' rows ahead, of as many numbers as the parameter's have. */
  int touch(ParameterState state) {
    return RowTouch.touch(
        segment, offsetBytes, strideBytes, state.width() * Float.BYTES, sources, 0, count);
  }

  /** Reads the rows of one of the state's buffers ahead. */
  int touchBuffer(ParameterState state, int slot) {
    return state.touchBuffer(slot, rows, 0, count);
  }

  /** {@code w = fma(factor, g, w)}, row by row. */
  void axpy(ParameterState state) {
    Tensor w = state.value();
    UpdateKernels kernels = segment.isMapped() || w.segment().isMapped() ? KERNELS : SLICED;
    kernels.axpy(
        segment,
        offsetBytes,
        strideBytes,
        sources,
        w.segment(),
        w.offsetBytes(),
        state.width() * Float.BYTES,
        rows,
        factors,
        count,
        (int) state.width(),
        start);
  }
}
