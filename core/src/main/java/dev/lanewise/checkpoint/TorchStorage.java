package dev.lanewise.checkpoint;

import dev.lanewise.tensor.DType;
import java.util.Arrays;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What PyTorch calls the storages of our element types: {@code torch.FloatStorage} holds float32,
 * and so on.
 */
final class TorchStorage {
  static final String MODULE = TorchNames.TORCH;
  private static final String SUFFIX = "Storage";

  private TorchStorage() {}

  /** The name of the class in module {@code torch}. */
  static String className(DType dtype) {
    return switch (dtype) {
      case FLOAT32 -> "FloatStorage";
      case FLOAT64 -> "DoubleStorage";
      case BFLOAT16 -> "BFloat16Storage";
      case FLOAT16 -> "HalfStorage";
      case INT8 -> "CharStorage";
      case UINT8 -> "ByteStorage";
      case INT16 -> "ShortStorage";
      case INT32 -> "IntStorage";
      case INT64 -> "LongStorage";
      case BOOL -> "BoolStorage";
    };
  }

  /** The element type of a storage class; null if there is none here. */
  static @Nullable DType dtype(String module, String name) {
    for (DType dtype : DType.values()) {
      if (module.equals(MODULE) && className(dtype).equals(name)) {
        return dtype;
      }
    }
    return null;
  }

  /** Whether the name is that of a storage class of any element type. */
  static boolean isStorage(String module, String name) {
    return module.equals(MODULE) && name.endsWith(SUFFIX);
  }

  /** The storage classes that can be read, for messages. */
  static String supported() {
    return Arrays.stream(DType.values())
        .map(dtype -> className(dtype) + " (" + dtype + ")")
        .collect(Collectors.joining(", "));
  }
}
