package dev.lanewise.internal.gemm;

import dev.lanewise.internal.kernel.BlockKernels;
import dev.lanewise.internal.kernel.ContractionKernels;
import dev.lanewise.internal.kernel.ElementType;
import dev.lanewise.internal.kernel.KernelSet;
import dev.lanewise.internal.kernel.PackedRows;
import dev.lanewise.internal.kernel.TileKernels;
import dev.lanewise.internal.memory.ScratchPool;
import java.lang.foreign.MemorySegment;

/**
 * The blocked product of matrices: five loops around a micro-kernel, with A packed into rows on the
 * heap and B into panels, both read through their offset maps (K. Goto and R. van de Geijn,
 * <i>Anatomy of high-performance matrix multiplication</i>, ACM TOMS 34, 2008; loop names as in
 * BLIS). B is left where it lies if its columns lie side by side and it is used too little, or
 * small enough, for packing to pay. Blocks of a C whose columns do not lie side by side are summed
 * in scratch memory.
 *
 * <p>Order of operations: K is cut into blocks of {@link PackedRows#LENGTH}; each block is one
 * chain of fused multiply-adds from +0; the blocks' sums are added to the element in order.
 *
 * @param <A> the array of packed rows
 */
final class Gemm<A> implements MatrixProgram {
  private static final int KC = PackedRows.LENGTH;

  /** What is used of A at a time, about. */
  private static final int A_BYTES = 128 * KC * Float.BYTES;

  /** What is computed of C at a time, about: with A's part of it, a 1 MiB L2 cache is not full. */
  private static final int C_BYTES = 512 << 10;

  /** What is packed of B at a time, about: a part of the L3 cache. */
  private static final int B_BYTES = 8 << 20;

  /**
   * With fewer rows of A, a packed B would not be used often enough. The less time a row of a panel
   * is used for, the more it costs that each is in a page of its own where B lies.
   */
  private static final int ROWS_WORTH_PACKING_B = 160;

  private static final int ROWS_WORTH_PACKING_B_FOR_FAST_TILES = 48;

  /** Up to this size B is in a near cache wherever it lies. */
  private static final int SMALL_B_BYTES = 256 << 10;

  private final MatrixMaps maps;
  private final TileKernels<A> tiles;
  private final RowPacking<A> rowPacking;
  private final PanelPacking<A> panelPacking;
  private final OutputBlocks output;
  private final BlockKernels<A> blocks;
  private final ScratchPool<Workspace<A>> workspaces;
  private final int elementBytes;
  private final int lanes;
  private final int panelVectors;

  /** The columns of a panel, and the distance of its rows. */
  private final int nr;

  private final long panelRowBytes;

  /** The scratch memory of the tiles that are computed before they are merged. */
  private final long tileBytes;

  private final int mc;
  private final int nc;

  /** The rows of B that are packed at a time. */
  private final long kPacked;

  private final Form form;

  /** How B comes, and what is done with it. */
  private enum Form {
    /** Where its tensor lies, and it is read there. */
    IN_PLACE,
    /** Where its tensor lies, and panels of it are packed when they are first used. */
    PACKED_HERE,
    /** As panels that were packed beforehand. */
    PREPACKED
  }

  Gemm(MatrixMaps maps, ContractionKernels<A> kernels, ScratchPool<Workspace<A>> workspaces) {
    this(maps, kernels, workspaces, false);
  }

