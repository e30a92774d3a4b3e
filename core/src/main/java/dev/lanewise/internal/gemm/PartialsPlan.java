package dev.lanewise.internal.gemm;

import dev.lanewise.internal.kernel.ContractionKernels;
import dev.lanewise.internal.memory.ScratchPool;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How sums are computed for which the equation leaves nothing to lay lanes across but the terms of
 * a sum: dot products, matrix-vector products, traces. Each sum is split into interleaved partial
 * sums (see {@link dev.lanewise.internal.kernel.DotKernels}). Lanes run across the partial sums
 * where terms lie side by side, or across outputs where those do.
 */
final class PartialsPlan {
  /** Up to this size a scattered operand that all rows share is laid side by side beforehand. */
  private static final int MOST_GATHERED_BYTES = 256 << 10;

  /** So many rows that share an operand are worth more than a longer row that shares none. */
  private static final int ROWS_WORTH_SHARING = 4;

  private PartialsPlan() {}

  /**
   * Chooses from sizes and strides.
   *
   * @param outputs the loops over outputs
   * @param summed the loops over terms, in the order of the sum
   */
  static <A> PlannedProgram of(
      List<Loop> outputs,
      List<Loop> summed,
      ContractionKernels<A> kernels,
      ScratchPool<Workspace<A>> workspaces) {
    List<Loop> loops = Loop.foldAnyOrder(outputs);
    List<Loop> terms = Loop.fold(summed);
    for (boolean swapped : new boolean[] {false, true}) {
      PlannedProgram columns =
          columns(
              swapped ? Loop.swapped(loops) : loops,
              swapped ? Loop.swapped(terms) : terms,
              swapped,
              kernels,
              workspaces);
      if (columns != null) {
        return columns;
      }
    }
    int size = kernels.type().sizeBytes();
    Loop rows = rows(loops);
    // The first operand is the one that moves with the rows and whose terms lie side by side, or
    // that has more than one.
    boolean swapped =
        isContiguous(terms, Loop.B, size)
            ? !isContiguous(terms, Loop.A, size) || rows.aStride() == 0
            : terms.stream().allMatch(loop -> loop.aStride() == 0);
    if (swapped) {
      rows = rows.swapped();
      loops = Loop.swapped(loops);
      terms = Loop.swapped(terms);
    }
    SumMaps maps = SumMaps.of(without(loops, rows), rows, terms);
    return new PlannedProgram(rowSums(maps, kernels, workspaces), swapped, maps.whole());
  }

  /** Lanes across outputs, if the first operand's lie side by side and the second's do or stand. */
  private static <A> @Nullable PlannedProgram columns(
      List<Loop> loops,
      List<Loop> terms,
      boolean swapped,
      ContractionKernels<A> kernels,
      ScratchPool<Workspace<A>> workspaces) {
    int size = kernels.type().sizeBytes();
    for (Loop row : loops) {
      if (row.aStride() == size
          && (row.bStride() == size || row.bStride() == 0)
          && row.size() >= kernels.columnDots().lanes()) {
        SumMaps maps = SumMaps.of(without(loops, row), row, terms);
        return new PlannedProgram(
            new ColumnSumsProgram<>(maps, kernels, workspaces), swapped, maps.whole());
      }
    }
    return null;
  }

  private static <A> MatrixProgram rowSums(
      SumMaps maps, ContractionKernels<A> kernels, ScratchPool<Workspace<A>> workspaces) {
    int size = kernels.type().sizeBytes();
    boolean aContiguous = maps.aTerms().isContiguous(size);
    if (maps.k() <= Blocking.MOST) {
      if (maps.aTerms().isStrided() && maps.bTerms().isStrided()) {
        boolean scattered = aContiguous && !maps.bTerms().isContiguous(size);
        boolean worthGathering =
            maps.bTerms().strideBytes() != 0
                && maps.k() >= kernels.columnDots().lanes()
                && maps.rows().size() > 1;
        if (!scattered || !worthGathering) {
          return new RowSumsProgram<>(maps, kernels);
        }
      }
      if (aContiguous && maps.rows().bStride() == 0 && maps.k() * size <= MOST_GATHERED_BYTES) {
        return new SharedGatherProgram<>(maps, kernels, workspaces);
      }
    }
    return new GatheredSumsProgram<>(maps, kernels, workspaces);
  }

  private static boolean isContiguous(List<Loop> terms, int operand, int size) {
    return OffsetMap.of(terms, operand).isContiguous(size);
  }

  /** The loop that a kernel runs over outputs. */
  private static Loop rows(List<Loop> loops) {
    return loops.stream()
        .max(
            Comparator.<Loop, Boolean>comparing(loop ->
                    loop.size() >= ROWS_WORTH_SHARING
                        && (loop.aStride() == 0 || loop.bStride() == 0))
                .thenComparingLong(Loop::size))
        .orElse(Loop.ONCE);
  }

  private static List<Loop> without(List<Loop> loops, Loop one) {
    List<Loop> rest = new ArrayList<>(loops);
    rest.remove(one);
    return rest;
  }
}
