package dev.lanewise.internal.gemm;

import dev.lanewise.internal.kernel.Partials;
import dev.lanewise.internal.kernel.ReductionKernels;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Sums for which the equation leaves nothing to lay lanes across: dot products, matrix-vector
 * products, traces. Each element's sum is split into interleaved partial sums (see {@link
 * Partials}).
 */
final class PartialsProgram implements MatrixProgram {
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
  private static final long SECOND_RUN = (long) Workspace.RUN * Float.BYTES;

  private final MatrixMaps maps;
  private final ReductionKernels reductions;

  PartialsProgram(MatrixMaps maps, ReductionKernels reductions) {
    this.maps = maps;
    this.reductions = reductions;
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
    for (long i = 0; i < maps.m(); i++) {
      for (long j = 0; j < maps.n(); j++) {
        float[] partials = workspace.partials;
        Partials.reset(partials, 0f);
        sum(
            partials,
            a,
            aOffset + maps.aRows().at(i),
            b,
            bOffset + maps.bColumns().at(j),
            workspace);
        float sum = Partials.sum(partials);
        long at = cOffset + maps.cRows().at(i) + maps.cColumns().at(j);
        c.set(FLOAT, at, accumulate ? c.get(FLOAT, at) + sum : sum);
      }
    }
  }

  private void sum(
      float[] partials,
      MemorySegment a,
      long aOffset,
      MemorySegment b,
      long bOffset,
      Workspace workspace) {
    boolean aReady = maps.aColumns().isContiguous();
    boolean bReady = maps.bRows().isContiguous();
    MemorySegment runs = workspace.runs();
    for (long from = 0; from < maps.k(); from += Workspace.RUN) {
      int count = (int) Math.min(Workspace.RUN, maps.k() - from);
      if (!aReady) {
        gather(maps.aColumns(), a, aOffset, from, count, runs, 0);
      }
      if (!bReady) {
        gather(maps.bRows(), b, bOffset, from, count, runs, SECOND_RUN);
      }
      reductions.dot(
          partials,
          aReady ? a : runs,
          aReady ? aOffset + from * Float.BYTES : 0,
          bReady ? b : runs,
          bReady ? bOffset + from * Float.BYTES : SECOND_RUN,
          count);
    }
  }

  private static void gather(
      OffsetMap map,
      MemorySegment source,
      long offset,
      long from,
      int count,
      MemorySegment to,
      long toOffset) {
    for (int p = 0; p < count; p++) {
      to.set(
          FLOAT, toOffset + (long) p * Float.BYTES, source.get(FLOAT, offset + map.at(from + p)));
    }
  }
}
