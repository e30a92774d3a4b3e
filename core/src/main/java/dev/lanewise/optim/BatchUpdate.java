package dev.lanewise.optim;

import dev.lanewise.internal.kernel.ReadAhead;
import dev.lanewise.internal.rows.RowSums;
import dev.lanewise.internal.rows.RowTouch;
import java.lang.foreign.MemorySegment;

/**
 * Sums what a batch adds to the gradients of its distinct rows, and moves the rows, a few at a
 * time.
 *
 * <p>Cache misses are what this costs, so those of several rows overlap. Where the optimizer's rule
 * takes many rows in one call, that is its kernel's matter: few instructions a row, so that a core
 * has several rows on their way; a row that the batch has once is moved straight by its row of the
 * gradient. Where the rule takes one row at a time, all that it will read is read ahead for a few.
 */
final class BatchUpdate {
  /** Rows whose cache misses overlap: more than a core has outstanding, times a row's lines. */
  private static final int ROWS_READ_AHEAD = 16;

  /** More entries of rows that are read ahead are a few rows that are asked for often. */
  private static final int MOST_ENTRIES_READ_AHEAD = 2 * ROWS_READ_AHEAD;

  /** The summed gradients of a block of rows stay in a near cache. */
  private static final long MOST_BLOCK_BYTES = 1 << 17;

  private BatchUpdate() {}

  /** Makes the memory for {@link #run}, so that it is not wanting in the middle of a step. */
  static void reserve(Optimizer optimizer, ParameterState state, UpdateScratch scratch) {
    block(optimizer, state, scratch);
  }

  /** Room for the sums of a block of rows. */
  private static MemorySegment block(
      Optimizer optimizer, ParameterState state, UpdateScratch scratch) {
    return scratch.block.atLeast(Math.max(blockRows(optimizer, state) * rowBytes(state), 1));
  }

  private static int blockRows(Optimizer optimizer, ParameterState state) {
    int most = movesTogether(optimizer, state) ? RowMoves.MOST : ROWS_READ_AHEAD;
    return Math.clamp(MOST_BLOCK_BYTES / Math.max(rowBytes(state), 1), 1, most);
  }

  private static long rowBytes(ParameterState state) {
    return state.width() * Float.BYTES;
  }

  private static boolean movesTogether(Optimizer optimizer, ParameterState state) {
    return optimizer.movesRowsTogether() && !state.isNarrow();
  }

  /** Sums and moves the distinct rows of a batch from one to before another. */
  static void run(
      Optimizer optimizer,
      ParameterState state,
      RowSums sums,
      RowSums.Kind kind,
      int from,
      int to,
      UpdateScratch scratch) {
    boolean together = movesTogether(optimizer, state);
    int blockRows = blockRows(optimizer, state);
    long rowBytes = rowBytes(state);
    MemorySegment block = block(optimizer, state, scratch);
    RowMoves single = scratch.single;
    RowMoves summed = scratch.summed;
    single.ofSingleRows(sums);
    summed.ofSums(block, rowBytes);
    for (int first = from; first < to; first += blockRows) {
      int end = Math.min(first + blockRows, to);
      if (!together) {
        readAhead(state, sums, first, end - first);
      }
      single.clear();
      summed.clear();
      for (int group = first; group < end; group++) {
        long row = sums.rows()[group];
        if (together && sums.isOneRow(group)) {
          single.add(row, sums.source(group));
        } else {
          sums.sum(group, kind, block, summed.count() * rowBytes);
          summed.add(row, summed.count());
        }
      }
      if (together) {
        optimizer.moveTogether(state, single, scratch);
        optimizer.moveTogether(state, summed, scratch);
      } else {
        optimizer.moveEach(state, summed, scratch);
      }
    }
    single.release();
  }

  /** Touches all that will be read to sum and to move some rows. */
  private static void readAhead(ParameterState state, RowSums sums, int first, int count) {
    int read =
        RowTouch.touch(
            state.value(),
            state.width() * state.value().dtype().sizeBytes(),
            sums.rows(),
            first,
            count);
    for (int slot = 0; slot < state.bufferCount(); slot++) {
      read ^= state.touchBuffer(slot, sums.rows(), first, count);
    }
    ReadAhead.keep(read ^ sums.touch(first, count, MOST_ENTRIES_READ_AHEAD));
  }
}
