package dev.lanewise.internal.rows;

import dev.lanewise.internal.kernel.KernelSet;
import dev.lanewise.internal.kernel.RowFormat;
import dev.lanewise.internal.kernel.RowKernels;
import dev.lanewise.internal.kernel.ScatterKernels;
import dev.lanewise.internal.memory.GrowableMemory;
import dev.lanewise.internal.memory.ScratchPool;
import dev.lanewise.tensor.Gradient;
import dev.lanewise.tensor.Parameter;
import dev.lanewise.tensor.SparseGradient;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/**
 * Adding what a batch contributes to a table's gradient, dense or sparse, plain or divided by how
 * often a row occurs. Allocates nothing in steady state.
 */
public final class TableGradient {
  private static final RowKernels KERNELS = KernelSet.active().rows(RowFormat.FLOAT32);
  private static final ScatterKernels SCATTER = KernelSet.active().scatter();
  private static final ScratchPool<TableGradient> SCRATCH = new ScratchPool<>(TableGradient::new);

  private final RowSums sums = new RowSums();
  private final GrowableMemory sum = new GrowableMemory();

  private TableGradient() {}

  /** Where the gradient goes, and what a row's sum is divided by. */
  public enum Kind {
    /** Added to the dense gradient in the order of the batch. */
    DENSE,
    /** Appended to the sparse gradient in the order of the batch. */
    SPARSE,
    /** Each row's sum over the batch divided by its count, then added to the dense gradient. */
    DENSE_BY_FREQUENCY,
    /** Each row's sum over the batch divided by its count, then appended to the sparse gradient. */
    SPARSE_BY_FREQUENCY;

    /** The kind. */
    public static Kind of(boolean sparse, boolean byFrequency) {
      if (byFrequency) {
        return sparse ? SPARSE_BY_FREQUENCY : DENSE_BY_FREQUENCY;
      }
      return sparse ? SPARSE : DENSE;
    }
  }

  /**
   * Adds to a table's gradient.
   *
   * @param weight the table
   * @param paddingIdx a row whose entries are left out; negative for none
   * @param kind where the gradient goes
   * @param batch what is added
   */
  public static void add(Parameter weight, long paddingIdx, Kind kind, Contributions batch) {
    switch (kind) {
      case DENSE -> addDense(weight.gradient(), paddingIdx, batch);
      case SPARSE -> append(weight.sparseGradient(), paddingIdx, batch);
      case DENSE_BY_FREQUENCY, SPARSE_BY_FREQUENCY -> {
        TableGradient scratch = SCRATCH.take();
        try {
          scratch.addByFrequency(weight, paddingIdx, kind, batch);
        } finally {
          SCRATCH.giveBack(scratch);
        }
      }
    }
  }

  /**
   * Adds rows of a contiguous matrix to a dense gradient, {@code gradient[rows[first + i], :] +=
   * g[i, :]} for i below a count, in the order of i.
   */
  public static void add(
      Gradient gradient, RowNumbers rows, int first, int count, long paddingIdx, Tensor g) {
    long width = gradient.tensor().size(1);
    scatter(
        gradient,
        rows.rows(),
        first,
        count,
        paddingIdx,
        g.segment(),
        g.offsetBytes(),
        width * Float.BYTES);
  }

  private static void addDense(Gradient dense, long paddingIdx, Contributions batch) {
    long[] sources = batch.sources();
    if (sources == null) {
      scatter(
          dense,
          batch.rows(),
          0,
          batch.count(),
          paddingIdx,
          batch.segment(),
          batch.offsetBytes(),
          batch.strideBytes());
      return;
    }
    // Rows are marked before they are written, so that none is written and never zeroed.
    for (int i = 0; i < batch.count(); i++) {
      dense.touchRow(batch.rows()[i]);
    }
    int from = 0;
    while (from < batch.count()) {
      int end = endOfRun(sources, from, batch.count());
      scatterRun(dense.tensor(), batch, from, end - from, sources[from]);
      from = end;
    }
  }

  private static void scatter(
      Gradient dense,
      long[] rows,
      int first,
      int count,
      long paddingIdx,
      MemorySegment g,
      long gOffset,
      long gStride) {
    for (int i = first; i < first + count; i++) {
      if (rows[i] != paddingIdx) {
        dense.touchRow(rows[i]);
      }
    }
    Tensor table = dense.tensor();
    SCATTER.scatterAdd(
        table.segment(),
        table.offsetBytes(),
        table.stride(0) * Float.BYTES,
        rows,
        first,
        count,
        g,
        gOffset,
        gStride,
        (int) table.size(1),
        paddingIdx);
  }

  /** Entries that share a row of the matrix: a bag, from which padding was left out before. */
  private static void scatterRun(
      Tensor table, Contributions batch, int from, int count, long source) {
    double[] weights = batch.weights();
    long g = batch.offsetBytes() + source * batch.strideBytes();
    if (weights == null) {
      SCATTER.bagScatterAdd(
          table.segment(),
          table.offsetBytes(),
          table.stride(0) * Float.BYTES,
          batch.rows(),
          from,
          count,
          batch.segment(),
          g,
          batch.width(),
          1);
    } else {
      SCATTER.bagWeightedScatterAdd(
          table.segment(),
          table.offsetBytes(),
          table.stride(0) * Float.BYTES,
          batch.rows(),
          from,
          count,
          weights,
          batch.segment(),
          g,
          batch.width());
    }
  }

  private static int endOfRun(long[] sources, int from, int count) {
    int end = from + 1;
    while (end < count && sources[end] == sources[from]) {
      end++;
    }
    return end;
  }

  private static void append(SparseGradient sparse, long paddingIdx, Contributions batch) {
    long[] sources = batch.sources();
    double[] weights = batch.weights();
    sparse.reserve(batch.count());
    if (sources == null) {
      sparse.append(
          batch.rows(),
          0,
          batch.count(),
          paddingIdx,
          batch.segment(),
          batch.offsetBytes(),
          batch.strideBytes());
    } else if (weights != null) {
      for (int i = 0; i < batch.count(); i++) {
        long to = sparse.append(batch.rows()[i]);
        KERNELS.bagWeightedSum(
            batch.segment(),
            batch.offsetBytes(),
            batch.strideBytes(),
            sources,
            i,
            1,
            weights,
            sparse.segment(),
            to,
            batch.width());
      }
    } else {
      int from = 0;
      while (from < batch.count()) {
        int end = endOfRun(sources, from, batch.count());
        long g = batch.offsetBytes() + sources[from] * batch.strideBytes();
        sparse.append(batch.rows(), from, end - from, paddingIdx, batch.segment(), g, 0);
        from = end;
      }
    }
  }

  private void addByFrequency(Parameter weight, long paddingIdx, Kind kind, Contributions batch) {
    sums.group(batch, paddingIdx);
    if (kind == Kind.SPARSE_BY_FREQUENCY) {
      SparseGradient sparse = weight.sparseGradient();
      sparse.reserve(sums.count());
      for (int group = 0; group < sums.count(); group++) {
        long to = sparse.append(sums.rows()[group]);
        sums.sum(group, RowSums.Kind.BY_FREQUENCY, sparse.segment(), to);
      }
      return;
    }
    Gradient dense = weight.gradient();
    MemorySegment row = sum.atLeast(Math.max(1, (long) batch.width() * Float.BYTES));
    for (int group = 0; group < sums.count(); group++) {
      sums.sum(group, RowSums.Kind.BY_FREQUENCY, row, 0);
      scatter(dense, sums.rows(), group, 1, -1, row, 0, 0);
    }
  }
}
