package dev.lanewise.checkpoint;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Enumeration;
import java.util.HashMap;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.jspecify.annotations.Nullable;

/**
 * The entries of a checkpoint's zip file, found through its central directory (PyTorch's local
 * headers carry no sizes). Names are those below the one top folder.
 */
final class ZipArchive implements AutoCloseable {
  private static final int BUFFER_BYTES = 1 << 16;

  /** Deflate cannot do better: 258 bytes in 2 bits, plus what the smallest stream takes. */
  private static final long MAX_DEFLATE_RATIO = 1032;

  private final Origin origin;
  private final ZipFile zip;
  private final Map<String, ZipEntry> entries = new HashMap<>();

  private ZipArchive(Origin origin, ZipFile zip) {
    this.origin = origin;
    this.zip = zip;
  }

  static ZipArchive open(Path file) throws CheckpointException {
    var origin = new Origin(file, null);
    FileKind.requireZip(origin);
    try {
      var archive = new ZipArchive(origin, new ZipFile(file.toFile(), StandardCharsets.UTF_8));
      try {
        archive.index();
        return archive;
      } catch (CheckpointException | RuntimeException e) {
        archive.close();
        throw e;
      }
    } catch (CheckpointException e) {
      throw e;
    } catch (IOException e) {
      throw origin.refuse(
          "its zip directory cannot be read, so it is truncated or damaged ("
              + e.getMessage()
              + ")",
          e);
    }
  }

  /** Refusals about one entry. */
  Origin at(String name) {
    return origin.at(name);
  }

  /** Whether there is such an entry. */
  boolean contains(String name) {
    return entries.containsKey(name);
  }

  /**
   * An entry's size when unpacked: the directory's word, but never more than its packed size can
   * become.
   */
  long sizeBytes(String name) throws CheckpointException {
    ZipEntry entry = entry(name);
    long size = entry.getSize();
    long packed = entry.getCompressedSize();
    boolean stored = entry.getMethod() == ZipEntry.STORED;
    boolean possible = stored ? size == packed : size / MAX_DEFLATE_RATIO <= packed;
    if (size < 0 || packed < 0 || packed > fileBytes() || !possible) {
      throw at(name)
          .refuse(
              "is said to have "
                  + size
                  + " bytes, packed "
                  + packed
                  + ", in a file of "
                  + fileBytes());
    }
    return size;
  }

  /** An entry's size in the file. */
  long packedBytes(String name) throws CheckpointException {
    return entry(name).getCompressedSize();
  }

  /** How large the file is. */
  long fileBytes() throws CheckpointException {
    try {
      return Files.size(origin.file());
    } catch (IOException e) {
      throw origin.refuse("cannot be read: " + e.getMessage(), e);
    }
  }

  /** All bytes of an entry that must be small. */
  byte[] readSmall(String name, int limitBytes) throws CheckpointException {
    long size = sizeBytes(name);
    if (size > limitBytes) {
      throw at(name).refuse("has " + size + " bytes; at most " + limitBytes + " are read");
    }
    byte[] bytes = new byte[(int) size];
    read(name, size, (buffer, count, at) -> System.arraycopy(buffer, 0, bytes, (int) at, count));
    return bytes;
  }

  /** Fills memory of exactly an entry's size. */
  void readInto(String name, MemorySegment memory) throws CheckpointException {
    read(
        name,
        memory.byteSize(),
        (buffer, count, at) ->
            MemorySegment.copy(buffer, 0, memory, ValueLayout.JAVA_BYTE, at, count));
  }

  @Override
  public void close() throws CheckpointException {
    try {
      zip.close();
    } catch (IOException e) {
      throw origin.refuse("cannot be closed: " + e.getMessage(), e);
    }
  }

  /** Takes the first count bytes of a buffer as those from a place on. */
  private interface Sink {
    void accept(byte[] buffer, int count, long at);
  }

  private void read(String name, long size, Sink sink) throws CheckpointException {
    ZipEntry entry = entry(name);
    var crc = new CRC32();
    byte[] buffer = new byte[Math.clamp(size, 1, BUFFER_BYTES)];
    try (InputStream in = zip.getInputStream(entry)) {
      long at = 0;
      for (int count = in.read(buffer); count > 0; count = in.read(buffer)) {
        if (count > size - at) {
          throw at(name).refuse("has more bytes than the " + size + " it is said to have");
        }
        crc.update(buffer, 0, count);
        sink.accept(buffer, count, at);
        at += count;
      }
      if (at < size) {
        throw at(name).refuse("ends after " + at + " of its " + size + " bytes");
      }
    } catch (CheckpointException e) {
      throw e;
    } catch (IOException e) {
      throw at(name).refuse("cannot be read: " + e.getMessage(), e);
    }
    // PyTorch writes 0 for all checksums when they are switched off.
    if (entry.getCrc() != 0 && entry.getCrc() != crc.getValue()) {
      throw at(name).refuse("is damaged: its checksum is not the one in the zip directory");
    }
  }

  private ZipEntry entry(String name) throws CheckpointException {
    ZipEntry entry = entries.get(name);
    if (entry == null) {
      throw origin.refuse(
          "has no entry \"" + name + "\", so it is not a whole checkpoint of torch.save");
    }
    return entry;
  }

  private void index() throws CheckpointException {
    String folder = folder();
    Enumeration<? extends ZipEntry> all = zip.entries();
    while (all.hasMoreElements()) {
      ZipEntry entry = all.nextElement();
      if (entry.getName().startsWith(folder)) {
        String name = entry.getName().substring(folder.length());
        if (entries.put(name, entry) != null) {
          throw at(name).refuse("occurs twice");
        }
      }
    }
  }

  /** The folder of the one pickle, with its slash. */
  private String folder() throws CheckpointException {
    @Nullable String folder = null;
    Enumeration<? extends ZipEntry> all = zip.entries();
    while (all.hasMoreElements()) {
      String name = all.nextElement().getName();
      if (name.indexOf('/') == name.length() - EntryNames.PICKLE.length() - 1
          && name.endsWith("/" + EntryNames.PICKLE)) {
        if (folder != null) {
          throw origin.refuse("has more than one " + EntryNames.PICKLE);
        }
        folder = name.substring(0, name.length() - EntryNames.PICKLE.length());
      }
    }
    if (folder == null) {
      throw origin.refuse(
          "is a zip file without a folder that has a "
              + EntryNames.PICKLE
              + ", so it was not written by torch.save");
    }
    return folder;
  }
}
