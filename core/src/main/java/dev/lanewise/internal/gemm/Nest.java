package dev.lanewise.internal.gemm;

import dev.lanewise.internal.kernel.ContractionKernels;
import dev.lanewise.internal.kernel.DirectKernels;
import dev.lanewise.internal.kernel.ElementType;
import dev.lanewise.internal.kernel.KernelSet;
import dev.lanewise.internal.memory.ScratchPool;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.stream.Stream;

/**
 * A contraction of two operands with all sizes and strides known: {@code C[batch, m, n] (+)= sum
 * over k of A[batch, m, k] * B[batch, k, n]}, where each of batch, m, n and k is a group of loops.
 * Immutable and thread-safe; running allocates nothing once scratch memory has grown.
 */
public final class Nest {
  private static final ScratchPool<Workspace<float[]>> FLOATS = Workspace.pool(float[]::new);
  private static final ScratchPool<Workspace<double[]>> DOUBLES = Workspace.pool(double[]::new);

  /** Up to so many multiply-adds, a product is computed where it lies. */
  private static final long SMALL = 32 * 32 * 32;

  /** The same with fewer columns than a vector has lanes. */
  private static final long SMALL_NARROW = 1024;

  /** Up to so many rows, each element of B is used too seldom to be packed. */
  private static final long THIN = 3;

  private final MatrixProgram program;
  private final boolean swapped;
  private final Range whole;
  private final String description;

  /**
   * A nest of loops.
   *
   * @param kernels the backend
   * @param type the type of all three tensors
   * @param order the order of operations
   * @param batch loops that all three tensors, or the output alone, move with
   * @param m loops of the first operand and the output
   * @param n loops of the second operand and the output
   * @param k loops that are summed, in the order of the sum
   */
  public Nest(
      KernelSet kernels,
      ElementType type,
      Program order,
      List<Loop> batch,
      List<Loop> m,
      List<Loop> n,
      List<Loop> k) {
    if (order != Program.CHAIN) {
      List<Loop> outputs = Stream.of(batch, m, n).flatMap(List::stream).toList();
      PlannedProgram plan =
          type == ElementType.FLOAT32
              ? other(order, outputs, k, kernels.float32(), FLOATS)
              : other(order, outputs, k, kernels.float64(), DOUBLES);
      this.swapped = plan.swapped();
      this.program = plan.program();
      this.whole = plan.whole();
      this.description = program.toString() + (swapped ? " (operands exchanged)" : "");
      return;
    }
    List<Loop> rows = Loop.fold(m);
    List<Loop> columns = Loop.fold(n);
    // Lanes run along the columns of C, so these should be what lies side by side; a product does
    // not care which factor comes first.
    this.swapped = innermostStride(rows) < innermostStride(columns);
    MatrixMaps maps =
        swapped
            ? maps(
                Loop.swapped(Loop.fold(batch)),
                Loop.swapped(columns),
                Loop.swapped(rows),
                Loop.swapped(Loop.fold(k)))
            : maps(Loop.fold(batch), rows, columns, Loop.fold(k));
    this.program =
        type == ElementType.FLOAT32
            ? chain(maps, kernels.float32(), FLOATS)
            : chain(maps, kernels.float64(), DOUBLES);
    this.whole = Range.whole(maps.batch(), maps.m(), maps.n());
    this.description =
        program
            + " of m "
            + maps.m()
            + ", n "
            + maps.n()
            + ", k "
            + maps.k()
            + ", batch "
            + maps.batch()
            + (swapped ? " (operands exchanged)" : "");
  }

  /** What is not a product of matrices. */
  private static <A> PlannedProgram other(
      Program order,
      List<Loop> outputs,
      List<Loop> summed,
      ContractionKernels<A> kernels,
      ScratchPool<Workspace<A>> workspaces) {
    return order == Program.PRODUCT
        ? ProductPlan.of(outputs, kernels, workspaces)
        : PartialsPlan.of(outputs, summed, kernels, workspaces);
  }

  private static <A> MatrixProgram chain(
      MatrixMaps maps, ContractionKernels<A> kernels, ScratchPool<Workspace<A>> workspaces) {
    int elementBytes = kernels.type().sizeBytes();
    double multiplyAdds = (double) maps.m() * maps.n() * maps.k();
    if (maps.isStrided()) {
      boolean small = multiplyAdds <= SMALL || maps.m() <= THIN;
      boolean readable =
          maps.bColumns().isContiguous(elementBytes) && maps.cColumns().isContiguous(elementBytes);
      for (DirectKernels direct : kernels.direct()) {
        if (small && readable && direct.lanes() <= maps.n()) {
          return new DirectProgram<>(maps, direct, kernels.blocks(), workspaces, elementBytes);
        }
      }
      if (multiplyAdds <= SMALL_NARROW) {
        return new StridedProgram(maps, kernels.strided());
      }
    }
    return new Gemm<>(maps, kernels, workspaces);
  }

  private static MatrixMaps maps(
      List<Loop> batch, List<Loop> rows, List<Loop> columns, List<Loop> summed) {
    return new MatrixMaps(
        OffsetMap.of(batch, Loop.A),
        OffsetMap.of(batch, Loop.B),
        OffsetMap.of(batch, Loop.C),
        OffsetMap.of(rows, Loop.A),
        OffsetMap.of(summed, Loop.A),
        OffsetMap.of(summed, Loop.B),
        OffsetMap.of(columns, Loop.B),
        OffsetMap.of(rows, Loop.C),
        OffsetMap.of(columns, Loop.C));
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
    if (swapped) {
      program.run(b, bOffset, a, aOffset, c, cOffset, accumulate, whole);
    } else {
      program.run(a, aOffset, b, bOffset, c, cOffset, accumulate, whole);
    }
  }

  /** The program and the sizes. */
  @Override
  public String toString() {
    return description;
  }
}
