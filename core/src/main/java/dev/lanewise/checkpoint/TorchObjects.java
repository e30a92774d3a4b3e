package dev.lanewise.checkpoint;

import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What the names, calls and persistent ids in PyTorch's pickles mean: the allow-list. Everything
 * else is refused by name.
 */
final class TorchObjects {
  private final Origin origin;
  private final Map<String, PickleValue.Storage> storages = new HashMap<>();

  TorchObjects(Origin origin) {
    this.origin = origin;
  }

  /** The meaning of a global name. */
  PickleValue global(String module, String name) throws CheckpointException {
    TorchFunction function = TorchFunction.of(module, name);
    if (function != null) {
      return new PickleValue.Callable(function);
    }
    TorchStorage storage = TorchStorage.of(module, name);
    if (storage != null) {
      return new PickleValue.StorageClass(storage);
    }
    DType dtype = TorchDType.dtype(module, name);
    if (dtype != null) {
      return new PickleValue.Leaf(new Value.Type(dtype));
    }
    if (TorchStorage.isStorage(module, name)) {
      throw refuse(
          module,
          name,
          "holds elements of a type that is not supported; supported are "
              + TorchStorage.supported());
    }
    if (TorchDType.isDType(module, name)) {
      throw refuse(
          module,
          name,
          "is an element type that is not supported; supported are " + TorchDType.supported());
    }
    throw refuse(
        module,
        name,
        "is not among the names a checkpoint may use; only tensors, parameters, dicts, lists, tuples,"
            + " strings and numbers are read");
  }

  private CheckpointException refuse(String module, String name, String why) {
    return origin.refuse(module + "." + name + " " + why);
  }

  /** The value of a call. */
  PickleValue call(PickleValue function, PickleValue arguments) throws CheckpointException {
    if (!(function instanceof PickleValue.Callable callable)) {
      throw origin.refuse(function.describe() + " cannot be called");
    }
    if (!(arguments instanceof PickleValue.Tuple(var args))) {
      throw notATuple(arguments, "the arguments of " + callable.function());
    }
    return switch (callable.function()) {
      case ORDERED_DICT -> {
        requireCount(callable, args, 0, 0);
        yield new PickleValue.Dict(new LinkedHashMap<>());
      }
      case SIZE -> {
        requireCount(callable, args, 1, 1);
        yield new PickleValue.Leaf(new Value.Size(size(args.getFirst())));
      }
      case REBUILD_TENSOR_V2 -> {
        requireCount(callable, args, 6, 7);
        yield typedTensor(args);
      }
      case REBUILD_TENSOR_V3 -> {
        requireCount(callable, args, 7, 8);
        yield untypedTensor(args);
      }
      case REBUILD_PARAMETER -> {
        requireCount(callable, args, 3, 3);
        if (!(args.getFirst() instanceof PickleValue.SavedTensor tensor)) {
          throw origin.refuse(
              "the value of a parameter must be a tensor, not " + args.getFirst().describe());
        }
        yield tensor;
      }
    };
  }

  /**
   * The storage that a persistent id {@code ('storage', class, key, location, element count)}
   * means; the count is one of bytes, if the class is untyped.
   */
  PickleValue.Storage storage(PickleValue id) throws CheckpointException {
    if (id instanceof PickleValue.Tuple(var items)
        && items.size() == 5
        && items.get(0) instanceof PickleValue.Leaf(Value.Text(var what))
        && what.equals(TorchNames.STORAGE)
        && items.get(1) instanceof PickleValue.StorageClass(var kind)
        && items.get(2) instanceof PickleValue.Leaf(Value.Text(var key))
        && items.get(3) instanceof PickleValue.Leaf(Value.Text _)
        && items.get(4) instanceof PickleValue.Leaf(Value.Int(var count))) {
      return unique(new PickleValue.Storage(key, kind, count));
    }
    throw origin.refuse(
        "a persistent id must be ('storage', class, key, location, element count), but is another value");
  }

  /**
   * A module's state dict carries its {@code _metadata} as attributes: accepted on a dict, and not
   * kept.
   */
  void setState(PickleValue object, PickleValue state) throws CheckpointException {
    if (!(object instanceof PickleValue.Dict) || !(state instanceof PickleValue.Dict)) {
      throw origin.refuse(
          "attributes can be set on a dict only, from a dict, not on "
              + object.describe()
              + " from "
              + state.describe());
    }
  }

