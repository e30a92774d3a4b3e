package dev.lanewise.internal.gemm;

import dev.lanewise.internal.kernel.ElementType;
import dev.lanewise.internal.kernel.KernelSet;
import dev.lanewise.internal.memory.ScratchPool;
import dev.lanewise.parallel.Parallelism;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * A product of matrices one of whose operands is made of rows of a table, chosen by a list of row
 * numbers when it is run: packing reads the rows where the table has them, so they are never laid
 * out side by side in memory. Thread-safe; running allocates nothing once scratch memory has grown.
 */
public final class GatheredNest {
  /**
   * A program, and the rows it reads through; whoever takes one from the pool has it to himself.
   */
  private record Instance(Gemm<?> program, OffsetMap.Gather rows) {}

  /** What an instance that nobody runs reads through. */
  private static final long[] NONE = {};

  private final ScratchPool<Instance> instances;
  private final boolean swapped;
  private final Division division;
  private final String description;

  /**
   * A nest of loops; its groups are those of {@link Nest}. For the gathered operand, the strides of
   * the gathered group are places in the list of rows, all others are bytes within a row.
   *
   * @param kernels the backend
   * @param type the type of all three tensors
   * @param operand which operand is gathered, 0 or 1
   * @param group which group runs over the chosen rows
   * @param batch loops over matrices
   * @param m loops of the first operand and the output
   * @param n loops of the second operand and the output
   * @param k loops that are summed, in the order of the sum
   */
  public GatheredNest(
      KernelSet kernels,
      ElementType type,
      int operand,
      LoopGroup group,
      List<Loop> batch,
      List<Loop> m,
      List<Loop> n,
      List<Loop> k) {
    ChainLoops given = ChainLoops.folded(batch, m, n, k);
    this.swapped = given.isBetterSwapped();
    MatrixMaps maps = (swapped ? given.swapped() : given).maps();
    boolean first = swapped == (operand == 1);
    this.instances =
        new ScratchPool<>(() -> {
          OffsetMap.Gather rows = new OffsetMap.Gather(type.sizeBytes());
          return new Instance(Gemm.of(kernels, type, gathered(maps, first, group, rows)), rows);
        });
    Instance instance = instances.take();
    this.division = Division.of(maps, instance.program.columnUnit());
    this.description = "gathered " + maps.describe(instance.program);
    instances.giveBack(instance);
  }

  private static MatrixMaps gathered(
      MatrixMaps maps, boolean first, LoopGroup group, OffsetMap.Gather rows) {
    boolean batch = group == LoopGroup.BATCH;
    boolean summed = group == LoopGroup.K;
    boolean side = !batch && !summed;
    return new MatrixMaps(
        through(maps.aBatch(), first && batch, rows),
        through(maps.bBatch(), !first && batch, rows),
        maps.cBatch(),
        through(maps.aRows(), first && side, rows),
        through(maps.aColumns(), first && summed, rows),
        through(maps.bRows(), !first && summed, rows),
        through(maps.bColumns(), !first && side, rows),
        maps.cRows(),
        maps.cColumns());
  }

  private static OffsetMap through(OffsetMap map, boolean gathered, OffsetMap.Gather rows) {
    return gathered ? map.through(rows) : map;
  }

  /**
   * Computes the output.
   *
   * @param rows the chosen rows of the table, each one inside it
   * @param rowStrideBytes the distance of the table's rows
   * @param a the first operand's memory, or the table's
   * @param aOffset where it starts, in bytes
   * @param b the second operand's memory, or the table's
   * @param bOffset where it starts, in bytes
   * @param c the output's memory
   * @param cOffset where its first element lies, in bytes
   * @param accumulate whether results are added to the output's elements instead of replacing them
   * @param parallelism who helps if it is worth it
   */
  public void run(
      long[] rows,
      long rowStrideBytes,
      MemorySegment a,
      long aOffset,
      MemorySegment b,
      long bOffset,
      MemorySegment c,
      long cOffset,
      boolean accumulate,
      Parallelism parallelism) {
    MemorySegment first = swapped ? b : a;
    MemorySegment second = swapped ? a : b;
    long firstOffset = swapped ? bOffset : aOffset;
    long secondOffset = swapped ? aOffset : bOffset;
    Instance instance = instances.take();
    try {
      instance.rows.set(rows, rowStrideBytes);
      division.run(
          instance.program,
          first,
          firstOffset,
          second,
          secondOffset,
          c,
          cOffset,
          accumulate,
          parallelism);
    } finally {
      instance.rows.set(NONE, 0);
      instances.giveBack(instance);
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
