package dev.lanewise.internal.gemm;

import dev.lanewise.internal.kernel.ElementType;
import dev.lanewise.internal.kernel.KernelSet;
import dev.lanewise.parallel.Parallelism;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * A product of matrices one of whose operands was packed beforehand, in the order in which the
 * blocked loops read it. How it lies depends on its own sizes and the kernels alone, so that one
 * packed operand serves nests of any sizes of the other. Immutable and thread-safe.
 */
public final class PackedNest {
  private final Gemm<?> program;

  /** The same product with the operand where its tensor has it: to pack from. */
  private final Gemm<?> packing;

  private final OffsetMap matricesFrom;
  private final OffsetMap matricesTo;
  private final long packedBytes;
  private final Division division;
  private final String description;

  /**
   * A nest of loops; its groups are those of {@link Nest}.
   *
   * @param kernels the backend
   * @param type the type of all three tensors
   * @param packedOperand which operand is packed, 0 or 1
   * @param batch loops over matrices
   * @param m loops of the first operand and the output
   * @param n loops of the second operand and the output
   * @param k loops that are summed, in the order of the sum
   */
  public PackedNest(
      KernelSet kernels,
      ElementType type,
      int packedOperand,
      List<Loop> batch,
      List<Loop> m,
      List<Loop> n,
      List<Loop> k) {
    // The packed operand is the second factor, whichever comes first in the equation.
    ChainLoops given = ChainLoops.folded(batch, m, n, k);
    ChainLoops loops = packedOperand == 0 ? given.swapped() : given;
    MatrixMaps maps = loops.maps();
    this.packing = Gemm.of(kernels, type, maps);
    long matrixBytes = packing.packedBytes();
    List<Loop> matrices = new ArrayList<>();
    List<Loop> packedBatch = new ArrayList<>();
    long bytes = matrixBytes;
    for (Loop loop : loops.batch().reversed()) {
      // A loop that the operand does not move with finds the same matrix again.
      boolean moves = loop.bStride() != 0;
      packedBatch.addFirst(
          new Loop(loop.size(), loop.aStride(), moves ? bytes : 0, loop.cStride()));
      if (moves) {
        matrices.addFirst(new Loop(loop.size(), bytes, loop.bStride(), 0));
        bytes *= loop.size();
      }
    }
    this.packedBytes = bytes;
    this.matricesFrom = OffsetMap.of(matrices, Loop.B);
    this.matricesTo = OffsetMap.of(matrices, Loop.A);
    MatrixMaps packed =
        new ChainLoops(packedBatch, loops.rows(), loops.columns(), loops.summed()).maps();
    this.program = Gemm.prepacked(kernels, type, packed);
    this.division = Division.of(maps, program.columnUnit());
    this.description = maps.describe(program);
  }

  /** What the packed operand takes. */
  public long packedBytes() {
    return packedBytes;
  }

  /**
   * Packs the operand.
   *
   * @param operand its memory
   * @param offset where its first element lies, in bytes
   * @param panels at least {@link #packedBytes} bytes
   */
  public void pack(MemorySegment operand, long offset, MemorySegment panels) {
    for (long i = 0; i < matricesFrom.count(); i++) {
      packing.pack(operand, offset + matricesFrom.at(i), panels, matricesTo.at(i));
    }
  }

  /**
   * Computes the output.
   *
   * @param a the operand that is not packed
   * @param aOffset where its first element lies, in bytes
   * @param panels the packed operand
   * @param c the output's memory
   * @param cOffset where its first element lies, in bytes
   * @param accumulate whether results are added to the output's elements instead of replacing them
   * @param parallelism who helps if it is worth it
   */
  public void run(
      MemorySegment a,
      long aOffset,
      MemorySegment panels,
      MemorySegment c,
      long cOffset,
      boolean accumulate,
      Parallelism parallelism) {
    division.run(program, a, aOffset, panels, 0, c, cOffset, accumulate, parallelism);
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
