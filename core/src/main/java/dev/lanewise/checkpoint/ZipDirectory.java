package dev.lanewise.checkpoint;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads the directory at the end of a zip file. PyTorch's local headers carry neither sizes nor
 * checksums, so the directory's are the ones that count.
 */
final class ZipDirectory {
  /** Enough for some 800,000 storages. */
  private static final int MAX_DIRECTORY_BYTES = 1 << 26;

  private static final int MAX_COMMENT_BYTES = 0xFFFF;

  private final FileBytes file;
  private final Origin origin;

  /**
   * What the directory says of an entry.
   *
   * @param name its whole name
   * @param flags its general purpose flags
   * @param method how it is packed
   * @param crc the checksum of its unpacked bytes
   * @param packedBytes its size in the file
   * @param sizeBytes its size when unpacked
   * @param headerOffset where its local header is
   */
  record Entry(
      String name,
      int flags,
      int method,
      long crc,
      long packedBytes,
      long sizeBytes,
      long headerOffset) {}

  /**
   * Where the directory is.
   *
   * @param offset its first byte's place
   * @param sizeBytes its size
   * @param entryCount how many entries it has
   */
  record Place(long offset, long sizeBytes, long entryCount) {}

  ZipDirectory(FileBytes file) {
    this.file = file;
    this.origin = file.origin();
  }

  /** Finds the directory through the record at the file's end. */
  Place find() throws CheckpointException {
    int tailBytes = (int) Math.min(file.size(), ZipFormat.END_BYTES + MAX_COMMENT_BYTES);
    ByteBuffer tail = LittleEndian.of(file.read(file.size() - tailBytes, tailBytes));
    for (int at = tailBytes - ZipFormat.END_BYTES; at >= 0; at--) {
      int commentBytes = tailBytes - at - ZipFormat.END_BYTES;
      if (tail.getInt(at) == ZipFormat.END
          && LittleEndian.unsignedShort(tail, at + 20) == commentBytes) {
        return place(tail.slice(at, ZipFormat.END_BYTES), file.size() - tailBytes + at);
      }
    }
    throw damaged("it has no end record");
  }

  private Place place(ByteBuffer slice, long endOffset) throws CheckpointException {
    ByteBuffer end = slice.order(ByteOrder.LITTLE_ENDIAN);
    var place =
        new Place(
            LittleEndian.unsignedInt(end, 16),
            LittleEndian.unsignedInt(end, 12),
            LittleEndian.unsignedShort(end, 10));
    long directoryEnd = endOffset;
    boolean isFirst = end.getShort(4) == 0 && end.getShort(6) == 0;
    long locatorOffset = endOffset - ZipFormat.ZIP64_LOCATOR_BYTES;
    if (locatorOffset >= 0) {
      ByteBuffer locator = LittleEndian.of(file.read(locatorOffset, ZipFormat.ZIP64_LOCATOR_BYTES));
      if (locator.getInt(0) == ZipFormat.ZIP64_LOCATOR) {
        directoryEnd = locator.getLong(8);
        place = zip64Place(directoryEnd, locatorOffset);
      }
    }
    if (!isFirst
        || place.offset < 0
        || place.sizeBytes < 0
        || place.offset > directoryEnd
        || place.sizeBytes != directoryEnd - place.offset) {
      throw damaged(
          "its end record speaks of "
              + place.sizeBytes
              + " bytes at byte "
              + place.offset
              + ", but they should end at byte "
              + directoryEnd);
    }
    return place;
  }

  private Place zip64Place(long offset, long limit) throws CheckpointException {
    if (offset < 0 || offset > limit - ZipFormat.ZIP64_END_BYTES) {
      throw damaged("its zip64 record is said to be at byte " + offset);
    }
    ByteBuffer end = LittleEndian.of(file.read(offset, ZipFormat.ZIP64_END_BYTES));
    if (end.getInt(0) != ZipFormat.ZIP64_END) {
      throw damaged("there is no zip64 record at byte " + offset);
    }
    return new Place(end.getLong(48), end.getLong(40), end.getLong(32));
  }

