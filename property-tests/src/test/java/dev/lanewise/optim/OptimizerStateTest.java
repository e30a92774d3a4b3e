package dev.lanewise.optim;

import static dev.lanewise.Refusals.refused;
import static dev.lanewise.verification.TensorAssertions.assertSameBits;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.lanewise.checkpoint.StateDict;
import dev.lanewise.checkpoint.Value;
import dev.lanewise.embedding.Embedding;
import dev.lanewise.tensor.Parameter;
import dev.lanewise.tensor.Tensor;
import dev.lanewise.verification.FloatClass;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** An optimizer that is saved and restored goes on as if nothing had been. */
final class OptimizerStateTest {
  @TempDir private Path folder;
  private final Arena arena = Arena.ofAuto();

  private Embedding embedding() {
    return Embedding.of(
        Parameter.trainable(arena, Tensor.copyOf(arena, FloatClass.tame(3, 12), 4, 3)));
  }

  private void step(Optimizer optimizer, Embedding embedding, int seed) {
    optimizer.zeroGrad();
    embedding.backward(
        new int[] {seed % 4, 2, 2}, Tensor.copyOf(arena, FloatClass.tame(seed, 9), 3, 3));
    optimizer.step();
  }

  @ParameterizedTest
  @EnumSource
  void restoredOptimizerTakesTheSameSteps(Kind kind) throws IOException {
    Embedding embedding = embedding();
    Parameter never = Parameter.trainable(arena, Tensor.zeros(arena, 2));
    Optimizer optimizer = kind.optimizer(Direction.MAXIMIZE, embedding.weight(), never);
    step(optimizer, embedding, 1);
    step(optimizer, embedding, 2);
    Path file = folder.resolve(kind + ".pth");
    StateDict.of("weight", embedding.weight()).put("optimizer", optimizer.stateDict()).save(file);

    StateDict saved = StateDict.load(file, arena);
    Embedding other = Embedding.of(Parameter.trainable(arena, saved.get("weight")));
    Optimizer restored =
        kind.fresh(other.weight(), Parameter.trainable(arena, Tensor.zeros(arena, 2)));
    restored.loadStateDict(saved.dict("optimizer"));
    assertEquals(optimizer.stateDict().toString(), restored.stateDict().toString());
    for (int i = 3; i < 6; i++) {
      step(optimizer, embedding, i);
      step(restored, other, i);
      assertSameBits(kind.toString(), embedding.weight().value(), other.weight().value());
    }
    // What was loaded is a copy, and can be loaded again.
    restored.loadStateDict(restored.stateDict());
    step(optimizer, embedding, 7);
    step(restored, other, 7);
    assertSameBits(kind.toString(), embedding.weight().value(), other.weight().value());
  }

  @ParameterizedTest
  @EnumSource
  void theLearningRateChangesNothingElse(Kind kind) {
    Embedding embedding = embedding();
    Optimizer optimizer = kind.optimizer(Direction.MINIMIZE, embedding.weight());
    step(optimizer, embedding, 1);
    String before = optimizer.stateDict().value("param_groups").toString();
    float rate = optimizer.learningRate();
    optimizer.setLearningRate(0);
    float[] weights = embedding.weight().value().toFloatArray();
    step(optimizer, embedding, 2);
    for (int i = 0; i < weights.length; i++) {
      assertEquals(weights[i], (float) embedding.weight().value().get(i / 3, i % 3));
    }
    optimizer.setLearningRate(rate);
    assertEquals(before, optimizer.stateDict().value("param_groups").toString());
    assertThrows(IllegalArgumentException.class, () -> optimizer.setLearningRate(-1));
    assertEquals(rate, optimizer.learningRate());
  }

  @Test
  void structureOfRowwiseAdagrad() {
    Embedding embedding = embedding();
    RowwiseAdagrad optimizer = RowwiseAdagrad.of(0.5f, embedding.weight());
    step(optimizer, embedding, 1);
    assertEquals(
        """
        StateDict of 0 tensors and 2 other values
          state dict of 1
            0 dict of 1
              sum float32 [4]
          param_groups list of 1
            [0] dict of 4
              lr 0.5
              eps 1.0E-8
              maximize False
              params list of 1
                [0] 0\
        """,
        optimizer.stateDict().toString());
  }

  /** The state with an entry of its first parameter replaced, or left out. */
  private static StateDict with(StateDict state, String slot, Value value) {
    Value.Dict states = (Value.Dict) state.value("state");
    SequencedMap<Value.Key, Value> first =
        new LinkedHashMap<>(((Value.Dict) states.get(new Value.Int(0))).items());
    if (value instanceof Value.Text) {
      first.remove(new Value.Text(slot));
    } else {
      first.put(new Value.Text(slot), value);
    }
    SequencedMap<Value.Key, Value> all = new LinkedHashMap<>();
    all.put(new Value.Int(0), new Value.Dict(first));
    return new StateDict()
        .put("state", new Value.Dict(all))
        .put("param_groups", state.value("param_groups"));
  }

  private static StateDict withSetting(StateDict state, String setting, Value value) {
    var groups = (Value.PyList) state.value("param_groups");
    SequencedMap<Value.Key, Value> group =
        new LinkedHashMap<>(((Value.Dict) groups.items().getFirst()).items());
    if (value instanceof Value.Text) {
      group.remove(new Value.Text(setting));
    } else {
      group.put(new Value.Text(setting), value);
    }
    return new StateDict()
        .put("state", state.value("state"))
        .put("param_groups", new Value.PyList(List.of(new Value.Dict(group))));
  }

