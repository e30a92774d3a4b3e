package dev.lanewise.internal.rows;

import dev.lanewise.internal.kernel.KernelSet;
import dev.lanewise.internal.kernel.Partials;
import dev.lanewise.internal.kernel.ReductionKernels;
import dev.lanewise.internal.memory.ScratchPool;
import dev.lanewise.internal.sort.RowGroups;
import dev.lanewise.tensor.Tensor;

/** Shortens those rows of a table that a batch asks for and that are too long. */
public final class RowNorms {
  /** What says that no norm is too long. */
  public static final double UNLIMITED = Double.POSITIVE_INFINITY;

  /** PyTorch's: keeps a quotient of a tiny norm finite. */
  private static final double EPSILON = 1e-7;

  private static final ReductionKernels REDUCTIONS = KernelSet.active().reductions();
  private static final ScratchPool<RowNorms> SCRATCH = new ScratchPool<>(RowNorms::new);

  private final RowGroups groups = new RowGroups();
  private final float[] partials = new float[Partials.COUNT];

  private RowNorms() {}

  /**
   * Multiplies each of some rows whose norm is larger than a limit by {@code limit / (norm +
   * 1e-7)}, once however often it is named.
   *
   * @param table float32, writable
   * @param rows checked row numbers
   * @param count how many
   * @param limit the largest norm, or {@link #UNLIMITED}
   * @param normType p of the p-norm; infinity for the largest absolute value
   */
  public static void limit(Tensor table, long[] rows, int count, double limit, double normType) {
    if (limit == UNLIMITED) {
      return;
    }
    RowNorms scratch = SCRATCH.take();
    try {
      scratch.groups.group(rows, count, -1);
      for (int i = 0; i < scratch.groups.count(); i++) {
        scratch.limitRow(table, scratch.groups.rows()[i], limit, normType);
      }
    } finally {
      SCRATCH.giveBack(scratch);
    }
  }

  private void limitRow(Tensor table, long row, double limit, double normType) {
    int width = (int) table.size(1);
    long at = Runs.bytes(table, row * table.stride(0));
    double norm = normType == 2 ? euclidean(table, at, width) : general(table, at, width, normType);
    if (norm > limit) {
      float factor = (float) (limit / (norm + EPSILON));
      for (long i = 0; i < width; i++) {
        long place = at + i * Float.BYTES;
        Runs.set(table, place, Runs.get(table, place) * factor);
      }
    }
  }

  private double euclidean(Tensor table, long at, int width) {
    Partials.reset(partials, 0f);
    REDUCTIONS.dot(partials, table.segment(), at, table.segment(), at, width);
    return Math.sqrt(Partials.sum(partials));
  }

  /** In double, element after element. */
  private static double general(Tensor table, long at, int width, double normType) {
    double sum = 0;
    for (int i = 0; i < width; i++) {
      double size = Math.abs(Runs.get(table, at + (long) i * Float.BYTES));
      if (normType == Double.POSITIVE_INFINITY) {
        sum = Math.max(sum, size);
      } else {
        sum += normType == 1 ? size : StrictMath.pow(size, normType);
      }
    }
    return normType == 1 || normType == Double.POSITIVE_INFINITY
        ? sum
        : StrictMath.pow(sum, 1 / normType);
  }
}
