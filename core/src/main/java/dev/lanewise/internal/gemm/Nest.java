package dev.lanewise.internal.gemm;

import dev.lanewise.internal.gemm.SlicingProgram.Operand;
import dev.lanewise.internal.kernel.ContractionKernels;
import dev.lanewise.internal.kernel.DirectKernels;
import dev.lanewise.internal.kernel.ElementType;
import dev.lanewise.internal.kernel.KernelSet;
import dev.lanewise.internal.kernel.PackedRows;
import dev.lanewise.internal.memory.ScratchPool;
import dev.lanewise.parallel.Parallelism;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.stream.Stream;

/**
 * A contraction of two operands with all sizes and strides known: {@code C[batch, m, n] (+)= sum
 * over k of A[batch, m, k] * B[batch, k, n]}, where each of batch, m, n and k is a group of loops.
 * Immutable and thread-safe; running allocates nothing once scratch memory has grown.
 */
public final class Nest {
  /**
   * Up to so many multiply-adds, a product with fewer columns than a vector has lanes is computed
   * where it lies, by narrower vectors.
   */
  private static final long SMALL = 28 * 28 * 28;

  /** The same with fewer columns than the narrowest vector has lanes, number by number. */
  private static final long SMALL_NARROW = 1024;

  /** The same up to so many rows, by which each element of B is used too seldom to be packed. */
  private static final long THIN = 4;

  /**
   * From so many vectors of columns on, packing A for tiles that are faster by a fifth takes less
   * than they save: A's rows if they are copied, or its columns if they are transposed.
   */
  private static final int VECTORS_WORTH_COPYING_A = 4;

  private static final int VECTORS_WORTH_TRANSPOSING_A = 8;

  /** As many columns are enough as have so many bytes in a row of B. */
  private static final int BYTES_WORTH_TRANSPOSING_A = 256;

  /** A matrix up to this size is in a near cache, and may be read in any order. */
  private static final double NEAR_BYTES = 128 << 10;

  /** Columns that a part for a thread should have a multiple of: two of the widest vectors. */
  private static final int COLUMN_UNIT = 32;

