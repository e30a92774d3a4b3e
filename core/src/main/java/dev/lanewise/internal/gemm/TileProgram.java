package dev.lanewise.internal.gemm;

import dev.lanewise.internal.kernel.DirectKernels;
import dev.lanewise.internal.kernel.PackedRows;
import java.lang.foreign.MemorySegment;

/**
 * One product of matrices so small that it is one tile: the kernel is called with what was known
 * when the plan was made, for at this size every nanosecond on the way to it shows.
 */
final class TileProgram implements MatrixProgram {
  private final DirectProgram<?> adding;
  private final DirectKernels kernels;
  private final int m;
  private final int vectors;
  private final int k;
  private final long aRowStride;
  private final long aColumnStride;
  private final long bRowStride;
  private final long lastBytes;
  private final long cRowStride;

  /**
   * A program.
   *
   * @param maps the operands, for which {@link #fits} holds
   * @param kernels of the width to use
   * @param adding computes the same and adds it
   * @param elementBytes the size of an element
   */
  TileProgram(MatrixMaps maps, DirectKernels kernels, DirectProgram<?> adding, int elementBytes) {
    this.adding = adding;
    this.kernels = kernels;
    this.m = (int) maps.m();
    this.vectors = Blocking.vectorsCovering((int) maps.n(), kernels.lanes());
    this.k = (int) maps.k();
    this.aRowStride = maps.aRows().strideBytes();
    this.aColumnStride = maps.aColumns().strideBytes();
    this.bRowStride = maps.bRows().strideBytes();
    this.lastBytes = (maps.n() - kernels.lanes()) * elementBytes;
    this.cRowStride = maps.cRows().strideBytes();
  }

  static boolean fits(MatrixMaps maps, DirectKernels kernels) {
    return maps.batch() == 1
        && maps.n() >= kernels.lanes()
        && maps.n() <= 2L * kernels.lanes()
        && maps.m() >= 1
        && maps.m() <= kernels.maxRows(Blocking.vectorsCovering((int) maps.n(), kernels.lanes()))
        && maps.k() <= PackedRows.LENGTH;
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
    if (accumulate) {
      adding.run(a, aOffset, b, bOffset, c, cOffset, true, range);
      return;
    }
    kernels.multiply(
        m,
        vectors,
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
  }

  @Override
  public String toString() {
    return "one tile of " + kernels.lanes() + " lanes";
  }
}
