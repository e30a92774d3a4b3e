package dev.lanewise.optim;

import static dev.lanewise.verification.TensorAssertions.assertSameBits;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.lanewise.checkpoint.StateDict;
import dev.lanewise.checkpoint.Value;
import dev.lanewise.tensor.Parameter;
import dev.lanewise.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Objects;
import java.util.SequencedMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * An optimizer that is saved and restored goes on as if nothing had been; PyTorch's state is taken.
 */
final class SgdStateTest {
  @TempDir private Path folder;
  private final Arena arena = Arena.ofAuto();

  private static final Sgd.Settings SETTINGS =
      new Sgd.Settings(0.1f, 0.9f, 0, 0.01f, Sgd.MomentumKind.NESTEROV, Direction.MINIMIZE);

  private Parameter parameter(float... values) {
    return Parameter.trainable(arena, Tensor.copyOf(arena, values));
  }

  private static void step(Sgd sgd, Parameter... parameters) {
    for (Parameter parameter : parameters) {
      for (long i = 0; i < parameter.value().size(0); i++) {
        parameter.gradient().tensor().set(0.5 * i + 1, i);
      }
      parameter.gradient().touchAllRows();
    }
    sgd.step();
  }

  @Test
  void restoredOptimizerTakesTheSameSteps() throws IOException {
    Parameter a = parameter(1, 2);
    Parameter b = parameter(3, 4, 5);
    Sgd sgd = Sgd.of(SETTINGS, a, b);
    step(sgd, a);
    Path file = folder.resolve("training.pth");
    StateDict.of("a", a, "b", b).put("optimizer", sgd.stateDict()).save(file);

    StateDict saved = StateDict.load(file, arena);
    Parameter restoredA = Parameter.trainable(arena, saved.get("a"));
    Parameter restoredB = Parameter.trainable(arena, saved.get("b"));
    Sgd restored = Sgd.of(1f, restoredA, restoredB);
    restored.loadStateDict(saved.dict("optimizer"));
    assertEquals(SETTINGS, restored.settings());
    for (int i = 0; i < 3; i++) {
      step(sgd, a, b);
      step(restored, restoredA, restoredB);
      assertSameBits("a", a.value(), restoredA.value());
      assertSameBits("b", b.value(), restoredB.value());
    }
  }

  @Test
  void structureIsThatOfPyTorch() {
    Parameter a = parameter(1, 2);
    Sgd sgd = Sgd.of(SETTINGS, a, parameter(3));
    step(sgd, a);
    assertEquals(
        """
        StateDict of 0 tensors and 2 other values
          state dict of 1
            0 dict of 1
              momentum_buffer float32 [2]
          param_groups list of 1
            [0] dict of 10
              lr 0.1
              momentum 0.9
              dampening 0.0
              weight_decay 0.01
              nesterov True
              maximize False
              foreach None
              differentiable False
              fused None
              params list of 2
                [0] 0
                [1] 1\
        """,
        sgd.stateDict().toString());
  }

  @Test
  void stateOfPyTorch() throws IOException, URISyntaxException {
    Path golden =
        Path.of(
            Objects.requireNonNull(SgdStateTest.class.getResource("/golden/optimizer.pth"))
                .toURI());
    Parameter[] parameters = {
      Parameter.trainable(arena, Tensor.zeros(arena, 2, 2)), parameter(0, 0, 0), parameter(0)
    };
    Sgd sgd = Sgd.of(1f, parameters);
    sgd.loadStateDict(StateDict.load(golden, arena));
    assertEquals(SETTINGS, sgd.settings());
    var state = (Value.Dict) sgd.stateDict().value("state");
    assertEquals(2, state.items().size());
    var second = (Value.Dict) state.get(new Value.Int(1));
    Tensor momentum = ((Value.TensorValue) second.get("momentum_buffer")).tensor();
    // Two steps with the gradient 0.5, 1.5, 2.5: nearly 1.9 times that, the weights' decay beside
    // it.
    for (int i = 0; i < 3; i++) {
      assertEquals(1.9 * (i + 0.5), momentum.get(i), 0.05 * (i + 0.5));
    }
  }

