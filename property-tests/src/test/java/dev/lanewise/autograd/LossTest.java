package dev.lanewise.autograd;

import static dev.lanewise.Refusals.refused;
import static dev.lanewise.verification.TensorAssertions.assertSameBits;
import static dev.lanewise.verification.TensorAssertions.assertWithin;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Parameter;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import dev.lanewise.verification.FloatClass;
import dev.lanewise.verification.LanewiseArbitraries;
import dev.lanewise.verification.Layout;
import dev.lanewise.verification.OracleLosses;
import dev.lanewise.verification.Rounded;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tag;
import net.jqwik.api.constraints.IntRange;

/** Losses and their gradients against the formulae in double, within the carried error. */
@Tag("lanes")
class LossTest {
  /** The documented bound of the exponential, which has a test of its own. */
  static final double EXP_ULPS = 1;

  @Provide
  Arbitrary<Long> seeds() {
    return LanewiseArbitraries.seeds();
  }

  @Provide
  Arbitrary<Layout> layouts() {
    return LanewiseArbitraries.layouts();
  }

  private static List<Rounded> exact(Tensor tensor) {
    float[] values = tensor.toFloatArray();
    return IntStream.range(0, values.length).mapToObj(i -> Rounded.exact(values[i])).toList();
  }

  @Property
  void squaredErrors(
      @ForAll @IntRange(max = 200) int count,
      @ForAll("layouts") Layout layout,
      @ForAll("seeds") long seed) {
    try (Arena arena = Arena.ofConfined();
        Tape tape = new Tape()) {
      Parameter x = Parameter.trainable(arena, Tensor.copyOf(arena, FloatClass.tame(seed, count)));
      Tensor t = layout.place(arena, x.value().shape(), FloatClass.tame(seed + 1, count), seed);
      for (boolean mean : new boolean[] {false, true}) {
        Variable loss = tape.squaredError(x, t, mean ? Reduction.MEAN : Reduction.SUM);
        if (count == 0) {
          assertTrue(mean ? Double.isNaN(loss.item()) : loss.item() == 0);
          continue;
        }
        OracleLosses.squaredError(exact(x.value()), exact(t), mean)
            .assertContains("loss", loss.item());
        x.zeroGradient();
        loss.backward();
        assertWithin(
            "gradient",
            OracleLosses.squaredErrorGradient(exact(x.value()), exact(t), mean)::get,
            x.gradient().tensor());
      }
      Variable each = tape.squaredError(x, t, Reduction.NONE);
      float[] expected = new float[count];
      float[] xs = x.value().toFloatArray();
      float[] ts = t.toFloatArray();
      for (int i = 0; i < count; i++) {
        expected[i] = (xs[i] - ts[i]) * (xs[i] - ts[i]);
      }
      assertSameBits("each", expected, each.value().toFloatArray());
      x.zeroGradient();
      tape.sum(each).backward();
      assertWithin(
          "gradient of each",
          OracleLosses.squaredErrorGradient(exact(x.value()), exact(t), false)::get,
          x.gradient().tensor());
    }
  }

  @Property
  void theTargetsGradientIsTheOpposite(
      @ForAll @IntRange(min = 1, max = 100) int count, @ForAll("seeds") long seed) {
    try (Arena arena = Arena.ofConfined();
        Tape tape = new Tape()) {
      Parameter x = Parameter.trainable(arena, Tensor.copyOf(arena, FloatClass.tame(seed, count)));
      Parameter t =
          Parameter.trainable(arena, Tensor.copyOf(arena, FloatClass.tame(seed + 1, count)));
      for (Reduction reduction : Reduction.values()) {
        x.zeroGradient();
        t.zeroGradient();
        tape.sum(tape.squaredError(x, t, reduction)).backward();
        float[] g = x.gradient().tensor().toFloatArray();
        for (int i = 0; i < count; i++) {
          g[i] = 0 - g[i];
        }
        assertSameBits("target's gradient", g, t.gradient().tensor().toFloatArray());
      }
    }
  }

