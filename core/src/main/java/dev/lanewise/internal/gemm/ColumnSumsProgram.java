package dev.lanewise.internal.gemm;

import dev.lanewise.internal.kernel.BlockKernels;
import dev.lanewise.internal.kernel.ColumnDotKernels;
import dev.lanewise.internal.kernel.ContractionKernels;
import dev.lanewise.internal.kernel.Partials;
import dev.lanewise.internal.kernel.StreamKernels;
import dev.lanewise.internal.kernel.StridedKernels;
import dev.lanewise.internal.memory.ScratchPool;
import dev.lanewise.internal.memory.Zeros;
import java.lang.foreign.MemorySegment;

/**
 * Sums of operands that lie side by side along the outputs, such as {@code ki,k->i}: the partial
 * sums of a block of outputs in scratch memory, then the levels of the tree over whole blocks.
 *
 * <p>Partial sums of a few vectors stay in registers from the first term to the last. That reads a
 * few lines of every 64th row at a time, which is slow where they come from memory. Large operands
 * are therefore read in whole rows, which are added to partial sums in a near cache.
 *
 * @param <A> the array of packed rows
 */
final class ColumnSumsProgram<A> implements MatrixProgram {
  private static final int HALF = Partials.COUNT / 2;

  /** From how many bytes on operands are read in whole rows. */
  private static final double LARGE_BYTES = 10 << 20;

  /** Terms from which that is worth it: what a kernel adds at a time, for each partial sum. */
  private static final int MANY_TERMS = 8 * Partials.COUNT;

  /** The part of a row at a time: a third of an L1 cache. */
  private static final int ROW_BYTES = 16 << 10;

  /** The part of such rows that is combined at a time: 64 of them fill an L1 cache. */
  private static final int PIECE_BYTES = 512;

  private final SumMaps maps;
  private final ColumnDotKernels kernels;
  private final StreamKernels stream;
  private final BlockKernels<A> blocks;
  private final StridedKernels strided;
  private final ScratchPool<Workspace<A>> workspaces;
  private final int elementBytes;
  private final boolean scaled;
  private final boolean byRows;

  /** How many partial sums of an output anything enters. */
  private final int live;

  ColumnSumsProgram(
      SumMaps maps, ContractionKernels<A> kernels, ScratchPool<Workspace<A>> workspaces) {
    this.maps = maps;
    this.kernels = kernels.columnDots();
    this.stream = kernels.stream();
    this.blocks = kernels.blocks();
    this.strided = kernels.strided();
    this.workspaces = workspaces;
    this.elementBytes = kernels.type().sizeBytes();
    this.scaled = maps.rows().bStride() == 0;
    this.byRows =
        maps.innermost().size() >= MANY_TERMS
            && (double) maps.k() * maps.rows().size() * elementBytes >= LARGE_BYTES;
    this.live = (int) Math.min(Partials.COUNT, maps.k());
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
    long outputs = range.rowTo() - range.rowFrom();
    int lanes = kernels.lanes();
    int block =
        byRows
            ? (int) Math.min(outputs, ROW_BYTES / elementBytes)
            : Blocking.balanced(outputs, kernels.maxVectors() * lanes, lanes);
    Workspace<A> workspace = workspaces.take();
    try {
      MemorySegment partials = workspace.tile((long) Partials.COUNT * block * elementBytes);
      for (long i = range.batchFrom(); i < range.batchTo(); i++) {
        long first = aOffset + maps.aBatch().at(i);
        long second = bOffset + maps.bBatch().at(i);
        long out = cOffset + maps.cBatch().at(i);
        for (long j = range.rowFrom(); j < range.rowTo(); j += block) {
          int columns = (int) Math.min(block, range.rowTo() - j);
          if (byRows) {
            rows(a, first, b, second, c, out, j, columns, accumulate, partials);
          } else {
            vectors(a, first, b, second, c, out, j, columns, accumulate, partials);
          }
        }
      }
    } finally {
      workspaces.giveBack(workspace);
    }
  }

  /** A block of outputs whose partial sums are rows in a near cache. */
  private void rows(
      MemorySegment a,
      long aOffset,
      MemorySegment b,
      long bOffset,
      MemorySegment c,
      long cOffset,
      long from,
      int columns,
      boolean accumulate,
      MemorySegment partials) {
    Loop rows = maps.rows();
    sumRows(
        a, aOffset + from * rows.aStride(), b, bOffset + from * rows.bStride(), columns, partials);
    int piece = PIECE_BYTES / elementBytes;
    for (int j = 0; j < columns; j += piece) {
      int width = Math.min(piece, columns - j);
      combine(partials, j, width, columns);
      store(partials, j, width, c, cOffset + (from + j) * rows.cStride(), accumulate);
    }
  }

