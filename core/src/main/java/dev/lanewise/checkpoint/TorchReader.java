package dev.lanewise.checkpoint;

import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Reads a state dict from a zip file of {@code torch.save}. First everything that is said about the
 * tensors is read and compared with the zip directory, then memory is taken and every view checked
 * against it, and last the bytes are copied.
 */
final class TorchReader {
  /** Enough for some 300,000 tensors. */
  private static final int MAX_PICKLE_BYTES = 1 << 26;

  private static final int MAX_TEXT_BYTES = 64;

  /**
   * The file format versions that PyTorch 2.13 reads (caffe2/serialize/versions.h); only its
   * TorchScript parts differ.
   */
  private static final int MAX_VERSION = 10;

  private final ZipArchive zip;
  private final String folder;

  private TorchReader(ZipArchive zip) throws CheckpointException {
    this.zip = zip;
    this.folder = folder(zip);
  }

  static StateDict read(ZipArchive zip, ElementLoader loader) throws CheckpointException {
    return new TorchReader(zip).read(loader);
  }

  private StateDict read(ElementLoader loader) throws CheckpointException {
    requireVersion();
    ByteOrder order = byteOrder();
    Extent pickle = extent(TorchEntries.PICKLE);
    PickleValue top =
        PickleReader.read(zip.reader().readSmall(pickle, MAX_PICKLE_BYTES), pickle.origin());
    var storages = new TorchStorages(this, loader, order);
    StateDict state = TorchValues.of(top, storages, pickle.origin());
    loader.fill();
    return state;
  }

  /** An entry below the top folder. */
  Extent extent(String name) throws CheckpointException {
    String path = folder.concat(name);
    if (!zip.contains(path)) {
      throw zip.origin()
          .refuse("has no entry \"" + name + "\", so it is not a whole checkpoint of torch.save");
    }
    return zip.extent(path).named(zip.origin().at(name));
  }

  private void requireVersion() throws CheckpointException {
    String text = text(TorchEntries.VERSION).strip();
    boolean isRead = false;
    for (int version = 1; version <= MAX_VERSION; version++) {
      isRead |= text.equals(Integer.toString(version));
    }
    if (!isRead) {
      throw zip.origin()
          .at(TorchEntries.VERSION)
          .refuse("is \"" + text + "\"; versions 1 to " + MAX_VERSION + " are read");
    }
  }

  private ByteOrder byteOrder() throws CheckpointException {
    // PyTorch before 2.1 wrote no such entry, and ran on little-endian machines.
    String order =
        zip.contains(folder.concat(TorchEntries.BYTE_ORDER))
            ? text(TorchEntries.BYTE_ORDER)
            : "little";
    return switch (order) {
      case "little" -> ByteOrder.LITTLE_ENDIAN;
      case "big" -> ByteOrder.BIG_ENDIAN;
      default ->
          throw zip.origin()
              .at(TorchEntries.BYTE_ORDER)
              .refuse("is \"" + order + "\" instead of \"little\" or \"big\"");
    };
  }

  private String text(String name) throws CheckpointException {
    return new String(
        zip.reader().readSmall(extent(name), MAX_TEXT_BYTES), StandardCharsets.US_ASCII);
  }

  /** The folder of the one pickle, with its slash. */
  private static String folder(ZipArchive zip) throws CheckpointException {
    @Nullable String folder = null;
    for (String name : zip.names()) {
      if (name.indexOf('/') == name.length() - TorchEntries.PICKLE.length() - 1
          && name.endsWith("/" + TorchEntries.PICKLE)) {
        if (folder != null) {
          throw zip.origin().refuse("has more than one " + TorchEntries.PICKLE);
        }
        folder = name.substring(0, name.length() - TorchEntries.PICKLE.length());
      }
    }
    if (folder == null) {
      throw zip.origin()
          .refuse(
              "is a zip file without a folder that has a "
                  + TorchEntries.PICKLE
                  + ", so it was not written by torch.save");
    }
    return folder;
  }
}
