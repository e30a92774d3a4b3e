package dev.lanewise.internal.rows;

import dev.lanewise.internal.kernel.KernelSet;
import dev.lanewise.internal.kernel.SimilarityKernels;
import dev.lanewise.internal.memory.Zeros;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A copy of some queries, as kernels take them: few as rows, more as panels of as many as a vector
 * has lanes, filled up with queries of +0. Read by any thread; grows, and is used again.
 */
final class QueryBatch {
  private static final int PARTIALS = SimilarityKernels.PARTIALS;
  private static final int LANES = KernelSet.active().similarity().lanes();

  /** One query is compared as a row; a panel takes less time than two of them. */
  private static final int FEW = 1;

  /** How often a query's row has every four numbers, as kernels of rows want it. */
  private static final int COPIES = KernelSet.active().similarity().copies();

  private MemorySegment memory = MemorySegment.NULL;
  private int width;
  private int padded;
  private int count;
  private boolean panels;

  /** Copies queries. */
  void load(Tensor queries, long first, int queryCount) {
    this.count = queryCount;
    this.width = (int) queries.size(-1);
    this.panels = queryCount > FEW;
    this.padded = (width + PARTIALS - 1) / PARTIALS * PARTIALS;
    long places =
        panels ? (count + LANES - 1L) / LANES * LANES * padded : (long) count * padded * COPIES;
    if (memory.byteSize() < places * Float.BYTES) {
      memory = Arena.ofAuto().allocate(places * Float.BYTES, 64);
    }
    if (panels) {
      Zeros.fill(memory, 0, places * Float.BYTES);
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
        if (panels) {
          memory.set(ValueLayout.JAVA_FLOAT, panelPlace(query, column), x);
        } else {
          for (int copy = 0; copy < COPIES; copy++) {
            long to = rowPlace(query, column) + (long) copy * PARTIALS * Float.BYTES;
            memory.set(ValueLayout.JAVA_FLOAT, to, x);
          }
        }
      }
    }
  }

  int count() {
    return count;
  }

  boolean panels() {
    return panels;
  }

  /** The queries as rows. */
  MemorySegment rows() {
    return memory;
  }

  /** Where a query's row has a column, a multiple of four, in bytes. */
  long rowOffset(int query, int column) {
    return ((long) query * padded + column) * COPIES * Float.BYTES;
  }

  private long rowPlace(int query, int column) {
    int inFour = column % PARTIALS;
    return rowOffset(query, column - inFour) + (long) inFour * Float.BYTES;
  }

  private long panelPlace(int query, int column) {
    return panelOffset(query, column) + query % LANES * (long) Float.BYTES;
  }

  /** The queries as panels. */
  MemorySegment panelsMemory() {
    return memory;
  }

  /** Where a column of the panel that a query is in starts, in bytes. */
  long panelOffset(int query, int column) {
    return ((long) (query / LANES) * padded + column) * LANES * Float.BYTES;
  }

  /** The square of a query's norm, in double: products are exact, and added in order. */
  double squaredNorm(int query) {
    double sum = 0;
    for (int column = 0; column < width; column++) {
      long at = panels ? panelPlace(query, column) : rowPlace(query, column);
      double x = memory.get(ValueLayout.JAVA_FLOAT, at);
      sum += x * x;
    }
    return sum;
  }
}
