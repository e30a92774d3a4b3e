package dev.lanewise.internal.rows;

import dev.lanewise.internal.kernel.BlockKernels;
import dev.lanewise.internal.kernel.ComparisonKernels;
import dev.lanewise.internal.kernel.DirectKernels;
import dev.lanewise.internal.kernel.GemvKernels;
import dev.lanewise.internal.kernel.KernelSet;
import dev.lanewise.internal.kernel.PackedRows;
import dev.lanewise.internal.kernel.ProductKernels;
import dev.lanewise.internal.kernel.ReadAhead;
import dev.lanewise.internal.kernel.ScoreKernels;
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
  private static final ScoreKernels SCORES = SET.scores();
  private static final BlockKernels<float[]> BLOCKS = SET.float32().blocks();
  private static final ProductKernels PRODUCTS = SET.float32().products();
  private static final int LANES = SCORES.lanes();
  private static final int LENGTH = PackedRows.LENGTH;
  private static final long VECTOR_BYTES = (long) LANES * Float.BYTES;

  /** At most so many rows are compared with one query before their scores are looked through. */
  private static final int ROWS_OF_ONE = 256;

  /**
   * At most so many tiles are compared with a panel before their scores are looked through: rows,
   * panel and scores stay in the nearest cache.
   */
  private static final int TILES = 6;

  private final RowTable table;
  private final RowBlock block;
  private final ComparisonKernels kernels;

  /** Of a table without columns they stay +0, as which they are allocated. */
  private final MemorySegment scores;

  /** What is added to the scores, or what they become. */
  private final MemorySegment sums;

  private final Candidates candidates = new Candidates();

  SimilarityScan(RowTable table) {
    this.table = table;
    this.block = new RowBlock(table);
    this.kernels = kernels(table);
    // Not confined: another thread may be the next to use it.
    Arena arena = Arena.ofAuto();
    int most = Math.max(ROWS_OF_ONE, rowsOfPanel() * QueryBatch.PANEL);
    this.scores = arena.allocate(most * (long) Float.BYTES, 64);
    this.sums = arena.allocate(most * (long) Float.BYTES, 64);
  }

  private static ComparisonKernels kernels(RowTable table) {
    return table.distance() ? SET.distances() : SET.dotProducts();
  }

  /** Whether one query can be compared with as many rows at a time as there are lanes. */
  static boolean comparesOne(RowTable table) {
    return kernels(table).gemv().isPresent()
        && table.rowCount() >= LANES
        && table.width() >= LANES / 2
        && table.stride() >= Float.BYTES;
  }

  /** The rows that are compared with a panel before their scores are looked through. */
  private int rowsOfPanel() {
    int tile = kernels.tiles().maxRows(QueryBatch.VECTORS);
    return block.nearRows(tile, TILES * tile);
  }

  Candidates candidates() {
    return candidates;
  }

  /** Compares rows from one on up to another with all queries. */
  void run(QueryBatch queries, int k, long from, long to) {
    candidates.reset(queries.count(), k, LANES, !queries.alone(), table.distance());
    int most = queries.alone() ? block.nearRows(LANES, ROWS_OF_ONE) : rowsOfPanel();
    int read = 0;
    for (long row = from; row < to; row += most) {
      int rows = (int) Math.min(most, to - row);
      read ^= queries.alone() ? one(queries, row, rows) : panels(queries, row, rows);
    }
    ReadAhead.keep(read);
  }

  /** One query: lanes run across rows. Returns what was read ahead. */
  private int one(QueryBatch queries, long row, int rows) {
    GemvKernels<float[]> gemv = kernels.gemv().orElseThrow();
    // Fewer than a vector are compared with some beside them.
    int count = Math.max(rows, LANES);
    long first = Math.min(row, table.rowCount() - count);
    block.load(first, count);
    int read = 0;
    for (int strip = 0; strip < count; strip += LANES) {
      int i = Math.min(strip, count - LANES);
      long at = (long) i * Float.BYTES;
      read ^= block.readAhead(i, LANES);
      for (int column = 0; column < table.width(); column += LENGTH) {
        gemv.multiply(
            LANES,
            Math.min(LENGTH, table.width() - column),
            block.segment(),
            block.offset(i, column),
            block.stride(),
            queries.block(column),
            column == 0 ? scores : sums,
            at);
        if (column > 0) {
          BLOCKS.add(1, LANES, sums, at, 0, scores, at, 0);
        }
      }
    }
    if (table.scaled()) {
      SCORES.scale(count, scores, 0, table.scales(), first * Float.BYTES, sums);
    }
    int vectors = (count + LANES - 1) / LANES;
    int before = (int) (row - first);
    int vector = next(0, vectors, 0, VECTOR_BYTES, 0);
    while (vector < vectors) {
      int end = Math.min((vector + 1) * LANES, before + rows);
      for (int i = Math.max(vector * LANES, before); i < end; i++) {
        offer(0, i, first + i);
      }
      vector = next(vector + 1, vectors, 0, VECTOR_BYTES, 0);
    }
    return read;
  }

  /** Any number of queries: lanes run across those of a panel. Returns what was read ahead. */
  private int panels(QueryBatch queries, long row, int rows) {
    block.load(row, rows);
    int read = block.readAheadForTiles(0, rows);
    for (int first = 0; first < queries.count(); first += QueryBatch.PANEL) {
      int vectors = queries.vectors(first);
      long rowBytes = vectors * VECTOR_BYTES;
      for (int column = 0; column < table.width(); column += LENGTH) {
        int columns = Math.min(LENGTH, table.width() - column);
        long panel = queries.panelOffset(first, column);
        tiles(vectors, rows, column, columns, queries.panels(), panel, column == 0 ? scores : sums);
        if (column > 0) {
          BLOCKS.add(1, rows * vectors * LANES, sums, 0, 0, scores, 0, 0);
        }
      }
      if (table.scaled()) {
        PRODUCTS.scale(
            rows,
            vectors * LANES,
            scores,
            0,
            rowBytes,
            table.scales(),
            row * Float.BYTES,
            Float.BYTES,
            sums,
            0,
            rowBytes,
            false);
      }
      for (int query = first; query < first + vectors * LANES; query += LANES) {
        offerPanel(queries, query, (long) (query - first) * Float.BYTES, rowBytes, row, rows);
      }
    }
    return read;
  }

  /** The block's rows and one panel. */
  private void tiles(
      int vectors,
      int rows,
      int column,
      int columns,
      MemorySegment panels,
      long panel,
      MemorySegment out) {
    DirectKernels tiles = kernels.tiles();
    long rowBytes = vectors * VECTOR_BYTES;
    int most = tiles.maxRows(vectors);
    for (int i = 0; i < rows; ) {
      int height = Math.min(most, rows - i);
      int count = (rows - i) / height;
      tiles.multiply(
          height,
          vectors,
          count,
          columns,
          block.segment(),
          block.offset(i, column),
          block.stride(),
          Float.BYTES,
          panels,
          panel,
          rowBytes,
          rowBytes - VECTOR_BYTES,
          out,
          i * rowBytes,
          rowBytes);
      i += count * height;
    }
  }

  /** Offers the scores of a vector of queries, of which a row's start at a place in its panel's. */
  private void offerPanel(
      QueryBatch queries, int query, long start, long rowBytes, long row, int rows) {
    int end = Math.min(LANES, queries.count() - query);
    long threshold = (long) query * Float.BYTES;
    int i = next(0, rows, start, rowBytes, threshold);
    while (i < rows) {
      int place = (int) ((start + i * rowBytes) / Float.BYTES);
      for (int lane = 0; lane < end; lane++) {
        offer(query + lane, place + lane, row + i);
      }
      i = next(i + 1, rows, start, rowBytes, threshold);
    }
  }

  /** The next vector of scores of which one may be among the best. */
  private int next(int from, int count, long start, long stride, long threshold) {
    MemorySegment limits = candidates.thresholds();
    return table.distance()
        ? SCORES.nextBelow(from, count, results(), start, stride, limits, threshold)
        : SCORES.nextAbove(from, count, results(), start, stride, limits, threshold);
  }

  /** Where the final scores of a block are. */
  private MemorySegment results() {
    return table.scaled() ? sums : scores;
  }

  private void offer(int query, int place, long row) {
    if (row != table.excluded()) {
      float score = results().getAtIndex(ValueLayout.JAVA_FLOAT, place);
      candidates.offer(query, table.distance() ? -score : score, row);
    }
  }
}
