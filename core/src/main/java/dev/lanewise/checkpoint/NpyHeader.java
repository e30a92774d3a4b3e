package dev.lanewise.checkpoint;

import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What stands in front of the elements of an npy array: a magic string, a version, a length and a
 * Python dict of exactly descr, fortran_order and shape, padded to 64 bytes.
 *
 * @param dtype the elements' type
 * @param byteOrder how an element's bytes are ordered
 * @param elementOrder which index moves fastest
 * @param shape the sizes
 * @param sizeBytes how long the header is, the magic string included
 */
record NpyHeader(
    DType dtype, ByteOrder byteOrder, ElementOrder elementOrder, Shape shape, int sizeBytes) {
  /** As many bytes of a file as a header can have; NumPy stops at 10,000 characters. */
  static final int MAX_BYTES = 1 << 16;

  private static final byte[] MAGIC = "\u0093NUMPY".getBytes(StandardCharsets.ISO_8859_1);
  private static final int VERSION_AT = 6;
  private static final int LENGTH_AT = 8;
  private static final int ALIGNMENT_BYTES = 64;

  /** Which index moves fastest from one element in the file to the next. */
  enum ElementOrder {
    /** The last. */
    C,
    /** The first. */
    FORTRAN
  }

  /** The header of a file. */
  static NpyHeader of(FileBytes file) throws CheckpointException {
    return of(file.read(0, (int) Math.min(file.size(), MAX_BYTES)), file.origin());
  }

  /** The header at the start of some bytes, of which there are {@link #MAX_BYTES} or all. */
  static NpyHeader of(byte[] start, Origin origin) throws CheckpointException {
    if (start.length < LENGTH_AT + Integer.BYTES
        || !Arrays.equals(start, 0, VERSION_AT, MAGIC, 0, VERSION_AT)) {
      throw origin.refuse("is not an npy array");
    }
    int version = start[VERSION_AT];
    if (version < 1 || version > 3 || start[VERSION_AT + 1] != 0) {
      throw origin.refuse(
          "is of npy version "
              + version
              + "."
              + start[VERSION_AT + 1]
              + "; 1.0, 2.0 and 3.0 are read");
    }
    ByteBuffer bytes = LittleEndian.of(start);
    long length =
        version == 1
            ? LittleEndian.unsignedShort(bytes, LENGTH_AT)
            : LittleEndian.unsignedInt(bytes, LENGTH_AT);
    int from = LENGTH_AT + (version == 1 ? Short.BYTES : Integer.BYTES);
    if (length > start.length - from) {
      throw origin.refuse(
          "has a header that is said to have "
              + length
              + " bytes; there are "
              + (start.length - from)
              + (start.length == MAX_BYTES ? ", the most that are read" : " left"));
    }
    byte[] text = Arrays.copyOfRange(start, from, from + (int) length);
    return new Parser(new PythonLiteral(text, origin.at(header(origin))), origin)
        .parse(from + (int) length);
  }

  private static String header(Origin origin) {
    return origin.entry() == null ? "header" : origin.entry() + ": header";
  }

  /** How many bytes the elements take. */
  long elementBytes(Origin origin) throws CheckpointException {
    try {
      return Math.multiplyExact(shape.elementCount(), dtype.sizeBytes());
    } catch (ArithmeticException e) {
      throw origin.refuse("has more bytes than can be counted", e);
    }
  }

  /** Refuses an array of that many bytes, the header's included, that has not all elements. */
  void requireElements(long arrayBytes, Origin origin) throws CheckpointException {
    long bytes = arrayBytes - sizeBytes;
    if (bytes != elementBytes(origin)) {
      throw origin.refuse(
          "has "
              + bytes
              + " bytes behind its header, but "
              + dtype
              + " "
              + shape
              + " takes "
              + elementBytes(origin));
    }
  }

  /** The tensor of an extent that has exactly the elements. */
  Tensor tensor(Extent elements, ElementLoader loader) throws CheckpointException {
    if (elementOrder == ElementOrder.C) {
      return loader.tensor(elements, dtype, shape, byteOrder);
    }
    Shape inFile = Shape.of(reversed(shape.toArray()));
    return reversed(loader.tensor(elements, dtype, inFile, byteOrder));
  }

  /** What to write in front of a tensor's elements. */
  static byte[] bytes(Tensor tensor) {
    return bytes(tensor.dtype(), tensor.shape(), order(tensor));
  }

  /** What to write in front of elements in C order. */
  static byte[] bytes(DType dtype, Shape shape) {
    return bytes(dtype, shape, ElementOrder.C);
  }

  private static byte[] bytes(DType dtype, Shape shape, ElementOrder order) {
    String dict =
        "{'descr': '"
            + NpyType.descr(dtype)
            + "', 'fortran_order': "
            + (order == ElementOrder.FORTRAN ? "True" : "False")
            + ", 'shape': ("
            + Arrays.stream(shape.toArray())
                .mapToObj(Long::toString)
                .collect(Collectors.joining(", "))
            + (shape.rank() == 1 ? ",)" : ")")
            + ", }";
    // Version 1 holds 65,535 bytes, which 64 sizes do not exceed.
    int used = LENGTH_AT + Short.BYTES + dict.length() + 1;
    int length = dict.length() + 1 + Math.floorMod(-used, ALIGNMENT_BYTES);
    var out = new ByteArrayOutputStream();
    out.writeBytes(MAGIC);
    out.write(1);
    out.write(0);
    out.write(length);
    out.write(length >> 8);
    out.writeBytes(dict.getBytes(StandardCharsets.US_ASCII));
    out.writeBytes(" ".repeat(length - dict.length() - 1).getBytes(StandardCharsets.US_ASCII));
    out.write('\n');
    return out.toByteArray();
  }

  /** A tensor's elements in the order in which {@link #bytes} says they are written. */
  static Tensor inFileOrder(Tensor tensor) {
    return order(tensor) == ElementOrder.FORTRAN ? reversed(tensor) : tensor;
  }

  private static ElementOrder order(Tensor tensor) {
    return !tensor.isContiguous() && reversed(tensor).isContiguous()
        ? ElementOrder.FORTRAN
        : ElementOrder.C;
  }

  private static Tensor reversed(Tensor tensor) {
    int[] order = new int[tensor.rank()];
    Arrays.setAll(order, dim -> order.length - 1 - dim);
    return tensor.permute(order);
  }

  private static long[] reversed(long[] sizes) {
    long[] reversed = new long[sizes.length];
    Arrays.setAll(reversed, dim -> sizes[sizes.length - 1 - dim]);
    return reversed;
  }

  /** Reads the dict. */
  private static final class Parser {
    private final PythonLiteral literal;
    private final Origin origin;
    private @Nullable String descr;
    private @Nullable Boolean fortran;
    private long @Nullable [] sizes;

    Parser(PythonLiteral literal, Origin origin) {
      this.literal = literal;
      this.origin = origin;
    }

    NpyHeader parse(int sizeBytes) throws CheckpointException {
      literal.expect('{');
      while (!literal.accept('}')) {
        String key = literal.string();
        literal.expect(':');
        boolean repeated =
            switch (key) {
              case "descr" -> {
                boolean known = descr != null;
                descr = literal.string();
                yield known;
              }
              case "fortran_order" -> {
                boolean known = fortran != null;
                fortran = literal.bool();
                yield known;
              }
              case "shape" -> {
                boolean known = sizes != null;
                sizes = literal.tuple();
                yield known;
              }
              default ->
                  throw origin.refuse(
                      "has \""
                          + key
                          + "\" in its header; there are descr, fortran_order and shape");
            };
        if (repeated) {
          throw origin.refuse("has \"" + key + "\" twice in its header");
        }
        if (!literal.accept(',')) {
          literal.expect('}');
          break;
        }
      }
      literal.expectEnd();
      if (descr == null || fortran == null || sizes == null) {
        throw origin.refuse("must have descr, fortran_order and shape in its header");
      }
      return header(descr, fortran ? ElementOrder.FORTRAN : ElementOrder.C, sizes, sizeBytes);
    }

    private NpyHeader header(String type, ElementOrder order, long[] dims, int sizeBytes)
        throws CheckpointException {
      DType dtype = NpyType.dtype(type);
      if (dtype == null) {
        throw origin.refuse(
            "has elements of type \""
                + type
                + "\", which is not supported; supported are "
                + NpyType.supported());
      }
      try {
        Shape shape = Shape.of(dims);
        return new NpyHeader(dtype, NpyType.byteOrder(type), order, shape, sizeBytes);
      } catch (IllegalArgumentException e) {
        throw origin.refuse("has an impossible shape: " + e.getMessage(), e);
      }
    }
  }
}
