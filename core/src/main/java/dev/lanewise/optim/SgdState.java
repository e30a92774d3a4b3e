package dev.lanewise.optim;

import dev.lanewise.checkpoint.StateDict;
import dev.lanewise.checkpoint.Value;
import dev.lanewise.internal.check.Check;
import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Parameter;
import dev.lanewise.tensor.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/**
 * What {@code torch.optim.SGD.state_dict()} holds.
 *
 * @param settings the settings of the one group
 * @param momentum of each parameter that has one the momentum buffer, by the parameter's number
 */
record SgdState(Sgd.Settings settings, Map<Integer, Tensor> momentum) {
  private static final String STATE = "state";
  private static final String GROUPS = "param_groups";
  private static final String PARAMETERS = "params";
  private static final String MOMENTUM_BUFFER = "momentum_buffer";
  private static final String LEARNING_RATE = "lr";
  private static final String MOMENTUM = "momentum";
  private static final String DAMPENING = "dampening";
  private static final String WEIGHT_DECAY = "weight_decay";
  private static final String NESTEROV = "nesterov";
  private static final String MAXIMIZE = "maximize";

  /** The state dict of an optimizer. */
  static StateDict of(
      Sgd.Settings settings, int parameterCount, SequencedMap<Integer, Tensor> momentum) {
    SequencedMap<Value.Key, Value> state = new LinkedHashMap<>();
    momentum.forEach((number, buffer) -> {
      SequencedMap<String, Value> ofParameter = new LinkedHashMap<>();
      ofParameter.put(MOMENTUM_BUFFER, Value.of(buffer));
      state.put(new Value.Int(number), Value.Dict.of(ofParameter));
    });
    List<Value> numbers = new ArrayList<>();
    for (int i = 0; i < parameterCount; i++) {
      numbers.add(Value.of(i));
    }
    SequencedMap<String, Value> group = new LinkedHashMap<>();
    group.put(LEARNING_RATE, real(settings.learningRate()));
    group.put(MOMENTUM, real(settings.momentum()));
    group.put(DAMPENING, real(settings.dampening()));
    group.put(WEIGHT_DECAY, real(settings.weightDecay()));
    group.put(NESTEROV, Value.of(settings.momentumKind() == Sgd.MomentumKind.NESTEROV));
    group.put(MAXIMIZE, Value.of(settings.direction() == Sgd.Direction.MAXIMIZE));
    // How PyTorch is to run its step: its defaults.
    group.put("foreach", new Value.None());
    group.put("differentiable", Value.of(false));
    group.put("fused", new Value.None());
    group.put(PARAMETERS, new Value.PyList(numbers));
    return new StateDict()
        .put(STATE, new Value.Dict(state))
        .put(GROUPS, new Value.PyList(List.of(Value.Dict.of(group))));
  }

  /** The state in a state dict, checked against the parameters it is for. */
  static SgdState of(StateDict saved, List<Parameter> parameters) {
    if (!(saved.value(GROUPS) instanceof Value.PyList(var groups))
        || groups.size() != 1
        || !(groups.getFirst() instanceof Value.Dict group)) {
      throw new IllegalArgumentException(
          "\"" + GROUPS + "\" must be a list of one dict: Sgd has one group of parameters");
    }
    List<Value> numbers = numbers(group, parameters.size());
    if (!(saved.value(STATE) instanceof Value.Dict state)) {
      throw new IllegalArgumentException("\"" + STATE + "\" must be a dict");
    }
    Map<Integer, Tensor> momentum = new HashMap<>();
    for (Map.Entry<Value.Key, Value> each : state.items().entrySet()) {
      int index = numbers.indexOf(each.getKey());
      if (index < 0 || !(each.getValue() instanceof Value.Dict ofParameter)) {
        throw new IllegalArgumentException(
            "\""
                + STATE
                + "\" must have a dict for each parameter of the group that has any state");
      }
      if (ofParameter.contains(MOMENTUM_BUFFER)
          && !(ofParameter.get(MOMENTUM_BUFFER) instanceof Value.None)) {
        momentum.put(index, buffer(index, ofParameter.get(MOMENTUM_BUFFER), parameters.get(index)));
      }
    }
    return new SgdState(settings(group), momentum);
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

  private static Tensor buffer(int index, Value value, Parameter parameter) {
    String name = MOMENTUM_BUFFER + " of parameter " + index;
    if (!(value instanceof Value.TensorValue(Tensor buffer))) {
      throw new IllegalArgumentException(name + " must be a tensor, not " + value.kind());
    }
    Check.readable(name, buffer, DType.FLOAT32);
    Check.shape(name, buffer, parameter.value().shape());
    return buffer;
  }

  private static Sgd.Settings settings(Value.Dict group) {
    return new Sgd.Settings(
        number(group, LEARNING_RATE),
        number(group, MOMENTUM),
        number(group, DAMPENING),
        number(group, WEIGHT_DECAY),
        flag(group, NESTEROV) ? Sgd.MomentumKind.NESTEROV : Sgd.MomentumKind.PLAIN,
        // PyTorch before 1.11 could not maximize.
        group.contains(MAXIMIZE) && flag(group, MAXIMIZE)
            ? Sgd.Direction.MAXIMIZE
            : Sgd.Direction.MINIMIZE);
  }

  private static float number(Value.Dict group, String name) {
    return switch (group.get(name)) {
      case Value.Real(double number) -> (float) number;
      case Value.Int(long number) -> number;
      case Value other ->
          throw new IllegalArgumentException(name + " must be a number, not " + other.kind());
    };
  }

  private static boolean flag(Value.Dict group, String name) {
    if (group.get(name) instanceof Value.Bool(boolean flag)) {
      return flag;
    }
    throw new IllegalArgumentException(name + " must be a boolean, not " + group.get(name).kind());
  }

  /** The double that is written like the float: 0.1f as 0.1, and not as 0.10000000149. */
  private static Value real(float value) {
    return Value.of(Double.parseDouble(Float.toString(value)));
  }
}
