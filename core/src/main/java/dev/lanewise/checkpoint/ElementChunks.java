package dev.lanewise.checkpoint;

import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Hands out a tensor's bytes in row-major order, piece by piece, so that a file needs no second
 * copy of the tensor in memory.
 */
final class ElementChunks {
  /**
   * What is written at once. The system copies smaller pieces into smaller pages of its cache, at
   * more cost; for those of more than 1 MiB it sometimes has to clear memory first.
   */
  static final int CHUNK_BYTES = 1 << 20;

  private final Receiver receiver;
  private final MemorySegment scratch;

  /** Takes one piece. */
  interface Receiver {
    /** At most {@link #CHUNK_BYTES} bytes, valid until the call returns. */
    void accept(MemorySegment bytes) throws IOException;
  }

  private ElementChunks(Receiver receiver, MemorySegment scratch) {
    this.receiver = receiver;
    this.scratch = scratch;
  }

  static void forEach(Tensor tensor, Receiver receiver) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      long scratchBytes = tensor.isContiguous() ? 0 : CHUNK_BYTES;
      new ElementChunks(receiver, arena.allocate(scratchBytes, Long.BYTES)).visit(tensor);
    }
  }

  private void visit(Tensor tensor) throws IOException {
    long bytes = tensor.shape().elementCount() * tensor.dtype().sizeBytes();
    if (bytes == 0) {
      // It may begin behind its memory.
      return;
    }
    if (tensor.isContiguous()) {
      visitContiguous(tensor.segment().asSlice(tensor.offsetBytes(), bytes));
    } else if (bytes <= CHUNK_BYTES) {
      MemorySegment packed = scratch.asSlice(0, bytes);
      Tensor.wrap(packed, tensor.dtype(), tensor.shape()).copyFrom(tensor);
      receiver.accept(packed);
    } else {
      visitHalves(tensor);
    }
  }

  private void visitContiguous(MemorySegment all) throws IOException {
    for (long at = 0; at < all.byteSize(); at += CHUNK_BYTES) {
      receiver.accept(all.asSlice(at, Math.min(CHUNK_BYTES, all.byteSize() - at)));
    }
  }

  /**
   * The outermost dimension there is to halve: all of its first half comes before all of its second
   * in row-major order.
   */
  private void visitHalves(Tensor tensor) throws IOException {
    Shape shape = tensor.shape();
    int outermost = 0;
    while (shape.size(outermost) == 1) {
      outermost++;
    }
    long half = shape.size(outermost) / 2;
    visit(tensor.slice(outermost, 0, half));
    visit(tensor.slice(outermost, half, shape.size(outermost)));
  }
}
