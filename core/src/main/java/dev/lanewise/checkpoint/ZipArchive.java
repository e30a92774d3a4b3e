package dev.lanewise.checkpoint;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import java.util.Set;

/**
 * The entries of a zip file, each checked: its name is a plain path that occurs once, its bytes lie
 * within the file and in no other entry, and it can unpack to what it is said to.
 */
final class ZipArchive {
  /** Deflate cannot do better: 258 bytes in 2 bits, plus what the smallest stream takes. */
  private static final long MAX_DEFLATE_RATIO = 1032;

  private final FileBytes file;
  private final ExtentReader reader;
  private final SequencedMap<String, Extent> entries = new LinkedHashMap<>();

  /** From an entry's local header to the end of its bytes. */
  private record Span(long start, long end, Origin origin) implements Comparable<Span> {
    @Override
    public int compareTo(Span other) {
      return Long.compare(start, other.start);
    }
  }

  private ZipArchive(FileBytes file) {
    this.file = file;
    this.reader = new ExtentReader(file);
  }

  static ZipArchive of(FileBytes file) throws CheckpointException {
    var archive = new ZipArchive(file);
    archive.index();
    return archive;
  }

  /** Refusals about the file as a whole. */
  Origin origin() {
    return file.origin();
  }

  /** The names of all entries, in the order of the directory. */
  Set<String> names() {
    return Collections.unmodifiableSet(entries.keySet());
  }

  /** All entries, in the order of the directory. */
  Collection<Extent> extents() {
    return Collections.unmodifiableCollection(entries.values());
  }

  /** Whether there is such an entry. */
  boolean contains(String name) {
    return entries.containsKey(name);
  }

  /** An entry that must be there. */
  Extent extent(String name) throws CheckpointException {
    Extent extent = entries.get(name);
    if (extent == null) {
      throw origin().refuse("has no entry \"" + name + "\", so it is not whole");
    }
    return extent;
  }

  /** Unpacks entries. */
  ExtentReader reader() {
    return reader;
  }

  private void index() throws CheckpointException {
    var directory = new ZipDirectory(file);
    ZipDirectory.Place place = directory.find();
    List<Span> spans = new ArrayList<>();
    for (ZipDirectory.Entry entry : directory.read(place)) {
      requireSound(entry);
      Extent extent = extent(entry, place.offset());
      spans.add(
          new Span(entry.headerOffset(), extent.offset() + extent.packedBytes(), extent.origin()));
      // A folder is no entry.
      if (entry.name().endsWith("/") && entry.sizeBytes() == 0) {
        continue;
      }
      if (entries.put(entry.name(), extent) != null) {
        throw extent.origin().refuse("occurs twice");
      }
    }
    Collections.sort(spans);
    long free = 0;
    for (Span span : spans) {
      if (span.start < free) {
        throw span.origin.refuse("overlaps another entry in the file");
      }
      free = span.end;
    }
  }

  private void requireSound(ZipDirectory.Entry entry) throws CheckpointException {
    String fault = EntryNames.fault(entry.name());
    if (fault != null) {
      throw at(entry).refuse(fault);
    }
    if ((entry.flags() & ZipFormat.FLAG_ENCRYPTED) != 0) {
      throw at(entry).refuse("is encrypted, which is not read");
    }
    long size = entry.sizeBytes();
    long packed = entry.packedBytes();
    boolean possible =
        switch (entry.method()) {
          case ZipFormat.STORED -> size == packed;
          case ZipFormat.DEFLATED -> size / MAX_DEFLATE_RATIO <= packed;
          default ->
              throw at(entry)
                  .refuse(
                      "is packed with method "
                          + entry.method()
                          + "; stored and deflated entries are read");
        };
    if (size < 0 || packed < 0 || packed > file.size() || !possible) {
      throw at(entry)
          .refuse(
              "is said to have "
                  + size
                  + " bytes, packed "
                  + packed
                  + ", in a file of "
                  + file.size());
    }
  }

  /**
   * Where the bytes are: behind the local header, whose name and extra fields have their own sizes.
   */
  private Extent extent(ZipDirectory.Entry entry, long limit) throws CheckpointException {
    long headerOffset = entry.headerOffset();
    if (headerOffset < 0 || headerOffset > limit - ZipFormat.LOCAL_HEADER_BYTES) {
      throw at(entry).refuse("is said to be at byte " + headerOffset + " of the file");
    }
    byte[] name = entry.name().getBytes(StandardCharsets.UTF_8);
    int wanted = ZipFormat.LOCAL_HEADER_BYTES + name.length;
    int count = (int) Math.min(wanted, limit - headerOffset);
    ByteBuffer header = LittleEndian.of(file.read(headerOffset, count));
    boolean matches =
        count == wanted
            && header.getInt(0) == ZipFormat.LOCAL_HEADER
            && LittleEndian.unsignedShort(header, 8) == entry.method()
            && LittleEndian.unsignedShort(header, 26) == name.length
            && header
                .slice(ZipFormat.LOCAL_HEADER_BYTES, name.length)
                .equals(ByteBuffer.wrap(name));
    if (!matches) {
      throw at(entry).refuse("is described otherwise at byte " + headerOffset + " of the file");
    }
    long offset = headerOffset + wanted + LittleEndian.unsignedShort(header, 28);
    if (entry.packedBytes() > limit - offset) {
      throw at(entry)
          .refuse(
              "is said to have "
                  + entry.packedBytes()
                  + " bytes from byte "
                  + offset
                  + " on, but the entries end at byte "
                  + limit);
    }
    return new Extent(
        at(entry),
        offset,
        entry.packedBytes(),
        entry.sizeBytes(),
        entry.method() == ZipFormat.STORED ? Extent.Packing.STORED : Extent.Packing.DEFLATED,
        entry.crc(),
        0);
  }

  private Origin at(ZipDirectory.Entry entry) {
    return origin().at(entry.name());
  }
}
