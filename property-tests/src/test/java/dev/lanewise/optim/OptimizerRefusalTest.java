package dev.lanewise.optim;

import static dev.lanewise.verification.TensorAssertions.assertSameBits;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.embedding.BagMode;
import dev.lanewise.embedding.Embedding;
import dev.lanewise.embedding.EmbeddingBag;
import dev.lanewise.embedding.TableBatch;
import dev.lanewise.embedding.TableBatchedBags;
import dev.lanewise.parallel.Parallelism;
import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Parameter;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ForkJoinPool;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Calls that are refused leave weights and state as they were. */
final class OptimizerRefusalTest {
  private final Arena arena = Arena.ofAuto();

  private Embedding embedding() {
    return Embedding.of(Parameter.trainable(arena, Tensor.full(arena, 2, 4, 3)));
  }

  private static void assertRefused(
      Class<? extends RuntimeException> kind, String message, Optimizer optimizer, Runnable run) {
    String state = optimizer.stateDict().toString();
    List<float[]> before =
        optimizer.parameters().stream().map(p -> p.value().toFloatArray()).toList();
    assertEquals(message, assertThrows(kind, run::run).getMessage());
    assertEquals(state, optimizer.stateDict().toString());
    for (int i = 0; i < before.size(); i++) {
      assertSameBits(message, before.get(i), optimizer.parameters().get(i).value().toFloatArray());
    }
  }

  @Test
  void gradientsWithoutARule() {
    Embedding first = embedding();
    Embedding second = embedding();
    Tensor g = Tensor.full(arena, 1, 2, 3);
    Adam adam = Adam.of(0.5f, first.weight(), second.weight());
    first.backward(new int[] {1, 2}, g);
    second.withSparseGradient().backward(new int[] {1, 2}, g);
    assertRefused(
        IllegalArgumentException.class,
        "Adam has no rule for the sparse gradient of a parameter of shape [4, 3], as it moves every row in every step: use SparseAdam, or an embedding without withSparseGradient()",
        adam,
        adam::step);
    SparseAdam sparseAdam = SparseAdam.of(0.5f, second.weight(), first.weight());
    first.weight().gradient().touchAllRows();
    assertRefused(
        IllegalArgumentException.class,
        "SparseAdam has no rule for a dense gradient whose touched rows are not known, as that of a parameter of shape [4, 3]: use Adam",
        sparseAdam,
        sparseAdam::step);
  }

  @ParameterizedTest
  @EnumSource
  void updatesThatCannotBeFused(Kind kind) {
    Embedding embedding = embedding();
    Optimizer optimizer = kind.optimizer(Direction.MINIMIZE, embedding.weight());
    if (kind.moves == Kind.Moves.TOUCHED) {
      FusedUpdate update = optimizer.fused(embedding);
      assertEquals(
          "FusedUpdate(" + optimizer.getClass().getSimpleName() + ", Embedding(4, 3))",
          update.toString());
      Embedding other = embedding();
      assertRefused(
          IllegalArgumentException.class,
          "the weight of Embedding(4, 3) is none of the optimizer's parameters",
          optimizer,
          () -> optimizer.fused(other));
      badBatches(optimizer, update, embedding);
    } else {
      String name = optimizer.getClass().getSimpleName();
      String why =
          switch (name) {
            case "Sgd" -> "momentum and weight decay move every row of the table in every step";
            case "Adagrad" -> "weight decay moves every row of the table in every step";
            default ->
                "Adam moves every row of the table in every step; SparseAdam moves those of the batch";
          };
      assertRefused(
          IllegalArgumentException.class,
          name + " cannot be fused with the backward pass: " + why,
          optimizer,
          () -> optimizer.fused(embedding));
    }
  }

