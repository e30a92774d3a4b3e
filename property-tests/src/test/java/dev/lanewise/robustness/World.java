package dev.lanewise.robustness;

import dev.lanewise.autograd.CrossEntropy;
import dev.lanewise.autograd.Reduction;
import dev.lanewise.autograd.Tape;
import dev.lanewise.autograd.Variable;
import dev.lanewise.checkpoint.StateDict;
import dev.lanewise.einsum.Contraction;
import dev.lanewise.einsum.ContractionOptions;
import dev.lanewise.einsum.ContractionPath;
import dev.lanewise.einsum.Einsum;
import dev.lanewise.einsum.Equation;
import dev.lanewise.einsum.GatheredRows;
import dev.lanewise.einsum.PackedOperand;
import dev.lanewise.einsum.PathInfo;
import dev.lanewise.einsum.Sublists;
import dev.lanewise.embedding.BagMode;
import dev.lanewise.embedding.Bags;
import dev.lanewise.embedding.Embedding;
import dev.lanewise.embedding.EmbeddingBag;
import dev.lanewise.embedding.NearestRows;
import dev.lanewise.embedding.RowQuantization;
import dev.lanewise.embedding.Similarity;
import dev.lanewise.embedding.TableBatch;
import dev.lanewise.embedding.TableBatchedBags;
import dev.lanewise.nn.Linear;
import dev.lanewise.optim.Adagrad;
import dev.lanewise.optim.Adam;
import dev.lanewise.optim.FusedBagUpdate;
import dev.lanewise.optim.FusedTableUpdate;
import dev.lanewise.optim.FusedUpdate;
import dev.lanewise.optim.Optimizer;
import dev.lanewise.optim.RowwiseAdagrad;
import dev.lanewise.optim.Sgd;
import dev.lanewise.optim.SparseAdam;
import dev.lanewise.parallel.Parallelism;
import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Gradient;
import dev.lanewise.tensor.Operand;
import dev.lanewise.tensor.Parameter;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.SparseGradient;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * Objects of every public type, small, of few sizes, so that some of them fit each other; some are
 * closed, read-only, another thread's, or share memory. Whatever calls return joins them.
 */
final class World implements AutoCloseable {
  /** The types whose public methods, constructors and factories are called. */
  static final List<Class<?>> API =
      List.of(
          Shape.class,
          DType.class,
          Tensor.class,
          Parameter.class,
          Gradient.class,
          SparseGradient.class,
          Equation.class,
          Sublists.class,
          Contraction.class,
          ContractionOptions.class,
          ContractionPath.class,
          PathInfo.class,
          Einsum.class,
          GatheredRows.class,
          PackedOperand.class,
          Embedding.class,
          EmbeddingBag.class,
          Bags.class,
          TableBatchedBags.class,
          TableBatch.class,
          NearestRows.class,
          RowQuantization.class,
          Tape.class,
          Variable.class,
          CrossEntropy.class,
          Linear.class,
          Sgd.class,
          Sgd.Settings.class,
          Adagrad.class,
          Adagrad.Settings.class,
          RowwiseAdagrad.class,
          RowwiseAdagrad.Settings.class,
          Adam.class,
          Adam.Settings.class,
          SparseAdam.class,
          SparseAdam.Settings.class,
          FusedUpdate.class,
          FusedBagUpdate.class,
          FusedTableUpdate.class,
          Parallelism.class);

  private static final List<Class<?>> ROOTS =
      List.of(Operand.class, Optimizer.class, StateDict.class);

  /** Of a type: more than that, and old ones make room. */
  private static final int MOST = 40;

  private static final int LARGEST_SIZE = 16;

  final GuardedArena arena = new GuardedArena(1 << 15);
  final Arena closed = Arena.ofShared();
  final ForeignMemory foreign;
  private final Map<Class<?>, List<Object>> objects = new LinkedHashMap<>();
  private final SplittableRandom random;

  World(SplittableRandom random, ForeignMemory foreign) {
    this.random = random;
    this.foreign = foreign;
    API.forEach(type -> objects.put(type, new ArrayList<>()));
    ROOTS.forEach(type -> objects.put(type, new ArrayList<>()));
    tensors();
    models();
    arena.accept();
  }

