package dev.lanewise.internal.kernel;

import java.lang.foreign.MemorySegment;

/**
 * The innermost product of a blocked GEMM: one tile of C from one packed panel of A and one of B.
 *
 * <p>Equation: {@code C[i, j] = sum over p < kc of A[i, p] * B[p, j]} for all {@code i < mr()},
 * {@code j < nr()}. Each element is one chain of fused multiply-adds in the order of p that starts
 * at +0. The tile is stored, never read: accumulating over blocks of K, edges and scattered outputs
 * are the caller's, so that the kernel stays small enough for the compilers.
 */
public interface MicroKernel {
  /**
   * The rows of a tile, which is also how many values of A lie side by side in its panel.
   *
   * @return mr
   */
  int mr();

  /**
   * The columns of a tile, which is also how many values of B lie side by side in its panel.
   *
   * @return nr
   */
  int nr();

  /**
   * Computes one tile.
   *
   * @param kc the length of the sum, at least 1
   * @param a the panel of A: {@code A[i, p]} at {@code aIndex + p * mr() + i}
   * @param aIndex where the panel starts
   * @param b the panel of B: {@code B[p, j]} at byte {@code bOffset + 4 * (p * nr() + j)}
   * @param bOffset where the panel starts, in bytes
   * @param c where the tile goes: {@code C[i, j]} to byte {@code cOffset + i * cRowStride + 4 * j};
   *     must not overlap b
   * @param cOffset where the tile starts, in bytes
   * @param cRowStride the distance of the tile's rows, in bytes
   */
  void multiply(
      int kc,
      float[] a,
      int aIndex,
      MemorySegment b,
      long bOffset,
      MemorySegment c,
      long cOffset,
      long cRowStride);
}
