package dev.lanewise.checkpoint;

import dev.lanewise.tensor.DType;
import java.util.Arrays;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The classes of PyTorch's storages. {@code torch.FloatStorage} holds float32, and so on; {@code
 * torch.storage.UntypedStorage} holds bytes, of which each tensor says by itself what type they
 * are. Tensors of a type that has a class are saved in that, all others in bytes.
 */
enum TorchStorage {
  FLOAT("FloatStorage", DType.FLOAT32),
  DOUBLE("DoubleStorage", DType.FLOAT64),
  BFLOAT16("BFloat16Storage", DType.BFLOAT16),
  HALF("HalfStorage", DType.FLOAT16),
  CHAR("CharStorage", DType.INT8),
  BYTE("ByteStorage", DType.UINT8),
  SHORT("ShortStorage", DType.INT16),
  INT("IntStorage", DType.INT32),
  LONG("LongStorage", DType.INT64),
  BOOL("BoolStorage", DType.BOOL),
  UNTYPED(TorchNames.TORCH_STORAGE, "UntypedStorage", null);

  private static final String SUFFIX = "Storage";

  private final String module;
  private final String className;
  private final @Nullable DType dtype;

  TorchStorage(String className, DType dtype) {
    this(TorchNames.TORCH, className, dtype);
  }

  TorchStorage(String module, String className, @Nullable DType dtype) {
    this.module = module;
    this.className = className;
    this.dtype = dtype;
  }

  /** The class in which tensors of a type are saved. */
  static TorchStorage of(DType dtype) {
    for (TorchStorage each : values()) {
      if (each.dtype == dtype) {
        return each;
      }
    }
    return UNTYPED;
  }

  /** The class of a name; null if there is none here. */
  static @Nullable TorchStorage of(String module, String className) {
    for (TorchStorage each : values()) {
      if (each.module.equals(module) && each.className.equals(className)) {
        return each;
      }
    }
    return null;
  }

  /** Whether the name is that of a storage class of any element type. */
  static boolean isStorage(String module, String className) {
    return module.equals(TorchNames.TORCH) && className.endsWith(SUFFIX);
  }

  /** The storage classes that can be read, for messages. */
  static String supported() {
    return Arrays.stream(values())
        .map(each -> each.className + " (" + (each.dtype == null ? "bytes" : each.dtype) + ")")
        .collect(Collectors.joining(", "));
  }

  /** The module that has the class. */
  String module() {
    return module;
  }

  /** The class's name in its module. */
  String className() {
    return className;
  }

  /** The type of all elements; null if each tensor says that by itself. */
  @Nullable DType dtype() {
    return dtype;
  }

  /** The size of what is counted in such a storage: of an element, or of a byte. */
  int unitBytes() {
    return dtype == null ? 1 : dtype.sizeBytes();
  }

  /**
   * Whether it is the untyped class, or that of uint8, which PyTorch takes for the same: it saves
   * tensors of uint8 and of untyped storages as sharing one.
   */
  boolean isBytes() {
    return this == BYTE || this == UNTYPED;
  }

  /** What such a storage holds, for messages. */
  String contents(long count) {
    return dtype == null ? count + " bytes" : count + " elements of " + dtype;
  }

  @Override
  public String toString() {
    return module + "." + className;
  }
}
