package dev.lanewise.internal.gemm;

import dev.lanewise.internal.kernel.Partials;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * The scratch memory of one running contraction: it grows to what plans need and is then reused.
 */
final class Workspace {
  /**
   * How many elements of a scattered operand the partials program gathers at a time; a multiple of
   * {@link Partials#COUNT}.
   */
  static final int RUN = 1024;

  final float[] partials = new float[Partials.COUNT];
  private float[] packedA = new float[0];
  private MemorySegment packedB = MemorySegment.NULL;
  private MemorySegment tile = MemorySegment.NULL;
  private MemorySegment runs = MemorySegment.NULL;

  /**
   * Packed panels of A. On the heap, where broadcasting a value keeps a micro-kernel small enough
   * for C1.
   */
  float[] packedA(int floats) {
    if (packedA.length < floats) {
      packedA = new float[floats];
    }
    return packedA;
  }

  MemorySegment packedB(long bytes) {
    if (packedB.byteSize() < bytes) {
      packedB = allocate(bytes);
    }
    return packedB;
  }

  /** One tile of C on its way to an edge, a scattered output or a sum. */
  MemorySegment tile(long bytes) {
    if (tile.byteSize() < bytes) {
      tile = allocate(bytes);
    }
    return tile;
  }

  /** Two runs of {@link #RUN} elements, one of each operand. */
  MemorySegment runs() {
    if (runs.byteSize() == 0) {
      runs = allocate(2L * RUN * Float.BYTES);
    }
    return runs;
  }

  /** From the garbage-collected arena: a workspace that the pool drops takes its memory with it. */
  private static MemorySegment allocate(long bytes) {
    return Arena.ofAuto().allocate(bytes, 64);
  }
}
