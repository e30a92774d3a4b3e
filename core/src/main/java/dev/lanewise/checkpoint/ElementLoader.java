package dev.lanewise.checkpoint;

import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Brings the elements of a file into memory, in two steps: first memory is reserved for all, so
 * that tensors can be made and checked; then it is filled.
 */
final class ElementLoader {
  private static final long ALIGNMENT_BYTES = 64;

  private final FileBytes file;
  private final Arena arena;
  private final Access access;
  private final List<Pending> pending = new ArrayList<>();
  private @Nullable MemorySegment mapped;

  private record Pending(Extent extent, MemorySegment memory, int elementBytes, ByteOrder order) {}

  ElementLoader(FileBytes file, Arena arena, Access access) {
    this.file = file;
    this.arena = arena;
    this.access = access;
  }

  /**
   * Memory for the wanted bytes of an extent: the mapped file itself, or memory that {@link #fill}
   * will fill.
   */
  MemorySegment reserve(Extent extent, int elementBytes, ByteOrder order)
      throws CheckpointException {
    boolean usable =
        extent.packing() == Extent.Packing.STORED
            && (elementBytes == 1 || order == ByteOrder.nativeOrder());
    if (access == Access.MAP && usable) {
      return wholeFile().asSlice(extent.offset() + extent.skipBytes(), extent.wantedBytes());
    }
    long bytes = extent.wantedBytes();
    MemorySegment memory = arena.allocate(Math.max(bytes, 1), ALIGNMENT_BYTES).asSlice(0, bytes);
    pending.add(new Pending(extent, memory, elementBytes, order));
    return access == Access.MAP ? memory.asReadOnly() : memory;
  }

  /** The tensor of an extent that has exactly its elements, row by row. */
  Tensor tensor(Extent extent, DType dtype, Shape shape, ByteOrder order)
      throws CheckpointException {
    try {
      return Tensor.wrap(reserve(extent, dtype.sizeBytes(), order), dtype, shape);
    } catch (IllegalArgumentException e) {
      throw extent.origin().refuse("has an impossible shape: " + e.getMessage(), e);
    }
  }

  /** Reads what is not mapped. */
  void fill() throws CheckpointException {
    for (Pending each : pending) {
      new ExtentReader(file).readInto(each.extent, each.memory);
      if (each.order != ByteOrder.nativeOrder()) {
        reverseBytes(each.memory, each.elementBytes);
      }
    }
    pending.clear();
  }

  private MemorySegment wholeFile() throws CheckpointException {
    MemorySegment whole = mapped;
    if (whole == null) {
      whole = file.map(arena);
      mapped = whole;
    }
    return whole;
  }

  private static void reverseBytes(MemorySegment memory, int elementBytes) {
    for (long at = 0; at < memory.byteSize(); at += elementBytes) {
      switch (elementBytes) {
        case Short.BYTES -> {
          short element = memory.get(ValueLayout.JAVA_SHORT, at);
          memory.set(ValueLayout.JAVA_SHORT, at, Short.reverseBytes(element));
        }
        case Integer.BYTES -> {
          int element = memory.get(ValueLayout.JAVA_INT, at);
          memory.set(ValueLayout.JAVA_INT, at, Integer.reverseBytes(element));
        }
        case Long.BYTES -> {
          long element = memory.get(ValueLayout.JAVA_LONG, at);
          memory.set(ValueLayout.JAVA_LONG, at, Long.reverseBytes(element));
        }
        default -> {
          return;
        }
      }
    }
  }
}
