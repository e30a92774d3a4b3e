package dev.lanewise.internal.gemm;

import dev.lanewise.internal.kernel.Partials;
import dev.lanewise.internal.kernel.ReductionKernels;
import dev.lanewise.internal.memory.ScratchPool;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Sums for which the equation leaves nothing to lay lanes across: dot products, matrix-vector
 * products, traces. Each element's sum is split into interleaved partial sums (see {@link
 * Partials}).
 */
final class PartialsProgram implements MatrixProgram {
  private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
  private static final int RUN = 1024;
  private static final long SECOND_RUN = (long) RUN * Float.BYTES;
  private static final ScratchPool<Scratch> SCRATCH = new ScratchPool<>(Scratch::new);

  /** Partial sums, and two runs of gathered elements, one of each operand. */
  private static final class Scratch {
    final float[] partials = new float[Partials.COUNT];
    final MemorySegment runs = Arena.ofAuto().allocate(2L * RUN * Float.BYTES, 64);
  }

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
      Range range) {
    Scratch scratch = SCRATCH.take();
    try {
      for (long i = range.batchFrom(); i < range.batchTo(); i++) {
        for (long row = range.rowFrom(); row < range.rowTo(); row++) {
          for (long column = range.columnFrom(); column < range.columnTo(); column++) {
            Partials.reset(scratch.partials, 0f);
            long first = aOffset + maps.aBatch().at(i) + maps.aRows().at(row);
            long second = bOffset + maps.bBatch().at(i) + maps.bColumns().at(column);
            sum(scratch, a, first, b, second);
            float sum = Partials.sum(scratch.partials);
            long at =
                cOffset + maps.cBatch().at(i) + maps.cRows().at(row) + maps.cColumns().at(column);
            c.set(FLOAT, at, accumulate ? c.get(FLOAT, at) + sum : sum);
          }
        }
      }
    } finally {
      SCRATCH.giveBack(scratch);
    }
  }

  private void sum(Scratch scratch, MemorySegment a, long aOffset, MemorySegment b, long bOffset) {
    boolean aReady = maps.aColumns().isContiguous(Float.BYTES);
    boolean bReady = maps.bRows().isContiguous(Float.BYTES);
    MemorySegment runs = scratch.runs;
    for (long from = 0; from < maps.k(); from += RUN) {
      int count = (int) Math.min(RUN, maps.k() - from);
      if (!aReady) {
        gather(maps.aColumns(), a, aOffset, from, count, runs, 0);
      }
      if (!bReady) {
        gather(maps.bRows(), b, bOffset, from, count, runs, SECOND_RUN);
      }
      reductions.dot(
          scratch.partials,
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

  @Override
  public String toString() {
    return "partial sums";
  }
}
