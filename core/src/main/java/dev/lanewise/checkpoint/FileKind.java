package dev.lanewise.checkpoint;

import java.nio.charset.StandardCharsets;

/** What a file is, told by its first bytes. */
enum FileKind {
  /** PyTorch's or NumPy's. */
  ZIP("PK\3\4"),
  /** A zip file without entries, which NumPy writes for no arrays. */
  EMPTY_ZIP("PK\5\6"),
  /** One NumPy array. */
  NPY("\u0093NUMPY"),
  /** PyTorch before 1.6: it began with the magic number {@code 0x1950a86a20f9469cfc6c}, pickled. */
  LEGACY_PYTORCH("\u0080\2\u008a\nl\u00fc\u009cF\u00f9 j\u00a8P\u0019"),
  /** A length of 8 bytes, then JSON; there is no magic number. */
  SAFETENSORS("");

  private static final int LONGEST = 16;
  private static final int JSON_AT = Long.BYTES;

  /** Its characters are bytes. */
  private final String start;

  FileKind(String start) {
    this.start = start;
  }

  static FileKind of(FileBytes file) throws CheckpointException {
    byte[] start = file.read(0, (int) Math.min(file.size(), LONGEST));
    if (start.length == 0) {
      throw file.origin().refuse("is empty");
    }
    String text = new String(start, StandardCharsets.ISO_8859_1);
    for (FileKind kind : values()) {
      if (kind != SAFETENSORS && text.startsWith(kind.start)) {
        return kind;
      }
    }
    if (start.length > JSON_AT && start[JSON_AT] == '{') {
      return SAFETENSORS;
    }
    throw file.origin()
        .refuse(
            "is neither a zip file, as torch.save and numpy.savez write, nor safetensors, nor npy");
  }
}
