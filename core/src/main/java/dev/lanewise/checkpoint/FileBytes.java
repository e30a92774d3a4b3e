package dev.lanewise.checkpoint;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Objects;

/**
 * The bytes of an open file, by their places. Callers ask for places within {@link #size}; a file
 * that has become shorter meanwhile is refused.
 */
final class FileBytes implements AutoCloseable {
  private final Origin origin;
  private final FileChannel channel;
  private final FileChannel.MapMode mode;
  private final long size;

  private FileBytes(Origin origin, FileChannel channel, FileChannel.MapMode mode, long size) {
    this.origin = origin;
    this.channel = channel;
    this.mode = mode;
    this.size = size;
  }

  static FileBytes open(Path file) throws CheckpointException {
    return open(file, FileChannel.MapMode.READ_ONLY, StandardOpenOption.READ);
  }

  /** Opens a file whose mapping can be written. */
  static FileBytes openWritable(Path file) throws CheckpointException {
    return open(
        file, FileChannel.MapMode.READ_WRITE, StandardOpenOption.READ, StandardOpenOption.WRITE);
  }

  private static FileBytes open(Path file, FileChannel.MapMode mode, OpenOption... options)
      throws CheckpointException {
    var origin = new Origin(file, null);
    if (!Files.exists(file)) {
      throw origin.refuse("there is no such file");
    }
    if (!Files.isRegularFile(file)) {
      throw origin.refuse("is not a regular file");
    }
    try {
      FileChannel channel = FileChannel.open(file, options);
      return new FileBytes(origin, channel, mode, channel.size());
    } catch (AccessDeniedException e) {
      String use = mode.equals(FileChannel.MapMode.READ_ONLY) ? "read" : "read and written";
      throw origin.refuse("may not be " + use + " by this process", e);
    } catch (IOException e) {
      throw unreadable(origin, e);
    }
  }

  /** Refusals about the file as a whole. */
  Origin origin() {
    return origin;
  }

  /** How many bytes the file had when it was opened. */
  long size() {
    return size;
  }

  /** Some bytes. */
  byte[] read(long offset, int count) throws CheckpointException {
    byte[] bytes = new byte[count];
    readInto(ByteBuffer.wrap(bytes), offset);
    return bytes;
  }

  /** Fills what remains of a buffer. */
  void readInto(ByteBuffer buffer, long offset) throws CheckpointException {
    Objects.checkFromIndexSize(offset, (long) buffer.remaining(), size);
    try {
      long at = offset;
      while (buffer.hasRemaining()) {
        int count = channel.read(buffer, at);
        if (count < 0) {
          throw origin.refuse("was cut to " + at + " bytes while it was read");
        }
        at += count;
      }
    } catch (CheckpointException e) {
      throw e;
    } catch (IOException e) {
      throw unreadable(origin, e);
    }
  }

  /** Some bytes as a stream, which need not be closed. */
  InputStream stream(long offset, long count) {
    Objects.checkFromIndexSize(offset, count, size);
    return new InputStream() {
      private long at = offset;

      @Override
      public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : Byte.toUnsignedInt(one[0]);
      }

      @Override
      public int read(byte[] bytes, int from, int wanted) throws IOException {
        int length = (int) Math.min(wanted, offset + count - at);
        if (length == 0) {
          return wanted == 0 ? 0 : -1;
        }
        readInto(ByteBuffer.wrap(bytes, from, length), at);
        at += length;
        return length;
      }
    };
  }

  /** The whole file until the arena is closed; read-only unless the file was opened writable. */
  MemorySegment map(Arena arena) throws CheckpointException {
    try {
      return channel.map(mode, 0, size, arena);
    } catch (IOException e) {
      throw origin.refuse("cannot be mapped: " + e.getMessage(), e);
    }
  }

  @Override
  public void close() throws CheckpointException {
    try {
      channel.close();
    } catch (IOException e) {
      throw origin.refuse("cannot be closed: " + e.getMessage(), e);
    }
  }

  private static CheckpointException unreadable(Origin origin, IOException e) {
    return origin.refuse("cannot be read: " + e.getMessage(), e);
  }
}
