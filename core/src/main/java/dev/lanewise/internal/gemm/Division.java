package dev.lanewise.internal.gemm;

import dev.lanewise.internal.parallel.Parts;
import dev.lanewise.parallel.Parallelism;
import java.lang.foreign.MemorySegment;

/**
 * A program's whole output, and how threads share it.
 *
 * @param whole the whole
 * @param multiplyAdds the work that it takes
 * @param columnUnit columns that stay together; see {@link Range#split}
 */
record Division(Range whole, double multiplyAdds, int columnUnit) {
  /** Fewer multiply-adds are not worth waking a thread for: it takes some ten microseconds. */
  private static final double WORTH_A_THREAD = 1 << 20;

  /** Parts for each thread: one that comes late then leaves some of its own to the others. */
  private static final int PARTS_PER_THREAD = 2;

  /** The division of a product of matrices. */
  static Division of(MatrixMaps maps, int columnUnit) {
    return new Division(
        maps.whole(), (double) maps.batch() * maps.m() * maps.n() * maps.k(), columnUnit);
  }

  /** In how many parts the work is worth being done; 1 for the caller alone. */
  int parts(Parallelism parallelism) {
    if (parallelism.width() == 1 || multiplyAdds < 2 * WORTH_A_THREAD) {
      return 1;
    }
    return (int)
        Math.min((double) PARTS_PER_THREAD * parallelism.width(), multiplyAdds / WORTH_A_THREAD);
  }

  /** Runs a program over the whole; its operands are those of {@link MatrixProgram#run}. */
  void run(
      MatrixProgram program,
      MemorySegment a,
      long aOffset,
      MemorySegment b,
      long bOffset,
      MemorySegment c,
      long cOffset,
      boolean accumulate,
      Parallelism parallelism) {
    if (whole.isEmpty()) {
      return;
    }
    int parts = parts(parallelism);
    if (parts <= 1) {
      program.run(a, aOffset, b, bOffset, c, cOffset, accumulate, whole);
      return;
    }
    Range[] ranges = whole.split(parts, columnUnit);
    Parts.run(
        parallelism,
        ranges.length,
        part -> program.run(a, aOffset, b, bOffset, c, cOffset, accumulate, ranges[part]));
  }
}
