package dev.lanewise.checkpoint;

import dev.lanewise.tensor.DType;
import java.util.Collection;
import java.util.List;
import java.util.Map;

/**
 * What a pickle's instructions can make. Values come from outside and may hold themselves: never
 * walk them without a bound.
 */
sealed interface PickleValue {

  /** What to call it in a message. */
  default String describe() {
    return switch (this) {
      case Leaf leaf -> leaf.value().kind();
      case Tuple _ -> "a tuple";
      case PyList _ -> "a list";
      case Dict _ -> "a dict";
      case Callable callable -> callable.function().toString();
      case StorageClass storage -> storage.kind().toString();
      case Storage _ -> "a storage";
      case SavedTensor _ -> "a tensor";
    };
  }

  /** A value that holds others. */
  sealed interface Container extends PickleValue {
    /** What it holds, in order; without the keys of a dict. */
    Collection<PickleValue> contents();
  }

  /**
   * A number, a string, a boolean, None, a {@code torch.Size} or a dtype.
   *
   * @param value what it is
   */
  record Leaf(Value value) implements PickleValue {}

  /**
   * A tuple.
   *
   * @param items its items; cannot be changed
   */
  record Tuple(List<PickleValue> items) implements Container {
    @Override
    public Collection<PickleValue> contents() {
      return items;
    }
  }

  /**
   * A list.
   *
   * @param items its items; instructions append to it
   */
  record PyList(List<PickleValue> items) implements Container {
    @Override
    public Collection<PickleValue> contents() {
      return items;
    }
  }

  /**
   * A dict or {@code OrderedDict}.
   *
   * @param items its items in order; instructions put into it
   */
  record Dict(Map<Value.Key, PickleValue> items) implements Container {
    @Override
    public Collection<PickleValue> contents() {
      return items.values();
    }
  }

  /**
   * A function that is allowed.
   *
   * @param function which one
   */
  record Callable(TorchFunction function) implements PickleValue {}

  /**
   * The type of a storage.
   *
   * @param kind which one
   */
  record StorageClass(TorchStorage kind) implements PickleValue {}

  /**
   * A storage of the file.
   *
   * @param key its entry's name under {@code data/}
   * @param kind of which class it is
   * @param count how many elements the pickle says it has; bytes, if it is untyped
   */
  record Storage(String key, TorchStorage kind, long count) implements PickleValue {
    /**
     * Whether another description of this key means the same storage. Written out, because a
     * record's own equals is linked when first called, which would take longer than the rest of
     * opening a file.
     */
    boolean isSame(Storage other) {
      boolean isSameKind = kind == other.kind || (kind.isBytes() && other.kind.isBytes());
      return isSameKind && count == other.count;
    }
  }

  /**
   * A tensor as the pickle describes it; nothing is checked yet but the number of strides.
   *
   * @param storage where the elements are
   * @param dtype their type
   * @param offset the first element's place, in elements
   * @param sizes the shape
   * @param strides in elements, as many as sizes
   */
  record SavedTensor(
      Storage storage, DType dtype, long offset, List<Long> sizes, List<Long> strides)
      implements PickleValue {}
}
