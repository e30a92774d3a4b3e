package dev.lanewise.checkpoint;

import dev.lanewise.internal.check.Check;
import dev.lanewise.tensor.Operand;
import dev.lanewise.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;

/**
 * Files of one NumPy array, as {@code numpy.save} writes them and {@code numpy.load} reads them.
 * Several arrays with names are a {@link StateDict}, saved as {@link Format#NPZ}.
 *
 * <p>Versions 1 to 3 of the format are read, in both byte orders and both element orders: an array
 * in Fortran order becomes a tensor with its strides. All types but bfloat16, which NumPy does not
 * have. The header may have up to 64 KiB, and the file must hold exactly the elements it speaks of.
 * Pickled objects and structured types are refused; there are no checksums.
 *
 * <p>See <a
 * href="https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html">numpy.lib.format</a>.
 */
public final class Npy {
  private Npy() {}

  /**
   * Reads an array into memory of an arena, aligned to 64 bytes.
   *
   * @param path the file
   * @param arena whose memory the tensor is
   * @return the tensor
   * @throws CheckpointException if the file is missing, damaged, of another format or of a type
   *     that is not supported
   */
  public static Tensor load(Path path, Arena arena) throws CheckpointException {
    return read(path, arena, Access.COPY);
  }

  /**
   * Opens an array without reading its elements: the tensor is a read-only view of the file, as
   * with {@link StateDict#map}, or a copy if its numbers have the other byte order. {@link
   * MappedTable} opens one to be written.
   *
   * @param path the file; must not be changed while it is mapped
   * @param arena which closes the mapping
   * @return the tensor, which cannot be written
   * @throws CheckpointException if the file is missing, damaged, of another format or of a type
   *     that is not supported
   */
  public static Tensor map(Path path, Arena arena) throws CheckpointException {
    return read(path, arena, Access.MAP);
  }

  private static Tensor read(Path path, Arena arena, Access access) throws CheckpointException {
    try (FileBytes file = FileBytes.open(path)) {
      NpyHeader header = NpyHeader.of(file);
      Extent extent = Extent.stored(file.origin(), 0, file.size());
      var loader = new ElementLoader(file, arena, access);
      Tensor tensor = reserve(header, extent, loader);
      loader.fill();
      return tensor;
    }
  }

  /** The tensor of an array whose header stands at the start of an extent. */
  static Tensor reserve(NpyHeader header, Extent extent, ElementLoader loader)
      throws CheckpointException {
    header.requireElements(extent.sizeBytes(), extent.origin());
    return header.tensor(extent.skipping(header.sizeBytes()), loader);
  }

  /**
   * Writes an array, as {@link StateDict#save} writes files: in one step, streaming. A tensor that
   * is contiguous with its dimensions reversed is written in Fortran order, any other in C order.
   *
   * @param path the file to create or replace, in a folder that exists
   * @param operand the tensor or parameter
   * @throws IOException if the file cannot be written
   * @throws IllegalStateException if the tensor's memory is closed
   * @throws WrongThreadException if the tensor belongs to a confined arena of another thread
   * @throws IllegalArgumentException if the tensor is bfloat16
   */
  public static void save(Path path, Operand operand) throws IOException {
    Tensor tensor = operand.value();
    Check.accessible("tensor", tensor);
    byte[] header = NpyHeader.bytes(tensor);
    AtomicFile.write(
        path,
        out -> {
          out.write(header);
          out.write(NpyHeader.inFileOrder(tensor));
        });
  }
}
