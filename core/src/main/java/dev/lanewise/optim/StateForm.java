package dev.lanewise.optim;

import dev.lanewise.checkpoint.Value;
import dev.lanewise.internal.check.Check;
import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Parameter;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/**
 * What an optimizer remembers of each parameter, and how it is written into a state dict.
 *
 * @param slots the tensors
 * @param steps how the number of steps is written
 * @param presence from when on it is written
 */
record StateForm(List<Slot> slots, Steps steps, Presence presence) {
  private static final String STEP = "step";

  /** Beyond it a double does not hold every integer. */
  private static final double MOST_STEPS = 1L << 53;

  /**
   * A tensor that is remembered.
   *
   * @param name its name in a state dict
   * @param extent its shape
   * @param start what it holds before the first step
   */
  record Slot(String name, Extent extent, float start) {}

  /** What a slot has a number for. */
  enum Extent {
    ELEMENT,
    /** For each position of dimension 0. */
    ROW;

    Shape of(ParameterState state) {
      return this == ELEMENT ? state.value().shape() : Shape.of(state.rows());
    }
  }

  /** How the number of steps is written. */
  enum Steps {
    NOT,
    /** As a float32 scalar. */
    TENSOR,
    INTEGER
  }

  /** From when on a parameter's state is written. */
  enum Presence {
    ALWAYS,
    AFTER_FIRST_STEP
  }

  /** Memory that lives as long as the optimizer, whichever arena the parameter is from. */
  ParameterState fresh(Parameter parameter) {
    ParameterState state = new ParameterState(parameter, slots.size());
    for (int i = 0; i < slots.size(); i++) {
      Slot slot = slots.get(i);
      Tensor buffer = Tensor.allocate(Arena.ofAuto(), DType.FLOAT32, slot.extent.of(state));
      if (slot.start != 0) {
        buffer.fill(slot.start);
      }
      state.setBuffer(i, buffer);
    }
    return state;
  }

  boolean isWritten(ParameterState state) {
    return presence == Presence.ALWAYS || (state.steps() > 0 && !slots.isEmpty());
  }

  Value.Dict write(ParameterState state) {
    SequencedMap<String, Value> items = new LinkedHashMap<>();
    switch (steps) {
      case NOT -> {}
      case TENSOR -> items.put(STEP, Value.of(Tensor.full(Arena.ofAuto(), (float) state.steps())));
      case INTEGER -> items.put(STEP, Value.of(state.steps()));
    }
    for (int i = 0; i < slots.size(); i++) {
      items.put(slots.get(i).name, Value.of(state.buffer(i)));
    }
    return Value.Dict.of(items);
  }

  /** The saved state of a parameter, checked and copied; a fresh one where nothing was saved. */
  ParameterState read(int index, Parameter parameter, Value.Dict saved) {
    ParameterState state = fresh(parameter);
    long found = slots.stream().filter(slot -> has(saved, slot.name)).count();
    if (found == 0) {
      return state;
    }
    for (int i = 0; i < slots.size(); i++) {
      String name = slots.get(i).name + " of parameter " + index;
      if (!has(saved, slots.get(i).name)) {
        throw new IllegalArgumentException(name + " is missing");
      }
      if (!(saved.get(slots.get(i).name) instanceof Value.TensorValue(Tensor buffer))) {
        throw new IllegalArgumentException(
            name + " must be a tensor, not " + saved.get(slots.get(i).name).kind());
      }
      Check.readable(name, buffer, DType.FLOAT32);
      Check.shape(name, buffer, state.buffer(i).shape());
      state.buffer(i).copyFrom(buffer);
    }
    state.setSteps(steps == Steps.NOT ? 1 : steps(index, saved));
    return state;
  }

  private static boolean has(Value.Dict saved, String name) {
    return saved.contains(name) && !(saved.get(name) instanceof Value.None);
  }

  private static long steps(int index, Value.Dict saved) {
    String name = STEP + " of parameter " + index;
    if (!has(saved, STEP)) {
      throw new IllegalArgumentException(name + " is missing");
    }
    double number =
        switch (saved.get(STEP)) {
          case Value.Int(long steps) -> (double) steps;
          case Value.Real(double steps) -> steps;
          case Value.TensorValue(Tensor steps) when steps.shape().elementCount() == 1 -> {
            Check.accessible(name, steps);
            yield steps.item();
          }
          case Value other ->
              throw new IllegalArgumentException(name + " must be a number, not " + other.kind());
        };
    if (!(number >= 0 && number < MOST_STEPS) || number != Math.rint(number)) {
      throw new IllegalArgumentException(name + " must be a count of steps, got " + number);
    }
    return (long) number;
  }
}
