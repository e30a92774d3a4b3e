package dev.lanewise.checkpoint;

import java.io.BufferedOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.LocalDateTime;
import java.util.Arrays;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * Writes a zip file of stored (not compressed) entries whose payloads begin at multiples of 64
 * bytes, so that a reader can map them. The gap is an extra field "FB" in the entry's header, as in
 * PyTorch's files.
 *
 * <p>Entries of 4 GiB and more, and files of more, get the zip64 records of {@link
 * ZipOutputStream}.
 */
final class AlignedZipWriter implements AutoCloseable {
  static final int ALIGNMENT_BYTES = 64;

  private static final int LOCAL_HEADER_BYTES = 30;
  private static final int EXTRA_HEADER_BYTES = 4;

  /** What the JDK adds in front of our extra field when a size does not fit 32 bits. */
  private static final int ZIP64_EXTRA_BYTES = 20;

  private static final long ZIP64_FROM = 0xFFFF_FFFFL;

  /**
   * Fixed, so that the same tensors give the same file. Not 1980, the first year of zip's clock:
   * the JDK would take that for an unknown time and add an extra field of its own, behind which the
   * payload would not be aligned.
   */
  private static final LocalDateTime TIME = LocalDateTime.of(2000, 1, 1, 0, 0);

  private final PositionStream position;
  private final ZipOutputStream zip;
  private final String folder;

  /** Writes an entry's bytes. */
  interface Payload {
    void writeTo(OutputStream out) throws IOException;
  }

  AlignedZipWriter(OutputStream out, String folder) {
    this.position = new PositionStream(new BufferedOutputStream(out, 1 << 16));
    this.zip = new ZipOutputStream(position, StandardCharsets.UTF_8);
    this.folder = folder;
  }

  /** An entry whose bytes are at hand. */
  void add(String name, byte[] bytes) throws IOException {
    var crc = new CRC32();
    crc.update(bytes);
    add(name, bytes.length, crc.getValue(), out -> out.write(bytes));
  }

  /**
   * An entry whose size and checksum are known; a payload that does not have them makes the write
   * fail.
   */
  void add(String name, long sizeBytes, long crc, Payload payload) throws IOException {
    var entry = new ZipEntry(folder + "/" + name);
    entry.setMethod(ZipEntry.STORED);
    entry.setSize(sizeBytes);
    entry.setCompressedSize(sizeBytes);
    entry.setCrc(crc);
    entry.setTimeLocal(TIME);
    entry.setExtra(padding(entry));
    zip.putNextEntry(entry);
    payload.writeTo(zip);
    zip.closeEntry();
  }

  /**
   * Writes the directory and hands everything on; the stream underneath stays open, to be forced to
   * the disk.
   */
  @Override
  public void close() throws IOException {
    zip.close();
  }

  private byte[] padding(ZipEntry entry) {
    int nameBytes = entry.getName().getBytes(StandardCharsets.UTF_8).length;
    int zip64Bytes = entry.getSize() >= ZIP64_FROM ? ZIP64_EXTRA_BYTES : 0;
    long payload =
        position.written + LOCAL_HEADER_BYTES + nameBytes + zip64Bytes + EXTRA_HEADER_BYTES;
    int gap = Math.floorMod(-payload, ALIGNMENT_BYTES);
    byte[] extra = new byte[EXTRA_HEADER_BYTES + gap];
    Arrays.fill(extra, (byte) 'Z');
    extra[0] = 'F';
    extra[1] = 'B';
    extra[2] = (byte) gap;
    extra[3] = 0;
    return extra;
  }

  /** Counts the bytes, and is flushed instead of closed. */
  private static final class PositionStream extends FilterOutputStream {
    private long written;

    PositionStream(OutputStream out) {
      super(out);
    }

    @Override
    public void write(int b) throws IOException {
      out.write(b);
      written++;
    }

    @Override
    public void write(byte[] b, int off, int len) throws IOException {
      out.write(b, off, len);
      written += len;
    }

    @Override
    public void close() throws IOException {
      flush();
    }
  }
}
