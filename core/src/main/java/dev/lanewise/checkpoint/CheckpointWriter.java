package dev.lanewise.checkpoint;

import dev.lanewise.tensor.Tensor;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.zip.CRC32;

/**
 * Writes a state dict as the zip file of {@code torch.save}: a pickle that describes the tensors,
 * and an entry for each storage.
 */
final class CheckpointWriter {
  private static final String DEFAULT_FOLDER = "archive";

  private final StoragePlan plan = new StoragePlan();
  private final CRC32 contents = new CRC32();
  private final byte[] pickle;

  private CheckpointWriter(Map<String, Tensor> tensors) {
    this.pickle = pickle(tensors);
    contents.update(pickle);
  }

  static void write(Map<String, Tensor> tensors, Path path) throws IOException {
    Path name = path.getFileName();
    if (name == null) {
      throw new IllegalArgumentException(path + " does not name a file");
    }
    var writer = new CheckpointWriter(tensors);
    AtomicFile.write(
        path,
        channel -> {
          try (var zip =
              new AlignedZipWriter(Channels.newOutputStream(channel), folder(name.toString()))) {
            writer.writeEntries(zip);
          }
        });
  }

  private void writeEntries(AlignedZipWriter zip) throws IOException {
    zip.add(EntryNames.PICKLE, pickle);
    zip.add(".format_version", ascii("1"));
    zip.add(".storage_alignment", ascii(Integer.toString(AlignedZipWriter.ALIGNMENT_BYTES)));
    zip.add(
        EntryNames.BYTE_ORDER,
        ascii(ByteOrder.nativeOrder() == ByteOrder.BIG_ENDIAN ? "big" : "little"));
    for (StoragePlan.Storage storage : plan.storages()) {
      writeStorage(zip, storage);
    }
    zip.add(EntryNames.VERSION, ascii("3\n"));
    // PyTorch's id has 40 digits and is a hash of the contents too; readers use it as a name only.
    String id =
        String.format(Locale.ROOT, "%020d%020d", contents.getValue(), plan.storages().size());
    zip.add(".data/serialization_id", ascii(id));
  }

  private void writeStorage(AlignedZipWriter zip, StoragePlan.Storage storage) throws IOException {
    Tensor elements = storage.elements();
    long sizeBytes = elements.shape().elementCount() * elements.dtype().sizeBytes();
    var crc = new CRC32();
    ElementChunks.forEach(elements, chunk -> crc.update(chunk.asByteBuffer()));
    contents.update(ascii(Long.toHexString(crc.getValue())));
    zip.add(
        EntryNames.storage(storage.key()), sizeBytes, crc.getValue(), out -> copy(elements, out));
  }

  private static void copy(Tensor elements, OutputStream out) throws IOException {
    byte[] buffer = new byte[ElementChunks.CHUNK_BYTES];
    ElementChunks.forEach(
        elements,
        chunk -> {
          int count = (int) chunk.byteSize();
          MemorySegment.copy(chunk, ValueLayout.JAVA_BYTE, 0, buffer, 0, count);
          out.write(buffer, 0, count);
        });
  }

  private byte[] pickle(Map<String, Tensor> tensors) {
    var out = new PickleWriter();
    emptyOrderedDict(out);
    tensors.forEach((name, tensor) -> {
      out.text(name);
      tensor(out, plan.place(tensor));
      out.op(Pickle.SETITEM);
    });
    return out.finish();
  }

  /**
   * {@code torch._utils._rebuild_tensor_v2(storage, offset, size, stride, requires_grad,
   * backward_hooks)}.
   */
  private static void tensor(PickleWriter out, StoragePlan.Placement placement) {
    out.global(TorchNames.UTILS, TorchNames.REBUILD_TENSOR);
    out.op(Pickle.MARK);
    storage(out, placement.storage());
    out.integer(0);
    out.tuple(placement.sizes());
    out.tuple(placement.strides());
    out.op(Pickle.NEWFALSE);
    emptyOrderedDict(out);
    out.op(Pickle.TUPLE);
    out.op(Pickle.REDUCE);
  }

  /** The persistent id {@code ('storage', class, key, location, element count)}. */
  private static void storage(PickleWriter out, StoragePlan.Storage storage) {
    out.op(Pickle.MARK);
    out.text(TorchNames.STORAGE);
    out.global(TorchStorage.MODULE, TorchStorage.className(storage.elements().dtype()));
    out.text(storage.key());
    out.text("cpu");
    out.integer(storage.elements().shape().elementCount());
    out.op(Pickle.TUPLE);
    out.op(Pickle.BINPERSID);
  }

  private static void emptyOrderedDict(PickleWriter out) {
    out.global(TorchNames.COLLECTIONS, TorchNames.ORDERED_DICT);
    out.op(Pickle.EMPTY_TUPLE);
    out.op(Pickle.REDUCE);
  }

  /** The file's name without its last extension; PyTorch puts everything under such a folder. */
  private static String folder(String fileName) {
    int dot = fileName.lastIndexOf('.');
    String stem = dot < 0 ? fileName : fileName.substring(0, dot);
    return stem.replace(".", "").isEmpty() ? DEFAULT_FOLDER : stem;
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }
}
