package dev.lanewise.internal.gemm;

import dev.lanewise.internal.kernel.BlockKernels;
import dev.lanewise.internal.kernel.ColumnDotKernels;
import dev.lanewise.internal.kernel.ContractionKernels;
import dev.lanewise.internal.kernel.Partials;
import dev.lanewise.internal.kernel.StridedKernels;
import dev.lanewise.internal.memory.ScratchPool;
import dev.lanewise.internal.memory.Zeros;
import java.lang.foreign.MemorySegment;

/**
 * Sums of operands that lie side by side along the outputs, such as {@code ki,k->i}: the partial
 * sums of a block of outputs in scratch memory, then the levels of the tree over whole blocks.
 *
 * @param <A> the array of packed rows
 */
final class ColumnSumsProgram<A> implements MatrixProgram {
  private static final int HALF = Partials.COUNT / 2;

  private final SumMaps maps;
  private final ColumnDotKernels kernels;
  private final BlockKernels<A> blocks;
  private final StridedKernels strided;
  private final ScratchPool<Workspace<A>> workspaces;
  private final int elementBytes;
  private final boolean scaled;

  /** How many partial sums of an output anything enters. */
  private final int live;

  ColumnSumsProgram(
      SumMaps maps, ContractionKernels<A> kernels, ScratchPool<Workspace<A>> workspaces) {
    this.maps = maps;
    this.kernels = kernels.columnDots();
    this.blocks = kernels.blocks();
    this.strided = kernels.strided();
    this.workspaces = workspaces;
    this.elementBytes = kernels.type().sizeBytes();
    this.scaled = maps.rows().bStride() == 0;
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
    int lanes = kernels.lanes();
    int block =
        Blocking.balanced(range.rowTo() - range.rowFrom(), kernels.maxVectors() * lanes, lanes);
    Loop rows = maps.rows();
    Workspace<A> workspace = workspaces.take();
    try {
      MemorySegment partials = workspace.tile((long) Partials.COUNT * block * elementBytes);
      for (long i = range.batchFrom(); i < range.batchTo(); i++) {
        long first = aOffset + maps.aBatch().at(i);
        long second = bOffset + maps.bBatch().at(i);
        long out = cOffset + maps.cBatch().at(i);
        for (long j = range.rowFrom(); j < range.rowTo(); j += block) {
          int columns = (int) Math.min(block, range.rowTo() - j);
          int vectors = (columns + lanes - 1) / lanes;
          // Fewer columns than lanes: some before them, which the output does not get.
          int before = (int) Math.min(j, Math.max(0, lanes - columns));
          long start = j - before;
          int last = Math.max(0, columns - lanes);
          partials(
              a,
              first + start * rows.aStride(),
              b,
              second + start * rows.bStride(),
              vectors,
              (long) last * elementBytes,
              partials);
          int width = vectors * lanes;
          combine(partials, width);
          int whole = Math.min(columns, width - lanes);
          store(partials, 0, whole, c, out + j * rows.cStride(), accumulate);
          store(
              partials,
              vectors == 1 ? before : 2 * whole - last,
              columns - whole,
              c,
              out + (j + whole) * rows.cStride(),
              accumulate);
        }
      }
    } finally {
      workspaces.giveBack(workspace);
    }
  }

  private void partials(
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
   * The tree. Partial sums that nothing entered are +0, and adding them changes nothing but the
   * sign of a zero, which the first level has then done for all further ones.
   */
  private void combine(MemorySegment partials, int width) {
    long rowBytes = (long) width * elementBytes;
    int count = Math.max(1, Math.min(live, HALF));
    if (live < HALF + count) {
      int from = live == 0 ? 0 : Math.max(live, HALF);
      Zeros.fill(partials, from * rowBytes, (HALF + count - from) * rowBytes);
    }
    for (int half = HALF; half >= 1; half /= 2) {
      int pairs = half == HALF ? count : Math.min(half, count - half);
      if (pairs > 0) {
        blocks.add(1, pairs * width, partials, half * rowBytes, 0, partials, 0, 0);
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
    } else if (accumulate) {
      blocks.add(1, columns, partials, fromOffset, 0, c, cOffset, 0);
    } else {
      blocks.copy(1, columns, partials, fromOffset, 0, c, cOffset, 0);
    }
  }

  @Override
  public String toString() {
    return "partial sums of columns, " + maps;
  }
}
