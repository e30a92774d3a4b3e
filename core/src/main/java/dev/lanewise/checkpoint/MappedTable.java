package dev.lanewise.checkpoint;

import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * A tensor that lives in an npy file and may be larger than RAM: the system reads a page when it is
 * first used, and writes a changed one back when it needs the room.
 *
 * <pre>{@code
 * try (Arena arena = Arena.ofShared()) {
 *   Tensor table = MappedTable.create(path, arena, DType.FLOAT32, Shape.of(100_000_000, 128));   // 48 GiB, sparse
 *   var embedding = Embedding.of(Parameter.trainable(arena, table)).withSparseGradient();
 *   ...                                               // lookup and training touch the batch's rows only
 *   table.segment().force();                          // on the disk when this returns
 * }
 * Tensor served = MappedTable.openReadOnly(path, arena, DType.FLOAT32);
 * }</pre>
 *
 * <p><b>The tensor is the file's elements</b>, never a copy of them, so what would have to be
 * copied is refused: another byte order than the machine's, Fortran order, another type than asked
 * for. {@link Npy#load} and {@link Npy#map} read those. NumPy maps the same file with {@code
 * numpy.load(path, mmap_mode="r+")}; processes that map it at once see each other's writes, with no
 * more order than threads that do not synchronise.
 *
 * <p><b>Memory.</b> The mapping belongs to the arena and ends with it; the file stays. Pages in use
 * are the system's cache of the file and are given up when RAM is short, so {@code
 * MemorySegment.force} is needed for a power failure only, not for a process that ends.
 *
 * <p><b>What the system finds out late.</b> A created file is sparse: it takes room on the disk
 * page by page, as it is written. If the disk is full then, or somebody cuts the file while it is
 * mapped, or the disk fails, the access ends in an {@link InternalError}. Nobody but {@code force}
 * reports that a changed page could not be written.
 *
 * <p>Opening and creating read and write the header only. Threads: as any {@link Tensor}.
 */
public final class MappedTable {
  private MappedTable() {}

  /**
   * Creates a file of zeros, which takes no room on the disk until it is written (where the file
   * system has sparse files), and maps it to be read and written. There is no file if this fails.
   *
   * @param path the file, which must not exist, in a folder that does
   * @param arena which closes the mapping
   * @param dtype the elements' type
   * @param shape the sizes
   * @return the tensor, whose elements are the file's
   * @throws FileAlreadyExistsException if there is such a file
   * @throws IOException if the file cannot be created, or not be as large
   * @throws IllegalArgumentException if the type is bfloat16, or the sizes make more than 2^63
   *     bytes
   * @throws IllegalStateException if the arena is closed
   */
  public static Tensor create(Path path, Arena arena, DType dtype, Shape shape) throws IOException {
    byte[] header = NpyHeader.bytes(dtype, shape);
    long sizeBytes;
    try {
      sizeBytes =
          Math.addExact(header.length, Math.multiplyExact(shape.elementCount(), dtype.sizeBytes()));
    } catch (ArithmeticException e) {
      throw new IllegalArgumentException(
          "shape: expected fewer than 2^63 bytes, got " + dtype + " " + shape, e);
    }
    FileChannel channel =
        FileChannel.open(
            path,
            StandardOpenOption.CREATE_NEW,
            StandardOpenOption.SPARSE,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE);
    boolean complete = false;
    try (channel) {
      // Mapping more than there is makes the file longer, by zeros.
      MemorySegment file = channel.map(FileChannel.MapMode.READ_WRITE, 0, sizeBytes, arena);
      write(channel, header);
      Tensor table = Tensor.wrap(file.asSlice(header.length), dtype, shape);
      complete = true;
      return table;
    } finally {
      if (!complete) {
        Files.deleteIfExists(path);
      }
    }
  }

  private static void write(FileChannel channel, byte[] header) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(header);
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  /**
   * Maps a file to be read and written: what is written into the tensor is written into the file.
   *
   * @param path an npy file of any origin
   * @param arena which closes the mapping
   * @param dtype the type that its elements must have
   * @return the tensor, whose elements are the file's
   * @throws CheckpointException if the file is missing, may not be written, is damaged or too short
   *     or too long, of another format or type, byte order or order of elements
   * @throws IllegalStateException if the arena is closed
   */
  public static Tensor open(Path path, Arena arena, DType dtype) throws CheckpointException {
    try (FileBytes file = FileBytes.openWritable(path)) {
      return map(file, arena, dtype);
    }
  }

  /**
   * Maps a file to be read. Several processes that do share its pages.
   *
   * @param path an npy file of any origin
   * @param arena which closes the mapping
   * @param dtype the type that its elements must have
   * @return the tensor, whose elements are the file's; it cannot be written
   * @throws CheckpointException if the file is missing, damaged or too short or too long, of
   *     another format or type, byte order or order of elements
   * @throws IllegalStateException if the arena is closed
   */
  public static Tensor openReadOnly(Path path, Arena arena, DType dtype)
      throws CheckpointException {
    try (FileBytes file = FileBytes.open(path)) {
      return map(file, arena, dtype);
    }
  }

  private static Tensor map(FileBytes file, Arena arena, DType dtype) throws CheckpointException {
    Origin origin = file.origin();
    NpyHeader header = NpyHeader.of(file);
    if (header.dtype() != dtype) {
      throw origin.refuse("expected elements of type " + dtype + ", got " + header.dtype());
    }
    if (dtype.sizeBytes() > 1 && header.byteOrder() != ByteOrder.nativeOrder()) {
      throw origin.refuse(
          "has "
              + header.byteOrder()
              + " elements, which this machine would have to copy; Npy.load does");
    }
    if (header.elementOrder() == NpyHeader.ElementOrder.FORTRAN && header.shape().rank() > 1) {
      throw origin.refuse(
          "is in Fortran order: a row's elements do not lie side by side. Save"
              + " numpy.ascontiguousarray(table), or read it with Npy.map");
    }
    header.requireElements(file.size(), origin);
    return Tensor.wrap(file.map(arena).asSlice(header.sizeBytes()), dtype, header.shape());
  }
}
