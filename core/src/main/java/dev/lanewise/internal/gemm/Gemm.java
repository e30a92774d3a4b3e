package dev.lanewise.internal.gemm;

import dev.lanewise.internal.kernel.ElementwiseKernels;
import dev.lanewise.internal.kernel.KernelSet;
import dev.lanewise.internal.kernel.MicroKernel;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The blocked product of matrices: five loops around a micro-kernel, with A and B packed into
 * panels read through their offset maps (K. Goto and R. van de Geijn, <i>Anatomy of
 * high-performance matrix multiplication</i>, ACM TOMS 34, 2008; loop names as in BLIS).
 *
 * <p>Order of operations: K is cut into blocks of {@link #KC}; each block is one chain of fused
 * multiply-adds from +0; the blocks' sums are added to the element in order.
 */
final class Gemm implements MatrixProgram {
  /**
   * The length of a block of K. Part of the numerics, not a tuning knob: changing it changes
   * results.
   */
  static final int KC = 256;

  /**
   * The rows of A that are packed at a time, about: 256 x KC floats are a quarter of a 1 MiB L2
   * cache.
   */
  private static final int MC_TARGET = 256;

  /** The columns of B that are packed at a time, about: 2048 x KC floats are 2 MiB of L3 cache. */
  private static final int NC_TARGET = 2048;

  /**
   * Below this many multiply-adds packing costs more than the blocked loops gain. A thin product
   * (one row against a large matrix) is packed too, at the cost of packing all of B.
   */
  private static final long WORTH_PACKING = 4096;

  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;

  private final MatrixMaps maps;
  private final MicroKernel kernel;
  private final ElementwiseKernels elementwise;
  private final int mr;
  private final int nr;
  private final int mc;
  private final int nc;

  Gemm(MatrixMaps maps, KernelSet kernels) {
    this.maps = maps;
    this.kernel = kernels.gemm();
    this.elementwise = kernels.elementwise();
    this.mr = kernel.mr();
    this.nr = kernel.nr();
    this.mc = (int) Math.min(roundUp(MC_TARGET, mr), roundUp(maps.m(), mr));
    this.nc = (int) Math.min(roundUp(NC_TARGET, nr), roundUp(maps.n(), nr));
  }

  static boolean isWorthPacking(MatrixMaps maps) {
    return Math.multiplyHigh(maps.m() * maps.n(), maps.k()) != 0
        || maps.m() * maps.n() * maps.k() >= WORTH_PACKING;
  }

  private static long roundUp(long size, int unit) {
    return (size + unit - 1) / unit * unit;
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
      Workspace workspace) {
    int kcMax = (int) Math.min(KC, maps.k());
    float[] packedA = workspace.packedA(mc * kcMax);
    MemorySegment packedB = workspace.packedB((long) nc * kcMax * Float.BYTES);
    MemorySegment tile = workspace.tile((long) mr * nr * Float.BYTES);
    for (long jc = 0; jc < maps.n(); jc += nc) { // loop 5
      int columns = (int) Math.min(nc, maps.n() - jc);
      for (long pc = 0; pc < maps.k(); pc += KC) { // loop 4
        int kc = (int) Math.min(KC, maps.k() - pc);
        boolean add = accumulate || pc > 0;
        packB(b, bOffset, pc, kc, jc, columns, packedB);
        for (long ic = 0; ic < maps.m(); ic += mc) { // loop 3
          int rows = (int) Math.min(mc, maps.m() - ic);
          packA(a, aOffset, ic, rows, pc, kc, packedA);
          macroKernel(packedA, rows, packedB, columns, kc, c, cOffset, ic, jc, add, tile);
        }
      }
    }
  }

  /** Loops 2 and 1: every tile of a packed block of A times a packed block of B. */
  private void macroKernel(
      float[] packedA,
      int rows,
      MemorySegment packedB,
      int columns,
      int kc,
      MemorySegment c,
      long cOffset,
      long ic,
      long jc,
      boolean add,
      MemorySegment tile) {
    boolean direct = !add && maps.cColumns().isContiguous() && maps.cRows().isStrided();
    for (int jr = 0; jr < columns; jr += nr) {
      long bPanel = (long) jr * kc * Float.BYTES;
      int tileColumns = Math.min(nr, columns - jr);
      for (int ir = 0; ir < rows; ir += mr) {
        int aPanel = ir * kc;
        int tileRows = Math.min(mr, rows - ir);
        if (direct && tileRows == mr && tileColumns == nr) {
          long to = cOffset + maps.cRows().at(ic + ir) + maps.cColumns().at(jc + jr);
          kernel.multiply(kc, packedA, aPanel, packedB, bPanel, c, to, maps.cRows().strideBytes());
        } else {
          kernel.multiply(kc, packedA, aPanel, packedB, bPanel, tile, 0, (long) nr * Float.BYTES);
          mergeTile(tile, tileRows, tileColumns, c, cOffset, ic + ir, jc + jr, add);
        }
      }
    }
  }

  private void mergeTile(
      MemorySegment tile,
      int rows,
      int columns,
      MemorySegment c,
      long cOffset,
      long row,
      long column,
      boolean add) {
    boolean contiguous = maps.cColumns().isContiguous();
    for (int i = 0; i < rows; i++) {
      long from = (long) i * nr * Float.BYTES;
      long to = cOffset + maps.cRows().at(row + i);
      if (contiguous) {
        long at = to + maps.cColumns().at(column);
        if (add) {
          elementwise.axpy(tile, from, c, at, 1f, columns);
        } else {
          MemorySegment.copy(tile, from, c, at, (long) columns * Float.BYTES);
        }
        continue;
      }
      for (int j = 0; j < columns; j++) {
        long at = to + maps.cColumns().at(column + j);
        float value = tile.get(FLOAT, from + (long) j * Float.BYTES);
        c.set(FLOAT, at, add ? c.get(FLOAT, at) + value : value);
      }
    }
  }

  /**
   * Panels of mr rows, each with the mr values of one k side by side; rows beyond the edge are
   * zeros.
   */
  private void packA(
      MemorySegment a, long offset, long row, int rows, long column, int kc, float[] packed) {
    for (int ir = 0; ir < rows; ir += mr) {
      int panel = ir * kc;
      for (int i = 0; i < mr; i++) {
        int to = panel + i;
        if (ir + i >= rows) {
          for (int p = 0; p < kc; p++) {
            packed[to + p * mr] = 0;
          }
          continue;
        }
        long base = offset + maps.aRows().at(row + ir + i);
        if (maps.aColumns().isStrided()) {
          long stride = maps.aColumns().strideBytes();
          long first = base + column * stride;
          for (int p = 0; p < kc; p++) {
            packed[to + p * mr] = a.get(FLOAT, first + p * stride);
          }
        } else {
          for (int p = 0; p < kc; p++) {
            packed[to + p * mr] = a.get(FLOAT, base + maps.aColumns().at(column + p));
          }
        }
      }
    }
  }

  /**
   * Panels of nr columns, each with the nr values of one k side by side; columns beyond the edge
   * are zeros.
   */
  private void packB(
      MemorySegment b,
      long offset,
      long row,
      int kc,
      long column,
      int columns,
      MemorySegment packed) {
    OffsetMap bRows = maps.bRows();
    OffsetMap bColumns = maps.bColumns();
    long rowBytes = (long) nr * Float.BYTES;
    for (int jr = 0; jr < columns; jr += nr) {
      int width = Math.min(nr, columns - jr);
      long panel = jr * (long) kc * Float.BYTES;
      if (bColumns.isContiguous()) {
        long first = offset + bColumns.at(column + jr);
        for (int p = 0; p < kc; p++) {
          MemorySegment.copy(
              b,
              first + bRows.at(row + p),
              packed,
              panel + p * rowBytes,
              (long) width * Float.BYTES);
        }
      } else {
        for (int j = 0; j < width; j++) {
          packColumn(
              b,
              offset + bColumns.at(column + jr + j),
              row,
              kc,
              packed,
              panel + (long) j * Float.BYTES,
              rowBytes);
        }
      }
      for (int p = 0; p < kc && width < nr; p++) {
        for (int j = width; j < nr; j++) {
          packed.set(FLOAT, panel + p * rowBytes + (long) j * Float.BYTES, 0f);
        }
      }
    }
  }

  private void packColumn(
      MemorySegment b, long base, long row, int kc, MemorySegment packed, long to, long rowBytes) {
    OffsetMap bRows = maps.bRows();
    if (bRows.isStrided()) {
      long stride = bRows.strideBytes();
      long first = base + row * stride;
      for (int p = 0; p < kc; p++) {
        packed.set(FLOAT, to + p * rowBytes, b.get(FLOAT, first + p * stride));
      }
      return;
    }
    for (int p = 0; p < kc; p++) {
      packed.set(FLOAT, to + p * rowBytes, b.get(FLOAT, base + bRows.at(row + p)));
    }
  }
}