  private PickleValue.Storage unique(PickleValue.Storage storage) throws CheckpointException {
    PickleValue.Storage known = storages.putIfAbsent(storage.key(), storage);
    if (known != null && !known.isSame(storage)) {
      throw origin.refuse(
          "storage \""
              + storage.key()
              + "\" is described both as "
              + known.kind().contents(known.count())
              + " and as "
              + storage.kind().contents(storage.count()));
    }
    return storage;
  }

  private PickleValue typedTensor(List<PickleValue> args) throws CheckpointException {
    PickleValue.Storage storage = storageOf(args);
    DType dtype = storage.kind().dtype();
    if (dtype == null) {
      throw origin.refuse(
          TorchFunction.REBUILD_TENSOR_V2 + " takes a storage of a type, not a " + storage.kind());
    }
    return tensor(storage, dtype, args, 6);
  }

  private PickleValue untypedTensor(List<PickleValue> args) throws CheckpointException {
    PickleValue.Storage storage = storageOf(args);
    if (storage.kind() != TorchStorage.UNTYPED) {
      throw origin.refuse(
          TorchFunction.REBUILD_TENSOR_V3
              + " takes a "
              + TorchStorage.UNTYPED
              + ", not a "
              + storage.kind());
    }
    if (!(args.get(6) instanceof PickleValue.Leaf(Value.Type(var dtype)))) {
      throw origin.refuse("a tensor's type must be a dtype, not " + args.get(6).describe());
    }
    return tensor(storage, dtype, args, 7);
  }

  private PickleValue.Storage storageOf(List<PickleValue> args) throws CheckpointException {
    if (!(args.getFirst() instanceof PickleValue.Storage storage)) {
      throw origin.refuse(
          "a tensor must be made of a storage, not of " + args.getFirst().describe());
    }
    return storage;
  }

  /** The tensor of a call's arguments; the flags are the last of them, and may be left out. */
  private PickleValue tensor(
      PickleValue.Storage storage, DType dtype, List<PickleValue> args, int flagsAt)
      throws CheckpointException {
    if (!(args.get(1) instanceof PickleValue.Leaf(Value.Int(var offset)))) {
      throw notAnInteger(args.get(1), "a tensor's offset");
    }
    List<Long> sizes = integers(args.get(2), "a tensor's shape");
    List<Long> strides = integers(args.get(3), "a tensor's strides");
    if (sizes.size() != strides.size()) {
      throw origin.refuse(
          "a tensor has " + sizes.size() + " sizes but " + strides.size() + " strides");
    }
    // The sixth item, hooks, is of no use here. Flags say that the elements are to be negated or
    // conjugated.
    if (args.size() > flagsAt
        && !(args.get(flagsAt) instanceof PickleValue.Dict(var flags) && flags.isEmpty())) {
      throw origin.refuse(
          "a tensor has flags (negative or conjugate view), which are not supported");
    }
    return new PickleValue.SavedTensor(storage, dtype, offset, sizes, strides);
  }

  private void requireCount(
      PickleValue.Callable callable, List<PickleValue> args, int least, int most)
      throws CheckpointException {
    if (args.size() < least || args.size() > most) {
      throw origin.refuse(
          callable.function()
              + " takes "
              + (least == most ? "" + least : least + " to " + most)
              + " arguments here, not "
              + args.size());
    }
  }

  private Shape size(PickleValue value) throws CheckpointException {
    List<Long> sizes = integers(value, "the argument of torch.Size");
    try {
      return Shape.of(TorchValues.array(sizes));
    } catch (IllegalArgumentException e) {
      throw origin.refuse("a torch.Size is impossible: " + e.getMessage(), e);
    }
  }

  /** The sizes or strides of a tensor: a few integers. */
  private List<Long> integers(PickleValue value, String what) throws CheckpointException {
    if (value instanceof PickleValue.Leaf(Value.Size(Shape shape))) {
      return Arrays.stream(shape.toArray()).boxed().toList();
    }
    if (!(value instanceof PickleValue.Tuple(var items))) {
      throw notATuple(value, what);
    }
    Limits.requireRank(items.size(), origin);
    List<Long> integers = new ArrayList<>();
    for (PickleValue item : items) {
      if (!(item instanceof PickleValue.Leaf(Value.Int(var integer)))) {
        throw notAnInteger(item, "an item of " + what);
      }
      integers.add(integer);
    }
    return List.copyOf(integers);
  }

  private CheckpointException notAnInteger(PickleValue value, String what) {
    return origin.refuse(what + " must be an integer, not " + value.describe());
  }

  private CheckpointException notATuple(PickleValue value, String what) {
    return origin.refuse(what + " must be a tuple, not " + value.describe());
  }
}
