package dev.lanewise.jit;

import dev.lanewise.internal.kernel.ElementwiseKernels;
import dev.lanewise.internal.kernel.KernelSet;
import dev.lanewise.internal.kernel.NarrowingKernels;
import dev.lanewise.internal.kernel.ReductionKernels;
import dev.lanewise.internal.kernel.RowFormat;
import dev.lanewise.internal.kernel.RowKernels;
import dev.lanewise.internal.kernel.ScatterKernels;
import dev.lanewise.internal.kernel.ScoreKernels;
import dev.lanewise.internal.kernel.UpdateKernels;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * Calls of every kernel of layers, losses, optimizers and tables, with lengths that take every way
 * through them. A call allocates nothing itself.
 */
final class LayerCalls {
  private static final long BYTES = 1 << 16;
  private static final int MOST = 150;

  /** Fewer than a vector has lanes, some vectors with a rest, and many. */
  private static final int[] LENGTHS = {5, 40, MOST};

  private static final long[] ROWS = {3, 0, 7, 3, 11};
  private static final long[] DIFFERENT = {3, 0, 7, 4, 11};
  private static final double[] WEIGHTS = {1, 0.5, -2, 0.25, 3};
  private static final long ROW = (long) MOST * Double.BYTES;

  private final List<Runnable> calls = new ArrayList<>();
  private final MemorySegment a;
  private final MemorySegment b;
  private final MemorySegment c;
  private final MemorySegment d;
  private final MemorySegment e;

  private LayerCalls(Arena arena) {
    this.a = arena.allocate(BYTES, 64);
    this.b = arena.allocate(BYTES, 64);
    this.c = arena.allocate(BYTES, 64);
    this.d = arena.allocate(BYTES, 64);
    this.e = arena.allocate(BYTES, 64);
  }

  static List<Runnable> of(Arena arena, KernelSet set) {
    LayerCalls calls = new LayerCalls(arena);
    for (int n : LENGTHS) {
      calls.elementwise(set.elementwise(), n);
      calls.optimizer(set.elementwise(), n);
      calls.reductions(set.reductions(), n);
      for (RowFormat format : RowFormat.values()) {
        calls.rows(set.rows(format), n);
        calls.rows(set.slicedRows(format), n);
      }
      set.narrowingByFormat().values().forEach(kernels -> calls.narrowing(kernels, n));
      calls.scatter(set.scatter(), n);
      calls.updates(set.updates(), n);
      calls.updates(set.slicedUpdates(), n);
    }
    calls.scores(set.scores());
    return calls.calls;
  }

  private void elementwise(ElementwiseKernels kernels, int n) {
    calls.add(() -> kernels.add(a, 0, b, 0, c, 0, n));
    calls.add(() -> kernels.addScalar(a, 0, c, 0, 1, n));
    calls.add(() -> kernels.axpy(a, 0, c, 0, 0.5f, n));
    calls.add(() -> kernels.relu(a, 0, c, 0, n));
    calls.add(() -> kernels.reluGradient(a, 0, b, 0, c, 0, n));
    calls.add(() -> kernels.differenceGradient(a, 0, b, 0, c, 0, 0.5f, n));
    calls.add(() -> kernels.squaredDifference(a, 0, b, 0, c, 0, n));
    calls.add(() -> kernels.squaredDifferenceGradient(a, 0, b, 0, b, 0, c, 0, 1, n));
    calls.add(() -> kernels.expGradient(a, 0, c, 0, 0, 0.5f, n));
  }

  private void optimizer(ElementwiseKernels kernels, int n) {
    calls.add(() -> kernels.sgdDecay(a, 0, c, 0, 1, 0.1f, -0.1f, n));
    calls.add(() -> kernels.sgdMomentum(a, 0, b, 0, c, 0, 1, 0.1f, 0.9f, 1, -0.1f, n));
    calls.add(() -> kernels.sgdNesterov(a, 0, b, 0, c, 0, 1, 0.1f, 0.9f, 1, -0.1f, n));
    calls.add(() -> kernels.adagrad(a, 0, b, 0, c, 0, -0.1f, 1e-8f, n));
    calls.add(() -> kernels.adagradDecay(a, 0, b, 0, c, 0, 1, 0.1f, -0.1f, 1e-8f, n));
    calls.add(() ->
        kernels.adam(
            a, 0, b, 0, d, 0, c, 0, 1, 0.1f, 1, 0.9f, 0.1f, 0.999f, 1e-3f, 1, 1e-8f, -0.1f, n));
    calls.add(() ->
        kernels.adamMax(
            a, 0, b, 0, d, 0, e, 0, c, 0, 1, 0.1f, 1, 0.9f, 0.1f, 0.999f, 1e-3f, 1, 1e-8f, -0.1f,
            n));
  }

  private void reductions(ReductionKernels kernels, int n) {
    float[] partials = new float[64];
    calls.add(() -> kernels.dot(partials, a, 0, b, 0, n));
    calls.add(() -> kernels.sum(partials, a, 0, n));
    calls.add(() -> kernels.squaredDifference(partials, a, 0, b, 0, n));
    calls.add(() -> kernels.max(partials, a, 0, n));
    calls.add(() -> kernels.sumExp(partials, a, 0, 0, n));
  }

  private void rows(RowKernels kernels, int n) {
    int count = ROWS.length;
    calls.add(() -> kernels.gather(a, 0, ROW, ROWS, 0, count, c, 0, ROW, n));
    calls.add(() -> kernels.bagSum(a, 0, ROW, ROWS, 0, count, c, 0, n, 2));
    calls.add(() -> kernels.bagWeightedSum(a, 0, ROW, ROWS, 0, count, WEIGHTS, c, 0, n));
    calls.add(() -> kernels.bagMax(a, 0, ROW, ROWS, 0, count, c, 0, n));
  }

  private void narrowing(NarrowingKernels kernels, int n) {
    calls.add(() -> kernels.round(a, 0, c, 0, 7, 3, n));
  }

  private void scatter(ScatterKernels kernels, int n) {
    int count = ROWS.length;
    calls.add(() -> kernels.scatterAdd(c, 0, ROW, ROWS, 0, count, b, 0, ROW, n, 7));
    calls.add(() -> kernels.bagScatterAdd(c, 0, ROW, ROWS, 0, count, b, 0, n, 2));
    calls.add(() -> kernels.bagWeightedScatterAdd(c, 0, ROW, ROWS, 0, count, WEIGHTS, b, 0, n));
    calls.add(() -> kernels.bagMaxGradient(a, 0, ROW, ROWS, 0, count, b, 0, b, 0, c, 0, ROW, n));
  }

  private void updates(UpdateKernels kernels, int n) {
    int count = DIFFERENT.length;
    calls.add(() -> kernels.axpy(a, 0, ROW, ROWS, c, 0, ROW, DIFFERENT, WEIGHTS, count, n, 0));
  }

  private void scores(ScoreKernels kernels) {
    int count = 40;
    long stride = (long) kernels.lanes() * Float.BYTES;
    calls.add(() -> kernels.scale(count, a, 0, b, 0, c));
    calls.add(() -> kernels.nextAbove(0, count, a, 0, stride, b, 0));
    calls.add(() -> kernels.nextBelow(0, count, a, 0, stride, b, 0));
  }
}
