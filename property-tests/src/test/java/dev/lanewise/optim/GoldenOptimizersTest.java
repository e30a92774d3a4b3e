package dev.lanewise.optim;

import static dev.lanewise.verification.TensorAssertions.assertSameBits;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.lanewise.checkpoint.CheckpointException;
import dev.lanewise.checkpoint.StateDict;
import dev.lanewise.checkpoint.Value;
import dev.lanewise.embedding.Embedding;
import dev.lanewise.tensor.Parameter;
import dev.lanewise.tensor.Tensor;
import dev.lanewise.verification.OracleAdagrad;
import dev.lanewise.verification.OracleAdam;
import dev.lanewise.verification.OracleSgd;
import dev.lanewise.verification.Rounded;
import java.lang.foreign.Arena;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Steps that PyTorch made (make_golden_optimizers.py): its weights and ours both lie within the
 * running bound around the formulae in double, and its state continues ours.
 */
class GoldenOptimizersTest {
  private static final int ROWS = 5;
  private static final int WIDTH = 3;
  private final Arena arena = Arena.ofAuto();

  /** One row of weights by the formulae. */
  private interface RowOracle {
    /** The weights after a step; the gradient is null for a row that is not touched. */
    List<Rounded> step(List<Rounded> gradient);

    void skip();
  }

  private interface OracleOf {
    RowOracle of(float[] row);
  }

  /** A trajectory of the golden file, with the settings of its script. */
  enum Golden {
    SGD(w -> Sgd.of(0.1f, w), row -> sgd(row, 0, 0, 0, false, false)),
    SGD_SPARSE(w -> Sgd.of(0.1f, w), row -> sgd(row, 0, 0, 0, false, false)),
    SGD_MOMENTUM(
        w ->
            Sgd.of(
                new Sgd.Settings(
                    0.1f, 0.9f, 0.25f, 0.01f, Sgd.MomentumKind.PLAIN, Direction.MINIMIZE),
                w),
        row -> sgd(row, 0.9f, 0.25f, 0.01f, false, false)),
    SGD_NESTEROV(
        w ->
            Sgd.of(
                new Sgd.Settings(0.1f, 0.9f, 0, 0, Sgd.MomentumKind.NESTEROV, Direction.MAXIMIZE),
                w),
        row -> sgd(row, 0.9f, 0, 0, true, true)),
    ADAGRAD(
        w ->
            Adagrad.of(
                new Adagrad.Settings(0.1f, 0.125f, 0.01f, 0.5f, 1e-10f, Direction.MINIMIZE), w),
        row -> adagrad(row, 0.1, 0.125, 0.01, 0.5, false)),
    ADAGRAD_MAXIMIZE(
        w -> Adagrad.of(Adagrad.Settings.DEFAULT.withDirection(Direction.MAXIMIZE), w),
        row -> adagrad(row, 0.01, 0, 0, 0, true)),
    ADAGRAD_SPARSE(
        w -> Adagrad.of(Adagrad.Settings.DEFAULT.withLearningRate(0.1f).withLrDecay(0.125f), w),
        row -> adagrad(row, 0.1, 0.125, 0, 0, false)),
    ADAM(
        w -> Adam.of(Adam.Settings.DEFAULT, w),
        row ->
            adam(
                row,
                new OracleAdam.Settings(1e-3, 0.9, 0.999, 1e-8, 0, false, false, false, false))),
    ADAM_DECAY(
        w ->
            Adam.of(
                Adam.Settings.DEFAULT
                    .withLearningRate(0.1f)
                    .withBetas(0.5, 0.75)
                    .withEps(1e-3f)
                    .withWeightDecay(0.01f)
                    .withDirection(Direction.MAXIMIZE),
                w),
        row ->
            adam(
                row,
                new OracleAdam.Settings(0.1, 0.5, 0.75, 1e-3, 0.01, false, false, true, false))),
    AMSGRAD(
        w ->
            Adam.of(
                Adam.Settings.DEFAULT.withLearningRate(0.1f).withVariant(Adam.Variant.AMSGRAD), w),
        row ->
            adam(
                row, new OracleAdam.Settings(0.1, 0.9, 0.999, 1e-8, 0, false, true, false, false))),
    ADAMW(
        w -> Adam.of(Adam.Settings.ADAMW.withLearningRate(0.1f), w),
        row ->
            adam(
                row,
                new OracleAdam.Settings(0.1, 0.9, 0.999, 1e-8, 0.01, true, false, false, false))),
    SPARSE_ADAM(
        w -> SparseAdam.of(0.1f, w),
        row ->
            adam(
                row, new OracleAdam.Settings(0.1, 0.9, 0.999, 1e-8, 0, false, false, false, true)));

    private final java.util.function.Function<Parameter, Optimizer> optimizer;
    private final OracleOf oracle;

    Golden(java.util.function.Function<Parameter, Optimizer> optimizer, OracleOf oracle) {
      this.optimizer = optimizer;
      this.oracle = oracle;
    }

    private static RowOracle sgd(
        float[] row, float momentum, float dampening, float decay, boolean ahead, boolean up) {
      List<OracleSgd> weights = new ArrayList<>();
      for (float w : row) {
        weights.add(new OracleSgd(w, 0.1f, momentum, dampening, decay, ahead, up));
      }
      return new RowOracle() {
        @Override
        public List<Rounded> step(List<Rounded> gradient) {
          return IntStream.range(0, row.length)
              .mapToObj(i -> weights.get(i).step(gradient.get(i).value()).plus(slack(gradient, i)))
              .toList();
        }

        /** The error of a gradient that was summed, at the learning rate. */
        private Rounded slack(List<Rounded> gradient, int i) {
          return new Rounded(0, gradient.get(i).error());
        }

        @Override
        public void skip() {
          // Without momentum and decay nothing counts steps.
        }
      };
    }

