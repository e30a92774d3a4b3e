package dev.lanewise.checkpoint;

import dev.lanewise.tensor.DType;
import java.util.Arrays;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What PyTorch calls our element types where one is a value: {@code torch.float32}, and so on. */
final class TorchDType {
  private TorchDType() {}

  /** The type of a name; null if there is none here. */
  static @Nullable DType dtype(String module, String name) {
    for (DType dtype : DType.values()) {
      if (module.equals(TorchNames.TORCH) && name.equals(dtype.toString())) {
        return dtype;
      }
    }
    return null;
  }

  /** Whether the name is that of an element type, of those that are not supported too. */
  static boolean isDType(String module, String name) {
    return module.equals(TorchNames.TORCH)
        && name.matches("(b?float|complex|q?u?int|bits)[0-9]\\w*");
  }

  /** The types that can be read, for messages. */
  static String supported() {
    return Arrays.stream(DType.values()).map(DType::toString).collect(Collectors.joining(", "));
  }
}