  private void badBatches(Optimizer optimizer, FusedUpdate update, Embedding embedding) {
    Tensor g = Tensor.full(arena, 1, 2, 3);
    update.backward(new int[] {0, 0}, g);
    assertRefused(
        IndexOutOfBoundsException.class,
        "index 4 at position [1] is outside the embedding's 4 rows",
        optimizer,
        () -> update.backward(new int[] {0, 4}, g));
    assertRefused(
        IllegalArgumentException.class,
        "gradient: expected shape [1, 3], got [2, 3]",
        optimizer,
        () -> update.backward(new int[] {0}, g));
    assertRefused(
        IllegalArgumentException.class,
        "indices: expected int32 or int64, got float32",
        optimizer,
        () -> update.backward(g, g));
    assertRefused(
        IllegalArgumentException.class,
        "gradient must not overlap weight in memory",
        optimizer,
        () -> update.backward(new int[] {0, 1}, embedding.weight().value().slice(0, 0, 2)));
    Arena closed = Arena.ofConfined();
    Tensor gone = Tensor.zeros(closed, 2, 3);
    closed.close();
    assertRefused(
        IllegalStateException.class,
        "gradient: the arena of this tensor of shape [2, 3] is closed",
        optimizer,
        () -> update.backward(new int[] {0, 1}, gone));
    try (Arena confined = Arena.ofConfined();
        ForkJoinPool pool = new ForkJoinPool(2)) {
      FusedUpdate shared = update.withParallelism(Parallelism.of(pool));
      Tensor own = Tensor.zeros(confined, 2, 3);
      float[] before = embedding.weight().value().toFloatArray();
      assertThrows(WrongThreadException.class, () -> shared.backward(new int[] {0, 1}, own));
      assertSameBits("weight", before, embedding.weight().value().toFloatArray());
    }
  }

  @Test
  void settingsThatAreLoadedCanStopAFusedUpdate() {
    Embedding embedding = embedding();
    Sgd sgd = Sgd.of(0.5f, embedding.weight());
    FusedUpdate update = sgd.fused(embedding);
    sgd.loadStateDict(
        Sgd.of(Sgd.Settings.of(0.5f).withMomentum(0.5f), embedding.weight()).stateDict());
    assertRefused(
        IllegalArgumentException.class,
        "Sgd cannot be fused with the backward pass: momentum and weight decay move every row of the table in every step",
        sgd,
        () -> update.backward(new int[] {0}, Tensor.zeros(arena, 1, 3)));
  }

  @ParameterizedTest
  @EnumSource
  void parametersWithoutGradientStay(Kind kind) {
    Embedding embedding = embedding();
    Optimizer optimizer = kind.optimizer(Direction.MINIMIZE, embedding.weight());
    String before = optimizer.stateDict().toString();
    optimizer.step();
    assertEquals(before, optimizer.stateDict().toString());
    assertSameBits("weight", Tensor.full(arena, 2, 4, 3), embedding.weight().value());
  }

  @ParameterizedTest
  @EnumSource
  void noParameterMovesWhereOneCannotBeWritten(Kind kind) {
    Embedding embedding = embedding();
    Parameter gone;
    Optimizer optimizer;
    try (Arena confined = Arena.ofConfined()) {
      gone = Parameter.trainable(confined, Tensor.zeros(confined, 2));
      optimizer = kind.optimizer(Direction.MINIMIZE, embedding.weight(), gone);
    }
    embedding.backward(new int[] {1}, Tensor.full(arena, 1, 1, 3));
    assertEquals(
        "parameter: the arena of this tensor of shape [2] is closed",
        assertThrows(IllegalStateException.class, optimizer::step).getMessage());
    assertSameBits("weight", Tensor.full(arena, 2, 4, 3), embedding.weight().value());
  }

  @Test
  void fusedUpdatesOfAWeightThatIsOutOfReach() {
    Tensor g = Tensor.full(arena, 1, 1, 3);
    FusedUpdate update;
    try (Arena confined = Arena.ofConfined();
        ForkJoinPool pool = new ForkJoinPool(2)) {
      Embedding own = Embedding.of(Parameter.trainable(confined, Tensor.full(confined, 2, 4, 3)));
      update = Sgd.of(0.5f, own.weight()).fused(own);
      FusedUpdate shared = update.withParallelism(Parallelism.of(pool));
      var refusal =
          assertThrows(WrongThreadException.class, () -> shared.backward(new int[] {1}, g));
      assertTrue(refusal.getMessage().startsWith("weight: this tensor of shape [4, 3] belongs"));
      assertSameBits("weight", Tensor.full(arena, 2, 4, 3), own.weight().value());
      // One thread is all right, whatever executor it belongs to.
      update.withParallelism(Parallelism.of(pool, 1)).backward(new int[] {1}, g);
      assertEquals(1.5, own.weight().value().get(1, 0));
    }
    assertEquals(
        "weight: the arena of this tensor of shape [4, 3] is closed",
        assertThrows(IllegalStateException.class, () -> update.backward(new int[] {1}, g))
            .getMessage());
  }

