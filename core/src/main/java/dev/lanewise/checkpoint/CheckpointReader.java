package dev.lanewise.checkpoint;

import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * Reads a state dict from a zip file of {@code torch.save}. First everything that is said about the
 * tensors is read and compared with the zip directory, then memory is taken and every view checked
 * against it, and last the bytes are copied.
 */
final class CheckpointReader {
  /** Enough for some 350,000 tensors. */
  private static final int MAX_PICKLE_BYTES = 1 << 26;

  private static final int MAX_TEXT_BYTES = 64;

  /**
   * The file format versions that PyTorch 2.13 reads (caffe2/serialize/versions.h); only its
   * TorchScript parts differ.
   */
  private static final int MAX_VERSION = 10;

  private final ZipArchive archive;
  private final Origin pickle;

  private CheckpointReader(ZipArchive archive) {
    this.archive = archive;
    this.pickle = archive.at(EntryNames.PICKLE);
  }

  static StateDict read(Path file, Arena arena) throws CheckpointException {
    try (ZipArchive archive = ZipArchive.open(file)) {
      return new CheckpointReader(archive).read(arena);
    }
  }

  private StateDict read(Arena arena) throws CheckpointException {
    requireVersion();
    ByteOrder order = byteOrder();
    var contents =
        new SavedStateDict(
            PickleReader.read(archive.readSmall(EntryNames.PICKLE, MAX_PICKLE_BYTES), pickle),
            pickle);
    var storages = new StorageReader(archive, contents.storages());
    storages.allocate(arena);
    var stateDict = new StateDict();
    for (Map.Entry<String, PickleValue.SavedTensor> each : contents.tensors().entrySet()) {
      stateDict.put(
          each.getKey(),
          view(each.getKey(), each.getValue(), storages.memory(each.getValue().storage())));
    }
    storages.fill(order);
    return stateDict;
  }

  private Tensor view(String name, PickleValue.SavedTensor saved, MemorySegment memory)
      throws CheckpointException {
    try {
      PickleValue.Storage storage = saved.storage();
      Tensor flat = Tensor.wrap(memory, storage.dtype(), Shape.of(storage.elementCount()));
      return flat.asStrided(Shape.of(array(saved.sizes())), array(saved.strides()), saved.offset());
    } catch (IllegalArgumentException e) {
      throw pickle.refuse(
          "tensor \""
              + name
              + "\" does not fit its storage \""
              + saved.storage().key()
              + "\": "
              + e.getMessage(),
          e);
    }
  }

  private void requireVersion() throws CheckpointException {
    String text = text(EntryNames.VERSION).strip();
    int version = text.matches("[0-9]{1,9}") ? Integer.parseInt(text) : 0;
    if (version < 1 || version > MAX_VERSION) {
      throw archive
          .at(EntryNames.VERSION)
          .refuse("is \"" + text + "\"; versions 1 to " + MAX_VERSION + " are read");
    }
  }

  private ByteOrder byteOrder() throws CheckpointException {
    // PyTorch before 2.1 wrote no such entry, and ran on little-endian machines.
    String order = archive.contains(EntryNames.BYTE_ORDER) ? text(EntryNames.BYTE_ORDER) : "little";
    return switch (order) {
      case "little" -> ByteOrder.LITTLE_ENDIAN;
      case "big" -> ByteOrder.BIG_ENDIAN;
      default ->
          throw archive
              .at(EntryNames.BYTE_ORDER)
              .refuse("is \"" + order + "\" instead of \"little\" or \"big\"");
    };
  }

  private String text(String entry) throws CheckpointException {
    return new String(archive.readSmall(entry, MAX_TEXT_BYTES), StandardCharsets.US_ASCII);
  }

  private static long[] array(List<Long> values) {
    return values.stream().mapToLong(Long::longValue).toArray();
  }
}
