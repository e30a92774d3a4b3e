package dev.lanewise.checkpoint;

/** The entries of a checkpoint's zip file, without the top folder. */
final class TorchEntries {
  /** The pickle that describes the tensors. */
  static final String PICKLE = "data.pkl";

  /** The file format's version, in decimal digits. */
  static final String VERSION = "version";

  /** Whether numbers are "little" or "big" endian. */
  static final String BYTE_ORDER = "byteorder";

  private TorchEntries() {}

  /** The bytes of a storage. */
  static String storage(String key) {
    return "data/".concat(key);
  }
}