  /** The entries, in the order of the directory. */
  List<Entry> read(Place place) throws CheckpointException {
    if (place.sizeBytes > MAX_DIRECTORY_BYTES) {
      throw origin.refuse(
          "its zip directory has "
              + place.sizeBytes
              + " bytes; at most "
              + MAX_DIRECTORY_BYTES
              + " are read");
    }
    ByteBuffer directory = LittleEndian.of(file.read(place.offset, (int) place.sizeBytes));
    List<Entry> entries = new ArrayList<>();
    while (directory.hasRemaining()) {
      entries.add(entry(directory));
    }
    if (entries.size() != place.entryCount) {
      throw damaged(
          "it is said to have " + place.entryCount + " entries, but has " + entries.size());
    }
    return entries;
  }

  private Entry entry(ByteBuffer directory) throws CheckpointException {
    int at = directory.position();
    if (directory.remaining() < ZipFormat.DIRECTORY_HEADER_BYTES
        || directory.getInt(at) != ZipFormat.DIRECTORY_HEADER) {
      throw damaged("there is no entry at its byte " + at);
    }
    int nameBytes = LittleEndian.unsignedShort(directory, at + 28);
    int extraBytes = LittleEndian.unsignedShort(directory, at + 30);
    int commentBytes = LittleEndian.unsignedShort(directory, at + 32);
    int length = ZipFormat.DIRECTORY_HEADER_BYTES + nameBytes + extraBytes + commentBytes;
    if (length > directory.remaining()) {
      throw damaged("it ends within the entry at its byte " + at);
    }
    int nameAt = at + ZipFormat.DIRECTORY_HEADER_BYTES;
    String name = name(directory, nameAt, nameBytes);
    ByteBuffer large = zip64(directory, nameAt + nameBytes, extraBytes);
    // In this order, and only those that do not fit their own field.
    long sizeBytes = large(LittleEndian.unsignedInt(directory, at + 24), large, name);
    long packedBytes = large(LittleEndian.unsignedInt(directory, at + 20), large, name);
    long headerOffset = large(LittleEndian.unsignedInt(directory, at + 42), large, name);
    directory.position(at + length);
    return new Entry(
        name,
        LittleEndian.unsignedShort(directory, at + 8),
        LittleEndian.unsignedShort(directory, at + 10),
        LittleEndian.unsignedInt(directory, at + 16),
        packedBytes,
        sizeBytes,
        headerOffset);
  }

  /** The content of the zip64 extra field; empty if there is none. */
  private static ByteBuffer zip64(ByteBuffer directory, int from, int extraBytes) {
    int end = from + extraBytes;
    int at = from;
    while (at + ZipFormat.EXTRA_HEADER_BYTES <= end) {
      int length = LittleEndian.unsignedShort(directory, at + 2);
      int content = at + ZipFormat.EXTRA_HEADER_BYTES;
      if (LittleEndian.unsignedShort(directory, at) == ZipFormat.ZIP64_EXTRA
          && content + length <= end) {
        return directory.slice(content, length).order(ByteOrder.LITTLE_ENDIAN);
      }
      at = content + length;
    }
    return ByteBuffer.allocate(0);
  }

  private long large(long value, ByteBuffer zip64, String name) throws CheckpointException {
    if (value != ZipFormat.IN_ZIP64) {
      return value;
    }
    if (zip64.remaining() < Long.BYTES) {
      throw origin.at(name).refuse("lacks its size or place in the zip directory");
    }
    return zip64.getLong();
  }

  private String name(ByteBuffer directory, int start, int count) throws CheckpointException {
    try {
      return Utf8.decode(directory, start, count);
    } catch (CharacterCodingException e) {
      throw origin.refuse("has an entry in its zip directory whose name is not UTF-8", e);
    }
  }

  private CheckpointException damaged(String reason) {
    return origin.refuse(
        "its zip directory cannot be read, so it is truncated or damaged (" + reason + ")");
  }
}