  @Test
  void withoutMomentumThereIsNoState() {
    Parameter a = parameter(1);
    Sgd sgd = Sgd.of(0.5f, a);
    step(sgd, a);
    assertEquals(0, ((Value.Dict) sgd.stateDict().value("state")).items().size());
    Sgd other = Sgd.of(SETTINGS, parameter(1));
    other.loadStateDict(sgd.stateDict());
    assertEquals(Sgd.Settings.of(0.5f), other.settings());
  }

  @Test
  void ownStateCanBeLoadedAgain() {
    Parameter a = parameter(1, 2);
    Sgd sgd = Sgd.of(SETTINGS, a);
    step(sgd, a);
    StateDict state = sgd.stateDict();
    sgd.loadStateDict(state);
    assertEquals(state.toString(), sgd.stateDict().toString());
    var before = (Value.Dict) ((Value.Dict) state.value("state")).get(new Value.Int(0));
    var after = (Value.Dict) ((Value.Dict) sgd.stateDict().value("state")).get(new Value.Int(0));
    assertSameBits(
        "momentum",
        ((Value.TensorValue) before.get("momentum_buffer")).tensor(),
        ((Value.TensorValue) after.get("momentum_buffer")).tensor());
  }

  private static StateDict with(StateDict state, String setting, Value value) {
    var groups = (Value.PyList) state.value("param_groups");
    SequencedMap<Value.Key, Value> group =
        new LinkedHashMap<>(((Value.Dict) groups.items().getFirst()).items());
    group.put(new Value.Text(setting), value);
    return new StateDict()
        .put("state", state.value("state"))
        .put("param_groups", new Value.PyList(List.of(new Value.Dict(group))));
  }

  private void assertRefused(String message, StateDict state) {
    Parameter a = parameter(1, 2);
    Sgd sgd = Sgd.of(SETTINGS, a);
    step(sgd, a);
    String before = sgd.stateDict().toString();
    float[] weights = a.value().toFloatArray();
    var refusal = assertThrows(IllegalArgumentException.class, () -> sgd.loadStateDict(state));
    assertEquals(message, refusal.getMessage());
    assertEquals(before, sgd.stateDict().toString());
    assertEquals(SETTINGS, sgd.settings());
    assertArrayEquals(weights, a.value().toFloatArray());
  }

  @Test
  void statesThatAreNone() {
    Parameter a = parameter(1, 2);
    Sgd sgd = Sgd.of(SETTINGS, a);
    step(sgd, a);
    StateDict sound = sgd.stateDict();
    assertRefused("no tensor or value is named \"param_groups\"; there are []", new StateDict());
    assertRefused(
        "\"param_groups\" must be a list of one dict: Sgd has one group of parameters",
        new StateDict()
            .put("state", sound.value("state"))
            .put("param_groups", new Value.PyList(List.of())));
    assertRefused(
        "the state is not one of 1 parameters, as this optimizer has: its group has 2",
        Sgd.of(SETTINGS, a, parameter(3)).stateDict());
    assertRefused("lr must be a number, not a string", with(sound, "lr", Value.of("fast")));
    assertRefused(
        "learningRate must be finite and at least 0, got -1.0", with(sound, "lr", Value.of(-1)));
    assertRefused(
        "nesterov must be a boolean, not None", with(sound, "nesterov", new Value.None()));
    Parameter longer = parameter(1, 2, 3);
    Sgd other = Sgd.of(SETTINGS, longer);
    step(other, longer);
    assertRefused("momentum_buffer of parameter 0: expected shape [2], got [3]", other.stateDict());
    List<Value> unknown = new ArrayList<>(List.of(Value.of(7)));
    assertRefused(
        "\"state\" must have a dict for each parameter of the group that has any state",
        with(sound, "params", new Value.PyList(unknown)));
  }
}
