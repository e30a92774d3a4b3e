package dev.lanewise.robustness;

import dev.lanewise.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.BitSet;

/**
 * An arena of one small piece of memory with sentinels between what it gives out, which knows all
 * its bytes: what an operation wrote, wherever it was, can be told. When it is used up it throws an
 * {@link OutOfMemoryError}, at once.
 */
final class GuardedArena implements Arena {
  static final String USED_UP = "the guarded arena is used up";

  private static final byte SENTINEL = (byte) 0xa5;
  private static final int GUARD_BYTES = 64;

  private final Arena owner = Arena.ofShared();
  private final MemorySegment slab;

  /** What the slab held when it was last accepted. */
  private final byte[] accepted;

  /** Bytes that belong to an element of something that may be written. */
  private final BitSet writable = new BitSet();

  private int used;

  /** What was given out since is nobody's yet. */
  private int usedWhenAccepted;

  GuardedArena(int bytes) {
    slab = owner.allocate(bytes, 64).fill(SENTINEL);
    accepted = new byte[bytes];
    Arrays.fill(accepted, SENTINEL);
  }

  @Override
  public MemorySegment allocate(long bytes, long alignment) {
    long at = (used + GUARD_BYTES + alignment - 1) & -alignment;
    if (bytes < 0 || alignment > slab.byteSize() || bytes > slab.byteSize() - at - GUARD_BYTES) {
      throw new OutOfMemoryError(USED_UP);
    }
    int start = (int) at;
    used = start + (int) bytes;
    MemorySegment part = slab.asSlice(start, bytes).fill((byte) 0);
    Arrays.fill(accepted, start, used, (byte) 0);
    writable.set(start, used);
    return part;
  }

  /**
   * Memory whose gaps and whatever else is not an element must stay as it is: see {@link #allow}.
   */
  MemorySegment allocateGuarded(long bytes) {
    MemorySegment part = allocate(bytes, 64).fill(SENTINEL);
    int start = (int) (part.address() - slab.address());
    Arrays.fill(accepted, start, used, SENTINEL);
    writable.clear(start, used);
    return part;
  }

  /** The elements of a tensor in this memory may be written from now on. */
  void allow(Tensor tensor) {
    writable.or(bytesOf(tensor));
  }

  /** Takes what the slab holds as what it is to hold. */
  void accept() {
    MemorySegment.copy(slab, ValueLayout.JAVA_BYTE, 0, accepted, 0, accepted.length);
    usedWhenAccepted = used;
  }

  /** All bytes that may ever be written. */
  BitSet writable() {
    return writable;
  }

  /** The bytes of a tensor's elements, as far as they are in this memory. */
  BitSet bytesOf(Tensor tensor) {
    BitSet bytes = new BitSet();
    if (!tensor.segment().scope().isAlive() || !tensor.segment().isNative()) {
      return bytes;
    }
    long start = tensor.segment().address() - slab.address();
    long[] index = new long[tensor.rank()];
    int size = tensor.dtype().sizeBytes();
    for (long i = 0; i < tensor.shape().elementCount(); i++) {
      long at = tensor.offset();
      for (int dim = 0; dim < index.length; dim++) {
        at += index[dim] * tensor.stride(dim);
      }
      long from = start + at * size;
      if (from >= 0 && from + size <= slab.byteSize()) {
        bytes.set((int) from, (int) from + size);
      }
      for (int dim = index.length - 1; dim >= 0 && ++index[dim] == tensor.size(dim); dim--) {
        index[dim] = 0;
      }
    }
    return bytes;
  }

  /**
   * Fails unless only some bytes have changed since the last {@link #accept}, those given out since
   * aside, and accepts those.
   *
   * @param allowed the bytes that may have changed
   */
  void assertChangedOnly(BitSet allowed) {
    MemorySegment before = MemorySegment.ofArray(accepted);
    if (before.mismatch(slab) < 0) {
      usedWhenAccepted = used;
      return;
    }
    for (int at = 0; at < accepted.length; at++) {
      byte now = slab.get(ValueLayout.JAVA_BYTE, at);
      boolean fresh = at >= usedWhenAccepted && writable.get(at);
      if (now != accepted[at] && !fresh && !allowed.get(at)) {
        throw new AssertionError(
            "byte "
                + at
                + " was written, which is "
                + (writable.get(at) ? "of another tensor" : "of no tensor that is written")
                + ": "
                + accepted[at]
                + " became "
                + now);
      }
    }
    accept();
  }

  @Override
  public MemorySegment.Scope scope() {
    return owner.scope();
  }

  @Override
  public void close() {
    owner.close();
  }
}