  private void assertRefused(String message, StateDict state) {
    Embedding embedding = embedding();
    Adam adam = Adam.of(0.25f, embedding.weight());
    step(adam, embedding, 1);
    Embedding twin = embedding();
    Adam undisturbed = Adam.of(0.25f, twin.weight());
    step(undisturbed, twin, 1);
    var refusal = assertThrows(IllegalArgumentException.class, () -> adam.loadStateDict(state));
    assertEquals(message, refusal.getMessage());
    assertEquals(undisturbed.settings(), adam.settings());
    step(adam, embedding, 2);
    step(undisturbed, twin, 2);
    assertSameBits("after a refusal", twin.weight().value(), embedding.weight().value());
  }

  @Test
  void statesThatAreNone() {
    Embedding embedding = embedding();
    Adam adam = Adam.of(Adam.Settings.DEFAULT.withLearningRate(0.5f), embedding.weight());
    step(adam, embedding, 1);
    StateDict sound = adam.stateDict();
    Value leftOut = Value.of("left out");
    assertRefused("exp_avg_sq of parameter 0 is missing", with(sound, "exp_avg_sq", leftOut));
    assertRefused("step of parameter 0 is missing", with(sound, "step", leftOut));
    assertRefused(
        "step of parameter 0 must be a count of steps, got -1.0",
        with(sound, "step", Value.of(-1)));
    assertRefused(
        "step of parameter 0 must be a count of steps, got 1.5",
        with(sound, "step", Value.of(1.5)));
    assertRefused(
        "step of parameter 0 must be a count of steps, got 9.007199254740992E15",
        with(sound, "step", Value.of(1L << 53)));
    assertRefused(
        "lr must be a number, not a tensor",
        withSetting(sound, "lr", Value.of(Tensor.zeros(arena, 2))));
    assertRefused(
        "exp_avg of parameter 0: expected float32, got int32",
        with(sound, "exp_avg", Value.of(Tensor.copyOf(arena, new int[12], 4, 3))));
    assertRefused(
        "step of parameter 0 must be a number, not a boolean", with(sound, "step", Value.of(true)));
    assertRefused(
        "exp_avg of parameter 0: expected shape [4, 3], got [4]",
        with(sound, "exp_avg", Value.of(Tensor.zeros(arena, 4))));
    assertRefused(
        "exp_avg of parameter 0 must be a tensor, not an integer",
        with(sound, "exp_avg", Value.of(3)));
    assertRefused(
        "max_exp_avg_sq of parameter 0 is missing", withSetting(sound, "amsgrad", Value.of(true)));
    assertRefused(
        "betas must be a pair of numbers, not a float", withSetting(sound, "betas", Value.of(0.5)));
    assertRefused(
        "beta2 must be at least 0 and less than 1, got 1.0",
        withSetting(sound, "betas", new Value.PyList(List.of(Value.of(0.5), Value.of(1.0)))));
    assertRefused(
        "betas must be a pair of numbers, got 1 items",
        withSetting(sound, "betas", new Value.PyList(List.of(Value.of(0.5)))));
    assertRefused(
        "eps must be finite and at least 0, got NaN",
        withSetting(sound, "eps", Value.of(Double.NaN)));
  }

  @Test
  void aStepWhoseMemoryIsGone() {
    Embedding embedding = embedding();
    Adam adam = Adam.of(0.5f, embedding.weight());
    step(adam, embedding, 1);
    Arena closing = Arena.ofConfined();
    StateDict state = with(adam.stateDict(), "step", Value.of(Tensor.full(closing, 7f)));
    closing.close();
    refused(
        IllegalStateException.class,
        "step of parameter 0: the arena of this tensor of shape [] is closed",
        () -> adam.loadStateDict(state));
    assertEquals(1, adam.state(0).steps());
  }

  @Test
  void numbersAsPyTorchMayWriteThem() {
    Embedding embedding = embedding();
    Adam adam = Adam.of(0.5f, embedding.weight());
    step(adam, embedding, 1);
    StateDict sound = adam.stateDict();
    adam.loadStateDict(withSetting(sound, "lr", Value.of(Tensor.full(arena, 0.25f, 1))));
    assertEquals(0.25f, adam.learningRate());
    adam.loadStateDict(withSetting(sound, "lr", Value.of(1)));
    assertEquals(1f, adam.learningRate());
    // A parameter that has not been stepped, and one whose state was never made.
    adam.loadStateDict(with(sound, "step", Value.of(0)));
    Sgd sgd = Sgd.of(Sgd.Settings.of(0.5f).withMomentum(0.5f), embedding.weight());
    step(sgd, embedding, 1);
    sgd.loadStateDict(with(sgd.stateDict(), "momentum_buffer", new Value.None()));
    assertEquals(0, ((Value.Dict) sgd.stateDict().value("state")).items().size());
  }

  @Test
  void adamsKindOfDecayStaysWhereNoneWasWritten() {
    for (Adam.Settings kind : List.of(Adam.Settings.DEFAULT, Adam.Settings.ADAMW)) {
      Adam adam = Adam.of(kind, embedding().weight());
      adam.loadStateDict(
          withSetting(adam.stateDict(), "decoupled_weight_decay", Value.of("left out")));
      assertEquals(kind, adam.settings());
    }
  }
}
