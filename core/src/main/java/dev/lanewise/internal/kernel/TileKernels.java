package dev.lanewise.internal.kernel;

import java.lang.foreign.MemorySegment;

/**
 * The innermost product of a blocked GEMM: one tile of C from rows of A that lie packed on the heap
 * and rows of B that lie anywhere.
 *
 * <p>Equation: {@code C[i, j] = sum over p < kc of A[i, p] * B[p, j]} for {@code i < mr} and the
 * columns j of the tile. Each element is one chain of fused multiply-adds in the order of p that
 * starts at +0. The tile is stored, never read: accumulating over blocks of K, edges and scattered
 * outputs are the caller's, so that a kernel stays small enough for the compilers.
 *
 * @param <A> the array of A: {@code float[]} or {@code double[]}
 */
public interface TileKernels<A> {
  /** The columns of one vector. */
  int lanes();

  /**
   * The most rows of a tile of so many vectors, without a spilled register; 0 if there is no such
   * tile.
   */
  int maxRows(int vectors);

  /** The most vectors of a tile's row. */
  int maxVectors();

  /** The vectors of a panel of B's columns. A tile of more takes its columns from two panels. */
  int panelVectors();

  /**
   * Whether the machine multiplies so fast that a tile whose rows are not packed takes longer for
   * the instructions around its multiply-adds than for these.
   */
  boolean boundByInstructions();

  /**
   * Computes tiles, one below the other: what one call for each would, but the next one's first
   * loads do not wait for a call.
   *
   * @param mr rows, from 1 to {@link #maxRows}
   * @param vectors how many vectors the columns take, from 1 to {@link #maxVectors}, of which there
   *     is a tile
   * @param count how many tiles, at least 1, each with the rows that follow those of the one before
   * @param kc the length of the sum, from 1 to {@link PackedRows#LENGTH}
   * @param a the rows of A, as {@link PackedRows} lays them out
   * @param aIndex where the first tile's first row starts
   * @param b the rows of B: {@code B[p, j]} for the j of vector v of a panel at byte {@code bOffset
   *     + p * bRowStride + v * vector bytes}, but for the last vector at {@code lastBytes} instead
   * @param bOffset where the first row starts, in bytes
   * @param bRowStride the distance of B's rows, in bytes
   * @param bPanelStride how far a second panel of the tile lies behind the first, in bytes
   * @param lastBytes how far the last vector lies behind the first of its panel, in B and in C:
   *     less than the vectors between them if the tile's columns do not fill its vectors; columns
   *     that two vectors cover are computed twice, to the same bits
   * @param c where the tiles go, their columns as those of B
   * @param cOffset where its first row starts, in bytes
   * @param cRowStride the distance of its rows, in bytes
   */
  void multiply(
      int mr,
      int vectors,
      int count,
      int kc,
      A a,
      int aIndex,
      MemorySegment b,
      long bOffset,
      long bRowStride,
      long bPanelStride,
      long lastBytes,
      MemorySegment c,
      long cOffset,
      long cRowStride);
}
