package dev.lanewise.internal.gemm;

import dev.lanewise.internal.kernel.ContractionKernels;
import dev.lanewise.internal.memory.ScratchPool;
import java.util.Comparator;
import java.util.List;

/**
 * How products are computed that are not summed: outer and elementwise products, broadcasts,
 * transposed copies, diagonals. Every loop is like any other, so lanes run along the one in which
 * the output lies side by side.
 */
final class ProductPlan {
  /** With fewer rows than this a block of registers cannot be transposed. */
  private static final int ROWS_WORTH_TRANSPOSING = 4;

  private ProductPlan() {}

  /**
   * Chooses from sizes and strides.
   *
   * @param outputs the loops, in any order
   */
  static <A> PlannedProgram of(
      List<Loop> outputs, ContractionKernels<A> kernels, ScratchPool<Workspace<A>> workspaces) {
    List<Loop> loops = Loop.foldAnyOrder(outputs);
    long size = kernels.type().sizeBytes();
    Loop columns = loops.isEmpty() ? Loop.ONCE : loops.getLast();
    // The first operand is the one that moves with the columns, if only one does.
    boolean swapped = columns.aStride() == 0;
    if (swapped) {
      loops = Loop.swapped(loops);
      columns = columns.swapped();
    }
    boolean empty = loops.stream().anyMatch(loop -> loop.size() == 0);
    if (columns.cStride() == size && !empty) {
      boolean aScattered = isScattered(columns.aStride(), size);
      boolean bScattered = isScattered(columns.bStride(), size);
      for (Loop rows : loops) {
        boolean aFits = !aScattered || rows.aStride() == size;
        boolean bFits = !bScattered || rows.bStride() == size;
        if ((aScattered || bScattered) && aFits && bFits && rows.size() >= ROWS_WORTH_TRANSPOSING) {
          if (!aScattered) {
            return transposed(
                ProductMaps.of(Loop.swapped(loops), rows.swapped(), columns.swapped()),
                !swapped,
                kernels,
                workspaces);
          }
          return transposed(ProductMaps.of(loops, rows, columns), swapped, kernels, workspaces);
        }
      }
    }
    ProductMaps maps = ProductMaps.of(loops, rows(loops, columns), columns);
    return new PlannedProgram(new RowProductsProgram(maps, kernels), swapped, maps.whole());
  }

  private static <A> PlannedProgram transposed(
      ProductMaps maps,
      boolean swapped,
      ContractionKernels<A> kernels,
      ScratchPool<Workspace<A>> workspaces) {
    return new PlannedProgram(
        new TransposedProductsProgram<>(maps, kernels, workspaces), swapped, maps.whole());
  }

  private static boolean isScattered(long stride, long size) {
    return stride != 0 && stride != size;
  }

  /** The longest of the other loops, for the fewest calls. */
  private static Loop rows(List<Loop> loops, Loop columns) {
    return loops.stream()
        .filter(loop -> !loop.equals(columns))
        .max(Comparator.comparingLong(Loop::size))
        .orElse(Loop.ONCE);
  }
}