  private Gemm(
      MatrixMaps maps,
      ContractionKernels<A> kernels,
      ScratchPool<Workspace<A>> workspaces,
      boolean prepacked) {
    this.maps = maps;
    this.tiles = kernels.tiles();
    this.rowPacking = new RowPacking<>(maps.aRows(), maps.aColumns(), kernels);
    this.panelPacking = new PanelPacking<>(maps.bRows(), maps.bColumns(), kernels);
    this.output = new OutputBlocks(maps.cRows(), maps.cColumns(), kernels);
    this.blocks = kernels.blocks();
    this.workspaces = workspaces;
    this.elementBytes = kernels.type().sizeBytes();
    this.lanes = tiles.lanes();
    this.panelVectors = tiles.panelVectors();
    this.nr = panelVectors * lanes;
    this.panelRowBytes = (long) nr * elementBytes;
    this.mc = rowsAtATime(maps, elementBytes, tiles.maxRows(panelVectors));
    this.nc = Blocking.balanced(maps.n(), C_BYTES / (mc * elementBytes), nr);
    this.kPacked = Math.max(1, B_BYTES / ((long) nc * elementBytes * KC)) * KC;
    this.tileBytes = Blocking.TILES_ADDED * largestTileBytes();
    this.form = prepacked ? Form.PREPACKED : packsB() ? Form.PACKED_HERE : Form.IN_PLACE;
  }

  /** The product, with the kernels and the scratch memory of a type. */
  static Gemm<?> of(KernelSet kernels, ElementType type, MatrixMaps maps) {
    return make(kernels, type, maps, false);
  }

  /**
   * The product whose B {@link #pack} has packed: B's memory is then the panels, and its batch map
   * says where each matrix of them starts.
   */
  static Gemm<?> prepacked(KernelSet kernels, ElementType type, MatrixMaps maps) {
    return make(kernels, type, maps, true);
  }

  private static Gemm<?> make(
      KernelSet kernels, ElementType type, MatrixMaps maps, boolean prepacked) {
    return Workspaces.with(
        kernels,
        type,
        new Workspaces.Maker<Gemm<?>>() {
          @Override
          public <A> Gemm<?> make(
              ContractionKernels<A> kernels, ScratchPool<Workspace<A>> workspaces) {
            return new Gemm<>(maps, kernels, workspaces, prepacked);
          }
        });
  }

  /** The columns that a part of the output should have a multiple of. */
  int columnUnit() {
    return nr;
  }

  /** The size of a packed matrix B. */
  long packedBytes() {
    return maps.k() * packedRowBytes(maps.n());
  }

  /** Packs one whole matrix B, block of K by block, as {@link #prepacked} takes it. */
  void pack(MemorySegment b, long bOffset, MemorySegment panels, long panelsOffset) {
    Workspace<A> workspace = workspaces.take();
    try {
      long panel = panelsOffset;
      for (long pc = 0; pc < maps.k(); pc += KC) {
        int kc = (int) Math.min(KC, maps.k() - pc);
        for (long jc = 0; jc < maps.n(); jc += nr) {
          int width = (int) Math.min(nr, maps.n() - jc);
          packPanel(b, bOffset, pc, kc, jc, width, overlap(width, jc), panels, panel, workspace);
          panel += kc * panelRowBytes;
        }
      }
    } finally {
      workspaces.giveBack(workspace);
    }
  }

  /** The rows of A that are used for all columns before the next ones: a multiple of a tile's. */
  static int rowsAtATime(MatrixMaps maps, int elementBytes, int tileRows) {
    return Blocking.balanced(maps.m(), A_BYTES / (KC * elementBytes), tileRows);
  }

  private boolean packsB() {
    boolean readable =
        maps.bColumns().isContiguous(elementBytes) && maps.bRows().isStrided() && maps.n() >= lanes;
    return !readable || isWorthPackingB(maps, tiles, elementBytes);
  }

  /** Whether a B that could be read where it lies is large, and used often enough to be packed. */
  static boolean isWorthPackingB(MatrixMaps maps, TileKernels<?> tiles, int elementBytes) {
    int rows =
        tiles.boundByInstructions() ? ROWS_WORTH_PACKING_B_FOR_FAST_TILES : ROWS_WORTH_PACKING_B;
    return maps.m() >= rows && (double) maps.n() * maps.k() * elementBytes > SMALL_B_BYTES;
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
    Workspace<A> workspace = workspaces.take();
    try {
      for (long i = range.batchFrom(); i < range.batchTo(); i++) {
        multiply(
            a,
            aOffset + maps.aBatch().at(i),
            b,
            bOffset + maps.bBatch().at(i),
            c,
            cOffset + maps.cBatch().at(i),
            accumulate,
            range,
            workspace);
      }
    } finally {
      workspaces.giveBack(workspace);
    }
  }

