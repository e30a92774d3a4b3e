package dev.lanewise.optim;

import dev.lanewise.tensor.Parameter;
import dev.lanewise.tensor.Tensor;
import dev.lanewise.verification.FloatClass;
import dev.lanewise.verification.LanewiseArbitraries;
import dev.lanewise.verification.OracleAdagrad;
import dev.lanewise.verification.OracleAdam;
import dev.lanewise.verification.Rounded;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** Steps of Adagrad and Adam, in all forms, against the formulae in double with a running bound. */
class OptimizerFormulaTest {
  private static final int STEPS = 4;

  @Provide
  Arbitrary<Long> seeds() {
    return LanewiseArbitraries.seeds();
  }

  private interface Oracle {
    List<Rounded> step(List<Rounded> gradient);
  }

  private static void check(Arena arena, Optimizer optimizer, Tensor w, long seed, Oracle oracle) {
    Parameter parameter = optimizer.parameters().getFirst();
    int count = (int) w.shape().elementCount();
    for (int step = 0; step < STEPS; step++) {
      float[] g = FloatClass.tame(seed + step + 1, count);
      parameter.gradient().zero();
      parameter.gradient().tensor().copyFrom(Tensor.copyOf(arena, g, 1, count));
      parameter.gradient().touchRow(0);
      optimizer.step();
      List<Rounded> gradient = new ArrayList<>();
      for (float each : g) {
        gradient.add(Rounded.exact(each));
      }
      List<Rounded> expected = oracle.step(gradient);
      for (int i = 0; i < count; i++) {
        expected.get(i).assertContains("weight " + i + " after step " + step, w.get(0, i));
      }
    }
  }

  @Property(tries = 200)
  void adagrad(
      @ForAll("seeds") long seed,
      @ForAll boolean rowwise,
      @ForAll boolean decay,
      @ForAll Direction direction) {
    SplittableRandom random = new SplittableRandom(seed);
    int count = random.nextInt(1, 90);
    float rate = random.nextFloat();
    float lrDecay = rowwise ? 0 : random.nextFloat();
    float weightDecay = decay && !rowwise ? random.nextFloat() : 0;
    float start = rowwise ? 0 : random.nextFloat();
    float eps = 1e-3f * (1 + random.nextFloat());
    try (Arena arena = Arena.ofConfined()) {
      float[] weights = FloatClass.tame(seed, count);
      Tensor w = Tensor.copyOf(arena, weights, 1, count);
      Parameter parameter = Parameter.trainable(arena, w);
      Optimizer optimizer =
          rowwise
              ? RowwiseAdagrad.of(new RowwiseAdagrad.Settings(rate, eps, direction), parameter)
              : Adagrad.of(
                  new Adagrad.Settings(rate, lrDecay, weightDecay, start, eps, direction),
                  parameter);
      OracleAdagrad oracle =
          new OracleAdagrad(
              new OracleAdagrad.Settings(
                  rate, lrDecay, weightDecay, start, eps, direction == Direction.MAXIMIZE, rowwise),
              weights);
      check(arena, optimizer, w, seed, oracle::step);
    }
  }

  @Property(tries = 200)
  void adam(
      @ForAll("seeds") long seed,
      @ForAll boolean sparse,
      @ForAll Adam.DecayKind decayKind,
      @ForAll Adam.Variant variant,
      @ForAll Direction direction) {
    SplittableRandom random = new SplittableRandom(seed);
    int count = random.nextInt(1, 90);
    float rate = random.nextFloat();
    double beta1 = random.nextDouble();
    double beta2 = random.nextDouble();
    float eps = 1e-3f * (1 + random.nextFloat());
    float weightDecay = sparse || random.nextBoolean() ? 0 : random.nextFloat();
    try (Arena arena = Arena.ofConfined()) {
      float[] weights = FloatClass.tame(seed, count);
      Tensor w = Tensor.copyOf(arena, weights, 1, count);
      Parameter parameter = Parameter.trainable(arena, w);
      Optimizer optimizer =
          sparse
              ? SparseAdam.of(
                  new SparseAdam.Settings(rate, beta1, beta2, eps, direction), parameter)
              : Adam.of(
                  new Adam.Settings(
                      rate, beta1, beta2, eps, weightDecay, decayKind, variant, direction),
                  parameter);
      OracleAdam.Settings settings =
          new OracleAdam.Settings(
              rate,
              beta1,
              beta2,
              eps,
              weightDecay,
              decayKind == Adam.DecayKind.DECOUPLED,
              !sparse && variant == Adam.Variant.AMSGRAD,
              direction == Direction.MAXIMIZE,
              sparse);
      OracleAdam[] oracles = new OracleAdam[count];
      for (int i = 0; i < count; i++) {
        oracles[i] = new OracleAdam(settings, weights[i]);
      }
      check(
          arena,
          optimizer,
          w,
          seed,
          gradient -> {
            List<Rounded> after = new ArrayList<>();
            for (int i = 0; i < count; i++) {
              after.add(oracles[i].step(gradient.get(i)));
            }
            return after;
          });
    }
  }
}
