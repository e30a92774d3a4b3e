package dev.lanewise.checkpoint;

/** The Python names that PyTorch's pickles use and that are written and read here. */
final class TorchNames {
  static final String COLLECTIONS = "collections";
  static final String ORDERED_DICT = "OrderedDict";
  static final String TORCH = "torch";
  static final String SIZE = "Size";
  static final String UTILS = "torch._utils";
  static final String REBUILD_TENSOR = "_rebuild_tensor_v2";
  static final String REBUILD_PARAMETER = "_rebuild_parameter";

  /** The first item of a persistent id. */
  static final String STORAGE = "storage";

  private TorchNames() {}
}
