package dev.lanewise.checkpoint;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.Map;

/** Brings the storages of a file into memory. */
final class StorageReader {
  private static final long ALIGNMENT_BYTES = 64;

  private final ZipArchive archive;
  private final Map<String, PickleValue.Storage> storages;
  private final Map<PickleValue.Storage, MemorySegment> memories = new HashMap<>();

  StorageReader(ZipArchive archive, Map<String, PickleValue.Storage> storages) {
    this.archive = archive;
    this.storages = storages;
  }

  /** Takes memory for every storage, once all sizes were found to be what the file can hold. */
  void allocate(Arena arena) throws CheckpointException {
    long packedBytes = 0;
    for (PickleValue.Storage storage : storages.values()) {
      requireSize(storage);
      packedBytes += archive.packedBytes(entry(storage));
    }
    // Entries that lie over each other in the file could ask for any amount of memory.
    if (packedBytes > archive.fileBytes()) {
      throw archive
          .at(EntryNames.STORAGES)
          .refuse(
              "its entries have "
                  + packedBytes
                  + " bytes, more than the file's "
                  + archive.fileBytes());
    }
    for (PickleValue.Storage storage : storages.values()) {
      long bytes = storage.elementCount() * storage.dtype().sizeBytes();
      memories.put(storage, arena.allocate(Math.max(bytes, 1), ALIGNMENT_BYTES).asSlice(0, bytes));
    }
  }

  /** The memory of a storage. */
  MemorySegment memory(PickleValue.Storage storage) {
    MemorySegment memory = memories.get(storage);
    if (memory == null) {
      throw new IllegalStateException("storage " + storage + " was not allocated");
    }
    return memory;
  }

  /** Copies the bytes of every storage into its memory. */
  void fill(ByteOrder order) throws CheckpointException {
    for (PickleValue.Storage storage : storages.values()) {
      MemorySegment memory = memory(storage);
      archive.readInto(entry(storage), memory);
      if (order != ByteOrder.nativeOrder()) {
        reverseBytes(memory, storage.dtype().sizeBytes());
      }
    }
  }

  private void requireSize(PickleValue.Storage storage) throws CheckpointException {
    long sizeBytes = archive.sizeBytes(entry(storage));
    int elementBytes = storage.dtype().sizeBytes();
    if (sizeBytes % elementBytes != 0 || sizeBytes / elementBytes != storage.elementCount()) {
      throw archive
          .at(entry(storage))
          .refuse(
              "has "
                  + sizeBytes
                  + " bytes, but should hold "
                  + storage.elementCount()
                  + " elements of "
                  + storage.dtype());
    }
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

  private static String entry(PickleValue.Storage storage) {
    return EntryNames.storage(storage.key());
  }
}
