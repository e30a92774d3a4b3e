package dev.lanewise.internal.rows;

import dev.lanewise.internal.kernel.KernelSet;
import dev.lanewise.internal.kernel.RowFormat;
import dev.lanewise.internal.kernel.RowKernels;
import dev.lanewise.internal.kernel.ScatterKernels;
import dev.lanewise.internal.memory.GrowableMemory;
import dev.lanewise.internal.memory.ScratchPool;
import dev.lanewise.internal.sort.RowGroups;
import dev.lanewise.tensor.Gradient;
import dev.lanewise.tensor.Parameter;
import dev.lanewise.tensor.SparseGradient;
import java.lang.foreign.MemorySegment;

/**
 * What a lookup's backward pass adds to its table's gradient, dense or sparse, plain or divided by
 * how often a row occurs. Allocates nothing in steady state.
 */
public final class TableGradient {
  private static final RowKernels KERNELS = KernelSet.active().rows(RowFormat.FLOAT32);
  private static final ScatterKernels SCATTER = KernelSet.active().scatter();
  private static final ScratchPool<TableGradient> SCRATCH = new ScratchPool<>(TableGradient::new);

  private final RowGroups groups = new RowGroups();
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
   * Adds the gradient of a lookup to the table's.
   *
   * @param weight the table
   * @param rows what was looked up
   * @param paddingIdx a row whose gradient is left out; negative for none
   * @param kind where it goes
   * @param g a row for each index
   */
  public static void add(
      Parameter weight, RowNumbers rows, long paddingIdx, Kind kind, GradientRows g) {
    if (kind == Kind.SPARSE) {
      weight
          .sparseGradient()
          .append(
              rows.rows(),
              0,
              rows.count(),
              paddingIdx,
              g.segment(),
              g.offsetBytes(),
              g.strideBytes());
    } else if (kind == Kind.DENSE) {
      Lookup.backward(
          weight.gradient(),
          rows,
          0,
          rows.count(),
          paddingIdx,
          g.segment(),
          g.offsetBytes(),
          g.strideBytes());
    } else {
      TableGradient scratch = SCRATCH.take();
      try {
        scratch.addByFrequency(weight, rows, paddingIdx, kind, g);
      } finally {
        SCRATCH.giveBack(scratch);
      }
    }
  }

  private void addByFrequency(
      Parameter weight, RowNumbers rows, long paddingIdx, Kind kind, GradientRows g) {
    groups.group(rows.rows(), rows.count(), paddingIdx);
    int width = (int) weight.value().size(1);
    if (kind == Kind.SPARSE_BY_FREQUENCY) {
      SparseGradient sparse = weight.sparseGradient();
      for (int group = 0; group < groups.count(); group++) {
        long to = sparse.append(groups.rows()[group]);
        average(group, g, sparse.segment(), to, width);
      }
      return;
    }
    Gradient dense = weight.gradient();
    MemorySegment row = sum.atLeast(Math.max(1, (long) width * Float.BYTES));
    for (int group = 0; group < groups.count(); group++) {
      average(group, g, row, 0, width);
      SCATTER.scatterAdd(
          dense.tensor().segment(),
          dense.tensor().offsetBytes(),
          dense.tensor().stride(0) * Float.BYTES,
          groups.rows(),
          group,
          1,
          row,
          0,
          0,
          width,
          -1);
      dense.touchRow(groups.rows()[group]);
    }
  }

  private void average(int group, GradientRows g, MemorySegment to, long toOffset, int width) {
    KERNELS.bagSum(
        g.segment(),
        g.offsetBytes(),
        g.strideBytes(),
        groups.positions(),
        groups.start(group),
        groups.size(group),
        to,
        toOffset,
        width,
        groups.size(group));
  }
}