  /** A table under bags, whose weight is in an arena of its own. */
  private EmbeddingBag bag(Arena own, BagMode mode) {
    return EmbeddingBag.of(
        Embedding.of(Parameter.trainable(arena, Tensor.full(own, 2, 4, 3))), mode);
  }

  @ParameterizedTest
  @EnumSource
  void fusedUpdatesOfBagsOutOfReach(BagMode mode) {
    Tensor g = Tensor.full(arena, 1, 1, 3);
    int[] indices = {1, 3};
    int[] offsets = {0};
    FusedBagUpdate update;
    try (Arena confined = Arena.ofConfined();
        ForkJoinPool pool = new ForkJoinPool(2)) {
      EmbeddingBag bag = bag(confined, mode);
      Tensor weight = bag.embedding().weight().value();
      Sgd sgd = Sgd.of(0.5f, bag.embedding().weight());
      update = sgd.fused(bag);
      assertEquals(
          "FusedBagUpdate(FusedUpdate(Sgd, Embedding(4, 3)), " + mode + ")", update.toString());
      FusedBagUpdate shared = update.withParallelism(Parallelism.of(pool));
      var refusal =
          assertThrows(WrongThreadException.class, () -> shared.backward(indices, offsets, g));
      assertTrue(refusal.getMessage().startsWith("weight: this tensor of shape [4, 3] belongs"));
      FusedBagUpdate alone = update;
      assertRefused(
          IllegalArgumentException.class,
          "gradient must not overlap weight in memory",
          sgd,
          () -> alone.backward(indices, offsets, weight.slice(0, 1, 2)));
      assertSameBits("weight", Tensor.full(arena, 2, 4, 3), weight);
    }
    assertEquals(
        "weight: the arena of this tensor of shape [4, 3] is closed",
        assertThrows(IllegalStateException.class, () -> update.backward(indices, offsets, g))
            .getMessage());
  }

  /** Two tables, of which the second makes the trouble: the first has not moved. */
  @Test
  void fusedUpdatesOfTablesOutOfReach() {
    EmbeddingBag first = bag(arena, BagMode.SUM);
    Tensor untouched = first.embedding().weight().value();
    Tensor g = Tensor.full(arena, 1, 1, 6);
    FusedTableUpdate update;
    TableBatch batch;
    try (Arena confined = Arena.ofConfined();
        ForkJoinPool pool = new ForkJoinPool(2)) {
      EmbeddingBag second = bag(confined, BagMode.MEAN);
      TableBatchedBags tables = TableBatchedBags.of(first, second);
      Sgd sgd = Sgd.of(0.5f, first.embedding().weight(), second.embedding().weight());
      update = sgd.fused(tables);
      assertEquals(
          "FusedTableUpdate(2 tables, the first FusedBagUpdate(FusedUpdate(Sgd, Embedding(4, 3)), SUM))",
          update.toString());
      batch = tables.batch().load(new int[] {1, 3}, new int[] {0, 1, 2});
      FusedTableUpdate alone = update;
      TableBatch loaded = batch;
      Tensor part =
          Tensor.wrap(second.embedding().weight().value().segment(), DType.FLOAT32, Shape.of(1, 6));
      assertRefused(
          IllegalArgumentException.class,
          "gradient must not overlap weight in memory",
          sgd,
          () -> alone.backward(loaded, part));
      FusedTableUpdate shared = update.withParallelism(Parallelism.of(pool));
      var refusal = assertThrows(WrongThreadException.class, () -> shared.backward(loaded, g));
      assertTrue(refusal.getMessage().startsWith("weight: this tensor of shape [4, 3] belongs"));
      assertSameBits("first", Tensor.full(arena, 2, 4, 3), untouched);
    }
    assertEquals(
        "weight: the arena of this tensor of shape [4, 3] is closed",
        assertThrows(IllegalStateException.class, () -> update.backward(batch, g)).getMessage());
    assertSameBits("first", Tensor.full(arena, 2, 4, 3), untouched);
  }

