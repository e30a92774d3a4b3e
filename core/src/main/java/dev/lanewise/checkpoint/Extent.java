package dev.lanewise.checkpoint;

/**
 * Where in a file the bytes of an array or an entry are, and how they are packed. Whoever makes one
 * has compared it with the file: {@code offset + packedBytes} is within it.
 *
 * @param origin refusals about these bytes
 * @param offset the first byte's place in the file
 * @param packedBytes how many bytes there are in the file
 * @param sizeBytes how many there are when unpacked
 * @param packing how they are packed
 * @param crc the checksum of the unpacked bytes; 0 if there is none, which is also what PyTorch
 *     writes for all when checksums are switched off
 * @param skipBytes how many of the unpacked bytes stand in front of those that are wanted
 */
record Extent(
    Origin origin,
    long offset,
    long packedBytes,
    long sizeBytes,
    Packing packing,
    long crc,
    int skipBytes) {

  /** How bytes are packed. */
  enum Packing {
    /** As they are. */
    STORED,
    /** Compressed, without a header of zlib's. */
    DEFLATED
  }

  /** Bytes that are stored as they are, without a checksum. */
  static Extent stored(Origin origin, long offset, long sizeBytes) {
    return new Extent(origin, offset, sizeBytes, sizeBytes, Packing.STORED, 0, 0);
  }

  /** The same without its first bytes. */
  Extent skipping(int bytes) {
    return new Extent(origin, offset, packedBytes, sizeBytes, packing, crc, bytes);
  }

  /** The same under another name for refusals. */
  Extent named(Origin other) {
    return new Extent(other, offset, packedBytes, sizeBytes, packing, crc, skipBytes);
  }

  /** How many bytes are wanted. */
  long wantedBytes() {
    return sizeBytes - skipBytes;
  }
}
