package dev.lanewise.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.tensor.Parameter;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The map itself. */
final class StateDictTest {
  private final Arena arena = Arena.ofAuto();
  private final Tensor a = Tensor.zeros(arena, 5, 3);
  private final Tensor b = Tensor.copyOf(arena, new long[] {1});

  @Test
  void keepsTheTensorsThemselvesInOrder() {
    StateDict state = StateDict.of("z", Parameter.trainable(arena, a), "b", b, "c", a, "a", a);
    assertEquals(List.of("z", "b", "c", "a"), List.copyOf(state.names()));
    assertSame(a, state.get("z"));
    assertEquals(List.of(a, b, a, a), List.copyOf(state.tensors().values()));
    assertEquals(4, state.size());
    assertTrue(state.contains("b"));
    assertFalse(state.contains("d"));
    assertThrows(UnsupportedOperationException.class, () -> state.names().remove("b"));
    assertThrows(UnsupportedOperationException.class, () -> state.asMap().clear());
  }

  @Test
  void unknownNameListsThoseThereAre() {
    StateDict state = StateDict.of("emb.weight", a, "steps", b);
    var failure = assertThrows(IllegalArgumentException.class, () -> state.get("weight"));
    assertEquals(
        "no tensor or value is named \"weight\"; there are [emb.weight, steps]",
        failure.getMessage());
  }

  @Test
  void nameIsNotReplaced() {
    StateDict state = StateDict.of("w", a);
    var failure = assertThrows(IllegalArgumentException.class, () -> state.put("w", b));
    assertEquals("there is a value named \"w\" already", failure.getMessage());
    assertSame(a, state.get("w"));
  }

  @Test
  void nameThatNoFileCanHold() {
    StateDict state = new StateDict();
    var failure = assertThrows(IllegalArgumentException.class, () -> state.put("\ud800", a));
    Messages.assertContains("unpaired surrogate", failure);
    assertEquals(0, state.size());
  }

  @Test
  void textHasNameTypeAndShape() {
    assertEquals(
        "StateDict of 2 tensors\n  emb.weight float32 [5, 3]\n  steps int64 [1]",
        StateDict.of("emb.weight", a, "steps", b).toString());
    assertEquals("StateDict of 0 tensors", new StateDict().toString());
  }
}