    private static RowOracle adagrad(
        float[] row, double rate, double lrDecay, double decay, double start, boolean up) {
      OracleAdagrad weights =
          new OracleAdagrad(
              new OracleAdagrad.Settings(rate, lrDecay, decay, start, 1e-10, up, false), row);
      return new RowOracle() {
        @Override
        public List<Rounded> step(List<Rounded> gradient) {
          return weights.step(gradient);
        }

        @Override
        public void skip() {
          weights.skip();
        }
      };
    }

    private static RowOracle adam(float[] row, OracleAdam.Settings settings) {
      List<OracleAdam> weights = new ArrayList<>();
      for (float w : row) {
        weights.add(new OracleAdam(settings, w));
      }
      return new RowOracle() {
        @Override
        public List<Rounded> step(List<Rounded> gradient) {
          return IntStream.range(0, row.length)
              .mapToObj(i -> weights.get(i).step(gradient.get(i)))
              .toList();
        }

        @Override
        public void skip() {
          weights.forEach(OracleAdam::skip);
        }
      };
    }
  }

  private static Tensor tensor(Value.Dict dict, String name) {
    return ((Value.TensorValue) dict.get(name)).tensor();
  }

  private StateDict golden(Golden golden) throws CheckpointException, URISyntaxException {
    Path file =
        Path.of(
            Objects.requireNonNull(GoldenOptimizersTest.class.getResource("/golden/optimizers.pth"))
                .toURI());
    return StateDict.load(file, arena).dict(golden.name().toLowerCase(java.util.Locale.ROOT));
  }

  @ParameterizedTest
  @EnumSource
  void stepsOfPyTorch(Golden golden) throws CheckpointException, URISyntaxException {
    StateDict saved = golden(golden);
    float[] start = saved.get("start").toFloatArray();
    boolean sparse = ((Value.Bool) saved.value("sparse")).value();
    Embedding embedding =
        Embedding.of(Parameter.trainable(arena, Tensor.copyOf(arena, start, ROWS, WIDTH)));
    embedding = sparse ? embedding.withSparseGradient() : embedding;
    Optimizer optimizer = golden.optimizer.apply(embedding.weight());
    List<RowOracle> oracles = new ArrayList<>();
    List<List<Rounded>> weights = new ArrayList<>();
    for (int row = 0; row < ROWS; row++) {
      float[] values = java.util.Arrays.copyOfRange(start, row * WIDTH, (row + 1) * WIDTH);
      oracles.add(golden.oracle.of(values));
      List<Rounded> exact = new ArrayList<>();
      for (float value : values) {
        exact.add(Rounded.exact(value));
      }
      weights.add(exact);
    }
    for (Value each : ((Value.PyList) saved.value("steps")).items()) {
      Value.Dict step = (Value.Dict) each;
      Tensor rows = tensor(step, "rows");
      Tensor values = tensor(step, "values");
      optimizer.zeroGrad();
      embedding.backward(rows, values);
      optimizer.step();
      for (int row = 0; row < ROWS; row++) {
        List<List<Rounded>> terms = new ArrayList<>();
        for (int i = 0; i < rows.size(0); i++) {
          if (rows.getLong(i) == row) {
            List<Rounded> entry = new ArrayList<>();
            for (int d = 0; d < WIDTH; d++) {
              entry.add(Rounded.exact(values.get(i, d)));
            }
            terms.add(entry);
          }
        }
        if (terms.isEmpty()) {
          oracles.get(row).skip();
        } else {
          weights.set(
              row,
              oracles
                  .get(row)
                  .step(
                      IntStream.range(0, WIDTH)
                          .mapToObj(d -> Rounded.sum(terms.stream().map(t -> t.get(d)).toList()))
                          .toList()));
        }
        for (int d = 0; d < WIDTH; d++) {
          Rounded expected = weights.get(row).get(d);
          String what = golden + ", row " + row + ", element " + d;
          expected.assertContains("PyTorch's " + what, tensor(step, "weight").get(row, d));
          expected.assertContains("ours of " + what, embedding.weight().value().get(row, d));
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void stateOfPyTorch(Golden golden) throws CheckpointException, URISyntaxException {
    StateDict state = golden(golden).dict("optimizer");
    Parameter weight = Parameter.trainable(arena, Tensor.zeros(arena, ROWS, WIDTH));
    Optimizer expected = golden.optimizer.apply(weight);
    Optimizer optimizer = golden.optimizer.apply(weight);
    optimizer.setLearningRate(7);
    optimizer.loadStateDict(state);
    assertEquals(structure(expected.stateDict(), false), structure(optimizer.stateDict(), false));
    assertEquals(structure(state, true), structure(optimizer.stateDict(), true));
    Value.Dict theirs = (Value.Dict) state.value("state");
    Value.Dict ours = (Value.Dict) optimizer.stateDict().value("state");
    theirs
        .items()
        .forEach((number, each) -> {
          Value.Dict ofParameter = (Value.Dict) each;
          ofParameter
              .items()
              .forEach((name, value) -> {
                if (value instanceof Value.TensorValue(Tensor tensor)) {
                  Tensor own = tensor((Value.Dict) ours.get(number), ((Value.Text) name).text());
                  assertSameBits(golden + " " + name, tensor, own);
                }
              });
        });
  }

  /** The settings, or all of a state dict, with whole numbers written alike. */
  private static String structure(StateDict state, boolean whole) {
    String text = whole ? state.toString() : state.value("param_groups").toString();
    return text.replaceAll("\\b(\\d+)\\.0\\b", "$1");
  }
}
