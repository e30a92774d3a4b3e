package dev.lanewise.optim;

import static dev.lanewise.verification.TensorAssertions.assertSameBits;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.lanewise.PythonScript;
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
import java.io.IOException;
import java.lang.foreign.Arena;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.stream.IntStream;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Steps that PyTorch made (make_golden_optimizers.py): its weights and ours both lie within the
 * running bound around the formulae in double, and its state continues ours, as ours continues its.
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

  private static Value.Dict dict(Value value) {
    return (Value.Dict) value;
  }

  private static List<Value> steps(StateDict saved) {
    return ((Value.PyList) saved.value("steps")).items();
  }

  private static String name(Golden golden) {
    return golden.name().toLowerCase(Locale.ROOT);
  }

  private StateDict golden(Golden golden) throws CheckpointException, URISyntaxException {
    Path file =
        Path.of(
            Objects.requireNonNull(GoldenOptimizersTest.class.getResource("/golden/optimizers.pth"))
                .toURI());
    return StateDict.load(file, arena).dict(name(golden));
  }

  @ParameterizedTest
  @EnumSource
  void stepsOfPyTorch(Golden golden) throws CheckpointException, URISyntaxException {
    StateDict saved = golden(golden);
    List<Value> steps = steps(saved);
    List<List<List<Rounded>>> expected = expected(golden, saved);
    var training = new Training(golden, saved);
    for (int i = 0; i < steps.size(); i++) {
      training.step(steps.get(i));
      assertContains(expected.get(i), "PyTorch's " + golden, tensor(dict(steps.get(i)), "weight"));
      assertContains(expected.get(i), "our " + golden, training.weight());
    }
  }

  /** Where there is a Python with PyTorch: what was begun here goes on there. */
  @ParameterizedTest
  @EnumSource
  @EnabledIfSystemProperty(named = PythonScript.PYTHON, matches = ".+")
  void stepsThatPyTorchGoesOnWith(Golden golden, @TempDir Path folder)
      throws IOException, URISyntaxException, InterruptedException {
    StateDict saved = golden(golden);
    List<Value> steps = steps(saved);
    int own = steps.size() / 2;
    var training = new Training(golden, saved);
    steps.subList(0, own).forEach(training::step);
    Path begun = folder.resolve("begun.pth");
    Path continued = folder.resolve("continued.pth");
    new StateDict()
        .put("weight", training.weight())
        .put("optimizer", training.optimizer.stateDict())
        .put("steps", new Value.PyList(steps.subList(own, steps.size())))
        .save(begun);
    PythonScript.run("continue_optimizer.py", name(golden), begun, continued);
    StateDict weights = StateDict.load(continued, arena);
    List<List<List<Rounded>>> expected = expected(golden, saved);
    for (int i = own; i < steps.size(); i++) {
      Tensor weight = weights.get(Integer.toString(i - own));
      assertContains(expected.get(i), "PyTorch's " + golden + " after ours", weight);
    }
  }

  /** An optimizer of ours on the gradients of the golden file. */
  private final class Training {
    private final Embedding embedding;
    private final Optimizer optimizer;

    Training(Golden golden, StateDict saved) {
      Tensor start = saved.get("start").contiguous(arena);
      Embedding table = Embedding.of(Parameter.trainable(arena, start));
      boolean sparse = ((Value.Bool) saved.value("sparse")).value();
      embedding = sparse ? table.withSparseGradient() : table;
      optimizer = golden.optimizer.apply(embedding.weight());
    }

    void step(Value step) {
      optimizer.zeroGrad();
      embedding.backward(tensor(dict(step), "rows"), tensor(dict(step), "values"));
      optimizer.step();
    }

    Tensor weight() {
      return embedding.weight().value();
    }
  }

  /** The weights after each step by the formulae: of each row, each element. */
  private static List<List<List<Rounded>>> expected(Golden golden, StateDict saved) {
    List<RowOracle> oracles = new ArrayList<>();
    List<List<Rounded>> weights = new ArrayList<>();
    for (int row = 0; row < ROWS; row++) {
      float[] start = saved.get("start").select(0, row).toFloatArray();
      oracles.add(golden.oracle.of(start));
      weights.add(elements(saved.get("start"), row));
    }
    List<List<List<Rounded>>> all = new ArrayList<>();
    for (Value step : steps(saved)) {
      Tensor rows = tensor(dict(step), "rows");
      Tensor values = tensor(dict(step), "values");
      for (int row = 0; row < ROWS; row++) {
        List<List<Rounded>> terms = new ArrayList<>();
        for (int i = 0; i < rows.size(0); i++) {
          if (rows.getLong(i) == row) {
            terms.add(elements(values, i));
          }
        }
        if (terms.isEmpty()) {
          oracles.get(row).skip();
        } else {
          List<Rounded> gradient =
              IntStream.range(0, WIDTH)
                  .mapToObj(d -> Rounded.sum(terms.stream().map(t -> t.get(d)).toList()))
                  .toList();
          weights.set(row, oracles.get(row).step(gradient));
        }
      }
      all.add(List.copyOf(weights));
    }
    return all;
  }

  private static List<Rounded> elements(Tensor matrix, int row) {
    return IntStream.range(0, WIDTH).mapToObj(d -> Rounded.exact(matrix.get(row, d))).toList();
  }

  private static void assertContains(List<List<Rounded>> expected, String what, Tensor weight) {
    for (int row = 0; row < ROWS; row++) {
      for (int d = 0; d < WIDTH; d++) {
        String where = what + ", row " + row + ", element " + d;
        expected.get(row).get(d).assertContains(where, weight.get(row, d));
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
    Value.Dict theirs = dict(state.value("state"));
    Value.Dict ours = dict(optimizer.stateDict().value("state"));
    theirs
        .items()
        .forEach((number, each) -> {
          Value.Dict ofParameter = dict(each);
          ofParameter
              .items()
              .forEach((name, value) -> {
                if (value instanceof Value.TensorValue(Tensor tensor)) {
                  Tensor own = tensor(dict(ours.get(number)), ((Value.Text) name).text());
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
