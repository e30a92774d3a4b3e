package dev.lanewise.checkpoint;

import org.jspecify.annotations.Nullable;

/**
 * The functions a checkpoint may name. They are descriptions here: nothing is looked up, loaded or
 * called.
 */
enum TorchFunction {
  ORDERED_DICT(TorchNames.COLLECTIONS, TorchNames.ORDERED_DICT),
  SIZE(TorchNames.TORCH, TorchNames.SIZE),
  REBUILD_TENSOR_V2(TorchNames.UTILS, TorchNames.REBUILD_TENSOR_V2),
  REBUILD_TENSOR_V3(TorchNames.UTILS, TorchNames.REBUILD_TENSOR_V3),
  REBUILD_PARAMETER(TorchNames.UTILS, TorchNames.REBUILD_PARAMETER);

  private final String module;
  private final String function;

  TorchFunction(String module, String function) {
    this.module = module;
    this.function = function;
  }

  /** The function of that name; null if it is not allowed. */
  static @Nullable TorchFunction of(String module, String function) {
    for (TorchFunction each : values()) {
      if (each.module.equals(module) && each.function.equals(function)) {
        return each;
      }
    }
    return null;
  }

  @Override
  public String toString() {
    return module + "." + function;
  }
}
