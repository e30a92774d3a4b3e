package dev.lanewise.checkpoint;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.zip.CRC32;
import java.util.zip.Inflater;
import java.util.zip.InflaterInputStream;

/** Unpacks the bytes of extents, and compares them with their sizes and checksums. */
final class ExtentReader {
  private static final int BUFFER_BYTES = 1 << 18;

  private final FileBytes file;

  ExtentReader(FileBytes file) {
    this.file = file;
  }

  /** All bytes of an extent that must be small. */
  byte[] readSmall(Extent extent, int limitBytes) throws CheckpointException {
    if (extent.sizeBytes() > limitBytes) {
      throw extent
          .origin()
          .refuse("has " + extent.sizeBytes() + " bytes; at most " + limitBytes + " are read");
    }
    byte[] bytes = new byte[(int) extent.sizeBytes()];
    var crc = new CRC32();
    try (InputStream in = unpacked(extent)) {
      int count = in.readNBytes(bytes, 0, bytes.length);
      if (in.read() >= 0) {
        throw tooLong(extent);
      }
      requireSize(extent, count);
      crc.update(bytes);
    } catch (CheckpointException e) {
      throw e;
    } catch (IOException e) {
      throw unreadable(extent, e);
    }
    requireChecksum(extent, crc);
    return bytes;
  }

  /** The first bytes, at most a number of them. */
  byte[] head(Extent extent, int limitBytes) throws CheckpointException {
    try (InputStream in = unpacked(extent)) {
      return in.readNBytes((int) Math.min(limitBytes, extent.sizeBytes()));
    } catch (IOException e) {
      throw unreadable(extent, e);
    }
  }

  /** Fills memory with the bytes that are wanted. */
  void readInto(Extent extent, MemorySegment memory) throws CheckpointException {
    if (extent.packing() == Extent.Packing.STORED && extent.skipBytes() == 0) {
      readStored(extent, memory);
    } else {
      check(extent, memory, extent.skipBytes());
    }
  }

  /** Reads everything and keeps nothing. */
  void verify(Extent extent) throws CheckpointException {
    check(extent, MemorySegment.NULL, extent.sizeBytes());
  }

  /** Without a detour through the heap. */
  private void readStored(Extent extent, MemorySegment memory) throws CheckpointException {
    var crc = new CRC32();
    for (long at = 0; at < memory.byteSize(); at += BUFFER_BYTES) {
      long count = Math.min(BUFFER_BYTES, memory.byteSize() - at);
      ByteBuffer piece = memory.asSlice(at, count).asByteBuffer();
      file.readInto(piece, extent.offset() + at);
      crc.update(piece.flip());
    }
    requireChecksum(extent, crc);
  }

  /** Reads everything; the bytes from a place on go into memory. */
  private void check(Extent extent, MemorySegment memory, long from) throws CheckpointException {
    long size = extent.sizeBytes();
    var crc = new CRC32();
    byte[] buffer = new byte[Math.clamp(size + 1, 1, BUFFER_BYTES)];
    try (InputStream in = unpacked(extent)) {
      long at = 0;
      for (int count = in.read(buffer); count > 0; count = in.read(buffer)) {
        if (count > size - at) {
          throw tooLong(extent);
        }
        crc.update(buffer, 0, count);
        int skip = Math.clamp(from - at, 0, count);
        MemorySegment.copy(
            buffer, skip, memory, ValueLayout.JAVA_BYTE, Math.max(at - from, 0), count - skip);
        at += count;
      }
      requireSize(extent, at);
    } catch (CheckpointException e) {
      throw e;
    } catch (IOException e) {
      throw unreadable(extent, e);
    }
    requireChecksum(extent, crc);
  }

  private InputStream unpacked(Extent extent) {
    InputStream packed = file.stream(extent.offset(), extent.packedBytes());
    if (extent.packing() == Extent.Packing.STORED) {
      return packed;
    }
    var inflater = new Inflater(true);
    return new InflaterInputStream(packed, inflater, 1 << 16) {
      @Override
      public void close() throws IOException {
        // Not the stream's own work, because the inflater was given to it.
        inflater.end();
        super.close();
      }
    };
  }

  private static CheckpointException tooLong(Extent extent) {
    return extent
        .origin()
        .refuse("has more bytes than the " + extent.sizeBytes() + " it is said to have");
  }

  private static void requireSize(Extent extent, long count) throws CheckpointException {
    if (count < extent.sizeBytes()) {
      throw extent
          .origin()
          .refuse("ends after " + count + " of its " + extent.sizeBytes() + " bytes");
    }
  }

  private static void requireChecksum(Extent extent, CRC32 crc) throws CheckpointException {
    if (extent.crc() != 0 && extent.crc() != crc.getValue()) {
      throw extent.origin().refuse("is damaged: its checksum is not the one in the zip directory");
    }
  }

  private static CheckpointException unreadable(Extent extent, IOException e) {
    return extent.origin().refuse("cannot be read: " + e.getMessage(), e);
  }
}
