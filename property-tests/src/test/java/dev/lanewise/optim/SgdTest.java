package dev.lanewise.optim;

import static dev.lanewise.verification.TensorAssertions.assertSameBits;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.autograd.Tape;
import dev.lanewise.embedding.Embedding;
import dev.lanewise.tensor.Parameter;
import dev.lanewise.tensor.Tensor;
import dev.lanewise.verification.FloatClass;
import dev.lanewise.verification.LanewiseArbitraries;
import dev.lanewise.verification.OracleSgd;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.SplittableRandom;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tag;

/**
 * Steps against the formulae in double, and the step over touched rows against the one over all
 * rows, to the bit.
 */
@Tag("lanes")
class SgdTest {
  @Provide
  Arbitrary<Long> seeds() {
    return LanewiseArbitraries.seeds();
  }

  @Provide
  Arbitrary<List<Integer>> indices() {
    return LanewiseArbitraries.indices(9, 12);
  }

  @Property
  void stepsFollowTheFormulae(
      @ForAll("seeds") long seed,
      @ForAll boolean momentum,
      @ForAll boolean nesterov,
      @ForAll boolean decay,
      @ForAll Direction direction) {
    SplittableRandom random = new SplittableRandom(seed);
    int count = random.nextInt(1, 70);
    float mu = momentum ? random.nextFloat() : 0f;
    boolean ahead = nesterov && mu > 0;
    float dampening = ahead || random.nextBoolean() ? 0f : random.nextFloat();
    Sgd.Settings settings =
        new Sgd.Settings(
            random.nextFloat(),
            mu,
            dampening,
            decay ? random.nextFloat() : 0f,
            ahead ? Sgd.MomentumKind.NESTEROV : Sgd.MomentumKind.PLAIN,
            direction);
    try (Arena arena = Arena.ofConfined()) {
      Parameter w = Parameter.trainable(arena, Tensor.copyOf(arena, FloatClass.tame(seed, count)));
      OracleSgd[] oracles = new OracleSgd[count];
      for (int i = 0; i < count; i++) {
        oracles[i] =
            new OracleSgd(
                w.value().get(i),
                settings.learningRate(),
                mu,
                dampening,
                settings.weightDecay(),
                ahead,
                direction == Direction.MAXIMIZE);
      }
      Sgd sgd = Sgd.of(settings, w);
      for (int step = 0; step < 4; step++) {
        float[] g = FloatClass.tame(seed + step + 1, count);
        w.gradient().tensor().copyFrom(Tensor.copyOf(arena, g));
        w.gradient().touchAllRows();
        sgd.step();
        for (int i = 0; i < count; i++) {
          oracles[i]
              .step(g[i])
              .assertContains(
                  "weight " + i + " after step " + step + " of " + settings, w.value().get(i));
        }
      }
    }
  }

  @Property
  void touchedRowsGiveTheBitsOfAllRows(
      @ForAll("indices") List<Integer> list,
      @ForAll("seeds") long seed,
      @ForAll Direction direction) {
    int[] indices = list.stream().mapToInt(Integer::intValue).toArray();
    Sgd.Settings settings = new Sgd.Settings(0.01f, 0, 0, 0, Sgd.MomentumKind.PLAIN, direction);
    try (Arena arena = Arena.ofConfined();
        Tape tape = new Tape()) {
      float[] start = FloatClass.wild(seed, 9 * 5);
      Parameter sparse = Parameter.trainable(arena, Tensor.copyOf(arena, start, 9, 5));
      Parameter dense = Parameter.trainable(arena, Tensor.copyOf(arena, start, 9, 5));
      Tensor g =
          Tensor.copyOf(arena, FloatClass.tame(seed + 1, indices.length * 5), indices.length, 5);
      tape.sum(tape.einsum("ik,ik->ik", tape.lookup(Embedding.of(sparse), indices), g)).backward();
      dense.gradient().tensor().copyFrom(sparse.gradient().tensor());
      dense.gradient().touchAllRows();
      Sgd.of(settings, sparse).step();
      Sgd.of(settings, dense).step();
      assertSameBits(direction + " of " + list, dense.value(), sparse.value());
    }
  }

  @Example
  void parametersWithoutGradientStay() {
    try (Arena arena = Arena.ofConfined()) {
      Parameter w = Parameter.trainable(arena, Tensor.full(arena, 2f, 3));
      Sgd.of(Sgd.Settings.of(1f).withWeightDecay(0.5f).withMomentum(0.5f), w).step();
      assertSameBits("weight", new float[] {2, 2, 2}, w.value().toFloatArray());
    }
  }

  @Example
  void aClosedArenaStopsTheStepBeforeAnythingHasChanged() {
    for (boolean gradientOnly : new boolean[] {false, true}) {
      Arena closing = Arena.ofConfined();
      try (Arena arena = Arena.ofConfined()) {
        Parameter first = Parameter.trainable(arena, Tensor.full(arena, 2f, 3));
        Parameter second =
            Parameter.trainable(closing, Tensor.full(gradientOnly ? arena : closing, 2f, 3));
        for (Parameter parameter : List.of(first, second)) {
          parameter.gradient().tensor().fill(1);
          parameter.gradient().touchAllRows();
        }
        Sgd sgd = Sgd.of(0.5f, first, second);
        closing.close();
        var error = assertThrows(IllegalStateException.class, sgd::step);
        assertSameBits("first weight", new float[] {2, 2, 2}, first.value().toFloatArray());
        assertTrue(error.getMessage().contains("of shape [3] is closed"), error.getMessage());
      }
    }
  }

  @Example
  void settingsAreChecked() {
    assertEquals(
        "learningRate must be finite and at least 0, got -1.0",
        assertThrows(IllegalArgumentException.class, () -> Sgd.Settings.of(-1f)).getMessage());
    assertEquals(
        "momentum must be finite and at least 0, got NaN",
        assertThrows(
                IllegalArgumentException.class, () -> Sgd.Settings.of(1f).withMomentum(Float.NaN))
            .getMessage());
    assertEquals(
        "Nesterov's step needs momentum and no dampening, got momentum 0.0 and dampening 0.0",
        assertThrows(
                IllegalArgumentException.class,
                () -> new Sgd.Settings(1f, 0, 0, 0, Sgd.MomentumKind.NESTEROV, Direction.MINIMIZE))
            .getMessage());
    try (Arena arena = Arena.ofConfined()) {
      Parameter frozen = Parameter.frozen(Tensor.zeros(arena, 2, 3));
      assertEquals(
          "a frozen parameter of shape [2, 3] cannot be optimized",
          assertThrows(IllegalArgumentException.class, () -> Sgd.of(1f, frozen)).getMessage());
    }
  }
}
