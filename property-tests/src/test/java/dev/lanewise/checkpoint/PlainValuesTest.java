package dev.lanewise.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Values beside tensors: what a state dict does with them, and that PyTorch files keep them. */
final class PlainValuesTest {
  @TempDir private Path folder;
  private final Arena arena = Arena.ofShared();

  @AfterEach
  void close() {
    arena.close();
  }

  private StateDict saveAndLoad(StateDict state) throws IOException {
    Path file = folder.resolve("model.pth");
    state.save(file);
    return StateDict.load(file, arena);
  }

  /** One of every kind, and none of them a tensor. */
  static StateDict everyKind() {
    SequencedMap<Value.Key, Value> byNumber = new LinkedHashMap<>();
    byNumber.put(new Value.Int(-1), Value.of("minus one"));
    byNumber.put(new Value.Text("größe"), Value.of(1L << 40));
    return new StateDict()
        .put("int", Value.of(Long.MIN_VALUE))
        .put("real", Value.of(0.1))
        .put("zero", Value.of(-0.0))
        .put("yes", Value.of(true))
        .put("no", Value.of(false))
        .put("text", Value.of("模型\n\0\""))
        .put("none", new Value.None())
        .put("type", new Value.Type(DType.BFLOAT16))
        .put("size", new Value.Size(Shape.of(2, 0, 3)))
        .put("scalar", new Value.Size(Shape.scalar()))
        .put("dict", new Value.Dict(byNumber))
        .put("list", new Value.PyList(List.of(Value.of(1), new Value.PyList(List.of()))))
        .put("tuple", new Value.Tuple(List.of(Value.of(70_000), new Value.Tuple(List.of()))));
  }

  @Test
  void everyKindIsKept() throws IOException {
    StateDict state = everyKind();
    assertEquals(state.asMap(), saveAndLoad(state).asMap());
    assertEquals(List.copyOf(state.names()), List.copyOf(saveAndLoad(state).names()));
  }

  @Test
  void tensorsInContainersShareMemoryWithThoseOutside() throws IOException {
    Tensor w = Tensor.full(arena, 1, 2, 3);
    StateDict state =
        StateDict.of("w", w)
            .put("inside", new Value.PyList(List.of(Value.of(w.select(0, 1)))))
            .put("model", StateDict.of("w", w));
    StateDict loaded = saveAndLoad(state);
    loaded.get("w").set(5, 1, 2);
    var list = (Value.PyList) loaded.value("inside");
    assertEquals(5, ((Value.TensorValue) list.items().getFirst()).tensor().get(2));
    assertEquals(5, loaded.dict("model").get("w").get(1, 2));
  }

  @Test
  void whatIsNoTensorIsNotGivenAsOne() {
    StateDict state = StateDict.of("w", Tensor.zeros(arena, 1)).put("epoch", Value.of(3));
    var noTensor = assertThrows(IllegalArgumentException.class, () -> state.get("epoch"));
    assertEquals("\"epoch\" is an integer, not a tensor", noTensor.getMessage());
    var noDict = assertThrows(IllegalArgumentException.class, () -> state.dict("epoch"));
    assertEquals("\"epoch\" is an integer, not a dict", noDict.getMessage());
    assertEquals(List.of("w"), List.copyOf(state.tensors().keySet()));
    assertEquals(2, state.size());
  }

  @Test
  void dictOfNumbersIsNoStateDict() {
    var refusal = assertThrows(IllegalArgumentException.class, () -> everyKind().dict("dict"));
    assertEquals("the dict \"dict\" has the key -1, not a name", refusal.getMessage());
    var dict = (Value.Dict) everyKind().value("dict");
    assertEquals(Value.of(1L << 40), dict.get("größe"));
    assertTrue(dict.contains("größe"));
    assertFalse(dict.contains("-1"));
    var missing = assertThrows(IllegalArgumentException.class, () -> dict.get("lr"));
    assertEquals("the dict has no lr; it has [-1, größe]", missing.getMessage());
  }

  @Test
  void containersAreCopiedAndCannotBeChanged() {
    StateDict nested = StateDict.of("w", Tensor.zeros(arena, 1));
    StateDict state = new StateDict().put("model", nested);
    nested.put("later", Value.of(1));
    assertEquals(1, state.dict("model").size());
    var dict = (Value.Dict) state.value("model");
    assertThrows(UnsupportedOperationException.class, () -> dict.items().clear());
    assertThrows(UnsupportedOperationException.class, () -> state.tensors().clear());
    assertSame(nested.get("w"), state.dict("model").get("w"));
  }

  private static Value nested(int depth) {
    Value value = Value.of(1);
    for (int i = 0; i < depth; i++) {
      value = new Value.PyList(List.of(value));
    }
    return value;
  }

  @Test
  void containersNestAHundredDeepAndNoDeeper() throws IOException {
    StateDict state = new StateDict().put("deep", nested(100));
    assertEquals(state.asMap(), saveAndLoad(state).asMap());
    var refusal =
        assertThrows(
            IllegalArgumentException.class, () -> new StateDict().put("deep", nested(101)));
    assertEquals("\"deep\" nests more than 100 containers in each other", refusal.getMessage());
  }

  @Test
  void integersAtTheEndsOfTheirForms() throws IOException {
    var state = new StateDict();
    for (int bits = 0; bits < 64; bits++) {
      for (long value :
          new long[] {(1L << bits) - 1, 1L << bits, -(1L << bits), -1 - (1L << bits)}) {
        if (!state.contains("n" + value)) {
          state.put("n" + value, Value.of(value));
        }
      }
    }
    saveAndLoad(state).asMap().forEach((name, value) -> assertEquals(state.value(name), value));
  }

  @Test
  void textsInPrintAreCutBehindEightyCharacters() {
    StateDict state =
        new StateDict()
            .put("whole", Value.of("x".repeat(80)))
            .put("cut", Value.of("y".repeat(81)))
            .put("none", Value.of(""));
    assertEquals(
        """
        StateDict of 0 tensors and 3 other values
          whole "%s"
          cut "%s..."
          none ""\
        """
            .formatted("x".repeat(80), "y".repeat(80)),
        state.toString());
  }

  @Test
  void keysAreOrdered() {
    assertTrue(new Value.Int(-1).compareTo(new Value.Int(1)) < 0);
    assertTrue(new Value.Int(1).compareTo(new Value.Int(-1)) > 0);
    assertEquals(0, new Value.Int(7).compareTo(new Value.Int(7)));
    // Of one hash, which is what the order is for.
    assertEquals(new Value.Text("Aa").hashCode(), new Value.Text("BB").hashCode());
    assertTrue(new Value.Text("Aa").compareTo(new Value.Text("BB")) < 0);
    assertTrue(new Value.Text("BB").compareTo(new Value.Text("Aa")) > 0);
  }
}
