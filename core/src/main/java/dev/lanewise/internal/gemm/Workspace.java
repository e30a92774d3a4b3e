package dev.lanewise.internal.gemm;

import dev.lanewise.internal.memory.ScratchPool;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.function.IntFunction;

/**
 * The scratch memory of one running contraction: it grows to what plans need and is then reused.
 *
 * @param <A> the array of packed rows: {@code float[]} or {@code double[]}
 */
final class Workspace<A> {
  private final IntFunction<A> arrays;
  private int packedLength;
  private A packedA;
  private MemorySegment packedB = MemorySegment.NULL;
  private MemorySegment tile = MemorySegment.NULL;
  private MemorySegment block = MemorySegment.NULL;
  private MemorySegment staging = MemorySegment.NULL;

  private Workspace(IntFunction<A> arrays) {
    this.arrays = arrays;
    this.packedA = arrays.apply(0);
  }

  static <A> ScratchPool<Workspace<A>> pool(IntFunction<A> arrays) {
    return new ScratchPool<>(() -> new Workspace<>(arrays));
  }

  /**
   * Packed rows of A. On the heap, where broadcasting a value keeps a micro-kernel small enough for
   * C1.
   */
  A packedA(int elements) {
    if (packedLength < elements) {
      packedA = arrays.apply(elements);
      packedLength = elements;
    }
    return packedA;
  }

  MemorySegment packedB(long bytes) {
    packedB = atLeast(bytes, packedB);
    return packedB;
  }

  /** Tiles of C on their way to an edge or a sum. */
  MemorySegment tile(long bytes) {
    tile = atLeast(bytes, tile);
    return tile;
  }

  /** A block of C on its way to a scattered output. */
  MemorySegment block(long bytes) {
    block = atLeast(bytes, block);
    return block;
  }

  /** What was gathered from a scattered operand and is about to be packed. */
  MemorySegment staging(long bytes) {
    staging = atLeast(bytes, staging);
    return staging;
  }

  /**
   * Memory itself if it is large enough, else some from the garbage-collected arena: a workspace
   * that the pool drops takes its memory with it.
   */
  private static MemorySegment atLeast(long bytes, MemorySegment memory) {
    return memory.byteSize() < bytes ? Arena.ofAuto().allocate(bytes, 64) : memory;
  }
}