  @Property(tries = 600)
  void crossEntropies(
      @ForAll("seeds") long seed,
      @ForAll boolean weighted,
      @ForAll boolean smoothed,
      @ForAll boolean ignoring) {
    SplittableRandom random = new SplittableRandom(seed);
    int rows = random.nextInt(1, 7);
    int count = random.nextInt(1, random.nextInt(4) == 0 ? 150 : 9);
    float spread = random.nextBoolean() ? 1f : 60f;
    float smoothing = smoothed ? random.nextFloat() : 0f;
    long ignoreIndex = ignoring ? random.nextInt(-2, count) : -100;
    int[] classes = new int[rows];
    for (int row = 0; row < rows; row++) {
      classes[row] = ignoring && random.nextInt(3) == 0 ? (int) ignoreIndex : random.nextInt(count);
    }
    try (Arena arena = Arena.ofConfined();
        Tape tape = new Tape()) {
      Tensor logits = Tensor.zeros(arena, rows, count);
      Tensor weight = Tensor.full(arena, 1f, count);
      double[] weights = new double[count];
      for (int c = 0; c < count; c++) {
        weight.set(weighted ? random.nextInt(5) == 0 ? 0 : random.nextFloat() : 1, c);
        weights[c] = weight.get(c);
        for (int row = 0; row < rows; row++) {
          logits.set(spread * (2 * random.nextFloat() - 1), row, c);
        }
      }
      double totalWeight =
          IntStream.of(classes)
              .filter(label -> label != ignoreIndex)
              .mapToDouble(label -> weights[label])
              .sum();
      List<List<Rounded>> x = new ArrayList<>();
      for (int row = 0; row < rows; row++) {
        x.add(exact(logits.select(0, row)));
      }
      var oracle =
          new OracleLosses.CrossEntropyCase(
              x, classes, weighted ? weights : null, (int) ignoreIndex, smoothing, EXP_ULPS);
      Parameter parameter = Parameter.trainable(arena, logits);
      for (Reduction reduction : Reduction.values()) {
        CrossEntropy settings =
            new CrossEntropy(reduction, weighted ? weight : null, ignoreIndex, smoothing);
        Variable loss = tape.crossEntropy(parameter, classes, settings);
        boolean mean = reduction == Reduction.MEAN;
        if (reduction == Reduction.NONE) {
          assertWithin("losses", oracle::rowLoss, loss.value());
          loss = tape.sum(loss);
        } else if (mean && totalWeight == 0) {
          // 0 / 0, or what smoothing leaves divided by 0: which of both may depend on a rounding.
          assertTrue(!Double.isFinite(loss.item()), () -> "mean over weights of 0");
          continue;
        } else {
          oracle.loss(mean).assertContains(reduction + " loss", loss.item());
        }
        Tensor wide = Tensor.copyOf(arena, IntStream.of(classes).asLongStream().toArray());
        assertSameBits(
            "int64 classes",
            tape.crossEntropy(parameter, classes, settings).value(),
            tape.crossEntropy(parameter, wide, settings).value());
        parameter.zeroGradient();
        loss.backward();
        for (int row = 0; row < rows; row++) {
          assertWithin(
              reduction + " gradient of row " + row,
              oracle.gradient(row, mean)::get,
              parameter.gradient().tensor().select(0, row));
        }
      }
    }
  }

  @Example
  void allIgnoredIsNaNForAMeanAndZeroForASum() {
    try (Arena arena = Arena.ofConfined();
        Tape tape = new Tape()) {
      Tensor logits = Tensor.zeros(arena, 2, 3);
      assertTrue(Double.isNaN(tape.crossEntropy(logits, -100, -100).item()));
      assertEquals(
          0,
          tape.crossEntropy(
                  logits, new int[] {5, 5}, new CrossEntropy(Reduction.SUM, null, 5, 0.5f))
              .item());
    }
  }

  @Example
  void hugeLogitsNeitherOverflowNorUnderflow() {
    try (Arena arena = Arena.ofConfined();
        Tape tape = new Tape()) {
      Parameter logits =
          Parameter.trainable(arena, Tensor.copyOf(arena, new float[] {1e30f, -1e30f, 0f}, 1, 3));
      Variable loss = tape.crossEntropy(logits, 0);
      assertEquals(0, loss.item());
      loss.backward();
      assertSameBits("gradient", new float[] {0, 0, 0}, logits.gradient().tensor().toFloatArray());
    }
  }

  @Example
  void aLossThatIsRecordedAgainStartsFromNothing() {
    try (Arena arena = Arena.ofConfined();
        Tape tape = new Tape()) {
      Parameter x = Parameter.trainable(arena, Tensor.copyOf(arena, FloatClass.tame(1, 100)));
      Tensor t = Tensor.copyOf(arena, FloatClass.tame(2, 100));
      for (Reduction reduction : List.of(Reduction.MEAN, Reduction.SUM)) {
        float first = (float) tape.squaredError(x, t, reduction).item();
        tape.reset();
        assertEquals(first, (float) tape.squaredError(x, t, reduction).item());
        tape.reset();
      }
    }
  }

  @Example
  void classesAndWeightsThatCannotBeReadAreRefused() {
    try (Arena arena = Arena.ofConfined();
        Tape tape = new Tape()) {
      Tensor logits = Tensor.zeros(arena, 2, 3);
      refused(
          IndexOutOfBoundsException.class,
          "class 3 of row 1 is outside the 3 classes of the logits",
          () -> tape.crossEntropy(logits, 0, 3));
      Tensor doubles = Tensor.allocate(arena, DType.FLOAT64, Shape.of(3));
      refused(
          IllegalArgumentException.class,
          "weight: expected float32, got float64",
          () -> new CrossEntropy(Reduction.MEAN, doubles, -100, 0f));
      Arena closing = Arena.ofConfined();
      Tensor targets = Tensor.copyOf(closing, new int[] {0, 1}, 2);
      var weighted = new CrossEntropy(Reduction.MEAN, Tensor.full(closing, 1f, 3), -100, 0f);
      closing.close();
      refused(
          IllegalStateException.class,
          "targets: the arena of this tensor of shape [2] is closed",
          () -> tape.crossEntropy(logits, targets, CrossEntropy.MEAN));
      refused(
          IllegalStateException.class,
          "weight: the arena of this tensor of shape [3] is closed",
          () -> tape.crossEntropy(logits, new int[] {0, 1}, weighted));
      refused(
          IllegalArgumentException.class,
          "targets: expected an int32 or int64 vector with one class a row, got int32 [1, 2]",
          () ->
              tape.crossEntropy(
                  logits, Tensor.copyOf(arena, new int[] {0, 1}, 1, 2), CrossEntropy.MEAN));
    }
  }
}
