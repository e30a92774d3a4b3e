package dev.lanewise.checkpoint;

import dev.lanewise.tensor.Tensor;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/** The tensors of a state dict for a format that holds nothing else. */
final class TensorsOnly {
  private TensorsOnly() {}

  /** All values but those of the exceptions, each of which must be a tensor. */
  static SequencedMap<String, Tensor> of(StateDict state, Format format, String... exceptions) {
    SequencedMap<String, Tensor> tensors = new LinkedHashMap<>();
    List<String> others = new ArrayList<>();
    state
        .asMap()
        .forEach((name, value) -> {
          if (value instanceof Value.TensorValue(Tensor tensor)) {
            tensors.put(name, tensor);
          } else if (!List.of(exceptions).contains(name)) {
            others.add("\"" + name + "\" is " + value.kind());
          }
        });
    if (!others.isEmpty()) {
      throw new IllegalArgumentException(
          format + " files hold tensors only: " + String.join("; ", others));
    }
    return tensors;
  }
}
