package dev.lanewise.internal.rows;

import dev.lanewise.internal.kernel.BlockKernels;
import dev.lanewise.internal.kernel.KernelSet;
import dev.lanewise.internal.kernel.PackedRows;
import dev.lanewise.internal.kernel.ProductKernels;
import dev.lanewise.internal.kernel.SimilarityKernels;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Compares a range of a table's rows with some queries and keeps the best: blocks of rows, each
 * compared with all queries while it is in a near cache, and its scores looked through for those
 * that are above a query's threshold. Scratch memory of one thread at a time, though not always the
 * same; allocates nothing once it has grown.
 */
final class SimilarityScan {
  private static final KernelSet SET = KernelSet.active();
  private static final SimilarityKernels KERNELS = SET.similarity();
  private static final BlockKernels<float[]> BLOCKS = SET.float32().blocks();
  private static final ProductKernels PRODUCTS = SET.float32().products();
  private static final int LANES = KERNELS.lanes();
  private static final int LENGTH = PackedRows.LENGTH;
  private static final long VECTOR_BYTES = (long) LANES * Float.BYTES;

  /** How many numbers of a block of rows there are at a time, about. */
  private static final int BLOCK = 1 << 14;

  private static final int MOST_ROWS = 1024;

  /** The same for one query, of which a block has other work between than reading memory. */
  private static final int BLOCK_ALONE = 1 << 12;

  /** So many blocks before its turn a block's rows are read. */
  private static final int AHEAD = 2;

  private static final int LINE_BYTES = 64;

  private final RowTable table;
  private final int blockRows;
  private final int blockRowsAlone;

  /** Rows packed for tiles; columns that fill the last four up stay +0. */
  private float[] packed = {};

  private final MemorySegment partials;
  private final MemorySegment scores;
  private final MemorySegment sums;
  private final Candidates candidates = new Candidates();

  SimilarityScan(RowTable table) {
    this.table = table;
    int fit = BLOCK / Math.max(1, table.width());
    int unit = Math.max(LANES, KERNELS.tileRows());
    this.blockRows = Math.clamp(fit, unit, MOST_ROWS);
    this.blockRowsAlone = Math.clamp(BLOCK_ALONE / Math.max(1, table.width()), LANES, blockRows);
    // Not confined: another thread may be the next to use it.
    Arena arena = Arena.ofAuto();
    long padded = (blockRows + LANES - 1L) / LANES * LANES;
    this.partials = arena.allocate(padded * SimilarityKernels.PARTIALS * Float.BYTES, 64);
    this.scores = arena.allocate(blockRows * VECTOR_BYTES + VECTOR_BYTES, 64);
    this.sums = arena.allocate(blockRows * VECTOR_BYTES + VECTOR_BYTES, 64);
  }

  Candidates candidates() {
    return candidates;
  }

  /** Compares rows from one on up to another with all queries. */
  void run(QueryBatch queries, int k, long from, long to) {
    candidates.reset(queries.count(), k, LANES, queries.panels());
    if (!queries.panels()) {
      alone(queries, from, to);
      return;
    }
    for (long row = from; row < to; row += blockRows) {
      panels(queries, row, (int) Math.min(blockRows, to - row));
    }
  }

  /**
   * Kernels of rows read some rows at a time, in an order that the processor does not foresee; so
   * each row's lines are read before, one after the other (on a busy machine, 48 -> 15 ms for
   * 1,000,000 rows of 64).
   */
  private void alone(QueryBatch queries, long from, long to) {
    long next = from;
    int read = 0;
    for (long row = from; row < to; row += blockRowsAlone) {
      long end = Math.min(to, row + (AHEAD + 1L) * blockRowsAlone);
      for (; next < end; next++) {
        read ^= readAhead(table.offset(next));
      }
      int rows = (int) Math.min(blockRowsAlone, to - row);
      for (int query = 0; query < queries.count(); query++) {
        single(queries, query, row, rows);
      }
    }
    RowTouch.keep(read);
  }

  private int readAhead(long row) {
    int seen = 0;
    for (long at = row; at < row + (long) table.width() * Float.BYTES; at += LINE_BYTES) {
      seen ^= table.segment().get(ValueLayout.JAVA_INT_UNALIGNED, at);
    }
    return seen;
  }

