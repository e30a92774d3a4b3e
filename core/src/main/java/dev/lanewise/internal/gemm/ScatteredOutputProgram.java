package dev.lanewise.internal.gemm;

import dev.lanewise.internal.kernel.ContractionKernels;
import dev.lanewise.internal.memory.ScratchPool;
import java.lang.foreign.MemorySegment;

/**
 * A program whose output's columns have to lie side by side, for an output that lies anywhere: each
 * matrix is computed in scratch memory and taken from there to its place.
 *
 * @param <A> the array of packed rows
 */
final class ScatteredOutputProgram<A> implements MatrixProgram {
  /** A larger matrix would leave the near cache before it is stored. */
  private static final int MOST_BYTES = 128 << 10;

  /** Of fewer rows {@link Gemm} has taller tiles, which meet B less often. */
  private static final int FEWEST_ROWS = 16;

  private final MatrixMaps maps;
  private final MatrixProgram program;
  private final OutputBlocks output;
  private final ScratchPool<Workspace<A>> workspaces;
  private final int elementBytes;

  /** The distance of rows in scratch memory. */
  private final long rowBytes;

  private final long scratchBytes;

  /** All of one matrix. */
  private final Range whole;

  /**
   * A program.
   *
   * @param maps the operands
   * @param program computes {@link #sideBySide one matrix} of them
   */
  ScatteredOutputProgram(
      MatrixMaps maps,
      MatrixProgram program,
      ContractionKernels<A> kernels,
      ScratchPool<Workspace<A>> workspaces) {
    this.maps = maps;
    this.program = program;
    this.output = new OutputBlocks(maps.cRows(), maps.cColumns(), kernels);
    this.workspaces = workspaces;
    this.elementBytes = kernels.type().sizeBytes();
    this.rowBytes = maps.n() * elementBytes;
    this.scratchBytes = output.rowsInScratch((int) maps.m()) * rowBytes;
    this.whole = Range.whole(1, maps.m(), maps.n());
  }

  /** Whether that is the fastest way to an output, if there is a program for one side by side. */
  static boolean fits(MatrixMaps maps, int elementBytes) {
    return !OutputBlocks.isDirect(maps.cRows(), maps.cColumns(), elementBytes)
        && maps.m() >= FEWEST_ROWS
        && (double) maps.m() * maps.n() * elementBytes <= MOST_BYTES;
  }

  /** One of the products, its output's rows one behind the other and columns side by side. */
  static MatrixMaps sideBySide(MatrixMaps maps, int elementBytes) {
    OffsetMap one = OffsetMap.strided(1, 0);
    return new MatrixMaps(
        one,
        one,
        one,
        maps.aRows(),
        maps.aColumns(),
        maps.bRows(),
        maps.bColumns(),
        OffsetMap.strided(maps.m(), maps.n() * elementBytes),
        OffsetMap.strided(maps.n(), elementBytes));
  }

  @Override
  public void run(
      MemorySegment a,
      long aOffset,
      MemorySegment b,
      long bOffset,
      MemorySegment c,
      long cOffset,
      boolean accumulate,
      Range range) {
    int rows = (int) (range.rowTo() - range.rowFrom());
    int columns = (int) (range.columnTo() - range.columnFrom());
    boolean all = rows == maps.m() && columns == maps.n();
    // Only a part is an object of its own: a call on one thread allocates nothing.
    Range matrix = all ? whole : range.ofOneMatrix();
    long block = range.rowFrom() * rowBytes + range.columnFrom() * elementBytes;
    Workspace<A> workspace = workspaces.take();
    try {
      MemorySegment scratch = workspace.block(scratchBytes);
      for (long i = range.batchFrom(); i < range.batchTo(); i++) {
        long aStart = aOffset + maps.aBatch().at(i);
        long bStart = bOffset + maps.bBatch().at(i);
        long cStart = cOffset + maps.cBatch().at(i);
        long row = range.rowFrom();
        long column = range.columnFrom();
        if (accumulate) {
          output.load(c, cStart, row, rows, column, columns, scratch, block, rowBytes);
        }
        program.run(a, aStart, b, bStart, scratch, 0, accumulate, matrix);
        output.store(scratch, block, rowBytes, rows, columns, c, cStart, row, column, false);
      }
    } finally {
      workspaces.giveBack(workspace);
    }
  }

  @Override
  public String toString() {
    return program + ", output scattered";
  }
}
