package dev.lanewise.checkpoint;

import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Operand;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/**
 * What a {@link StateDict} can hold under a name: a tensor, or one of the plain Python values that
 * stand beside tensors in a checkpoint (an epoch, an optimizer's settings, another dict).
 *
 * <pre>{@code
 * switch (state.value("epoch")) {
 *   case Value.Int(long epoch) -> resume(epoch);
 *   case Value other -> throw new IllegalArgumentException("epoch is " + other.kind());
 * }
 * }</pre>
 *
 * <p>Values are immutable and thread-safe; only the elements of a tensor can change. They compare
 * by content, a tensor by identity. Containers hold what they are given, in order, and nest at most
 * {@value #MAX_DEPTH} deep in a state dict.
 */
public sealed interface Value {
  /** How deep containers can nest: a dict of numbers in a state dict has depth 1. */
  int MAX_DEPTH = 100;

  /**
   * What kind of value this is, for messages.
   *
   * @return for example {@code a tensor} or {@code an integer}
   */
  default String kind() {
    return switch (this) {
      case TensorValue _ -> "a tensor";
      case Int _ -> "an integer";
      case Real _ -> "a float";
      case Bool _ -> "a boolean";
      case Text _ -> "a string";
      case None _ -> "None";
      case Type _ -> "a dtype";
      case Size _ -> "a torch.Size";
      case PyList _ -> "a list";
      case Tuple _ -> "a tuple";
      case Dict _ -> "a dict";
    };
  }

  /** What can be a key of a {@link Dict}. */
  sealed interface Key extends Value {}

  /**
   * A tensor; a parameter of PyTorch's is read as its value.
   *
   * @param tensor the tensor itself, not a copy
   */
  record TensorValue(Tensor tensor) implements Value {}

  /**
   * A Python int that fits in 64 bits.
   *
   * @param value the number
   */
  // Comparable, so that a hash table stays fast when all hashes are equal; see Text.
  record Int(long value) implements Key, Comparable<Int> {
    @Override
    public int compareTo(Int other) {
      return Long.compare(value, other.value);
    }

    // Written out, as in Text, because a record's own are linked when first called, which would
    // take longer than the rest of opening a file.
    @Override
    public boolean equals(Object other) {
      return other instanceof Int that && value == that.value;
    }

    @Override
    public int hashCode() {
      return Long.hashCode(value);
    }
  }

  /**
   * A Python float.
   *
   * @param value the number
   */
  record Real(double value) implements Value {}

  /**
   * A truth value.
   *
   * @param value the value
   */
  record Bool(boolean value) implements Value {}

  /**
   * A string.
   *
   * @param text any Unicode text
   */
  // Comparable: a hostile file can hold many strings of one hash, and a HashMap of comparable keys
  // then costs a logarithm instead of a walk.
  record Text(String text) implements Key, Comparable<Text> {
    /**
     * Checks the text.
     *
     * @throws IllegalArgumentException if it has an unpaired surrogate
     */
    public Text {
      if (!Utf8.canEncode(text)) {
        throw new IllegalArgumentException(
            "\"" + text + "\" has an unpaired surrogate, which no file can hold");
      }
    }

    @Override
    public int compareTo(Text other) {
      return text.compareTo(other.text);
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof Text that && text.equals(that.text);
    }

    @Override
    public int hashCode() {
      return text.hashCode();
    }
  }

  /** Python's None. */
  record None() implements Value {}

  /**
   * An element type as a value, such as {@code torch.float32}.
   *
   * @param dtype the type
   */
  record Type(DType dtype) implements Value {}

  /**
   * A {@code torch.Size}.
   *
   * @param shape the sizes
   */
  record Size(Shape shape) implements Value {}

  /**
   * A Python list.
   *
   * @param items its items; copied
   */
  record PyList(List<Value> items) implements Value {
    /** Copies the items. */
    public PyList {
      items = List.copyOf(items);
    }
  }

  /**
   * A Python tuple.
   *
   * @param items its items; copied
   */
  record Tuple(List<Value> items) implements Value {
    /** Copies the items. */
    public Tuple {
      items = List.copyOf(items);
    }
  }

  /**
   * A Python dict, or an {@code OrderedDict}, which is written back as a dict. Keys are strings or
   * integers, as an optimizer's state has them.
   *
   * @param items its items in order; copied
   */
  record Dict(SequencedMap<Key, Value> items) implements Value {
    /** Copies the items. */
    public Dict {
      items = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(items));
    }

    /**
     * A dict whose keys are all strings.
     *
     * @param items its items in order; copied
     * @return the dict
     * @throws IllegalArgumentException if a name has an unpaired surrogate
     */
    public static Dict of(SequencedMap<String, Value> items) {
      SequencedMap<Key, Value> keyed = new LinkedHashMap<>();
      for (Map.Entry<String, Value> each : items.entrySet()) {
        keyed.put(new Text(each.getKey()), each.getValue());
      }
      return new Dict(keyed);
    }

    /**
     * The value of a string key.
     *
     * @param name a key that is there
     * @return the value
     * @throws IllegalArgumentException if there is no such key; the message lists those there are
     */
    public Value get(String name) {
      return get(new Text(name));
    }

    /**
     * The value of a key.
     *
     * @param key a key that is there
     * @return the value
     * @throws IllegalArgumentException if there is no such key; the message lists those there are
     */
    public Value get(Key key) {
      Value value = items.get(key);
      if (value == null) {
        throw new IllegalArgumentException(
            "the dict has no "
                + StateDictPrinter.key(key)
                + "; it has "
                + items.keySet().stream().map(StateDictPrinter::key).toList());
      }
      return value;
    }

    /**
     * Whether there is a string key.
     *
     * @param name any text
     * @return true if {@link #get(String)} would find it
     */
    public boolean contains(String name) {
      return items.containsKey(new Text(name));
    }
  }

  /**
   * A tensor, or a parameter's value.
   *
   * @param operand the tensor or parameter
   * @return the value
   */
  static Value of(Operand operand) {
    return new TensorValue(operand.value());
  }

  /**
   * An integer.
   *
   * @param value the number
   * @return the value
   */
  static Value of(long value) {
    return new Int(value);
  }

  /**
   * A float.
   *
   * @param value the number
   * @return the value
   */
  static Value of(double value) {
    return new Real(value);
  }

  /**
   * A truth value.
   *
   * @param value the value
   * @return the value
   */
  static Value of(boolean value) {
    return new Bool(value);
  }

  /**
   * A string.
   *
   * @param text any Unicode text
   * @return the value
   * @throws IllegalArgumentException if the text has an unpaired surrogate
   */
  static Value of(String text) {
    return new Text(text);
  }
}
