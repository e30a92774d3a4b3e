package dev.lanewise.checkpoint;

import dev.lanewise.internal.check.Check;
import dev.lanewise.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Copies tensors into those of the same names, after everything was compared. */
final class StrictCopy {
  private final Map<String, Tensor> sources;
  private final Map<String, Tensor> targets;
  private final List<Pair> pairs = new ArrayList<>();
  private final List<String> mismatches = new ArrayList<>();

  private record Pair(Tensor source, Tensor target) {}

  private StrictCopy(Map<String, Tensor> sources, Map<String, Tensor> targets) {
    this.sources = sources;
    this.targets = targets;
  }

  static void copy(Map<String, Tensor> sources, Map<String, Tensor> targets) {
    var copy = new StrictCopy(sources, targets);
    copy.check();
    for (Pair pair : copy.pairs) {
      pair.target.copyFrom(pair.source);
    }
  }

  private void check() {
    compareNames();
    targets.forEach(this::compare);
    if (!mismatches.isEmpty()) {
      throw new IllegalArgumentException(
          "the state dict does not fit the model: " + String.join("; ", mismatches));
    }
    sources.forEach(Check::accessible);
    targets.forEach(Check::accessible);
  }

  private void compareNames() {
    List<String> missing =
        targets.keySet().stream().filter(name -> !sources.containsKey(name)).toList();
    List<String> unexpected =
        sources.keySet().stream().filter(name -> !targets.containsKey(name)).toList();
    if (!missing.isEmpty()) {
      mismatches.add("missing names " + missing);
    }
    if (!unexpected.isEmpty()) {
      mismatches.add("unexpected names " + unexpected);
    }
  }

  private void compare(String name, Tensor target) {
    Tensor source = sources.get(name);
    if (source == null) {
      return;
    }
    pairs.add(new Pair(source, target));
    if (source.dtype() != target.dtype() || !source.shape().equals(target.shape())) {
      mismatches.add(
          "\""
              + name
              + "\" must be "
              + target.dtype()
              + " "
              + target.shape()
              + " but is "
              + source.dtype()
              + " "
              + source.shape());
    }
    if (target.segment().isReadOnly()) {
      mismatches.add("the model's \"" + name + "\" is read-only");
    } else if (target.mayRepeatElements()) {
      mismatches.add(
          "the model's \"" + name + "\" repeats elements in memory and cannot be written");
    }
  }
}