  /** On several threads, the gradient must be in reach of all of them. */
  @Test
  void fusedUpdatesByAConfinedGradient() {
    EmbeddingBag bag = bag(arena, BagMode.SUM);
    EmbeddingBag other = bag(arena, BagMode.SUM);
    Sgd sgd = Sgd.of(0.5f, bag.embedding().weight(), other.embedding().weight());
    TableBatchedBags tables = TableBatchedBags.of(bag, other);
    TableBatch batch = tables.batch().load(new int[] {1, 3}, new int[] {0, 1, 2});
    try (Arena confined = Arena.ofConfined();
        ForkJoinPool pool = new ForkJoinPool(2)) {
      Parallelism threads = Parallelism.of(pool);
      FusedBagUpdate one = sgd.fused(bag).withParallelism(threads);
      FusedTableUpdate both = sgd.fused(tables).withParallelism(threads);
      for (Runnable run :
          List.<Runnable>of(
              () -> one.backward(new int[] {1}, new int[] {0}, Tensor.zeros(confined, 1, 3)),
              () -> both.backward(batch, Tensor.zeros(confined, 1, 6)))) {
        var refusal = assertThrows(WrongThreadException.class, run::run);
        assertTrue(refusal.getMessage().startsWith("gradient: a tensor of shape [4, 3] belongs"));
        assertSameBits("weight", Tensor.full(arena, 2, 4, 3), bag.embedding().weight().value());
      }
    }
  }

  @Test
  void adamTakesSparseGradientsThatAreEmptyBesideADenseOne() {
    Embedding embedding = embedding();
    Adam adam = Adam.of(0.5f, embedding.weight());
    embedding.withSparseGradient().backward(new int[0], Tensor.zeros(arena, 0, 3));
    assertThrows(IllegalArgumentException.class, adam::step);
    embedding.backward(new int[] {1}, Tensor.full(arena, 1, 1, 3));
    adam.step();
    assertEquals(1.5, embedding.weight().value().get(1, 0), 1e-6);
  }

  @ParameterizedTest
  @EnumSource
  void everySettingHasARange(Kind kind) throws ReflectiveOperationException {
    Record sound = kind.settings(Direction.MINIMIZE);
    RecordComponent[] components = sound.getClass().getRecordComponents();
    for (int i = 0; i < components.length; i++) {
      String name = components[i].getName();
      List<Double> outside =
          switch (name) {
            case "dampening" -> List.of(Double.NaN, Double.POSITIVE_INFINITY);
            case "beta1", "beta2" -> List.of(-0.5, 1.0, Double.NaN);
            default -> List.of(-0.5, Double.NaN, Double.POSITIVE_INFINITY);
          };
      if (components[i].getType().isPrimitive()) {
        for (double value : outside) {
          var refusal =
              assertThrows(InvocationTargetException.class, copyWith(sound, i, value)::make);
          assertTrue(refusal.getCause().getMessage().startsWith(name + " must be "));
        }
      }
      if (name.startsWith("beta")) {
        copyWith(sound, i, 0).make();
      }
    }
  }

  /** Makes settings. */
  private interface Copy {
    Object make() throws ReflectiveOperationException;
  }

  private static Copy copyWith(Record settings, int component, double value)
      throws ReflectiveOperationException {
    RecordComponent[] components = settings.getClass().getRecordComponents();
    Object[] values = new Object[components.length];
    for (int i = 0; i < values.length; i++) {
      values[i] = components[i].getAccessor().invoke(settings);
    }
    if (components[component].getType() == float.class) {
      values[component] = (float) value;
    } else {
      values[component] = value;
    }
    Class<?>[] types =
        Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new);
    return () -> settings.getClass().getConstructor(types).newInstance(values);
  }
}
