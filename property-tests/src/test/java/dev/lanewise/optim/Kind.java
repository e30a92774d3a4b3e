package dev.lanewise.optim;

import dev.lanewise.tensor.Parameter;
import java.util.function.Supplier;

/** The optimizers under test, each with settings that differ from the defaults. */
enum Kind {
  SGD(Moves.TOUCHED, d -> Sgd.Settings.of(0.125f).withDirection(d), ScalarRules::sgd),
  SGD_MOMENTUM(
      Moves.ALL,
      d -> new Sgd.Settings(0.1f, 0.9f, 0.25f, 0, Sgd.MomentumKind.PLAIN, d),
      ScalarRules::sgd),
  SGD_NESTEROV(
      Moves.ALL,
      d -> new Sgd.Settings(0.1f, 0.9f, 0, 0.01f, Sgd.MomentumKind.NESTEROV, d),
      ScalarRules::sgd),
  SGD_DECAY(
      Moves.ALL,
      d -> new Sgd.Settings(0.1f, 0, 0, 0.01f, Sgd.MomentumKind.PLAIN, d),
      ScalarRules::sgd),
  ADAGRAD(
      Moves.TOUCHED,
      d -> new Adagrad.Settings(0.1f, 0.125f, 0, 0.5f, 1e-6f, d),
      ScalarRules::adagrad),
  ADAGRAD_DECAY(
      Moves.ALL, d -> new Adagrad.Settings(0.1f, 0, 0.01f, 0, 1e-6f, d), ScalarRules::adagrad),
  ROWWISE_ADAGRAD(
      Moves.TOUCHED, d -> new RowwiseAdagrad.Settings(0.1f, 1e-6f, d), ScalarRules::rowwiseAdagrad),
  ADAM(
      Moves.ALL_OF_DENSE,
      d -> Adam.Settings.DEFAULT.withWeightDecay(0.01f).withDirection(d),
      ScalarRules::adam),
  ADAMW(
      Moves.ALL_OF_DENSE,
      d -> Adam.Settings.ADAMW.withBetas(0.5, 0.75).withDirection(d),
      ScalarRules::adam),
  AMSGRAD(
      Moves.ALL_OF_DENSE,
      d -> Adam.Settings.DEFAULT.withVariant(Adam.Variant.AMSGRAD).withDirection(d),
      ScalarRules::adam),
  SPARSE_ADAM(
      Moves.TOUCHED, d -> SparseAdam.Settings.DEFAULT.withDirection(d), ScalarRules::sparseAdam);

  /** Which rows a step moves. */
  enum Moves {
    TOUCHED,
    ALL,
    /** And sparse gradients are refused. */
    ALL_OF_DENSE
  }

  /** Makes settings. */
  private interface Settings {
    Record of(Direction direction);
  }

  /** Makes the scalar program of settings. */
  private interface RuleOf {
    ScalarRules of(Record settings, int rows, int width);
  }

  final Moves moves;
  private final Settings settings;
  private final RuleOf rule;

  Kind(Moves moves, Settings settings, RuleOf rule) {
    this.moves = moves;
    this.settings = settings;
    this.rule = rule;
  }

  ScalarRules rule(Direction direction, int rows, int width) {
    return rule.of(settings.of(direction), rows, width);
  }

  Record settings(Direction direction) {
    return settings.of(direction);
  }

  Optimizer optimizer(Direction direction, Parameter... parameters) {
    return of(settings.of(direction), parameters);
  }

  /** With PyTorch's defaults, to load a state into. */
  Optimizer fresh(Parameter... parameters) {
    Supplier<Optimizer> made =
        switch (settings.of(Direction.MINIMIZE)) {
          case Sgd.Settings ignored -> () -> Sgd.of(1f, parameters);
          case Adagrad.Settings ignored -> () -> Adagrad.of(1f, parameters);
          case RowwiseAdagrad.Settings ignored -> () -> RowwiseAdagrad.of(1f, parameters);
          case Adam.Settings ignored -> () -> Adam.of(1f, parameters);
          default -> () -> SparseAdam.of(1f, parameters);
        };
    return made.get();
  }

  private static Optimizer of(Record settings, Parameter... parameters) {
    return switch (settings) {
      case Sgd.Settings s -> Sgd.of(s, parameters);
      case Adagrad.Settings s -> Adagrad.of(s, parameters);
      case RowwiseAdagrad.Settings s -> RowwiseAdagrad.of(s, parameters);
      case Adam.Settings s -> Adam.of(s, parameters);
      case SparseAdam.Settings s -> SparseAdam.of(s, parameters);
      default -> throw new AssertionError(settings);
    };
  }
}
