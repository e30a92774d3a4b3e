package dev.lanewise.internal.gemm;

import dev.lanewise.internal.kernel.DirectKernels;
import dev.lanewise.internal.kernel.PackedRows;
import java.lang.foreign.MemorySegment;

/**
 * One product of matrices so small that its columns are one panel: the kernel is called with what
 * was known when the plan was made, for at this size every nanosecond on the way to it shows.
 */
final class TileProgram implements MatrixProgram {
  /** More are worth looking for threads, which this program's fixed number of tiles is not for. */
  private static final int MOST_ROWS = 64;

  private final MatrixProgram general;
  private final DirectKernels kernels;
  private final int vectors;
  private final int k;
  private final long aRowStride;
  private final long aColumnStride;
  private final long bRowStride;
  private final long lastBytes;
  private final long cRowStride;

  /** Rows of a tile, how many of these there are, and how many have one row more. */
  private final int mr;

  private final int tiles;
  private final int taller;

  /**
   * A program.
   *
   * @param maps the operands, for which {@link #fits} holds
   * @param kernels of the width to use
   * @param vectors how many a panel of all columns takes
   * @param general computes the same, adds it, and reads mapped operands
   * @param elementBytes the size of an element
   */
  TileProgram(
      MatrixMaps maps,
      DirectKernels kernels,
      int vectors,
      MatrixProgram general,
      int elementBytes) {
    this.general = general;
    this.kernels = kernels;
    this.vectors = vectors;
    this.k = (int) maps.k();
    this.aRowStride = maps.aRows().strideBytes();
    this.aColumnStride = maps.aColumns().strideBytes();
    this.bRowStride = maps.bRows().strideBytes();
    this.lastBytes = (maps.n() - kernels.lanes()) * elementBytes;
    this.cRowStride = maps.cRows().strideBytes();
    int m = (int) maps.m();
    int count = Blocking.parts(m, kernels.maxRows(vectors));
    this.mr = m / count;
    this.tiles = Blocking.sameSize(m, count);
    this.taller = count - tiles;
  }

  /** Whether a product can be computed so, whose first panel of columns takes so many vectors. */
  static boolean fits(MatrixMaps maps, DirectKernels kernels, int vectors) {
    long columns = maps.n();
    return maps.batch() == 1
        && maps.m() >= 1
        && maps.m() <= MOST_ROWS
        && maps.k() <= PackedRows.LENGTH
        && columns >= kernels.lanes()
        && columns <= (long) vectors * kernels.lanes();
  }

  @Override
  public void run(
      MemorySegment a,
      long aOffset,
      MemorySegment b,
      long bOffset,
      MemorySegment c,
      long cOffset,
      boolean accumulate,
      Range range) {
    if (accumulate || a.isMapped()) {
      general.run(a, aOffset, b, bOffset, c, cOffset, accumulate, range);
      return;
    }
    kernels.multiply(
        mr,
        vectors,
        tiles,
        k,
        a,
        aOffset,
        aRowStride,
        aColumnStride,
        b,
        bOffset,
        bRowStride,
        lastBytes,
        c,
        cOffset,
        cRowStride);
    if (taller > 0) {
      long rows = (long) tiles * mr;
      kernels.multiply(
          mr + 1,
          vectors,
          taller,
          k,
          a,
          aOffset + rows * aRowStride,
          aRowStride,
          aColumnStride,
          b,
          bOffset,
          bRowStride,
          lastBytes,
          c,
          cOffset + rows * cRowStride,
          cRowStride);
    }
  }

  @Override
  public String toString() {
    return "one panel of " + kernels.lanes() + " lanes";
  }
}
