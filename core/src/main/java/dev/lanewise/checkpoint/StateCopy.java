package dev.lanewise.checkpoint;

import dev.lanewise.internal.check.Check;
import dev.lanewise.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Copies tensors into those of the same names, after everything was compared. */
final class StateCopy {
  private final StateDict sources;
  private final StateDict targets;
  private final Set<CopyOption> options;
  private final List<Pair> pairs = new ArrayList<>();
  private final List<String> mismatches = new ArrayList<>();

  private record Pair(String name, Tensor source, Tensor target) {}

  private StateCopy(StateDict sources, StateDict targets, Set<CopyOption> options) {
    this.sources = sources;
    this.targets = targets;
    this.options = options;
  }

  static CopyReport copy(StateDict sources, StateDict targets, Set<CopyOption> options) {
    var copy = new StateCopy(sources, targets, options);
    CopyReport report = copy.compareNames();
    copy.compareTensors();
    for (Pair pair : copy.pairs) {
      pair.target.convertFrom(pair.source);
    }
    return report;
  }

  private CopyReport compareNames() {
    Map<String, Tensor> given = sources.tensors();
    Map<String, Tensor> wanted = targets.tensors();
    List<String> missing =
        wanted.keySet().stream().filter(name -> !given.containsKey(name)).toList();
    List<String> unexpected = new ArrayList<>();
    sources
        .asMap()
        .forEach((name, value) -> {
          if (!wanted.containsKey(name) && mayHoldTensors(value)) {
            unexpected.add(name);
          }
        });
    if (!options.contains(CopyOption.LENIENT)) {
      if (!missing.isEmpty()) {
        mismatches.add("missing names " + missing);
      }
      if (!unexpected.isEmpty()) {
        mismatches.add("unexpected names " + unexpected);
      }
    }
    return new CopyReport(missing, unexpected);
  }

  /** An epoch number is no part of a model; a list or dict may be all of it. */
  private static boolean mayHoldTensors(Value value) {
    return switch (value) {
      case Value.TensorValue _, Value.PyList _, Value.Tuple _, Value.Dict _ -> true;
      case Value.Int _, Value.Real _, Value.Bool _, Value.Text _ -> false;
      case Value.None _, Value.Type _, Value.Size _ -> false;
    };
  }

  private void compareTensors() {
    Map<String, Tensor> given = sources.tensors();
    targets
        .tensors()
        .forEach((name, target) -> {
          Tensor source = given.get(name);
          if (source != null) {
            compare(name, source, target);
          }
        });
    if (!mismatches.isEmpty()) {
      throw new IllegalArgumentException(
          "the state dict does not fit the model: " + String.join("; ", mismatches));
    }
    for (Pair pair : pairs) {
      Check.accessible(pair.name, pair.source);
      Check.accessible(pair.name, pair.target);
    }
  }

  private void compare(String name, Tensor source, Tensor target) {
    pairs.add(new Pair(name, source, target));
    if (!source.shape().equals(target.shape()) || !typesMatch(source, target)) {
      mismatches.add(
          "\""
              + name
              + "\" must be "
              + StateDictPrinter.describe(target)
              + " but is "
              + StateDictPrinter.describe(source));
    }
    if (target.segment().isReadOnly()) {
      mismatches.add("the model's \"" + name + "\" is read-only");
    } else if (target.mayRepeatElements()) {
      mismatches.add(
          "the model's \"" + name + "\" repeats elements in memory and cannot be written");
    }
  }

  private boolean typesMatch(Tensor source, Tensor target) {
    return source.dtype() == target.dtype()
        || (options.contains(CopyOption.CONVERT)
            && source.dtype().isFloatingPoint()
            && target.dtype().isFloatingPoint());
  }
}
