package dev.lanewise.checkpoint;

/**
 * The signatures, sizes and special values of zip files that are read or written here, from <a
 * href="https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT">APPNOTE</a> 4.3 to 4.5.
 */
final class ZipFormat {
  static final int LOCAL_HEADER = 0x04034b50;
  static final int LOCAL_HEADER_BYTES = 30;

  /** What follows an entry whose checksum and sizes were not in its local header. */
  static final int DESCRIPTOR = 0x08074b50;

  static final int DIRECTORY_HEADER = 0x02014b50;
  static final int DIRECTORY_HEADER_BYTES = 46;

  static final int END = 0x06054b50;
  static final int END_BYTES = 22;

  static final int ZIP64_LOCATOR = 0x07064b50;
  static final int ZIP64_LOCATOR_BYTES = 20;

  static final int ZIP64_END = 0x06064b50;
  static final int ZIP64_END_BYTES = 56;

  /** The extra field that holds what does not fit 32 bits. */
  static final int ZIP64_EXTRA = 1;

  /** Identifier and length in front of an extra field. */
  static final int EXTRA_HEADER_BYTES = 4;

  /** In a 32-bit field: the value is in the zip64 extra field. */
  static final long IN_ZIP64 = 0xFFFF_FFFFL;

  /** In a 16-bit field: the value is in the zip64 end record. */
  static final int IN_ZIP64_END = 0xFFFF;

  static final int STORED = 0;
  static final int DEFLATED = 8;

  static final int FLAG_ENCRYPTED = 1;
  static final int FLAG_DESCRIPTOR = 1 << 3;
  static final int FLAG_UTF8 = 1 << 11;

  private ZipFormat() {}
}
