package dev.lanewise.checkpoint;

import dev.lanewise.tensor.DType;
import java.util.Arrays;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What safetensors calls our element types. */
final class SafetensorsType {
  private SafetensorsType() {}

  static String name(DType dtype) {
    return switch (dtype) {
      case FLOAT32 -> "F32";
      case FLOAT64 -> "F64";
      case BFLOAT16 -> "BF16";
      case FLOAT16 -> "F16";
      case INT8 -> "I8";
      case UINT8 -> "U8";
      case INT16 -> "I16";
      case INT32 -> "I32";
      case INT64 -> "I64";
      case UINT16 -> "U16";
      case UINT32 -> "U32";
      case UINT64 -> "U64";
      case BOOL -> "BOOL";
    };
  }

  /** The type of a name; null if there is none here. */
  static @Nullable DType dtype(String name) {
    for (DType dtype : DType.values()) {
      if (name(dtype).equals(name)) {
        return dtype;
      }
    }
    return null;
  }

  /** The names that can be read, for messages. */
  static String supported() {
    return Arrays.stream(DType.values())
        .map(SafetensorsType::name)
        .collect(Collectors.joining(", "));
  }
}
