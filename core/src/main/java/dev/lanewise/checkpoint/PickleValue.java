package dev.lanewise.checkpoint;

import dev.lanewise.tensor.DType;
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
      case Plain plain -> "None".equals(plain.kind()) ? "None" : "a " + plain.kind();
      case Text _ -> "a string";
      case Int _ -> "an integer";
      case Bool _ -> "a boolean";
      case Tuple _ -> "a tuple";
      case PyList _ -> "a list";
      case Dict _ -> "a dict";
      case Callable callable -> callable.function().toString();
      case StorageClass storage -> "torch." + TorchStorage.className(storage.dtype());
      case Storage _ -> "a storage";
      case SavedTensor _ -> "a tensor";
    };
  }

  /**
   * A value that is accepted and not looked at: None, a float, a dtype.
   *
   * @param kind its type
   */
  record Plain(String kind) implements PickleValue {}

  /**
   * A string.
   *
   * @param value its text
   */
  record Text(String value) implements PickleValue {}

  /**
   * An integer.
   *
   * @param value the number
   */
  record Int(long value) implements PickleValue {}

  /**
   * A truth value.
   *
   * @param value the value
   */
  record Bool(boolean value) implements PickleValue {}

  /**
   * A tuple or {@code torch.Size}.
   *
   * @param items its items; cannot be changed
   */
  record Tuple(List<PickleValue> items) implements PickleValue {}

  /**
   * A list.
   *
   * @param items its items; instructions append to it
   */
  record PyList(List<PickleValue> items) implements PickleValue {}

  /**
   * A dict or {@code OrderedDict}.
   *
   * @param items its items in order; instructions put into it. Keys are strings and integers only
   */
  record Dict(Map<PickleValue, PickleValue> items) implements PickleValue {}

  /**
   * A function that is allowed.
   *
   * @param function which one
   */
  record Callable(TorchFunction function) implements PickleValue {}

  /**
   * The type of a storage.
   *
   * @param dtype its elements' type
   */
  record StorageClass(DType dtype) implements PickleValue {}

  /**
   * A storage of the file.
   *
   * @param key its entry's name under {@code data/}
   * @param dtype its elements' type
   * @param elementCount how many elements the pickle says it has
   */
  record Storage(String key, DType dtype, long elementCount) implements PickleValue {}

  /**
   * A tensor as the pickle describes it; nothing is checked yet but the number of strides.
   *
   * @param storage where the elements are
   * @param offset the first element's place
   * @param sizes the shape
   * @param strides in elements, as many as sizes
   */
  record SavedTensor(Storage storage, long offset, List<Long> sizes, List<Long> strides)
      implements PickleValue {}
}
