package dev.lanewise.internal.rows;

import dev.lanewise.internal.kernel.KernelSet;
import dev.lanewise.internal.kernel.PackedRows;
import dev.lanewise.internal.memory.Zeros;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A copy of some queries, as kernels take them: one that is compared alone as blocks of its
 * numbers, more as panels of as many as a tile has columns, the last filled up with queries of +0
 * to whole vectors. Read by any thread; grows, and is used again.
 */
final class QueryBatch {
  private static final int LANES = KernelSet.active().scores().lanes();

  /** The most vectors of a panel's row. */
  static final int VECTORS = 2;

  /** The queries of a panel, the last of which may have fewer. */
  static final int PANEL = VECTORS * LANES;

  private static final int LENGTH = PackedRows.LENGTH;

  private MemorySegment memory = MemorySegment.NULL;
  private float[][] blocks = {};
  private int width;
  private int count;
  private boolean alone;

  /** Copies queries, of which one may be {@code alone}. */
  void load(Tensor queries, long first, int queryCount, boolean isAlone) {
    this.count = queryCount;
    this.width = (int) queries.size(-1);
    this.alone = isAlone;
    if (alone) {
      reserveBlocks();
    } else {
      reservePanels();
    }
    long rowStride = queries.rank() == 1 ? 0 : queries.stride(0);
    for (int query = 0; query < count; query++) {
      long at = queries.offsetBytes() + (first + query) * rowStride * Float.BYTES;
      for (int column = 0; column < width; column++) {
        float x =
            queries
                .segment()
                .get(
                    ValueLayout.JAVA_FLOAT_UNALIGNED,
                    at + column * queries.stride(-1) * Float.BYTES);
        if (alone) {
          block(column)[column % LENGTH] = x;
        } else {
          memory.set(ValueLayout.JAVA_FLOAT, place(query, column), x);
        }
      }
    }
  }

  private void reserveBlocks() {
    int needed = (width + LENGTH - 1) / LENGTH;
    if (blocks.length < needed) {
      blocks = new float[needed][LENGTH];
    }
  }

  private void reservePanels() {
    long bytes = (count + LANES - 1L) / LANES * LANES * width * Float.BYTES;
    if (memory.byteSize() < bytes) {
      memory = Arena.ofAuto().allocate(bytes, 64);
    }
    Zeros.fill(memory, 0, bytes);
  }

  int count() {
    return count;
  }

  /** Whether there is one query, to be compared with some rows at a time. */
  boolean alone() {
    return alone;
  }

  /** The block of numbers of the query that is alone which a column is in. */
  float[] block(int column) {
    return blocks[column / LENGTH];
  }

  /** The memory of the panels. */
  MemorySegment panels() {
    return memory;
  }

  /** How many vectors the rows of the panel have that begins with a query. */
  int vectors(int first) {
    return Math.min(VECTORS, (count - first + LANES - 1) / LANES);
  }

  /** Where the panel that begins with a query has its row of a column, in bytes. */
  long panelOffset(int first, int column) {
    return ((long) first * width + (long) column * vectors(first) * LANES) * Float.BYTES;
  }

  private long place(int query, int column) {
    int inPanel = query % PANEL;
    return panelOffset(query - inPanel, column) + (long) inPanel * Float.BYTES;
  }

  /** The square of a query's norm, in double: products are exact, and added in order. */
  double squaredNorm(int query) {
    double sum = 0;
    for (int column = 0; column < width; column++) {
      double x =
          alone
              ? block(column)[column % LENGTH]
              : memory.get(ValueLayout.JAVA_FLOAT, place(query, column));
      sum += x * x;
    }
    return sum;
  }
}
