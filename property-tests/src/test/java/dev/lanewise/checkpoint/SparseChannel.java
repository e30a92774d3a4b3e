package dev.lanewise.checkpoint;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Writes a new file from front to back, and leaves a hole where a piece is all zeros: a file of
 * many GiB that takes no room. It can do nothing else.
 */
final class SparseChannel extends FileChannel {
  private static final MemorySegment ZEROS = MemorySegment.ofArray(new byte[1 << 20]);

  private final FileChannel file;

  SparseChannel(Path path) throws IOException {
    file =
        FileChannel.open(
            path,
            StandardOpenOption.CREATE_NEW,
            StandardOpenOption.SPARSE,
            StandardOpenOption.WRITE);
  }

  @Override
  public int write(ByteBuffer bytes) throws IOException {
    int count = bytes.remaining();
    MemorySegment piece = MemorySegment.ofBuffer(bytes);
    boolean isHole = count <= ZEROS.byteSize() && piece.mismatch(ZEROS.asSlice(0, count)) < 0;
    if (!isHole) {
      return file.write(bytes);
    }
    file.position(file.position() + count);
    bytes.position(bytes.limit());
    return count;
  }

  @Override
  protected void implCloseChannel() throws IOException {
    file.close();
  }

  @Override
  public long position() throws IOException {
    return file.position();
  }

  // -------------------------------------------------------------------------------- not used

  private static UnsupportedOperationException unused() {
    return new UnsupportedOperationException("only writes from front to back");
  }

  @Override
  public int read(ByteBuffer bytes) {
    throw unused();
  }

  @Override
  public long read(ByteBuffer[] buffers, int offset, int length) {
    throw unused();
  }

  @Override
  public int read(ByteBuffer bytes, long position) {
    throw unused();
  }

  @Override
  public long write(ByteBuffer[] buffers, int offset, int length) {
    throw unused();
  }

  @Override
  public int write(ByteBuffer bytes, long position) {
    throw unused();
  }

  @Override
  public FileChannel position(long position) {
    throw unused();
  }

  @Override
  public long size() {
    throw unused();
  }

  @Override
  public FileChannel truncate(long size) {
    throw unused();
  }

  @Override
  public void force(boolean metaData) {
    throw unused();
  }

  @Override
  public long transferTo(long position, long count, WritableByteChannel target) {
    throw unused();
  }

  @Override
  public long transferFrom(ReadableByteChannel source, long position, long count) {
    throw unused();
  }

  @Override
  public MappedByteBuffer map(MapMode mode, long position, long size) {
    throw unused();
  }

  @Override
  public FileLock lock(long position, long size, boolean shared) {
    throw unused();
  }

  @Override
  public FileLock tryLock(long position, long size, boolean shared) {
    throw unused();
  }
}
