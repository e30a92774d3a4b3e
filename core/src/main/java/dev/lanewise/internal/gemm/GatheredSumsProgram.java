package dev.lanewise.internal.gemm;

import dev.lanewise.internal.kernel.ContractionKernels;
import dev.lanewise.internal.kernel.Partials;
import dev.lanewise.internal.memory.ScratchPool;
import java.lang.foreign.MemorySegment;

/**
 * Sums of any terms: an operand whose terms do not lie side by side is gathered part by part.
 *
 * @param <A> the array of partial sums
 */
final class GatheredSumsProgram<A> implements MatrixProgram {
  /** Terms of a part: two of them fit into the L1 cache beside what they are gathered from. */
  private static final int PART = 16 * Partials.COUNT;

  /** Shorter runs are gathered one element at a time. */
  private static final int RUN_WORTH_COPYING = 16;

  private final SumMaps maps;
  private final ContractionKernels<A> kernels;
  private final ScratchPool<Workspace<A>> workspaces;
  private final int elementBytes;
  private final boolean aReady;
  private final boolean bReady;
  private final int part;

  GatheredSumsProgram(
      SumMaps maps, ContractionKernels<A> kernels, ScratchPool<Workspace<A>> workspaces) {
    this.maps = maps;
    this.kernels = kernels;
    this.workspaces = workspaces;
    this.elementBytes = kernels.type().sizeBytes();
    this.aReady = maps.aTerms().isContiguous(elementBytes);
    this.bReady = maps.bTerms().isContiguous(elementBytes);
    this.part = aReady && bReady ? Blocking.MOST : PART;
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
    Loop rows = maps.rows();
    Workspace<A> workspace = workspaces.take();
    try {
      A partials = workspace.packedA(Partials.COUNT);
      MemorySegment runs = workspace.staging(2L * PART * elementBytes);
      for (long i = range.batchFrom(); i < range.batchTo(); i++) {
        for (long row = range.rowFrom(); row < range.rowTo(); row++) {
          long first = aOffset + maps.aBatch().at(i) + row * rows.aStride();
          long second = bOffset + maps.bBatch().at(i) + row * rows.bStride();
          kernels.dots().reset(partials);
          accumulate(a, first, b, second, partials, runs);
          long at = cOffset + maps.cBatch().at(i) + row * rows.cStride();
          kernels.dots().finish(partials, c, at, accumulate);
        }
      }
    } finally {
      workspaces.giveBack(workspace);
    }
  }

  private void accumulate(
      MemorySegment a,
      long aOffset,
      MemorySegment b,
      long bOffset,
      A partials,
      MemorySegment runs) {
    long secondRun = (long) PART * elementBytes;
    boolean constant = maps.bTerms().isStrided() && maps.bTerms().strideBytes() == 0;
    for (long from = 0; from < maps.k(); from += part) {
      int count = (int) Math.min(part, maps.k() - from);
      if (!aReady) {
        gather(maps.aTerms(), maps.innermost().aStride(), a, aOffset, from, count, runs, 0);
      }
      if (!bReady && (from == 0 || !constant)) {
        gather(maps.bTerms(), maps.innermost().bStride(), b, bOffset, from, count, runs, secondRun);
      }
      kernels
          .dots()
          .accumulate(
              partials,
              aReady ? a : runs,
              aReady ? aOffset + from * elementBytes : 0,
              bReady ? b : runs,
              bReady ? bOffset + from * elementBytes : secondRun,
              count);
    }
  }

  /** Terms side by side: run by run where the innermost loop is one, else one by one. */
  private void gather(
      OffsetMap terms,
      long innermostStride,
      MemorySegment source,
      long offset,
      long from,
      int count,
      MemorySegment to,
      long toOffset) {
    long inLoop = maps.innermost().size();
    if (innermostStride != elementBytes || inLoop < RUN_WORTH_COPYING) {
      terms.gather(kernels, source, offset, from, count, to, toOffset);
      return;
    }
    int done = 0;
    while (done < count) {
      long term = from + done;
      int run = (int) Math.min(count - done, inLoop - term % inLoop);
      kernels
          .blocks()
          .copy(
              1,
              run,
              source,
              offset + terms.at(term),
              0,
              to,
              toOffset + (long) done * elementBytes,
              0);
      done += run;
    }
  }

  @Override
  public String toString() {
    return "partial sums, gathered, " + maps;
  }
}
