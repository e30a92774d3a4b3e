package dev.lanewise.einsum;

import dev.lanewise.internal.check.Check;
import dev.lanewise.internal.gemm.Nest;
import dev.lanewise.internal.kernel.KernelSet;
import dev.lanewise.internal.memory.ScratchPool;
import dev.lanewise.internal.rows.TableGradient;
import dev.lanewise.parallel.Parallelism;
import dev.lanewise.tensor.Gradient;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A contraction of two tensors whose results are rows that are added to chosen rows of a table's
 * gradient: some rows at a time are computed into scratch memory and added from there, in their
 * order, so that all of them never exist at once and the bits are those of the two steps.
 *
 * <p>A plan of several steps, or one that writes a diagonal, computes all rows first.
 *
 * <p>Takes tensors that were checked, except for whether other threads may read them. Thread-safe
 * but for the gradient; allocates nothing for strides it remembers, unless it divides the work
 * among threads.
 */
final class RowScatter {
  /** Rows computed at a time, about: few enough to stay in a near cache. */
  private static final int CHUNK_ROWS = 256;

  private final KernelSet kernels;
  private final Parallelism parallelism;

  /** What the operands are called, for messages. */
  private final List<String> names;

  private final WholeContraction whole;

  /** What the plan does at once; null if rows are not computed in chunks. */
  private final @Nullable Labelling labelling;

  private final NestCache<Chunks> chunks = new NestCache<>((a, b, out) -> chunks(a, b));
  private final ScratchPool<Tensor> scratch;

  /** The axis that is cut; the ones before it are walked position by position. */
  private final int cutAxis;

  /**
   * The size of that axis, how much of it is taken at a time, and the rows behind each position.
   */
  private final long cutSize;

  private final long step;
  private final long rowsBehind;

  /** The positions of all axes before the one that is cut. */
  private final long positions;

  private final Shape result;

  /**
   * A contraction.
   *
   * @param labelling what the plan does at once; null if it takes several steps
   * @param result the shape of all rows: that of the indices with the row length behind it
   * @param whole the contraction of tensors
   */
  RowScatter(
      @Nullable Labelling labelling,
      KernelSet kernels,
      ContractionOptions options,
      Shape result,
      List<String> names,
      WholeContraction whole) {
    this.labelling = labelling == null || labelling.writesDiagonal() ? null : labelling;
    this.kernels = kernels;
    this.parallelism = options.parallelism();
    this.names = names;
    this.whole = whole;
    this.result = result;
    int axis = result.rank() - 2;
    long behind = 1;
    while (axis > 0 && behind * result.size(axis) <= CHUNK_ROWS) {
      behind *= Math.max(result.size(axis), 1);
      axis--;
    }
    this.cutAxis = axis;
    this.rowsBehind = behind;
    this.cutSize = axis < 0 ? 1 : result.size(axis);
    this.step = Math.min(Math.max(CHUNK_ROWS / behind, 1), Math.max(cutSize, 1));
    long before = 1;
    for (int dim = 0; dim < axis; dim++) {
      before *= result.size(dim);
    }
    this.positions = before;
    Shape held =
        this.labelling == null || result.rank() == 0
            ? result
            : Shape.of(Math.multiplyExact(step, behind), result.size(-1));
    this.scratch = new ScratchPool<>(() -> PlanScratch.tensor(options.dtype(), held));
  }

  /**
   * The loops over one chunk, and over what is left at the end of the axis that is cut.
   *
   * @param aSteps bytes between neighbouring positions in the first tensor, for the axis that is
   *     cut and those before it
   * @param bSteps the same in the second tensor
   */
  private record Chunks(Nest full, Nest rest, long[] aSteps, long[] bSteps) {}

  private Chunks chunks(long[] a, long[] b) {
    Labelling all = labelling;
    if (all == null) {
      throw new IllegalStateException("the rows are computed as a whole");
    }
    long[] aSteps = new long[cutAxis + 1];
    long[] bSteps = new long[cutAxis + 1];
    int[] axes = all.axes(2);
    for (int axis = 0; axis <= cutAxis; axis++) {
      if (axes[axis] != TensorNetwork.UNLABELLED) {
        aSteps[axis] = all.strideBytes(0, a, axes[axis]);
        bSteps[axis] = all.strideBytes(1, b, axes[axis]);
      }
    }
    return new Chunks(nest(all, a, b, step), nest(all, a, b, cutSize % step), aSteps, bSteps);
  }

  /** The loops over some positions of the axis that is cut, and one of each before it. */
  private Nest nest(Labelling all, long[] a, long[] b, long count) {
    long[] sizes = all.sizes();
    int[] axes = all.axes(2);
    for (int axis = 0; axis <= cutAxis; axis++) {
      if (axes[axis] != TensorNetwork.UNLABELLED) {
        sizes[axes[axis]] = axis == cutAxis ? count : 1;
      }
    }
    return all.bind(kernels, all.loops(a, b, Labelling.rowMajorStrides(result), sizes));
  }

  /**
   * Adds the rows.
   *
   * @param none a scalar, whose strides make no difference
   */
  void run(Tensor a, Tensor b, Tensor none, GatheredRows rows, Gradient gradient) {
    if (rows.rows().count() == 0) {
      return;
    }
    Tensor computed = scratch.take();
    try {
      if (labelling == null) {
        whole.run(a, b, computed, Accumulation.REPLACE);
        add(gradient, rows, 0, rows.rows().count(), computed);
        return;
      }
      Chunks nests = chunks.nest(a, b, none);
      if (nests.full.parts(parallelism) > 1) {
        Check.shareable(names.get(0), a);
        Check.shareable(names.get(1), b);
      }
      for (long position = 0; position < positions; position++) {
        run(a, b, rows, gradient, nests, position, computed);
      }
    } finally {
      scratch.giveBack(computed);
    }
  }

  private void run(
      Tensor a,
      Tensor b,
      GatheredRows rows,
      Gradient gradient,
      Chunks nests,
      long position,
      Tensor computed) {
    long aOffset = a.offsetBytes();
    long bOffset = b.offsetBytes();
    long left = position;
    for (int axis = cutAxis - 1; axis >= 0; axis--) {
      long at = left % result.size(axis);
      left /= result.size(axis);
      aOffset += at * nests.aSteps[axis];
      bOffset += at * nests.bSteps[axis];
    }
    long aStep = cutAxis < 0 ? 0 : nests.aSteps[cutAxis];
    long bStep = cutAxis < 0 ? 0 : nests.bSteps[cutAxis];
    for (long from = 0; from < cutSize; from += step) {
      long count = Math.min(step, cutSize - from);
      Nest nest = count == step ? nests.full : nests.rest;
      nest.run(
          a.segment(),
          aOffset + from * aStep,
          b.segment(),
          bOffset + from * bStep,
          computed.segment(),
          computed.offsetBytes(),
          false,
          parallelism);
      long first = (position * cutSize + from) * rowsBehind;
      add(gradient, rows, (int) first, (int) (count * rowsBehind), computed);
    }
  }

  private static void add(
      Gradient gradient, GatheredRows rows, int first, int count, Tensor computed) {
    TableGradient.add(gradient, rows.rows(), first, count, rows.paddingIdx(), computed);
  }
}
