package dev.lanewise.checkpoint;

import dev.lanewise.tensor.DType;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;

/** The storages that the tensors of a PyTorch file use, and their memory. */
final class TorchStorages {
  private final TorchReader file;
  private final ElementLoader loader;
  private final ByteOrder order;
  private final Map<String, Used> used = new LinkedHashMap<>();
  private final Map<String, MemorySegment> memories = new HashMap<>();

  /** Where the bytes of a storage are, and how many make an element. */
  private record Used(Extent extent, int elementBytes) {}

  TorchStorages(TorchReader file, ElementLoader loader, ByteOrder order) {
    this.file = file;
    this.loader = loader;
    this.order = order;
  }

  /** Notes that a tensor's storage is used. Its size must be what the pickle says. */
  void use(PickleValue.SavedTensor tensor) throws CheckpointException {
    String key = tensor.storage().key();
    int elementBytes = tensor.dtype().sizeBytes();
    Used known = used.get(key);
    if (known == null) {
      known = new Used(extent(tensor.storage()), elementBytes);
      used.put(key, known);
    }
    if (order != ByteOrder.nativeOrder()) {
      requireReversible(known, tensor.dtype());
    }
  }

  /**
   * Tensors of several types can look at the same bytes, which can be reversed in one way only, and
   * where they are whole elements.
   */
  private void requireReversible(Used known, DType dtype) throws CheckpointException {
    int elementBytes = dtype.sizeBytes();
    long bytes = known.extent.sizeBytes();
    if (bytes % elementBytes != 0) {
      throw irreversible(
          known.extent, bytes + " bytes, which is no whole number of " + dtype + "s");
    }
    if (known.elementBytes != elementBytes) {
      throw irreversible(
          known.extent,
          "elements of "
              + known.elementBytes
              + " bytes and of "
              + elementBytes
              + "; only elements of one size are converted");
    }
  }

  private CheckpointException irreversible(Extent extent, String what) {
    return extent.origin().refuse("is " + order + " and has " + what);
  }

  private Extent extent(PickleValue.Storage storage) throws CheckpointException {
    Extent extent = file.extent(TorchEntries.storage(storage.key()));
    int unitBytes = storage.kind().unitBytes();
    if (extent.sizeBytes() % unitBytes != 0 || extent.sizeBytes() / unitBytes != storage.count()) {
      throw extent
          .origin()
          .refuse(
              "has "
                  + extent.sizeBytes()
                  + " bytes, but should hold "
                  + storage.kind().contents(storage.count()));
    }
    return extent;
  }

  /** Takes or maps memory for all storages that are used. */
  void reserve() throws CheckpointException {
    for (Map.Entry<String, Used> each : used.entrySet()) {
      Used storage = each.getValue();
      memories.put(each.getKey(), loader.reserve(storage.extent, storage.elementBytes, order));
    }
  }

  /** The memory of a storage that is used. */
  MemorySegment memory(PickleValue.Storage storage) {
    MemorySegment memory = memories.get(storage.key());
    if (memory == null) {
      throw new IllegalStateException("storage " + storage + " was not reserved");
    }
    return memory;
  }
}
