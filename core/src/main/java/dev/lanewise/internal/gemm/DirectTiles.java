package dev.lanewise.internal.gemm;

import dev.lanewise.internal.kernel.BlockKernels;
import dev.lanewise.internal.kernel.ContractionKernels;
import dev.lanewise.internal.kernel.DirectKernels;
import dev.lanewise.internal.kernel.PackedRows;
import dev.lanewise.internal.kernel.ReadAhead;
import java.lang.foreign.MemorySegment;

/**
 * Some rows of a block of the sum, tile by tile: A and C of any strides between rows, the columns
 * of B and of C side by side, and A of any stride between terms.
 *
 * @param <A> the array of packed rows
 */
final class DirectTiles<A> {
  /** Up to this size a block of B stays in a near cache while all rows of A meet it. */
  private static final double MOST_B_BYTES = 128 << 10;

  /** Up to this size C does while blocks of the sum are added to it. */
  private static final double MOST_C_BYTES = 512 << 10;

  /** Fewer rows are one tile if A is packed, and two of these. */
  private static final int FEWEST_ROWS_OF_SEVERAL_BLOCKS = 8;

  private final DirectKernels kernels;
  private final BlockKernels<A> blocks;
  private final int elementBytes;
  private final int mostVectors;
  private final int rowsAtATime;
  private final long aRowStride;
  private final long aColumnStride;
  private final long bRowStride;
  private final long cRowStride;

  /** Whether rows of A are read before the tiles of the first columns, which need them first. */
  private final boolean readsAhead;

  /**
   * Tiles for a product.
   *
   * @param maps the operands, of at least one vector of columns and one term
   * @param bRowStride the distance of rows of B where it is read, in bytes
   * @param direct of the width to use
   * @param kernels to add up blocks of the sum
   */
  DirectTiles(
      MatrixMaps maps, long bRowStride, DirectKernels direct, ContractionKernels<A> kernels) {
    this.kernels = direct;
    this.blocks = kernels.blocks();
    this.elementBytes = kernels.type().sizeBytes();
    this.mostVectors = mostVectors(direct, Math.min(maps.m(), maps.k()));
    this.rowsAtATime = Gemm.rowsAtATime(maps, elementBytes, direct.maxRows(mostVectors));
    this.aRowStride = maps.aRows().strideBytes();
    this.aColumnStride = maps.aColumns().strideBytes();
    this.bRowStride = bRowStride;
    this.cRowStride = maps.cRows().strideBytes();
    this.readsAhead =
        maps.k() <= PackedRows.LENGTH
            && maps.aColumns().isContiguous(elementBytes)
            && ReadAhead.paysForTiles(maps.aBytes(), maps.k() * elementBytes);
  }

  /** Whether a block of B is small. */
  static boolean isNearB(MatrixMaps maps, int elementBytes) {
    double rows = Math.min(maps.k(), PackedRows.LENGTH);
    return rows * maps.n() * elementBytes <= MOST_B_BYTES;
  }

  /**
   * Whether several blocks of a sum are added tile by tile at no loss: what that reads and writes
   * again stays in near caches.
   */
  static boolean addsBlocksWell(MatrixMaps maps, int elementBytes) {
    return maps.m() >= FEWEST_ROWS_OF_SEVERAL_BLOCKS
        && isNearB(maps, elementBytes)
        && (double) maps.m() * maps.n() * elementBytes <= MOST_C_BYTES;
  }

  /**
   * The fewer the rows, the wider a tile must be to keep the multiply-add units busy; and the
   * shorter the sums, to store long runs of the output.
   */
  private static int mostVectors(DirectKernels kernels, long rowsOrTerms) {
    long rows = Math.max(1, Math.min(rowsOrTerms, kernels.maxRows(2)));
    int vectors = 1;
    while (kernels.maxRows(2 * vectors) >= rows) {
      vectors *= 2;
    }
    return vectors;
  }

  int lanes() {
    return kernels.lanes();
  }

