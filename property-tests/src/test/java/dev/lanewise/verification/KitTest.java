package dev.lanewise.verification;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.statistics.Statistics;
import net.jqwik.api.statistics.StatisticsReport;

/** The kit finds what it is meant to find, and nothing else. */
class KitTest {
  @Provide
  Arbitrary<Float> floats() {
    return LanewiseArbitraries.floats();
  }

  @Provide
  Arbitrary<Layout> layouts() {
    return LanewiseArbitraries.layouts();
  }

  @Provide
  Arbitrary<Shape> shapes() {
    return LanewiseArbitraries.shapes(4, 5);
  }

  @Provide
  Arbitrary<DType> types() {
    return Arbitraries.of(DType.FLOAT32, DType.FLOAT64);
  }

  @Provide
  Arbitrary<Long> seeds() {
    return LanewiseArbitraries.seeds();
  }

  // ---------------------------------------------------------------------------------- ulp

  @Property
  void stepsToANeighbourAreCounted(@ForAll("floats") float x, @ForAll @IntRange(max = 20) int n) {
    float y = x;
    int steps = 0;
    for (; steps < n && !Float.isNaN(x) && y < Float.POSITIVE_INFINITY; steps++) {
      y = Math.nextUp(y);
    }
    assertEquals(steps, FloatFormat.BINARY32.ulpDistance(x, y));
    assertEquals(steps, FloatFormat.BINARY32.ulpDistance(y, x));
  }

  @Example
  void distancesOfSpecialNumbers() {
    for (FloatFormat format : FloatFormat.values()) {
      assertEquals(0, format.ulpDistance(0.0, -0.0));
      assertEquals(0, format.ulpDistance(Double.NaN, Double.NaN));
      assertEquals(Long.MAX_VALUE, format.ulpDistance(Double.NaN, 1));
    }
    assertEquals(1, FloatFormat.BINARY64.ulpDistance(1, 1 + 0x1p-52));
    assertEquals(2, FloatFormat.BINARY64.ulpDistance(Double.MIN_VALUE, -Double.MIN_VALUE));
    assertEquals(1, FloatFormat.BINARY32.ulpDistance(Float.MAX_VALUE, Float.POSITIVE_INFINITY));
    assertEquals(
        Long.MAX_VALUE,
        FloatFormat.BINARY64.ulpDistance(Double.NEGATIVE_INFINITY, Double.POSITIVE_INFINITY));
  }

  @Example
  void ulpsAreAsserted() {
    try (Arena arena = Arena.ofConfined()) {
      Tensor one = Tensor.copyOf(arena, new float[] {1, 1}, 2);
      Tensor near = Tensor.copyOf(arena, new float[] {1, 1 + 3 * Math.ulp(1f)}, 2);
      TensorAssertions.assertWithinUlps("near", 3, one, near);
      assertEquals(
          "far at [1]: expected 1.0 (0x3f800000), got 1.0000003576278687 (0x3f800003), 3 ulp apart",
          message(() -> TensorAssertions.assertWithinUlps("far", 2, one, near)));
    }
  }

  private static String message(Runnable assertion) {
    return assertThrows(AssertionError.class, assertion::run).getMessage();
  }

  // ------------------------------------------------------------------------------- layouts

  @Property
  void aLayoutHoldsWhatIsPlacedInItAndPoisonElsewhere(
      @ForAll("layouts") Layout layout,
      @ForAll("types") DType type,
      @ForAll("shapes") Shape shape,
      @ForAll("seeds") long seed) {
    try (Arena arena = Arena.ofConfined()) {
      double[] values = FloatClass.wild(FloatFormat.of(type), seed, (int) shape.elementCount());
      Tensor tensor = layout.place(arena, type, shape, values, seed);
      assertEquals(shape, tensor.shape());
      if (layout.isWritable()) {
        TensorAssertions.assertSameBits("placed", values, DoubleArray.of(tensor).toArray());
      }
      assertTrue(!layout.isWritable() || !tensor.mayRepeatElements());
      Layout.assertGapsUntouched("as placed", tensor);
      // What lies behind the last element of any layout.
      long last = tensor.segment().byteSize() / type.sizeBytes() - 1;
      FloatFormat.of(type).set(tensor.segment(), last * type.sizeBytes(), 1);
      assertEquals(
          "out: number "
              + (last - tensor.offset())
              + " from the first element, which is none of the tensor's, was written",
          message(() -> Layout.assertGapsUntouched("out", tensor)));
    }
  }

  @Property
  void overlappingPositionsShareElements(@ForAll("seeds") long seed) {
    try (Arena arena = Arena.ofConfined()) {
      Tensor windows = Layout.OVERLAPPING.poisoned(arena, Shape.of(4, 5), seed);
      assertEquals(1, windows.stride(1));
      assertTrue(windows.stride(0) < 5 && windows.stride(0) > 0);
    }
  }

  @Property
  void aWriteOutsideOfARunIsFound(
      @ForAll @IntRange(max = 9) int length,
      @ForAll @IntRange(max = 63) int misalignment,
      @ForAll @IntRange(min = -256, max = 255) int at) {
    try (Arena arena = Arena.ofConfined()) {
      GuardedRun run = GuardedRun.poisoned(arena, length, misalignment);
      run.assertGuardsUnchanged("run");
      long end = run.offsetBytes() + (long) length * Float.BYTES;
      run.segment()
          .set(ValueLayout.JAVA_BYTE, at < 0 ? run.offsetBytes() + at : end + at, (byte) 1);
      assertEquals(
          "run: byte " + at + (at < 0 ? " before the start" : " behind the end") + " was written",
          message(() -> run.assertGuardsUnchanged("run")));
    }
  }

  // ------------------------------------------------------------------------------- indices

  @Provide
  Arbitrary<List<Integer>> indices() {
    return LanewiseArbitraries.indices(100, 20);
  }

  @Property(tries = 2000)
  @StatisticsReport(StatisticsReport.StatisticsReportMode.OFF)
  void indicesOfEveryKindComeUp(@ForAll("indices") List<Integer> indices) {
    assertTrue(indices.stream().allMatch(row -> row >= 0 && row < 100));
    boolean equal = indices.size() > 4 && indices.stream().distinct().count() == 1;
    long low = indices.stream().filter(row -> row < 10).count();
    boolean frequent = indices.size() > 9 && !equal && 2 * low > indices.size();
    Statistics.label("kind")
        .collect(
            indices.isEmpty() ? "empty" : equal ? "equal" : frequent ? "frequent rows" : "others")
        .coverage(kinds -> {
          for (String kind : new String[] {"empty", "equal", "frequent rows", "others"}) {
            kinds.check(kind).percentage(share -> share > 1);
          }
        });
  }

  // --------------------------------------------------------------------------------- bounds

  @Example
  void aBoundRefusesWhatIsFartherAway() {
    double[] x = IntStream.rangeClosed(1, 8).asDoubleStream().toArray();
    Estimate sum = OracleEinsum.contract("i->", DoubleArray.of(x, 8));
    TensorAssertions.assertWithin("sum", sum::at, new float[] {36});
    assertTrue(
        message(() -> TensorAssertions.assertWithin("sum", sum::at, new float[] {36.001f}))
            .startsWith("sum at [0]: expected 36.0 within "));
  }
}
