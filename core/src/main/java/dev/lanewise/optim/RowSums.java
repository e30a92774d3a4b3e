package dev.lanewise.optim;

import dev.lanewise.internal.kernel.ElementwiseKernels;
import dev.lanewise.internal.kernel.KernelSet;
import dev.lanewise.internal.kernel.RowFormat;
import dev.lanewise.internal.kernel.RowKernels;
import dev.lanewise.internal.rows.GradientRows;
import dev.lanewise.internal.rows.RowTouch;
import dev.lanewise.internal.sort.RowGroups;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * The gradients of a batch by row: grouped once, then summed a few rows at a time, each of which is
 * updated at once. What is read is touched ahead, so that the cache misses of the few rows overlap.
 */
final class RowSums {
  private static final RowKernels ROWS = KernelSet.active().rows(RowFormat.FLOAT32);
  private static final ElementwiseKernels ELEMENTS = KernelSet.active().elementwise();

  /** The summed gradients of a block stay in a near cache. */
  private static final long MOST_BLOCK_BYTES = 1 << 17;

  /** More entries in a block are a few rows that are asked for often. */
  private static final int MOST_TOUCHED = 2 * Optimizer.BLOCK_ROWS;

  private static final long[] ONLY_ROW = {0};

  private final RowGroups groups = new RowGroups();
  private double[] sortedWeights = new double[0];
  private boolean weighted;

  /** What becomes of a row's sum. */
  enum SumKind {
    PLAIN,
    /** Divided by the number of its entries. */
    BY_FREQUENCY
  }

  /**
   * Sorts the entries of a batch by row; see {@link FusedUpdate#apply}.
   *
   * @param skip a row whose entries are left out; negative for none
   */
  void group(
      long[] rows, int count, long skip, long @Nullable [] sources, double @Nullable [] weights) {
    groups.group(rows, count, skip);
    long[] positions = groups.positions();
    int kept = groups.start(groups.count());
    weighted = weights != null;
    if (weights != null) {
      if (sortedWeights.length < kept) {
        sortedWeights = new double[Math.max(kept, 2 * sortedWeights.length)];
      }
      for (int i = 0; i < kept; i++) {
        sortedWeights[i] = weights[(int) positions[i]];
      }
    }
    if (sources != null) {
      for (int i = 0; i < kept; i++) {
        positions[i] = sources[(int) positions[i]];
      }
    }
  }

  /** How many distinct rows there are. */
  int count() {
    return groups.count();
  }

  /** Sums and updates the distinct rows from one to before another. */
  void update(
      Optimizer optimizer,
      ParameterState state,
      GradientRows matrix,
      SumKind kind,
      int from,
      int to,
      UpdateScratch scratch) {
    long rowBytes = state.width() * Float.BYTES;
    int blockRows = Math.clamp(MOST_BLOCK_BYTES / Math.max(rowBytes, 1), 1, Optimizer.BLOCK_ROWS);
    MemorySegment block = scratch.block.atLeast(Math.max(blockRows * rowBytes, 1));
    for (int first = from; first < to; first += blockRows) {
      int count = Math.min(blockRows, to - first);
      optimizer.touch(state, groups.rows(), first, count, scratch);
      touchGradients(matrix, rowBytes, first, count, scratch);
      for (int i = 0; i < count; i++) {
        sum(first + i, matrix, kind, block, i * rowBytes, (int) state.width());
      }
      optimizer.rows(state, groups.rows(), first, count, block, 0, scratch);
    }
  }

  /** Reads ahead what will be summed, the first entries at least. */
  private void touchGradients(
      GradientRows matrix, long rowBytes, int first, int count, UpdateScratch scratch) {
    int entries = groups.start(first + count) - groups.start(first);
    scratch.swallow(
        RowTouch.touch(
            matrix.segment(),
            matrix.offsetBytes(),
            matrix.strideBytes(),
            rowBytes,
            groups.positions(),
            groups.start(first),
            Math.min(entries, MOST_TOUCHED)));
  }

  private void sum(
      int group, GradientRows matrix, SumKind kind, MemorySegment block, long offset, int width) {
    int size = groups.size(group);
    float divisor = kind == SumKind.BY_FREQUENCY ? size : 1f;
    if (!weighted) {
      ROWS.bagSum(
          matrix.segment(),
          matrix.offsetBytes(),
          matrix.strideBytes(),
          groups.positions(),
          groups.start(group),
          size,
          block,
          offset,
          width,
          divisor);
    } else {
      ROWS.bagWeightedSum(
          matrix.segment(),
          matrix.offsetBytes(),
          matrix.strideBytes(),
          groups.positions(),
          groups.start(group),
          size,
          sortedWeights,
          block,
          offset,
          width);
      if (divisor != 1f) {
        ROWS.bagSum(block, offset, 0, ONLY_ROW, 0, 1, block, offset, width, divisor);
      }
    }
    if (divisor != 1f) {
      // A gradient that is added to +0 is never -0, which a quotient may be.
      ELEMENTS.addScalar(block, offset, block, offset, 0f, width);
    }
  }
}
