package dev.lanewise.checkpoint;

/** The Python names that PyTorch's pickles use and that are written and read here. */
final class TorchNames {
  static final String COLLECTIONS = "collections";
  static final String ORDERED_DICT = "OrderedDict";
  static final String TORCH = "torch";
  static final String SIZE = "Size";
  static final String TORCH_STORAGE = "torch.storage";
  static final String UTILS = "torch._utils";

  /** Makes a tensor of a storage of its type. */
  static final String REBUILD_TENSOR_V2 = "_rebuild_tensor_v2";

  /** Makes a tensor of bytes and a type. */
  static final String REBUILD_TENSOR_V3 = "_rebuild_tensor_v3";

  static final String REBUILD_PARAMETER = "_rebuild_parameter";

  /** The first item of a persistent id. */
  static final String STORAGE = "storage";

  private TorchNames() {}
}
