package dev.lanewise.checkpoint;

import dev.lanewise.tensor.Tensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.zip.CRC32;

/**
 * Writes a new file from front to back. Small pieces go through a buffer, tensors from where they
 * are.
 */
final class FileOutput {
  /** What is smaller goes through the buffer. */
  private static final int SMALL_BYTES = 1 << 18;

  private final FileChannel channel;
  private final ByteBuffer buffer = ByteBuffer.allocateDirect(2 * SMALL_BYTES);
  private long flushed;

  FileOutput(FileChannel channel) {
    this.channel = channel;
  }

  /** How many bytes were written so far. */
  long position() {
    return flushed + buffer.position();
  }

  /** Writes bytes. */
  void write(byte[] bytes) throws IOException {
    write(ByteBuffer.wrap(bytes));
  }

  /** Writes what remains of a buffer. */
  void write(ByteBuffer bytes) throws IOException {
    boolean isSmall = bytes.remaining() < SMALL_BYTES;
    if (!isSmall || bytes.remaining() > buffer.remaining()) {
      flush();
    }
    if (isSmall) {
      buffer.put(bytes);
    } else {
      writeThrough(bytes);
    }
  }

  /** Writes a tensor's elements row by row. */
  void write(Tensor elements) throws IOException {
    ElementChunks.forEach(elements, chunk -> write(chunk.asByteBuffer()));
  }

  /** Writes a tensor's elements row by row, each piece right after the checksum has seen it. */
  void write(Tensor elements, CRC32 crc) throws IOException {
    ElementChunks.forEach(
        elements,
        chunk -> {
          ByteBuffer bytes = chunk.asByteBuffer();
          crc.update(bytes);
          write(bytes.flip());
        });
  }

  /** Hands everything to the file. */
  void flush() throws IOException {
    writeThrough(buffer.flip());
    buffer.clear();
  }

  private void writeThrough(ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      flushed += channel.write(bytes);
    }
  }
}
