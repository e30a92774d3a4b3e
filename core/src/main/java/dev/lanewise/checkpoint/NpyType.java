package dev.lanewise.checkpoint;

import dev.lanewise.tensor.DType;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What NumPy calls our element types: a byte order, {@code <}, {@code >} or for single bytes {@code
 * |}, then a kind and a size. NumPy has no bfloat16.
 */
final class NpyType {
  private static final String LITTLE = "<";
  private static final String BIG = ">";
  private static final String SINGLE_BYTES = "|";

  private NpyType() {}

  /** The name of a type in the machine's byte order. */
  static String descr(DType dtype) {
    String name = name(dtype);
    if (name == null) {
      throw new IllegalArgumentException(
          "NumPy has no " + dtype + "; convert it first, for example to float32 with to(...)");
    }
    if (dtype.sizeBytes() == 1) {
      return SINGLE_BYTES + name;
    }
    return (ByteOrder.nativeOrder() == ByteOrder.BIG_ENDIAN ? BIG : LITTLE) + name;
  }

  /** The type of a name; null if there is none here. */
  static @Nullable DType dtype(String descr) {
    for (DType dtype : DType.values()) {
      String name = name(dtype);
      boolean isSingle = dtype.sizeBytes() == 1;
      if (name != null
          && descr.endsWith(name)
          && descr.length() == name.length() + 1
          && ((isSingle && descr.startsWith(SINGLE_BYTES))
              || descr.startsWith(LITTLE)
              || descr.startsWith(BIG))) {
        return dtype;
      }
    }
    return null;
  }

  /** The byte order in a name. */
  static ByteOrder byteOrder(String descr) {
    return descr.startsWith(BIG) ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN;
  }

  /** The names that can be read, for messages. */
  static String supported() {
    return Arrays.stream(DType.values())
        .filter(dtype -> name(dtype) != null)
        .map(dtype -> name(dtype) + " (" + dtype + ")")
        .collect(Collectors.joining(", "));
  }

  private static @Nullable String name(DType dtype) {
    return switch (dtype) {
      case FLOAT32 -> "f4";
      case FLOAT64 -> "f8";
      case FLOAT16 -> "f2";
      case INT8 -> "i1";
      case UINT8 -> "u1";
      case INT16 -> "i2";
      case INT32 -> "i4";
      case INT64 -> "i8";
      case UINT16 -> "u2";
      case UINT32 -> "u4";
      case UINT64 -> "u8";
      case BOOL -> "b1";
      case BFLOAT16 -> null;
    };
  }
}
