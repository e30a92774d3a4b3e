package dev.lanewise.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.Arena;
import org.junit.jupiter.api.Test;

/** copyTo writes everything or nothing. */
final class StateCopyTest {
  private final Arena arena = Arena.ofAuto();
  private final Tensor source = Tensor.copyOf(arena, new float[] {1, 2, 3, 4, 5, 6}, 2, 3);
  private final Tensor target = Tensor.full(arena, -1, 2, 3);

  private void assertRefused(String message, StateDict from, StateDict to) {
    var failure = assertThrows(RuntimeException.class, () -> from.copyTo(to));
    assertEquals(message, failure.getMessage());
    assertArrayEquals(new float[] {-1, -1, -1, -1, -1, -1}, target.toFloatArray());
  }

  @Test
  void copiesAcrossOrderAndStrides() {
    Tensor other = Tensor.copyOf(arena, new long[] {7});
    Tensor transposed = Tensor.zeros(arena, 3, 2).transpose(0, 1);
    Tensor counter = Tensor.allocate(arena, DType.INT64, Shape.of(1));
    StateDict.of("w", source, "n", other).copyTo(StateDict.of("n", counter, "w", transposed));
    assertArrayEquals(source.toFloatArray(), transposed.toFloatArray());
    assertEquals(7, counter.getLong(0));
  }

  @Test
  void ontoItself() {
    StateDict state = StateDict.of("w", source);
    state.copyTo(state);
    assertEquals(6, source.get(1, 2));
  }

  @Test
  void namesMissingAndUnexpected() {
    assertRefused(
        "the state dict does not fit the model: missing names [bias, scale]; unexpected names [v]",
        StateDict.of("w", source, "v", source),
        StateDict.of("w", target, "bias", target, "scale", target));
  }

  @Test
  void everyOtherTypeAndShapeIsListed() {
    Tensor doubles = Tensor.allocate(arena, DType.FLOAT64, Shape.of(2, 3));
    assertRefused(
        "the state dict does not fit the model: \"v\" must be float32 [2, 3] but is float64 [2, 3]; "
            + "\"u\" must be float32 [2, 3] but is float32 [3, 2]",
        StateDict.of("w", source, "v", doubles, "u", source.transpose(0, 1)),
        StateDict.of("w", target, "v", Tensor.zeros(arena, 2, 3), "u", Tensor.zeros(arena, 2, 3)));
  }

  @Test
  void readOnlyTarget() {
    assertRefused(
        "the state dict does not fit the model: the model's \"v\" is read-only",
        StateDict.of("w", source, "v", source),
        StateDict.of("w", target, "v", Tensor.zeros(arena, 2, 3).asReadOnly()));
  }

  @Test
  void targetThatRepeatsElements() {
    assertRefused(
        "the state dict does not fit the model: the model's \"v\" repeats elements in memory and cannot be written",
        StateDict.of("w", source, "v", source),
        StateDict.of("w", target, "v", Tensor.zeros(arena, 1, 3).expand(2, 3)));
    assertRefused(
        "the state dict does not fit the model: the model's \"v\" repeats elements in memory and cannot be written",
        StateDict.of("w", source, "v", source),
        StateDict.of("w", target, "v", Tensor.zeros(arena, 4).slidingWindow(0, 3, 1)));
  }

  @Test
  void closedMemory() {
    Tensor closed;
    try (Arena shortLived = Arena.ofConfined()) {
      closed = Tensor.zeros(shortLived, 2, 3);
    }
    assertRefused(
        "v: the arena of this tensor of shape [2, 3] is closed",
        StateDict.of("w", source, "v", closed),
        StateDict.of("w", target, "v", Tensor.zeros(arena, 2, 3)));
  }
}
