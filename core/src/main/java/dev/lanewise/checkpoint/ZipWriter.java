package dev.lanewise.checkpoint;

import dev.lanewise.tensor.Tensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32;

/**
 * Writes a zip file of stored (not compressed) entries whose payloads begin at multiples of 64
 * bytes, so that a reader can map them. The gap is an extra field "FB" in the entry's header, as in
 * PyTorch's files. As there, checksum and sizes follow the payload, so that memory is read once and
 * nothing that was written is touched again, which measured faster than putting them into the
 * header afterwards.
 *
 * <p>Entries of 4 GiB and more, and files of more bytes or of 65,535 entries and more, get zip64
 * records.
 */
final class ZipWriter {
  static final int ALIGNMENT_BYTES = 64;

  private static final int VERSION = 20;
  private static final int ZIP64_VERSION = 45;

  /** Fixed, so that the same tensors give the same file: midnight of 1 January 2000. */
  private static final int DOS_DATE = (20 << 9) | (1 << 5) | 1;

  private final FileOutput out;
  private final List<Written> entries = new ArrayList<>();

  private record Written(byte[] name, long crc, long sizeBytes, long headerOffset) {
    boolean isLarge() {
      return sizeBytes >= ZipFormat.IN_ZIP64;
    }

    boolean isFar() {
      return headerOffset >= ZipFormat.IN_ZIP64;
    }
  }

  ZipWriter(FileOutput out) {
    this.out = out;
  }

  /** An entry of a few bytes; returns their checksum. */
  long add(String name, byte[] bytes) throws IOException {
    long headerOffset = beginEntry(name, bytes.length);
    var crc = new CRC32();
    crc.update(bytes);
    out.write(bytes);
    return endEntry(name, bytes.length, headerOffset, crc);
  }

  /** An entry of some bytes and a tensor's elements behind them; returns their checksum. */
  long add(String name, byte[] head, Tensor elements) throws IOException {
    long sizeBytes = head.length + elements.shape().elementCount() * elements.dtype().sizeBytes();
    long headerOffset = beginEntry(name, sizeBytes);
    var crc = new CRC32();
    crc.update(head);
    out.write(head);
    out.write(elements, crc);
    return endEntry(name, sizeBytes, headerOffset, crc);
  }

  private long beginEntry(String name, long sizeBytes) throws IOException {
    byte[] utf8 = name.getBytes(StandardCharsets.UTF_8);
    long headerOffset = out.position();
    boolean isLarge = sizeBytes >= ZipFormat.IN_ZIP64;
    int zip64Bytes = isLarge ? ZipFormat.EXTRA_HEADER_BYTES + 2 * Long.BYTES : 0;
    int headerBytes = ZipFormat.LOCAL_HEADER_BYTES + utf8.length + zip64Bytes;
    long payload = headerOffset + headerBytes + ZipFormat.EXTRA_HEADER_BYTES;
    int gap = (int) Math.floorMod(-payload, (long) ALIGNMENT_BYTES);
    ByteBuffer header = LittleEndian.allocate(headerBytes + ZipFormat.EXTRA_HEADER_BYTES + gap);
    header.putInt(ZipFormat.LOCAL_HEADER);
    putCommon(header, isLarge, 0, isLarge ? (int) ZipFormat.IN_ZIP64 : 0);
    header.putShort((short) utf8.length);
    header.putShort((short) (zip64Bytes + ZipFormat.EXTRA_HEADER_BYTES + gap));
    header.put(utf8);
    if (isLarge) {
      header.putShort((short) ZipFormat.ZIP64_EXTRA).putShort((short) (2 * Long.BYTES));
      header.putLong(0).putLong(0);
    }
    header.put((byte) 'F').put((byte) 'B').putShort((short) gap);
    while (header.hasRemaining()) {
      header.put((byte) 'Z');
    }
    out.write(header.flip());
    return headerOffset;
  }

  /** From the version that is needed to the unpacked size: the same in both kinds of header. */
  private static void putCommon(ByteBuffer header, boolean needsZip64, long crc, int fixedSize) {
    header.putShort((short) (needsZip64 ? ZIP64_VERSION : VERSION));
    header.putShort((short) (ZipFormat.FLAG_UTF8 | ZipFormat.FLAG_DESCRIPTOR));
    header.putShort((short) ZipFormat.STORED);
    header.putShort((short) 0).putShort((short) DOS_DATE);
    header.putInt((int) crc).putInt(fixedSize).putInt(fixedSize);
  }

