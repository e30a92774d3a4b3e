package dev.lanewise.checkpoint;

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
  private final Map<String, Sized> used = new LinkedHashMap<>();
  private final Map<String, MemorySegment> memories = new HashMap<>();

  /** A storage, and where its bytes are. */
  private record Sized(PickleValue.Storage storage, Extent extent) {}

  TorchStorages(TorchReader file, ElementLoader loader, ByteOrder order) {
    this.file = file;
    this.loader = loader;
    this.order = order;
  }

  /** Notes that a storage is used; its size must be what the pickle says. */
  void use(PickleValue.Storage storage) throws CheckpointException {
    if (used.containsKey(storage.key())) {
      return;
    }
    Extent extent = file.extent(TorchEntries.storage(storage.key()));
    int elementBytes = storage.dtype().sizeBytes();
    if (extent.sizeBytes() % elementBytes != 0
        || extent.sizeBytes() / elementBytes != storage.elementCount()) {
      throw extent
          .origin()
          .refuse(
              "has "
                  + extent.sizeBytes()
                  + " bytes, but should hold "
                  + storage.elementCount()
                  + " elements of "
                  + storage.dtype());
    }
    used.put(storage.key(), new Sized(storage, extent));
  }

  /** Takes or maps memory for all storages that are used. */
  void reserve() throws CheckpointException {
    for (Sized each : used.values()) {
      int elementBytes = each.storage.dtype().sizeBytes();
      memories.put(each.storage.key(), loader.reserve(each.extent, elementBytes, order));
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
