package dev.lanewise.checkpoint;

import dev.lanewise.tensor.Tensor;
import java.util.List;
import java.util.Map;

/** Writes a state dict for people: a line for each value, those inside a container indented. */
final class StateDictPrinter {
  private static final int LONGEST_TEXT = 80;

  private final StringBuilder text = new StringBuilder();

  private StateDictPrinter() {}

  static String print(Map<String, Value> values) {
    var printer = new StateDictPrinter();
    int tensors = 0;
    for (Value value : values.values()) {
      tensors += value instanceof Value.TensorValue ? 1 : 0;
    }
    int others = values.size() - tensors;
    printer.text.append("StateDict of ").append(count(tensors, "tensor"));
    if (others > 0) {
      printer.text.append(" and ").append(count(others, "other value"));
    }
    values.forEach((name, value) -> printer.line(1, name, value));
    return printer.text.toString();
  }

  /** A key as it is written in messages. */
  static String key(Value.Key key) {
    return key instanceof Value.Text(String name) ? name : Long.toString(((Value.Int) key).value());
  }

  /** Type and shape of a tensor. */
  static String describe(Tensor tensor) {
    return tensor.dtype() + " " + tensor.shape();
  }

  private void line(int depth, String name, Value value) {
    text.append('\n').repeat("  ", depth).append(name).append(' ');
    switch (value) {
      case Value.TensorValue(Tensor tensor) -> text.append(describe(tensor));
      case Value.Int(long number) -> text.append(number);
      case Value.Real(double number) -> text.append(number);
      case Value.Bool(boolean flag) -> text.append(flag ? "True" : "False");
      case Value.Text(String string) -> quoted(string);
      case Value.None _ -> text.append("None");
      case Value.Type(var dtype) -> text.append("torch.").append(dtype);
      case Value.Size(var shape) -> text.append("torch.Size ").append(shape);
      case Value.PyList(List<Value> items) -> items(depth, "list", items);
      case Value.Tuple(List<Value> items) -> items(depth, "tuple", items);
      case Value.Dict(var items) -> {
        text.append("dict of ").append(items.size());
        items.forEach((key, item) -> line(depth + 1, key(key), item));
      }
    }
  }

  private void items(int depth, String kind, List<Value> items) {
    text.append(kind).append(" of ").append(items.size());
    for (int i = 0; i < items.size(); i++) {
      line(depth + 1, "[" + i + "]", items.get(i));
    }
  }

  private void quoted(String string) {
    boolean whole = string.length() <= LONGEST_TEXT;
    text.append('"').append(whole ? string : string.substring(0, LONGEST_TEXT) + "...").append('"');
  }

  private static String count(int number, String noun) {
    return number + " " + noun + (number == 1 ? "" : "s");
  }
}