  private void multiply(
      MemorySegment a,
      long aOffset,
      MemorySegment b,
      long bOffset,
      MemorySegment c,
      long cOffset,
      boolean accumulate,
      Range range,
      Workspace<A> workspace) {
    A packedA = workspace.packedA(mc * PackedRows.PITCH);
    for (long jc = range.columnFrom(); jc < range.columnTo(); jc += nc) { // loop 5
      int columns = (int) Math.min(nc, range.columnTo() - jc);
      boolean packs = form != Form.PREPACKED && !isReadInPlace(columns);
      // Where one block of rows is all that uses a panel, the next one takes its place.
      boolean reuses = range.rowTo() - range.rowFrom() > mc;
      long packedBytes =
          reuses
              ? Math.min(kPacked, maps.k()) * packedRowBytes(columns)
              : Math.min(KC, maps.k()) * panelRowBytes;
      MemorySegment panels = packs ? workspace.packedB(packedBytes) : b;
      long from = 0;
      do { // loop 4; a sum over nothing is 0
        long to = Math.min(from + kPacked, maps.k());
        for (long ic = range.rowFrom(); ic < range.rowTo(); ic += mc) { // loop 3
          int rows = (int) Math.min(mc, range.rowTo() - ic);
          boolean add = accumulate || from > 0;
          MemorySegment block = c;
          long blockOffset = cOffset + maps.cRows().at(ic) + maps.cColumns().at(jc);
          long blockRowBytes = maps.cRows().strideBytes();
          if (!output.isDirect()) {
            blockOffset = 0;
            blockRowBytes = (long) columns * elementBytes;
            block = workspace.block(output.rowsInScratch(rows) * blockRowBytes);
            if (add) {
              output.load(c, cOffset, ic, rows, jc, columns, block, 0, blockRowBytes);
            }
          }
          long pc = from;
          do { // loop 3a: the block of C stays in a near cache while blocks of K are added to it
            int kc = (int) Math.min(KC, to - pc);
            rowPacking.pack(a, aOffset, ic, rows, pc, kc, packedA, workspace);
            long first;
            long next;
            if (packs) {
              first = reuses ? (pc - from) * packedRowBytes(columns) : 0;
              next = reuses ? kc * panelRowBytes : 0;
            } else if (form == Form.PREPACKED) {
              first = bOffset + pc * packedRowBytes(maps.n()) + jc / nr * kc * panelRowBytes;
              next = kc * panelRowBytes;
            } else {
              first = bOffset + maps.bRows().at(pc) + maps.bColumns().at(jc);
              next = panelRowBytes;
            }
            macroKernel(
                packedA,
                rows,
                packs && ic == range.rowFrom(),
                b,
                bOffset,
                pc,
                kc,
                panels,
                first,
                next,
                jc,
                columns,
                block,
                blockOffset,
                blockRowBytes,
                add || pc > 0,
                workspace);
            pc += KC;
          } while (pc < to);
          if (!output.isDirect()) {
            output.store(block, 0, blockRowBytes, rows, columns, c, cOffset, ic, jc, false);
          }
        }
        from = to;
      } while (from < maps.k());
    }
  }

  /** Whether some columns of B are read where they lie: there is a vector of them. */
  private boolean isReadInPlace(int columns) {
    return form == Form.IN_PLACE && columns >= lanes;
  }

  /** What one row of some columns of B takes in panels. */
  private long packedRowBytes(long columns) {
    return (columns + nr - 1) / nr * panelRowBytes;
  }

  /** Some columns of a block of K, behind those before them that overlap. */
  private void packPanel(
      MemorySegment b,
      long bOffset,
      long pc,
      int kc,
      long column,
      int width,
      int overlap,
      MemorySegment panels,
      long panel,
      Workspace<A> workspace) {
    panelPacking.pack(
        b,
        bOffset,
        pc,
        kc,
        column - overlap,
        width + overlap,
        Math.max(width + overlap, lanes),
        panels,
        panel,
        panelRowBytes,
        workspace);
  }

