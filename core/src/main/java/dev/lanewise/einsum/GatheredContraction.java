package dev.lanewise.einsum;

import dev.lanewise.internal.check.Check;
import dev.lanewise.internal.gemm.GatheredNest;
import dev.lanewise.internal.gemm.Loop;
import dev.lanewise.internal.gemm.LoopGroup;
import dev.lanewise.internal.gemm.Program;
import dev.lanewise.internal.kernel.KernelSet;
import dev.lanewise.internal.memory.ScratchPool;
import dev.lanewise.internal.rows.Lookup;
import dev.lanewise.parallel.Parallelism;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A contraction of two operands of which one is made of rows of a table. Where the labels of the
 * indices form one group of loops by themselves, and the contraction is a product of matrices,
 * packing reads the rows where the table has them. Otherwise they are looked up into scratch memory
 * as a whole first.
 *
 * <p>Takes tensors that were checked, except for whether other threads may read them. Thread-safe;
 * allocates nothing for strides it remembers, unless it divides the work among threads.
 */
final class GatheredContraction {
  private final int operand;
  private final Parallelism parallelism;

  /** What the operands and the output are called, for messages. */
  private final List<String> names;

  /** The loops by the strides of the other operand and the output; null if rows are looked up. */
  private final @Nullable NestCache<GatheredNest> nests;

  private final boolean writesDiagonal;
  private final WholeContraction whole;
  private final ScratchPool<Tensor> lookedUp;

  /**
   * A contraction.
   *
   * @param labelling what the plan does at once; null if it takes several steps
   * @param shape the shape of the gathered operand
   * @param operand which operand is gathered, 0 or 1
   * @param whole the contraction of tensors
   */
  GatheredContraction(
      @Nullable Labelling labelling,
      KernelSet kernels,
      ContractionOptions options,
      Shape shape,
      int operand,
      List<String> names,
      WholeContraction whole) {
    this.operand = operand;
    this.parallelism = options.parallelism();
    this.names = names;
    this.whole = whole;
    this.lookedUp = new ScratchPool<>(() -> PlanScratch.tensor(options.dtype(), shape));
    LoopGroup group = labelling == null ? null : group(labelling, operand);
    if (labelling == null || group == null) {
      this.nests = null;
      this.writesDiagonal = false;
      return;
    }
    this.writesDiagonal = labelling.writesDiagonal();
    // As of a tensor: for the rows these are places in the list, for a row's elements elements.
    long[] own = Labelling.rowMajorStrides(shape);
    long length = Math.max(shape.size(-1), 1);
    for (int axis = 0; axis < own.length - 1; axis++) {
      own[axis] /= length;
    }
    this.nests =
        new NestCache<>((first, second, out) ->
            nest(
                labelling,
                kernels,
                group,
                operand == 0
                    ? labelling.loops(own, second, out)
                    : labelling.loops(first, own, out)));
  }

  /** The group of loops that runs over the rows and nothing else; null if there is none. */
  private static @Nullable LoopGroup group(Labelling labelling, int operand) {
    int[] axes = labelling.axes(operand);
    if (labelling.program() != Program.CHAIN || axes.length == 0) {
      return null;
    }
    int last = axes.length - 1;
    boolean longRows = labelling.moves(operand, last);
    LoopGroup elements = longRows ? labelling.group(axes[last]) : null;
    LoopGroup rows = null;
    for (int axis = 0; axis < last; axis++) {
      if (labelling.moves(operand, axis)) {
        LoopGroup group = labelling.group(axes[axis]);
        if (group == elements || (rows != null && group != rows)) {
          return null;
        }
        rows = group;
      }
    }
    if (rows != null) {
      return rows;
    }
    // There is one row, so any group will do that does not run along it.
    return elements == LoopGroup.K ? LoopGroup.BATCH : LoopGroup.K;
  }

  private GatheredNest nest(
      Labelling labelling, KernelSet kernels, LoopGroup group, LoopGroups loops) {
    int size = labelling.elementType().sizeBytes();
    return new GatheredNest(
        kernels,
        labelling.elementType(),
        operand,
        group,
        group == LoopGroup.BATCH ? places(loops.batch(), size) : loops.batch(),
        group == LoopGroup.M ? places(loops.m(), size) : loops.m(),
        group == LoopGroup.N ? places(loops.n(), size) : loops.n(),
        group == LoopGroup.K ? places(loops.k(), size) : loops.k());
  }

  /** Loops over rows, whose strides are places in the list of rows instead of bytes. */
  private List<Loop> places(List<Loop> loops, int elementBytes) {
    return loops.stream()
        .map(loop ->
            operand == 0
                ? new Loop(
                    loop.size(), loop.aStride() / elementBytes, loop.bStride(), loop.cStride())
                : new Loop(
                    loop.size(), loop.aStride(), loop.bStride() / elementBytes, loop.cStride()))
        .toList();
  }

  /** Whether the rows are read where the table has them. */
  boolean isFused() {
    return nests != null;
  }

  /**
   * Runs the contraction.
   *
   * @param other the operand that is not gathered
   * @param none a scalar, whose strides make no difference
   */
  void run(GatheredRows rows, Tensor other, Tensor none, Tensor out, Accumulation accumulation) {
    NestCache<GatheredNest> known = nests;
    if (known == null) {
      runLookedUp(rows, other, out, accumulation);
      return;
    }
    Tensor table = rows.table();
    GatheredNest nest = operand == 0 ? known.nest(none, other, out) : known.nest(other, none, out);
    if (nest.parts(parallelism) > 1) {
      Check.shareable(names.get(operand), table);
      Check.shareable(names.get(1 - operand), other);
      Check.shareable(names.get(2), out);
    }
    if (accumulation == Accumulation.REPLACE && writesDiagonal) {
      out.fill(0);
    }
    Tensor first = operand == 0 ? table : other;
    Tensor second = operand == 0 ? other : table;
    nest.run(
        rows.rows().rows(),
        table.stride(0) * table.dtype().sizeBytes(),
        first.segment(),
        first.offsetBytes(),
        second.segment(),
        second.offsetBytes(),
        out.segment(),
        out.offsetBytes(),
        accumulation == Accumulation.ADD,
        parallelism);
  }

  private void runLookedUp(GatheredRows rows, Tensor other, Tensor out, Accumulation accumulation) {
    Tensor scratch = lookedUp.take();
    try {
      Lookup.forward(rows.table(), rows.rows(), scratch, Parallelism.NONE);
      if (operand == 0) {
        whole.run(scratch, other, out, accumulation);
      } else {
        whole.run(other, scratch, out, accumulation);
      }
    } finally {
      lookedUp.giveBack(scratch);
    }
  }
}