  private void tensors() {
    for (Shape shape :
        List.of(Shape.of(2, 3), Shape.of(4, 3), Shape.of(2, 4), Shape.of(3), Shape.of())) {
      add(numbers(Tensor.allocate(arena, DType.FLOAT32, shape)));
      add(numbers(Tensor.allocate(arena, DType.FLOAT64, shape)));
    }
    add(Tensor.zeros(arena, 0, 3));
    add(Tensor.zeros(arena, 2, 2, 3));
    add(numbers(Tensor.allocate(arena, DType.BFLOAT16, Shape.of(4, 3))));
    add(numbers(Tensor.allocate(arena, DType.FLOAT16, Shape.of(4, 3))));
    add(Tensor.copyOf(arena, new int[] {3, 0}));
    add(Tensor.copyOf(arena, new long[] {1, 1}));
    add(Tensor.copyOf(arena, new int[] {0, 1}));
    add(Tensor.copyOf(arena, new long[] {3, 0, 2, 1}, 2, 2));
    add(Tensor.copyOf(arena, new int[] {0, 4}));
    add(Tensor.copyOf(arena, new long[] {-1, Long.MAX_VALUE}));
    // Rows and elements with gaps between them.
    Tensor gaps = Tensor.wrap(arena.allocateGuarded(4 * 64), DType.FLOAT32, Shape.of(64));
    gapped(gaps.asStrided(Shape.of(2, 3), new long[] {5, 1}, 1));
    gapped(gaps.asStrided(Shape.of(4, 3), new long[] {8, 2}, 13));
    // Views of what is there already: overlaps, repeated elements, another order, read-only.
    Tensor memory = numbers(Tensor.zeros(arena, 24));
    add(memory.slice(0, 0, 6).reshape(2, 3));
    add(memory.slice(0, 4, 10).reshape(2, 3));
    add(memory.slice(0, 8, 20).reshape(4, 3));
    add(memory.slice(0, 0, 3).reshape(1, 3).expand(2, 3));
    add(memory.slice(0, 0, 12).reshape(3, 4).transpose(0, 1));
    add(memory.slice(0, 0, 8).reshape(4, 2).transpose(0, 1));
    add(memory.slice(0, 12, 24).reshape(4, 3).asReadOnly());
    add(memory.slice(0, 0, 5).slidingWindow(0, 3, 1));
    // Memory that cannot be used.
    add(Tensor.zeros(closed, 2, 3));
    add(Tensor.zeros(closed, 4, 3));
    add(Tensor.copyOf(closed, new int[] {0, 1}));
    foreign.tensors().forEach(this::add);
  }

  private void gapped(Tensor tensor) {
    arena.allow(tensor);
    add(numbers(tensor));
  }

  private Tensor numbers(Tensor tensor) {
    long[] index = new long[tensor.rank()];
    for (long i = 0; i < tensor.shape().elementCount(); i++) {
      tensor.set(random.nextInt(-8, 9) / 4.0, index);
      for (int dim = index.length - 1; dim >= 0 && ++index[dim] == tensor.size(dim); dim--) {
        index[dim] = 0;
      }
    }
    return tensor;
  }