  /**
   * How many columns of the panel before a last, narrow one are computed again, so that it fills a
   * vector. If there are none before it, it is filled with zeros.
   */
  private int overlap(int width, long columnsBefore) {
    return width < lanes && columnsBefore > 0 ? lanes - width : 0;
  }

  /** What a tile takes on its way to C: one of fewer vectors may have more rows. */
  private long largestTileBytes() {
    long most = 0;
    for (int vectors = 1; vectors <= 2 * panelVectors; vectors *= 2) {
      long rowBytes = (long) vectors * lanes * elementBytes;
      most = Math.max(most, tiles.maxRows(vectors) * rowBytes);
    }
    return most;
  }

  /**
   * Loops 2 and 1: every tile of a packed block of A times a block of B.
   *
   * @param packs whether the panels are to be packed, each right before it is used
   * @param panels where B is read: its panels, or its own memory
   * @param first where the first panel starts, in bytes
   * @param next the distance of the panels, in bytes; 0 where each takes the place of the one
   *     before
   */
  private void macroKernel(
      A packedA,
      int rows,
      boolean packs,
      MemorySegment b,
      long bOffset,
      long pc,
      int kc,
      MemorySegment panels,
      long first,
      long next,
      long jc,
      int columns,
      MemorySegment block,
      long blockOffset,
      long blockRowBytes,
      boolean add,
      Workspace<A> workspace) {
    MemorySegment tile = workspace.tile(tileBytes);
    boolean inPlace = isReadInPlace(columns);
    long rowBytes = inPlace ? maps.bRows().strideBytes() : panelRowBytes;
    long panel = first;
    int vectors;
    for (int jr = 0; jr < columns; jr += vectors * lanes) {
      // Few rows have too few sums to hide their latency, unless they meet two panels at once.
      boolean two =
          !packs && rows <= tiles.maxRows(2 * panelVectors) && columns - jr - nr > nr - lanes;
      int width = Math.min(two ? 2 * nr : nr, columns - jr);
      int overlap = overlap(width, form == Form.PREPACKED ? jc + jr : jr);
      vectors = Blocking.vectorsCovering(width, lanes);
      if (packs) {
        packPanel(b, bOffset, pc, kc, jc + jr, width, overlap, panels, panel, workspace);
      }
      // A panel of its own starts with what overlaps; in place, it lies before.
      long start = inPlace ? panel - (long) overlap * elementBytes : panel;
      int inLast = two ? width - nr : width + overlap;
      long last = (long) Math.max(0, inLast - lanes) * elementBytes;
      // What overlaps must have been computed just before, from the same block of K.
      boolean direct = !add && width + overlap >= lanes && (overlap == 0 || jr > 0);
      long tileRowBytes = (long) vectors * lanes * elementBytes;
      int count = Blocking.parts(rows, tiles.maxRows(vectors));
      int ir = 0;
      for (int t = 0; t < count; ) {
        int mr = (rows - ir) / (count - t);
        int same = Blocking.sameSize(rows - ir, count - t);
        int together = direct ? same : Math.min(same, Blocking.TILES_ADDED);
        int aIndex = ir * PackedRows.PITCH;
        long to = blockOffset + ir * blockRowBytes + (long) jr * elementBytes;
        long tileStart = (long) overlap * elementBytes;
        tiles.multiply(
            mr,
            vectors,
            together,
            kc,
            packedA,
            aIndex,
            panels,
            start,
            rowBytes,
            next,
            last,
            direct ? block : tile,
            direct ? to - tileStart : 0,
            direct ? blockRowBytes : tileRowBytes);
        if (!direct) {
          blocks.store(
              together * mr, width, tile, tileStart, tileRowBytes, block, to, blockRowBytes, add);
        }
        ir += together * mr;
        t += together;
      }
      panel += two ? 2 * next : next;
    }
  }

  @Override
  public String toString() {
    return switch (form) {
      case IN_PLACE -> "blocked product, B in place";
      case PACKED_HERE -> "blocked product";
      case PREPACKED -> "blocked product, B packed beforehand";
    };
  }
}