  private void single(QueryBatch queries, int query, long row, int rows) {
    int column = 0;
    do {
      int columns = Math.min(LENGTH, table.width() - column);
      MemorySegment out = column == 0 ? scores : sums;
      long at = table.offset(row) + (long) column * Float.BYTES;
      long queryAt = queries.rowOffset(query, column);
      if (table.distance()) {
        KERNELS.distanceRows(
            rows,
            columns,
            table.segment(),
            at,
            table.stride(),
            queries.rows(),
            queryAt,
            partials,
            0);
        KERNELS.distanceFold(rows, partials, 0, out, 0);
      } else {
        KERNELS.dotRows(
            rows,
            columns,
            table.segment(),
            at,
            table.stride(),
            queries.rows(),
            queryAt,
            partials,
            0);
        KERNELS.dotFold(rows, partials, 0, out, 0);
      }
      if (column > 0) {
        BLOCKS.add(1, rows, sums, 0, 0, scores, 0, 0);
      }
      column += LENGTH;
    } while (column < table.width());
    if (table.scaled()) {
      long scale = row * Float.BYTES;
      KERNELS.scale(rows, scores, 0, table.scales(), scale, sums);
    }
    int count = (rows + LANES - 1) / LANES;
    long threshold = query * VECTOR_BYTES;
    int vector = next(0, count, threshold);
    while (vector < count) {
      int first = vector * LANES;
      int end = Math.min(first + LANES, rows);
      for (int i = first; i < end; i++) {
        offer(query, i, row + i);
      }
      vector = next(vector + 1, count, threshold);
    }
  }

  private void panels(QueryBatch queries, long row, int rows) {
    int blocks = Math.max(1, (table.width() + LENGTH - 1) / LENGTH);
    int blockLength = blockRows * PackedRows.PITCH;
    if (packed.length == 0) {
      packed = new float[Math.multiplyExact(blocks, blockLength)];
    }
    for (int block = 0; block < blocks; block++) {
      int columns = Math.min(LENGTH, table.width() - block * LENGTH);
      long at = table.offset(row) + (long) block * LENGTH * Float.BYTES;
      BLOCKS.copy(rows, columns, table.segment(), at, table.stride(), packed, block * blockLength);
    }
    for (int first = 0; first < queries.count(); first += LANES) {
      for (int block = 0; block < blocks; block++) {
        int columns = Math.min(LENGTH, table.width() - block * LENGTH);
        MemorySegment out = block == 0 ? scores : sums;
        tiles(
            rows,
            columns,
            block * blockLength,
            queries.panelsMemory(),
            queries.panelOffset(first, block * LENGTH),
            out);
        if (block > 0) {
          BLOCKS.add(1, rows * LANES, sums, 0, 0, scores, 0, 0);
        }
      }
      if (table.scaled()) {
        long scale = row * Float.BYTES;
        PRODUCTS.scale(
            rows,
            LANES,
            scores,
            0,
            VECTOR_BYTES,
            table.scales(),
            scale,
            Float.BYTES,
            sums,
            0,
            VECTOR_BYTES,
            false);
      }
      offerPanel(queries, first, row, rows);
    }
  }

  private void tiles(
      int rows, int columns, int index, MemorySegment panels, long panel, MemorySegment out) {
    int most = KERNELS.tileRows();
    for (int i = 0; i < rows; i += most) {
      int count = Math.min(most, rows - i);
      int from = index + i * PackedRows.PITCH;
      if (table.distance()) {
        KERNELS.distanceTile(count, columns, packed, from, panels, panel, out, i * VECTOR_BYTES);
      } else {
        KERNELS.dotTile(count, columns, packed, from, panels, panel, out, i * VECTOR_BYTES);
      }
    }
  }

  private void offerPanel(QueryBatch queries, int first, long row, int rows) {
    int end = Math.min(LANES, queries.count() - first);
    long threshold = (long) first * Float.BYTES;
    int i = next(0, rows, threshold);
    while (i < rows) {
      for (int lane = 0; lane < end; lane++) {
        offer(first + lane, i * LANES + lane, row + i);
      }
      i = next(i + 1, rows, threshold);
    }
  }

  private int next(int from, int count, long threshold) {
    return KERNELS.next(from, count, results(), 0, candidates.thresholds(), threshold);
  }

  /** Where the final scores of a block are. */
  private MemorySegment results() {
    return table.scaled() ? sums : scores;
  }

  private void offer(int query, int place, long row) {
    if (row != table.excluded()) {
      candidates.offer(query, results().getAtIndex(ValueLayout.JAVA_FLOAT, place), row);
    }
  }
}
