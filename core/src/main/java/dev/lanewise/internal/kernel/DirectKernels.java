package dev.lanewise.internal.kernel;

import java.lang.foreign.MemorySegment;

/**
 * Tiles of a product whose operands are both read where they lie: what {@link TileKernels}
 * computes, to the same bits, without packing anything.
 */
public interface DirectKernels {
  /** The columns of one vector. */
  int lanes();

  /** The most rows of a tile of so many vectors; 0 if there is no such tile. */
  int maxRows(int vectors);

  /** The most vectors of a tile's row. */
  int maxVectors();

  /**
   * Computes tiles, one below the other; see {@link TileKernels#multiply}.
   *
   * @param mr rows, from 1 to {@link #maxRows}
   * @param vectors how many vectors the columns take, of which there is a tile
   * @param count how many tiles, at least 1
   * @param kc the length of the sum, at least 1
   * @param a the rows of A, which are not mapped: {@code A[i, p]} at byte {@code aOffset + i *
   *     aRowStride + p * aColumnStride}
   * @param aOffset where A starts, in bytes
   * @param aRowStride the distance of A's rows, in bytes
   * @param aColumnStride the distance of A's columns, in bytes
   * @param b the rows of B
   * @param bOffset where the first row starts, in bytes
   * @param bRowStride the distance of B's rows, in bytes
   * @param lastBytes how far the last vector lies behind the first, in B and in C
   * @param c where the tiles go
   * @param cOffset where its first row starts, in bytes
   * @param cRowStride the distance of its rows, in bytes
   */
  void multiply(
      int mr,
      int vectors,
      int count,
      int kc,
      MemorySegment a,
      long aOffset,
      long aRowStride,
      long aColumnStride,
      MemorySegment b,
      long bOffset,
      long bRowStride,
      long lastBytes,
      MemorySegment c,
      long cOffset,
      long cRowStride);
}
