package dev.lanewise.optim;

import dev.lanewise.checkpoint.StateDict;
import dev.lanewise.checkpoint.Value;
import dev.lanewise.tensor.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/**
 * The structure of what {@code torch.optim}'s {@code state_dict()} gives: one group of parameters
 * with its settings, and a dict of state for each parameter that has any.
 *
 * @param group the settings
 * @param states the state of each parameter, by its place
 */
record SavedState(Value.Dict group, Map<Integer, Value.Dict> states) {
  private static final String STATE = "state";
  private static final String GROUPS = "param_groups";
  private static final String PARAMETERS = "params";

  /** The state dict of an optimizer. */
  static StateDict write(
      SequencedMap<String, Value> group,
      int parameterCount,
      SequencedMap<Integer, Value.Dict> states) {
    SequencedMap<Value.Key, Value> state = new LinkedHashMap<>();
    states.forEach((number, ofParameter) -> state.put(new Value.Int(number), ofParameter));
    List<Value> numbers = new ArrayList<>();
    for (int i = 0; i < parameterCount; i++) {
      numbers.add(Value.of(i));
    }
    SequencedMap<String, Value> whole = new LinkedHashMap<>(group);
    whole.put(PARAMETERS, new Value.PyList(numbers));
    return new StateDict()
        .put(STATE, new Value.Dict(state))
        .put(GROUPS, new Value.PyList(List.of(Value.Dict.of(whole))));
  }

  /** The structure of a state dict, checked. */
  static SavedState read(StateDict saved, String optimizer, int parameterCount) {
    if (!(saved.value(GROUPS) instanceof Value.PyList(var groups))
        || groups.size() != 1
        || !(groups.getFirst() instanceof Value.Dict group)) {
      throw new IllegalArgumentException(
          "\""
              + GROUPS
              + "\" must be a list of one dict: "
              + optimizer
              + " has one group of parameters");
    }
    List<Value> numbers = numbers(group, parameterCount);
    if (!(saved.value(STATE) instanceof Value.Dict state)) {
      throw new IllegalArgumentException("\"" + STATE + "\" must be a dict");
    }
    Map<Integer, Value.Dict> states = new LinkedHashMap<>();
    for (Map.Entry<Value.Key, Value> each : state.items().entrySet()) {
      int index = numbers.indexOf(each.getKey());
      if (index < 0 || !(each.getValue() instanceof Value.Dict ofParameter)) {
        throw new IllegalArgumentException(
            "\""
                + STATE
                + "\" must have a dict for each parameter of the group that has any state");
      }
      states.put(index, ofParameter);
    }
    return new SavedState(group, states);
  }

  private static List<Value> numbers(Value.Dict group, int parameterCount) {
    if (!(group.get(PARAMETERS) instanceof Value.PyList(var numbers))
        || numbers.size() != parameterCount) {
      throw new IllegalArgumentException(
          "the state is not one of "
              + parameterCount
              + " parameters, as this optimizer has: its group has "
              + (group.get(PARAMETERS) instanceof Value.PyList(var items)
                  ? Integer.toString(items.size())
                  : "no list of them"));
    }
    return numbers;
  }

  /** A number among the settings. */
  float number(String name) {
    return (float) number(name, group.get(name));
  }

  /** A pair of numbers among the settings, in full. */
  double[] pair(String name) {
    List<Value> items =
        switch (group.get(name)) {
          case Value.Tuple(var values) -> values;
          case Value.PyList(var values) -> values;
          case Value other ->
              throw new IllegalArgumentException(
                  name + " must be a pair of numbers, not " + other.kind());
        };
    if (items.size() != 2) {
      throw new IllegalArgumentException(
          name + " must be a pair of numbers, got " + items.size() + " items");
    }
    return new double[] {number(name, items.get(0)), number(name, items.get(1))};
  }

  private static double number(String name, Value value) {
    return switch (value) {
      case Value.Real(double number) -> number;
      case Value.Int(long number) -> (double) number;
      // PyTorch allows a learning rate to be a tensor.
      case Value.TensorValue(Tensor number) when number.shape().elementCount() == 1 ->
          number.item();
      case Value other ->
          throw new IllegalArgumentException(name + " must be a number, not " + other.kind());
    };
  }

  /** A truth value among the settings. */
  boolean flag(String name) {
    if (group.get(name) instanceof Value.Bool(boolean flag)) {
      return flag;
    }
    throw new IllegalArgumentException(name + " must be a boolean, not " + group.get(name).kind());
  }

  /** As {@link #flag(String)}, for a setting that older versions of PyTorch did not have. */
  boolean flag(String name, boolean otherwise) {
    return group.contains(name) ? flag(name) : otherwise;
  }

  /** The double that is written like the float: 0.1f as 0.1, and not as 0.10000000149. */
  static Value real(float value) {
    return Value.of(Double.parseDouble(Float.toString(value)));
  }
}
