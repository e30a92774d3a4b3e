package dev.lanewise.checkpoint;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.Arena;
import java.math.BigDecimal;
import java.util.List;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** Types are converted when it is asked for, each number rounded once; names may be left over. */
final class ConversionTest {
  private final Arena arena = Arena.ofAuto();

  /** All numbers of a 16-bit type, by their bits, that are not negative and finite. */
  private double value(DType dtype, int bits) {
    Tensor one = Tensor.allocate(arena, dtype, Shape.of(1));
    one.segment().set(java.lang.foreign.ValueLayout.JAVA_SHORT, 0, (short) bits);
    return one.get(0);
  }

  @Property
  void doublesAreRoundedOnceToTheNearest(
      @ForAll @IntRange(min = 0, max = 0x7bfe) int bits,
      @ForAll boolean brain,
      @ForAll byte nudge) {
    DType narrow = brain ? DType.BFLOAT16 : DType.FLOAT16;
    double low = value(narrow, bits);
    double high = value(narrow, bits + 1);
    // Around the middle, where rounding first to float32 goes the wrong way.
    double middle = (low + high) / 2;
    double x = middle + nudge * Math.ulp(middle);
    Tensor source = Tensor.copyOf(arena, new double[] {x, -x});
    Tensor target = Tensor.allocate(arena, narrow, Shape.of(2)).convertFrom(source);
    int side =
        new BigDecimal(x)
            .multiply(BigDecimal.TWO)
            .compareTo(new BigDecimal(low).add(new BigDecimal(high)));
    double expected = side < 0 || (side == 0 && bits % 2 == 0) ? low : high;
    assertEquals(expected, target.get(0));
    assertEquals(-expected, target.get(1));
  }

  @Example
  void everyPairOfFloatingPointTypes() {
    List<DType> types = List.of(DType.FLOAT32, DType.FLOAT64, DType.BFLOAT16, DType.FLOAT16);
    double[] exact = {
      0, -0.0, 1.5, -2, 0x1p-14, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, Double.NaN
    };
    for (DType from : types) {
      Tensor source =
          Tensor.allocate(arena, from, Shape.of(2, 4))
              .convertFrom(Tensor.copyOf(arena, exact, 2, 4));
      for (DType to : types) {
        // Through other strides.
        Tensor target = Tensor.allocate(arena, to, Shape.of(4, 2)).transpose(0, 1);
        target.convertFrom(source);
        for (int i = 0; i < exact.length; i++) {
          assertEquals(exact[i], target.get(i / 4, i % 4), from + " to " + to);
        }
      }
    }
  }

  @Example
  void numbersThatAreTooLargeOrTooSmall() {
    Tensor source =
        Tensor.copyOf(
            arena,
            new double[] {Double.MAX_VALUE, 65519.999, 65520, 0x1p-25, 0x1.0000000000001p-25});
    Tensor half = Tensor.allocate(arena, DType.FLOAT16, Shape.of(5)).convertFrom(source);
    assertEquals(Double.POSITIVE_INFINITY, half.get(0));
    assertEquals(65504, half.get(1));
    assertEquals(Double.POSITIVE_INFINITY, half.get(2));
    assertEquals(0, half.get(3));
    assertEquals(0x1p-24, half.get(4));
  }

  @Example
  void conversionIsRefusedUnlessAskedFor() {
    Tensor target = Tensor.zeros(arena, 2);
    StateDict model = StateDict.of("w", target);
    StateDict saved = StateDict.of("w", Tensor.copyOf(arena, new double[] {0.5, 1.5}));
    assertThrows(IllegalArgumentException.class, () -> saved.copyTo(model));
    assertArrayEquals(new float[2], target.toFloatArray());
    CopyReport report = saved.copyTo(model, CopyOption.CONVERT);
    assertEquals(new CopyReport(List.of(), List.of()), report);
    assertArrayEquals(new float[] {0.5f, 1.5f}, target.toFloatArray());
  }

  @Example
  void integersAreNotConverted() {
    StateDict model = StateDict.of("n", Tensor.zeros(arena, 1));
    StateDict saved = StateDict.of("n", Tensor.copyOf(arena, new long[] {1}));
    var refusal =
        assertThrows(IllegalArgumentException.class, () -> saved.copyTo(model, CopyOption.CONVERT));
    assertEquals(
        "the state dict does not fit the model: \"n\" must be float32 [1] but is int64 [1]",
        refusal.getMessage());
    Tensor number = Tensor.copyOf(arena, new long[] {1});
    assertThrows(IllegalArgumentException.class, () -> Tensor.zeros(arena, 1).convertFrom(number));
    assertThrows(
        IllegalArgumentException.class,
        () -> Tensor.zeros(arena, 1).convertFrom(Tensor.copyOf(arena, new double[] {1, 2})));
  }

  @Example
  void lenientCopyTellsWhatIsLeftOver() {
    Tensor target = Tensor.full(arena, -1, 2);
    Tensor alone = Tensor.full(arena, -1, 1);
    StateDict model = StateDict.of("w", target, "new", alone);
    StateDict saved =
        StateDict.of("old", alone, "w", Tensor.full(arena, 3, 2))
            .put("epoch", Value.of(1))
            .put("nested", new StateDict());
    var strict = assertThrows(IllegalArgumentException.class, () -> saved.copyTo(model));
    assertEquals(
        "the state dict does not fit the model: missing names [new]; unexpected names [old, nested]",
        strict.getMessage());
    CopyReport report = saved.copyTo(model, CopyOption.LENIENT);
    assertEquals(new CopyReport(List.of("new"), List.of("old", "nested")), report);
    assertArrayEquals(new float[] {3, 3}, target.toFloatArray());
    assertEquals(-1, alone.item());
  }

  @Example
  void lenientCopyStillComparesShapes() {
    StateDict model = StateDict.of("w", Tensor.zeros(arena, 2), "v", Tensor.zeros(arena, 1));
    StateDict saved = StateDict.of("w", Tensor.zeros(arena, 3));
    var refusal =
        assertThrows(IllegalArgumentException.class, () -> saved.copyTo(model, CopyOption.LENIENT));
    assertEquals(
        "the state dict does not fit the model: \"w\" must be float32 [2] but is float32 [3]",
        refusal.getMessage());
  }

  @Example
  void wholeStateDictInAnotherType() {
    Tensor ids = Tensor.copyOf(arena, new long[] {1});
    Tensor half = Tensor.allocate(arena, DType.FLOAT16, Shape.of(1)).fill(0.1);
    Tensor single = Tensor.full(arena, 0.1f, 1);
    StateDict state = StateDict.of("ids", ids, "half", half, "single", single);
    state.put("epoch", Value.of(3));
    StateDict converted = state.to(DType.FLOAT32, arena);
    assertEquals(List.copyOf(state.names()), List.copyOf(converted.names()));
    assertSame(ids, converted.get("ids"));
    assertSame(single, converted.get("single"));
    assertEquals(DType.FLOAT32, converted.get("half").dtype());
    assertEquals(half.item(), converted.get("half").item());
    assertTrue(converted.contains("epoch"));
    assertThrows(IllegalArgumentException.class, () -> state.to(DType.INT8, arena));
  }
}