  private final MatrixProgram program;
  private final boolean swapped;
  private final Division division;
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
          Workspaces.with(
              kernels,
              type,
              new Workspaces.Maker<>() {
                @Override
                public <A> PlannedProgram make(
                    ContractionKernels<A> kernels, ScratchPool<Workspace<A>> workspaces) {
                  return order == Program.PRODUCT
                      ? ProductPlan.of(outputs, kernels, workspaces)
                      : PartialsPlan.of(outputs, k, kernels, workspaces);
                }
              });
      this.swapped = plan.swapped();
      this.program = plan.program();
      double multiplyAdds =
          Stream.concat(outputs.stream(), k.stream())
              .mapToDouble(Loop::size)
              .reduce(1, (x, y) -> x * y);
      this.division = new Division(plan.whole(), multiplyAdds, COLUMN_UNIT);
      this.description = program.toString() + (swapped ? " (operands exchanged)" : "");
      return;
    }
    ChainLoops loops = ChainLoops.folded(batch, m, n, k);
    ContractionKernels<?> contraction = kernels.contraction(type);
    int lanes = contraction.tiles().lanes();
    boolean better = loops.isBetterSwapped();
    ChainLoops upright = better ? loops.swapped() : loops;
    boolean narrow =
        upright.hasNarrowColumns(lanes)
            && !isNarrowInPlace(upright.maps(), contraction)
            && !FewColumnsProgram.fits(upright.maps(), contraction);
    this.swapped = better != narrow;
    MatrixMaps maps = (narrow ? upright.swapped() : upright).maps();
    this.program =
        Workspaces.with(
            kernels,
            type,
            new Workspaces.Maker<>() {
              @Override
              public <A> MatrixProgram make(
                  ContractionKernels<A> kernels, ScratchPool<Workspace<A>> workspaces) {
                return chain(maps, kernels, workspaces);
              }
            });
    this.division = Division.of(maps, COLUMN_UNIT);
    this.description = maps.describe(program) + (swapped ? " (operands exchanged)" : "");
  }

  private static <A> MatrixProgram chain(
      MatrixMaps maps, ContractionKernels<A> kernels, ScratchPool<Workspace<A>> workspaces) {
    int elementBytes = kernels.type().sizeBytes();
    double multiplyAdds = (double) maps.m() * maps.n() * maps.k();
    boolean shortSum = maps.k() <= DirectProgram.SHORT_SUM;
    boolean packsA =
        !shortSum
            && multiplyAdds > SMALL
            && maps.m() > THIN
            && isWorthPackingA(maps, kernels, elementBytes);
    boolean gemv = GemvProgram.fits(maps, kernels);
    if (maps.isStrided()) {
      // The direct and the strided program count rows and columns in an int.
      boolean countable = maps.m() <= Blocking.MOST && maps.n() <= Blocking.MOST;
      boolean thin = maps.m() <= THIN;
      boolean narrow = multiplyAdds <= SMALL || thin || isNarrowInPlace(maps, kernels);
      boolean whole =
          thin
              || (maps.k() <= PackedRows.LENGTH
                  ? !Gemm.isWorthPackingB(maps, kernels.tiles(), elementBytes)
                  : DirectTiles.addsBlocksWell(maps, elementBytes));
      boolean readable = isReadable(maps, elementBytes);
      if (FewColumnsProgram.fits(maps, kernels)) {
        return new SlicingProgram(
            Operand.A,
            new FewColumnsProgram<>(maps, kernels, workspaces),
            maps,
            kernels,
            workspaces);
      }
      double bBytes = (double) maps.k() * maps.n() * elementBytes;
      if (readable && maps.m() == 1 && bBytes > NEAR_BYTES) {
        return new StreamProgram<>(maps, kernels, workspaces);
      }
      for (DirectKernels direct : kernels.direct()) {
        boolean wide = direct.lanes() == kernels.tiles().lanes();
        boolean inPlace = shortSum || (wide ? whole && !packsA : narrow);
        if (inPlace && readable && countable && maps.k() > 0 && direct.lanes() <= maps.n()) {
          DirectProgram<A> program = new DirectProgram<>(maps, direct, kernels, workspaces);
          MatrixProgram general = new SlicingProgram(Operand.A, program, maps, kernels, workspaces);
          int vectors = program.vectors((int) maps.n());
          if (TileProgram.fits(maps, direct, vectors)) {
            return new TileProgram(maps, direct, vectors, general, elementBytes);
          }
          return maps.k() == 1
              ? new OuterProductProgram(maps, kernels.products(), general, elementBytes)
              : general;
        }
      }
      if (!gemv && countable && multiplyAdds <= SMALL_NARROW) {
        return new StridedProgram(maps, kernels.strided());
      }
    }
    if (gemv) {
      return new SlicingProgram(
          Operand.B, new GemvProgram<>(maps, kernels, workspaces), maps, kernels, workspaces);
    }
    if (!packsA && PackedFactorProgram.fits(maps, kernels)) {
      return new SlicingProgram(
          Operand.A,
          new PackedFactorProgram<>(maps, kernels, workspaces),
          maps,
          kernels,
          workspaces);
    }
    if (ScatteredOutputProgram.fits(maps, elementBytes)) {
      MatrixMaps one = ScatteredOutputProgram.sideBySide(maps, elementBytes);
      MatrixProgram program = chain(one, kernels, workspaces);
      if (!(program instanceof Gemm)) {
        return new ScatteredOutputProgram<>(maps, program, kernels, workspaces);
      }
    }
    return new Gemm<>(maps, kernels, workspaces);
  }

  /**
   * Whether tiles of packed rows are so much faster that an A that could be read where it lies is
   * packed.
   */
  private static boolean isWorthPackingA(
      MatrixMaps maps, ContractionKernels<?> kernels, int elementBytes) {
    if (!kernels.tiles().boundByInstructions()) {
      return false;
    }
    int lanes = kernels.tiles().lanes();
    long vectors = maps.n() / lanes;
    if (maps.aColumns().isContiguous(elementBytes)) {
      return vectors >= VECTORS_WORTH_COPYING_A;
    }
    int worthTransposing =
        Math.min(VECTORS_WORTH_TRANSPOSING_A, BYTES_WORTH_TRANSPOSING_A / (lanes * elementBytes));
    return maps.aRows().isContiguous(elementBytes) && vectors >= worthTransposing;
  }

  /** Whether a row of B and of C can be read and written a vector at a time. */
  private static boolean isReadable(MatrixMaps maps, int elementBytes) {
    return maps.bColumns().isContiguous(elementBytes) && maps.cColumns().isContiguous(elementBytes);
  }

  /**
   * Whether there are fewer columns than a vector has lanes, and still they are computed where they
   * lie, by vectors of half as many lanes: packing or transposing costs more. Where the rows of the
   * first factor lie side by side, exchanging the factors costs neither.
   */
  private static boolean isNarrowInPlace(MatrixMaps maps, ContractionKernels<?> kernels) {
    int elementBytes = kernels.type().sizeBytes();
    int lanes = kernels.tiles().lanes();
    return maps.isStrided()
        && maps.m() <= Blocking.MOST
        && maps.n() < lanes
        && isReadable(maps, elementBytes)
        && !maps.aRows().isContiguous(elementBytes)
        && kernels.direct().stream()
            .anyMatch(direct -> direct.lanes() <= maps.n() && 2 * direct.lanes() >= lanes);
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
   * @param parallelism who helps if it is worth it
   */
  public void run(
      MemorySegment a,
      long aOffset,
      MemorySegment b,
      long bOffset,
      MemorySegment c,
      long cOffset,
      boolean accumulate,
      Parallelism parallelism) {
    if (swapped) {
      division.run(program, b, bOffset, a, aOffset, c, cOffset, accumulate, parallelism);
    } else {
      division.run(program, a, aOffset, b, bOffset, c, cOffset, accumulate, parallelism);
    }
  }

  /** In how many parts the work is worth being done; 1 for the caller alone. */
  public int parts(Parallelism parallelism) {
    return division.parts(parallelism);
  }

  /** The program and the sizes. */
  @Override
  public String toString() {
    return description;
  }
}