  private long endEntry(String name, long sizeBytes, long headerOffset, CRC32 crc)
      throws IOException {
    ByteBuffer descriptor = LittleEndian.allocate(2 * Integer.BYTES + 2 * Long.BYTES);
    descriptor.putInt(ZipFormat.DESCRIPTOR).putInt((int) crc.getValue());
    if (sizeBytes >= ZipFormat.IN_ZIP64) {
      descriptor.putLong(sizeBytes).putLong(sizeBytes);
    } else {
      descriptor.putInt((int) sizeBytes).putInt((int) sizeBytes);
    }
    out.write(descriptor.flip());
    byte[] utf8 = name.getBytes(StandardCharsets.UTF_8);
    entries.add(new Written(utf8, crc.getValue(), sizeBytes, headerOffset));
    return crc.getValue();
  }

  /** Writes the directory. */
  void finish() throws IOException {
    long directoryOffset = out.position();
    for (Written entry : entries) {
      out.write(directoryHeader(entry));
    }
    long directoryBytes = out.position() - directoryOffset;
    long count = entries.size();
    if (count >= ZipFormat.IN_ZIP64_END
        || directoryOffset >= ZipFormat.IN_ZIP64
        || directoryBytes >= ZipFormat.IN_ZIP64) {
      out.write(zip64End(directoryOffset, directoryBytes, count));
    }
    ByteBuffer end = LittleEndian.allocate(ZipFormat.END_BYTES).putInt(ZipFormat.END).putInt(0);
    short fixedCount = (short) Math.min(count, ZipFormat.IN_ZIP64_END);
    end.putShort(fixedCount).putShort(fixedCount);
    end.putInt((int) Math.min(directoryBytes, ZipFormat.IN_ZIP64));
    end.putInt((int) Math.min(directoryOffset, ZipFormat.IN_ZIP64));
    out.write(end.putShort((short) 0).flip());
  }

  private static ByteBuffer directoryHeader(Written entry) {
    int values = (entry.isLarge() ? 2 : 0) + (entry.isFar() ? 1 : 0);
    int extraBytes = values == 0 ? 0 : ZipFormat.EXTRA_HEADER_BYTES + values * Long.BYTES;
    ByteBuffer header =
        LittleEndian.allocate(ZipFormat.DIRECTORY_HEADER_BYTES + entry.name.length + extraBytes);
    header.putInt(ZipFormat.DIRECTORY_HEADER);
    header.putShort((short) (values > 0 ? ZIP64_VERSION : VERSION));
    putCommon(header, values > 0, entry.crc, (int) Math.min(entry.sizeBytes, ZipFormat.IN_ZIP64));
    header.putShort((short) entry.name.length).putShort((short) extraBytes);
    // No comment, the first disk, no attributes.
    header.putShort((short) 0).putShort((short) 0).putShort((short) 0).putInt(0);
    header.putInt((int) Math.min(entry.headerOffset, ZipFormat.IN_ZIP64));
    header.put(entry.name);
    if (values > 0) {
      header.putShort((short) ZipFormat.ZIP64_EXTRA).putShort((short) (values * Long.BYTES));
    }
    if (entry.isLarge()) {
      header.putLong(entry.sizeBytes).putLong(entry.sizeBytes);
    }
    if (entry.isFar()) {
      header.putLong(entry.headerOffset);
    }
    return header.flip();
  }

  private static ByteBuffer zip64End(long directoryOffset, long directoryBytes, long count) {
    ByteBuffer end =
        LittleEndian.allocate(ZipFormat.ZIP64_END_BYTES + ZipFormat.ZIP64_LOCATOR_BYTES);
    // The size is that of what follows it.
    end.putInt(ZipFormat.ZIP64_END).putLong(ZipFormat.ZIP64_END_BYTES - 12L);
    end.putShort((short) ZIP64_VERSION).putShort((short) ZIP64_VERSION).putInt(0).putInt(0);
    end.putLong(count).putLong(count).putLong(directoryBytes).putLong(directoryOffset);
    end.putInt(ZipFormat.ZIP64_LOCATOR).putInt(0);
    end.putLong(directoryOffset + directoryBytes).putInt(1);
    return end.flip();
  }
}