  /** The rows of A that are used for all columns before the next ones. */
  int rowsAtATime() {
    return rowsAtATime;
  }

  /** The scratch memory that adding takes, in bytes. */
  long scratchBytes() {
    return (long) Blocking.TILES_ADDED * largestTile() * elementBytes;
  }

  private int largestTile() {
    int largest = 0;
    for (int vectors = 1; vectors <= kernels.maxVectors(); vectors++) {
      largest = Math.max(largest, kernels.maxRows(vectors) * vectors * kernels.lanes());
    }
    return largest;
  }

  /**
   * How many vectors the next panel of columns takes. The last three are one panel, where a tile of
   * three has as many sums on their way as one of two: one vector alone takes a load for each
   * multiply-add.
   */
  int vectors(int columnsLeft) {
    int left = (columnsLeft + kernels.lanes() - 1) / kernels.lanes();
    if (left == 3 && 3 * kernels.maxRows(3) >= 2 * kernels.maxRows(2)) {
      return 3;
    }
    return Blocking.vectorsNeeded(columnsLeft, kernels.lanes(), mostVectors);
  }

  /**
   * Some rows of one block of the sum: stored where it belongs, or, where there is scratch memory,
   * added by way of that, some tiles at a time.
   *
   * @param rows how many, at most {@link #rowsAtATime}
   * @param kc the terms of the block
   * @param a the memory of A
   * @param aOffset where the first row's first term lies, in bytes
   * @param b the memory of B
   * @param bOffset where the first term of column 0 lies, in bytes
   * @param c the memory of C
   * @param cOffset where column 0 of the first row lies, in bytes
   * @param range the columns
   * @param scratch memory of {@link #scratchBytes} if the block is added, else of none
   */
  void multiply(
      int rows,
      int kc,
      MemorySegment a,
      long aOffset,
      MemorySegment b,
      long bOffset,
      MemorySegment c,
      long cOffset,
      Range range,
      MemorySegment scratch) {
    int lanes = kernels.lanes();
    int columns = (int) (range.columnTo() - range.columnFrom());
    boolean direct = scratch.byteSize() == 0;
    int j = 0;
    while (j < columns) {
      int vectors = vectors(columns - j);
      int width = Math.min(columns - j, vectors * lanes);
      int overlap = Math.max(0, lanes - width);
      long column = range.columnFrom() + j - overlap;
      long bStart = bOffset + column * elementBytes;
      long last = (long) Math.max(0, width - lanes) * elementBytes;
      int tiles = Blocking.parts(rows, kernels.maxRows(vectors));
      int i = 0;
      for (int t = 0; t < tiles; ) {
        int mr = (rows - i) / (tiles - t);
        int same = Blocking.sameSize(rows - i, tiles - t);
        int count = direct ? same : Math.min(same, Blocking.TILES_ADDED);
        if (readsAhead && j == 0) {
          long rowBytes = (long) kc * elementBytes;
          count = Math.clamp(ReadAhead.NEAR_BYTES / (mr * rowBytes), 1, count);
          long start = aOffset + i * aRowStride;
          ReadAhead.keep(ReadAhead.rows(a, start, count * mr, rowBytes, aRowStride));
        }
        long cTile = cOffset + i * cRowStride + column * elementBytes;
        kernels.multiply(
            mr,
            vectors,
            count,
            kc,
            a,
            aOffset + i * aRowStride,
            aRowStride,
            aColumnStride,
            b,
            bStart,
            bRowStride,
            last,
            direct ? c : scratch,
            direct ? cTile : 0,
            direct ? cRowStride : (long) vectors * lanes * elementBytes);
        if (!direct) {
          blocks.add(
              count * mr,
              width,
              scratch,
              (long) overlap * elementBytes,
              (long) vectors * lanes * elementBytes,
              c,
              cTile + (long) overlap * elementBytes,
              cRowStride);
        }
        i += count * mr;
        t += count;
      }
      j += width;
    }
  }
}
