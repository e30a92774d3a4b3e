package dev.lanewise.internal.gemm;

import dev.lanewise.internal.kernel.KernelSet;
import dev.lanewise.internal.memory.ScratchPool;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * A contraction of two operands with all sizes and strides known: {@code C[batch, m, n] (+)= sum
 * over k of A[batch, m, k] * B[batch, k, n]}, where each of batch, m, n and k is a group of loops.
 * Immutable and thread-safe; running allocates nothing once scratch memory has grown.
 */
public final class Nest {
  private static final ScratchPool<Workspace> WORKSPACES = new ScratchPool<>(Workspace::new);

  private final OffsetMap batchA;
  private final OffsetMap batchB;
  private final OffsetMap batchC;
  private final MatrixProgram program;
  private final boolean swapped;
  private final String description;

  /**
   * A nest of loops.
   *
   * @param kernels the backend
   * @param order the order of operations
   * @param batch loops that all three tensors, or the output alone, move with
   * @param m loops of the first operand and the output
   * @param n loops of the second operand and the output
   * @param k loops that are summed, in the order of the sum
   */
  public Nest(
      KernelSet kernels,
      Program order,
      List<Loop> batch,
      List<Loop> m,
      List<Loop> n,
      List<Loop> k) {
    if (order == Program.PRODUCT) {
      // Nothing is summed: every loop is like any other, and the one that moves least in the output
      // runs innermost.
      List<Loop> outer =
          new ArrayList<>(Loop.fold(Stream.of(batch, m, n).flatMap(List::stream).toList()));
      Loop inner =
          outer.stream().min(Comparator.comparingLong(Loop::cStride)).orElse(new Loop(1, 0, 0, 0));
      outer.remove(inner);
      this.swapped = false;
      this.batchA = OffsetMap.of(outer, Loop.A);
      this.batchB = OffsetMap.of(outer, Loop.B);
      this.batchC = OffsetMap.of(outer, Loop.C);
      this.program = new ProductProgram(inner);
      this.description =
          "ProductProgram of "
              + batchC.count() * inner.size()
              + " elements, innermost "
              + inner.size();
      return;
    }
    List<Loop> rows = Loop.fold(m);
    List<Loop> columns = Loop.fold(n);
    // Lanes run along the columns of C, so these should be what lies side by side; a product does
    // not care which factor comes first.
    this.swapped = innermostStride(rows) < innermostStride(columns);
    List<Loop> shared = orient(Loop.fold(batch));
    List<Loop> summed = orient(Loop.fold(k));
    List<Loop> finalRows = orient(swapped ? columns : rows);
    List<Loop> finalColumns = orient(swapped ? rows : columns);
    this.batchA = OffsetMap.of(shared, Loop.A);
    this.batchB = OffsetMap.of(shared, Loop.B);
    this.batchC = OffsetMap.of(shared, Loop.C);
    MatrixMaps maps =
        new MatrixMaps(
            OffsetMap.of(finalRows, Loop.A),
            OffsetMap.of(summed, Loop.A),
            OffsetMap.of(summed, Loop.B),
            OffsetMap.of(finalColumns, Loop.B),
            OffsetMap.of(finalRows, Loop.C),
            OffsetMap.of(finalColumns, Loop.C));
    this.program =
        order == Program.PARTIALS
            ? new PartialsProgram(maps, kernels.reductions())
            : Gemm.isWorthPacking(maps) ? new Gemm(maps, kernels) : new SmallGemm(maps);
    this.description =
        program.getClass().getSimpleName()
            + " of m "
            + maps.m()
            + ", n "
            + maps.n()
            + ", k "
            + maps.k()
            + ", batch "
            + batchC.count()
            + (swapped ? " (operands exchanged)" : "");
  }

  private List<Loop> orient(List<Loop> loops) {
    return swapped ? loops.stream().map(Loop::swapped).toList() : loops;
  }

  private static long innermostStride(List<Loop> loops) {
    return loops.isEmpty() ? Long.MAX_VALUE : loops.getLast().cStride();
  }

  /**
   * Computes the output.
   *
   * @param a the first operand's memory
   * @param aOffset where its first element lies, in bytes
   * @param b the second operand's memory
   * @param bOffset where its first element lies, in bytes
   * @param c the output's memory
   * @param cOffset where its first element lies, in bytes
   * @param accumulate whether results are added to the output's elements instead of replacing them
   */
  public void run(
      MemorySegment a,
      long aOffset,
      MemorySegment b,
      long bOffset,
      MemorySegment c,
      long cOffset,
      boolean accumulate) {
    Workspace workspace = WORKSPACES.take();
    try {
      for (long i = 0; i < batchC.count(); i++) {
        long first = aOffset + (swapped ? batchB.at(i) : batchA.at(i));
        long second = bOffset + (swapped ? batchA.at(i) : batchB.at(i));
        long out = cOffset + batchC.at(i);
        if (swapped) {
          program.run(b, second, a, first, c, out, accumulate, workspace);
        } else {
          program.run(a, first, b, second, c, out, accumulate, workspace);
        }
      }
    } finally {
      WORKSPACES.giveBack(workspace);
    }
  }

  /** The program and the sizes. */
  @Override
  public String toString() {
    return description;
  }
}