  private void models() {
    Parameter table = Parameter.trainable(arena, numbers(Tensor.zeros(arena, 4, 3)));
    Parameter other = Parameter.trainable(arena, numbers(Tensor.zeros(arena, 4, 3)));
    Parameter ofClosed = Parameter.trainable(closed, Tensor.zeros(closed, 4, 3));
    Parameter withoutMemory = Parameter.trainable(closed, numbers(Tensor.zeros(arena, 4, 3)));
    Parameter bias = Parameter.trainable(arena, numbers(Tensor.zeros(arena, 3)));
    List<Parameter> parameters =
        List.of(
            table,
            other,
            ofClosed,
            withoutMemory,
            bias,
            Parameter.frozen(numbers(Tensor.zeros(arena, 4, 3))));
    parameters.forEach(this::add);
    for (Parameter each : List.of(table, other, ofClosed)) {
      Embedding dense = add(Embedding.of(each));
      Embedding sparse = add(dense.withSparseGradient());
      add(dense.withPaddingIdx(1));
      add(sparse.withScaleGradByFreq());
      for (BagMode mode : BagMode.values()) {
        add(EmbeddingBag.of(dense, mode));
      }
      add(dense.rows(1, 3));
      add(NearestRows.of(numbers(Tensor.zeros(arena, 4, 3)), Similarity.DOT, 2));
      Sgd plain = add(Sgd.of(0.125f, each));
      add(plain.fused(dense));
      EmbeddingBag bag = EmbeddingBag.of(dense, BagMode.SUM);
      add(plain.fused(bag));
      TableBatchedBags tables = add(TableBatchedBags.of(bag));
      add(plain.fused(tables));
      add(tables.batch());
      add(add(bag.bags()).loadWeighted(new int[] {0, 3}, new int[] {0, 1}, new float[] {1, 2}));
      add(add(Adagrad.of(0.125f, each)).fused(sparse));
      add(add(RowwiseAdagrad.of(0.125f, each)).fused(sparse));
      add(add(SparseAdam.of(0.125f, each)).fused(sparse));
    }
    add(Adam.of(0.125f, table, bias));
    add(Sgd.of(Sgd.Settings.of(0.125f).withMomentum(0.5f), table, other, bias));
    add(Linear.of(other, Parameter.trainable(arena, Tensor.zeros(arena, 4))));
    Shape left = Shape.of(2, 4);
    Shape right = Shape.of(4, 3);
    Contraction product = add(Contraction.compile("ik,kj->ij", left, right));
    add(product.pack(arena, 1, numbers(Tensor.zeros(arena, 4, 3))));
    add(Contraction.compile("ij,kj->ik", Shape.of(2, 3), right));
    add(Contraction.compile("ij,ij->ij", Shape.of(2, 3), Shape.of(2, 3)));
    add(Contraction.compile("ij->ji", Shape.of(2, 3)));
    add(Contraction.compile("ik,kj,j->i", left, right, Shape.of(3)));
    Tape tape = add(new Tape());
    add(tape.lookup(Embedding.of(table), 0, 2));
    add(add(new Tape())).close();
    add(Tape.inference());
    add(CrossEntropy.MEAN);
    add(new CrossEntropy(Reduction.SUM, null, -100, 0.5f));
    add(ContractionOptions.DEFAULT);
    add(ContractionPath.of(new int[] {0, 1}, new int[] {0, 1}));
    add(Parallelism.NONE);
    add(Parallelism.of(Runnable::run, 2));
    add(Sgd.Settings.of(0.125f));
    add(Adagrad.Settings.DEFAULT);
    add(RowwiseAdagrad.Settings.DEFAULT);
    add(Adam.Settings.DEFAULT);
    add(SparseAdam.Settings.DEFAULT);
    add(Equation.sublists());
    closed.close();
  }

  /** Puts an object beside the others of its types, if it is of a size to be used. */
  <T> T add(T object) {
    if (object instanceof Contraction plan) {
      for (int operand = 0; operand < plan.operandCount(); operand++) {
        if (!isSmall(plan.operandShape(operand))) {
          return object;
        }
      }
    }
    if (object instanceof Shape shape && !isSmall(shape)
        || object instanceof Tensor tensor && !isSmall(tensor.shape())
        || object instanceof Parameter parameter && !isSmall(parameter.value().shape())
        || object instanceof Embedding embedding && !isSmall(embedding.weight().value().shape())
        || object instanceof Sublists sublists && sublists.toString().length() > 200) {
      return object;
    }
    objects.forEach((type, list) -> {
      if (type.isInstance(object)) {
        if (list.size() < MOST) {
          list.add(object);
        } else {
          list.set(random.nextInt(MOST), object);
        }
      }
    });
    return object;
  }

  private static boolean isSmall(Shape shape) {
    for (long size : shape.toArray()) {
      if (size > LARGEST_SIZE) {
        return false;
      }
    }
    return shape.rank() <= 6 && shape.elementCount() <= 500;
  }

  /** One of the tensors of a type and shape, or a new one. */
  Tensor tensor(DType dtype, Shape shape) {
    List<Tensor> fitting =
        all(Tensor.class).stream()
            .filter(each -> each.dtype() == dtype && each.shape().equals(shape))
            .toList();
    return fitting.isEmpty() || random.nextBoolean()
        ? numbers(Tensor.allocate(arena, dtype, shape))
        : fitting.get(random.nextInt(fitting.size()));
  }

  /** Whether there are objects of a type here. */
  boolean knows(Class<?> type) {
    return objects.containsKey(type);
  }

  /** All objects of a type. */
  <T> List<T> all(Class<T> type) {
    return objects.get(type).stream().map(type::cast).toList();
  }

  /** One of the objects of a type. */
  Object any(Class<?> type) {
    List<Object> list = objects.get(type);
    return list.isEmpty() ? null : list.get(random.nextInt(list.size()));
  }

  @Override
  public void close() {
    objects.get(Tape.class).forEach(tape -> ((Tape) tape).close());
    arena.close();
  }
}
