package dev.lanewise.checkpoint;

import dev.lanewise.tensor.Tensor;
import java.io.IOException;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.zip.CRC32;

/**
 * Writes a state dict as the zip file of {@code torch.save}: a pickle that describes the values,
 * and an entry for each storage.
 */
final class TorchWriter {
  private static final String DEFAULT_FOLDER = "archive";

  private final ZipWriter zip;
  private final String folder;

  /** Of all checksums, in order: the contents' fingerprint. */
  private final CRC32 contents = new CRC32();

  private TorchWriter(ZipWriter zip, String folder) {
    this.zip = zip;
    this.folder = folder;
  }

  static void write(StateDict state, Path path) throws IOException {
    Path name = path.getFileName();
    if (name == null) {
      throw new IllegalArgumentException(path + " does not name a file");
    }
    var plan = new StoragePlan(tensors(state));
    byte[] pickle = TorchPickle.of(state, plan);
    AtomicFile.write(
        path,
        out -> {
          var zip = new ZipWriter(out);
          new TorchWriter(zip, folder(name.toString())).writeEntries(pickle, plan.storages());
          zip.finish();
        });
  }

  private void writeEntries(byte[] pickle, List<StoragePlan.Storage> storages) throws IOException {
    add(TorchEntries.PICKLE, pickle);
    add(".format_version", ascii("1"));
    add(".storage_alignment", ascii(Integer.toString(ZipWriter.ALIGNMENT_BYTES)));
    boolean isBig = ByteOrder.nativeOrder() == ByteOrder.BIG_ENDIAN;
    add(TorchEntries.BYTE_ORDER, ascii(isBig ? "big" : "little"));
    for (StoragePlan.Storage storage : storages) {
      String name = folder + "/" + TorchEntries.storage(storage.key());
      note(zip.add(name, new byte[0], storage.elements()));
    }
    add(TorchEntries.VERSION, ascii("3\n"));
    // PyTorch's id has 40 digits and is a hash of the contents too; readers use it as a name only.
    String id = String.format(Locale.ROOT, "%020d%020d", contents.getValue(), storages.size());
    add(".data/serialization_id", ascii(id));
  }

  private void add(String name, byte[] bytes) throws IOException {
    note(zip.add(folder + "/" + name, bytes));
  }

  private void note(long crc) {
    contents.update(ascii(Long.toHexString(crc)));
  }

  private static List<Tensor> tensors(StateDict state) {
    List<Tensor> tensors = new ArrayList<>();
    collect(state.asMap().values(), tensors);
    return tensors;
  }

  private static void collect(Collection<Value> values, List<Tensor> tensors) {
    for (Value value : values) {
      switch (value) {
        case Value.TensorValue(Tensor tensor) -> tensors.add(tensor);
        case Value.PyList(var items) -> collect(items, tensors);
        case Value.Tuple(var items) -> collect(items, tensors);
        case Value.Dict(var items) -> collect(items.values(), tensors);
        case Value.Int _, Value.Real _, Value.Bool _, Value.Text _ -> {}
        case Value.None _, Value.Type _, Value.Size _ -> {}
      }
    }
  }

  /** The file's name without its last extension; PyTorch puts everything under such a folder. */
  private static String folder(String fileName) {
    int dot = fileName.lastIndexOf('.');
    String stem = dot < 0 ? fileName : fileName.substring(0, dot);
    boolean usable = Utf8.canEncode(stem) && EntryNames.fault(stem) == null;
    return usable ? stem : DEFAULT_FOLDER;
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }
}