  /** A block of outputs of a few vectors, whose partial sums are in registers. */
  private void vectors(
      MemorySegment a,
      long aOffset,
      MemorySegment b,
      long bOffset,
      MemorySegment c,
      long cOffset,
      long from,
      int columns,
      boolean accumulate,
      MemorySegment partials) {
    Loop rows = maps.rows();
    int lanes = kernels.lanes();
    int vectors = (columns + lanes - 1) / lanes;
    // Fewer columns than lanes: some before them, which the output does not get.
    int before = (int) Math.min(from, Math.max(0, lanes - columns));
    long start = from - before;
    int last = Math.max(0, columns - lanes);
    sumVectors(
        a,
        aOffset + start * rows.aStride(),
        b,
        bOffset + start * rows.bStride(),
        vectors,
        (long) last * elementBytes,
        partials);
    int width = vectors * lanes;
    combine(partials, 0, width, width);
    int whole = Math.min(columns, width - lanes);
    long to = cOffset + from * rows.cStride();
    store(partials, 0, whole, c, to, accumulate);
    store(
        partials,
        vectors == 1 ? before : 2 * whole - last,
        columns - whole,
        c,
        to + whole * rows.cStride(),
        accumulate);
  }

  /** The partial sums one after the other, each a row of outputs. */
  private void sumRows(
      MemorySegment a,
      long aOffset,
      MemorySegment b,
      long bOffset,
      int columns,
      MemorySegment partials) {
    Loop terms = maps.innermost();
    long rowBytes = (long) columns * elementBytes;
    Zeros.fill(partials, 0, live * rowBytes);
    for (long t = 0; t < maps.k(); ) {
      int count = (int) Math.min(MANY_TERMS, terms.size() - t % terms.size());
      long aPart = aOffset + maps.aTerms().at(t);
      long bPart = bOffset + maps.bTerms().at(t);
      for (int i = 0; i < Math.min(count, Partials.COUNT); i++) {
        int rows = (count - i + Partials.COUNT - 1) / Partials.COUNT;
        long aRow = aPart + i * terms.aStride();
        long bRow = bPart + i * terms.bStride();
        long aApart = Partials.COUNT * terms.aStride();
        long bApart = Partials.COUNT * terms.bStride();
        long to = (t + i) % Partials.COUNT * rowBytes;
        if (scaled) {
          stream.update(rows, columns, b, bRow, bApart, a, aRow, aApart, partials, to);
        } else {
          stream.updateProducts(rows, columns, a, aRow, aApart, b, bRow, bApart, partials, to);
        }
      }
      t += count;
    }
  }

  private void sumVectors(
      MemorySegment a,
      long aOffset,
      MemorySegment b,
      long bOffset,
      int vectors,
      long lastBytes,
      MemorySegment partials) {
    Loop terms = maps.innermost();
    long most = Math.min(terms.size(), Blocking.MOST);
    long k = maps.k();
    for (long t = 0; t < k; ) {
      long inLoop = t % terms.size();
      int count = (int) Math.min(most, terms.size() - inLoop);
      int first = (int) (t < Partials.COUNT ? t : Partials.COUNT + t % Partials.COUNT);
      long aPart = aOffset + maps.aTerms().at(t);
      long bPart = bOffset + maps.bTerms().at(t);
      if (scaled) {
        kernels.scaledSum(
            vectors,
            lastBytes,
            first,
            count,
            a,
            aPart,
            terms.aStride(),
            b,
            bPart,
            terms.bStride(),
            partials);
      } else {
        kernels.dot(
            vectors,
            lastBytes,
            first,
            count,
            a,
            aPart,
            terms.aStride(),
            b,
            bPart,
            terms.bStride(),
            partials);
      }
      t += count;
    }
  }

  /**
   * The tree, for some columns of rows of partial sums. Those that nothing entered are +0, and
   * adding them changes nothing but the sign of a zero, which the first level has then done for all
   * further ones. (Rows of which a piece is combined have had terms for all of them.)
   */
  private void combine(MemorySegment partials, int from, int width, int columns) {
    long rowBytes = (long) columns * elementBytes;
    long offset = (long) from * elementBytes;
    boolean wholeRows = width == columns;
    int count = Math.max(1, Math.min(live, HALF));
    if (live < HALF + count) {
      int first = live == 0 ? 0 : Math.max(live, HALF);
      Zeros.fill(partials, first * rowBytes, (HALF + count - first) * rowBytes);
    }
    for (int half = HALF; half >= 1; half /= 2) {
      int pairs = half == HALF ? count : Math.min(half, count - half);
      if (pairs > 0) {
        blocks.add(
            wholeRows ? 1 : pairs,
            wholeRows ? pairs * width : width,
            partials,
            offset + half * rowBytes,
            rowBytes,
            partials,
            offset,
            rowBytes);
        count = Math.min(count, half);
      }
    }
  }

  private void store(
      MemorySegment partials,
      int from,
      int columns,
      MemorySegment c,
      long cOffset,
      boolean accumulate) {
    long fromOffset = (long) from * elementBytes;
    long stride = maps.rows().cStride();
    if (columns == 0) {
      return;
    }
    if (stride != elementBytes) {
      strided.scatter(columns, partials, fromOffset, c, cOffset, stride, accumulate);
    } else {
      blocks.store(1, columns, partials, fromOffset, 0, c, cOffset, 0, accumulate);
    }
  }

  @Override
  public String toString() {
    return "partial sums of columns, " + (byRows ? "whole rows, " : "") + maps;
  }
}
