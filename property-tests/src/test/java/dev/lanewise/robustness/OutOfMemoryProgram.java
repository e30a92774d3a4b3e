package dev.lanewise.robustness;

import dev.lanewise.checkpoint.Value;
import dev.lanewise.einsum.Contraction;
import dev.lanewise.embedding.BagMode;
import dev.lanewise.embedding.Bags;
import dev.lanewise.embedding.Embedding;
import dev.lanewise.embedding.EmbeddingBag;
import dev.lanewise.embedding.NearestRows;
import dev.lanewise.embedding.Similarity;
import dev.lanewise.embedding.TableBatch;
import dev.lanewise.embedding.TableBatchedBags;
import dev.lanewise.optim.Adagrad;
import dev.lanewise.optim.Optimizer;
import dev.lanewise.optim.RowwiseAdagrad;
import dev.lanewise.optim.Sgd;
import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Parameter;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.locks.LockSupport;

/**
 * Operations in a JVM whose native memory is nearly used up, for {@link OutOfMemoryTest}: with
 * nothing left, then with more and more, until they succeed. Each time one runs out, all that it
 * could have written must be as it was; and at last the result must be that of another object of
 * the same numbers, which had memory enough.
 *
 * <p>Arguments: the JVM's -XX:MaxDirectMemorySize in bytes. Prints how often each operation ran
 * out.
 */
final class OutOfMemoryProgram {
  private static final int ROWS = 3000;
  private static final int WIDTH = 64;

  /** What is left for an operation, in turn. */
  private static final long[] LEFT = {0, 64 << 10, 8 << 20};

  private final long limit;

  private OutOfMemoryProgram(long limit) {
    this.limit = limit;
  }

  /** An operation on its own tensors, and everything that it may write. */
  private record Operation(Runnable run, List<Tensor> tensors, List<Object> models) {
    static Operation of(Runnable run, Object... written) {
      List<Tensor> tensors = new ArrayList<>();
      List<Object> models = new ArrayList<>();
      for (Object each : written) {
        if (each instanceof Tensor tensor) {
          tensors.add(tensor);
        } else {
          models.add(each);
        }
      }
      return new Operation(run, tensors, models);
    }

    /** The bits of all of it. */
    List<float[]> state() {
      List<float[]> all = new ArrayList<>();
      tensors.forEach(tensor -> all.add(tensor.toFloatArray()));
      for (Object model : models) {
        switch (model) {
          case Parameter parameter -> {
            all.add(parameter.value().toFloatArray());
            // A gradient that was made, and is zero, is the same as none.
            all.add(gradient(parameter));
            all.add(
                parameter.hasSparseGradient()
                    ? parameter.sparseGradient().values().toFloatArray()
                    : new float[0]);
          }
          case Optimizer optimizer -> collect(optimizer.stateDict().value("state"), all);
          default -> throw new AssertionError(model);
        }
      }
      return all;
    }

    private static float[] gradient(Parameter parameter) {
      return parameter.hasGradient()
          ? parameter.gradient().tensor().toFloatArray()
          : new float[Math.toIntExact(parameter.value().shape().elementCount())];
    }

    private static void collect(Value value, List<float[]> all) {
      switch (value) {
        case Value.Dict dict -> dict.items().values().forEach(item -> collect(item, all));
        case Value.TensorValue(Tensor tensor) -> all.add(tensor.toFloatArray());
        case Value.Int(long number) -> all.add(new float[] {number});
        default -> {}
      }
    }
  }

  private interface Scenario {
    Operation in(Arena arena);
  }

  public static void main(String[] arguments) {
    OutOfMemoryProgram program = new OutOfMemoryProgram(Long.parseLong(arguments[0]));
    scenarios().forEach(program::run);
    heap();
  }

  /** More row numbers than the heap can hold: all the same one, which takes no memory. */
  private static void heap() {
    try (Arena arena = Arena.ofConfined()) {
      Embedding embedding = Embedding.fromPretrained(numbers(arena, ROWS, WIDTH));
      Tensor one = Tensor.copyOf(arena, new int[] {1}, 1, 1);
      Tensor out = Tensor.full(arena, 42, 1, 1, WIDTH);
      Tensor many = one.expand(1 << 15, 1 << 15);
      int failures = 0;
      try {
        embedding.forward(many, out.expand(1 << 15, 1 << 15, WIDTH));
      } catch (OutOfMemoryError e) {
        failures++;
      }
      requireSame(
          "heap",
          List.of(Tensor.full(arena, 42, WIDTH).toFloatArray()),
          List.of(out.toFloatArray()));
      embedding.forward(one, out);
      requireSame(
          "heap in the end",
          List.of(embedding.weight().value().select(0, 1).toFloatArray()),
          List.of(out.toFloatArray()));
      System.out.println("RAN OUT " + failures + " heap");
    }
  }

  private static Tensor numbers(Arena arena, long... sizes) {
    return Tensor.uniform(arena, new SplittableRandom(7), -1, 1, sizes);
  }

  private static int[] ids() {
    return new SplittableRandom(3).ints(4000, 0, ROWS).toArray();
  }

  private static int[] offsets(int bags) {
    int[] offsets = new int[bags];
    Arrays.setAll(offsets, i -> 4000 / bags * i);
    return offsets;
  }

  private static Parameter table(Arena arena) {
    return Parameter.trainable(arena, numbers(arena, ROWS, WIDTH));
  }

  private static Map<String, Scenario> scenarios() {
    Map<String, Scenario> all = new LinkedHashMap<>();
    all.put(
        "product",
        arena -> {
          Contraction plan =
              Contraction.compile("ik,kj->ij", Shape.of(300, 300), Shape.of(300, 300));
          Tensor a = numbers(arena, 300, 300).transpose(0, 1);
          Tensor out = Tensor.full(arena, 42, 300, 300);
          return Operation.of(() -> plan.execute(a, a, out), out);
        });
    all.put(
        "path",
        arena -> {
          Shape shape = Shape.of(300, 300);
          Contraction plan = Contraction.compile("ij,jk,kl->il", shape, shape, shape);
          Tensor a = numbers(arena, 300, 300);
          Tensor out = Tensor.full(arena, 42, 300, 300);
          return Operation.of(() -> plan.execute(new Tensor[] {a, a, a}, out), out);
        });
    all.put(
        "nearest",
        arena -> {
          NearestRows search = NearestRows.of(numbers(arena, ROWS, WIDTH), Similarity.DOT, 50);
          Tensor queries = numbers(arena, 400, WIDTH);
          Tensor rows = Tensor.allocate(arena, DType.INT64, Shape.of(400, 50));
          Tensor scores = Tensor.full(arena, 42, 400, 50);
          return Operation.of(() -> search.search(queries, rows, scores), scores);
        });
    all.put(
        "sparse lookup",
        arena -> {
          Parameter weight = table(arena);
          Embedding embedding = Embedding.of(weight).withSparseGradient();
          Tensor g = numbers(arena, 4000, WIDTH);
          return Operation.of(() -> embedding.backward(ids(), g), weight);
        });
    all.put(
        "sparse lookup by frequency",
        arena -> {
          Parameter weight = table(arena);
          Embedding embedding = Embedding.of(weight).withSparseGradient().withScaleGradByFreq();
          Tensor g = numbers(arena, 4000, WIDTH);
          return Operation.of(() -> embedding.backward(ids(), g), weight);
        });
    for (BagMode mode : BagMode.values()) {
      all.put("sparse bags " + mode, arena -> bags(arena, mode, false));
    }
    all.put("sparse weighted bags", arena -> bags(arena, BagMode.SUM, true));
    all.put(
        "tables",
        arena -> {
          Parameter first = table(arena);
          Parameter second = table(arena);
          TableBatchedBags tables =
              TableBatchedBags.of(
                  EmbeddingBag.of(Embedding.of(first).withSparseGradient(), BagMode.SUM),
                  EmbeddingBag.of(Embedding.of(second).withSparseGradient(), BagMode.MEAN));
          TableBatch batch = tables.batch().load(ids(), offsets(201));
          Tensor g = numbers(arena, 100, 2 * WIDTH);
          return Operation.of(() -> tables.backward(batch, g), first, second);
        });
    all.put(
        "sparse step",
        arena -> {
          Parameter weight = table(arena);
          Adagrad adagrad = Adagrad.of(0.1f, weight);
          Embedding.of(weight).withSparseGradient().backward(ids(), numbers(arena, 4000, WIDTH));
          return Operation.of(adagrad::step, weight, adagrad);
        });
    all.put(
        "sparse step with momentum",
        arena -> {
          Parameter weight = table(arena);
          Sgd sgd = Sgd.of(Sgd.Settings.of(0.1f).withMomentum(0.9f), weight);
          Embedding.of(weight).withSparseGradient().backward(ids(), numbers(arena, 4000, WIDTH));
          return Operation.of(sgd::step, weight, sgd);
        });
    all.put(
        "fused",
        arena -> {
          Parameter weight = table(arena);
          RowwiseAdagrad adagrad = RowwiseAdagrad.of(0.1f, weight);
          EmbeddingBag bag = EmbeddingBag.of(Embedding.of(weight), BagMode.MAX);
          Bags batch = bag.bags().load(ids(), offsets(500));
          Tensor g = numbers(arena, 500, WIDTH);
          var update = adagrad.fused(bag);
          return Operation.of(() -> update.backward(batch, g), weight, adagrad);
        });
    return all;
  }

  private static Operation bags(Arena arena, BagMode mode, boolean weighted) {
    Parameter weight = table(arena);
    EmbeddingBag bag = EmbeddingBag.of(Embedding.of(weight).withSparseGradient(), mode);
    float[] factors = new float[4000];
    Arrays.fill(factors, 0.5f);
    Bags batch =
        weighted
            ? bag.bags().loadWeighted(ids(), offsets(250), factors)
            : bag.bags().load(ids(), offsets(250));
    Tensor g = numbers(arena, 250, WIDTH);
    return Operation.of(() -> bag.backward(batch, g), weight);
  }

  private void run(String name, Scenario scenario) {
    int failures = 0;
    try (Arena arena = Arena.ofShared()) {
      Operation starved = scenario.in(arena);
      for (long left : LEFT) {
        if (!succeeds(name, starved, left)) {
          failures++;
        } else {
          break;
        }
      }
      Operation fed = scenario.in(arena);
      fed.run.run();
      requireSame(name + " in the end", fed.state(), starved.state());
    }
    System.out.println("RAN OUT " + failures + " " + name);
  }

  private boolean succeeds(String name, Operation operation, long left) {
    List<float[]> before = operation.state();
    if (runWith(left, operation.run)) {
      return true;
    }
    settled();
    requireSame(name + " with " + left + " bytes left", before, operation.state());
    return false;
  }

  /** Whether an operation has enough of what is left; false if it runs out. */
  private boolean runWith(long left, Runnable operation) {
    // What scratch memory is made of counts towards the limit, and so do buffers.
    ByteBuffer ballast = ByteBuffer.allocateDirect((int) Math.max(limit - settled() - left, 0));
    try {
      operation.run();
      return true;
    } catch (OutOfMemoryError e) {
      return false;
    } finally {
      Reference.reachabilityFence(ballast);
    }
  }

  /** What is reserved when the collector has freed what nobody refers to. */
  private static long settled() {
    long last = reserved();
    for (int unchanged = 0; unchanged < 5; ) {
      System.gc();
      LockSupport.parkNanos(5_000_000);
      long now = reserved();
      unchanged = now == last ? unchanged + 1 : 0;
      last = now;
    }
    return last;
  }

  private static void requireSame(String what, List<float[]> expected, List<float[]> actual) {
    for (int i = 0; i < expected.size(); i++) {
      if (!Arrays.equals(expected.get(i), actual.get(i))) {
        System.out.println("CHANGED " + what + ": item " + i + ", of " + expected.size());
        return;
      }
    }
  }

  private static long reserved() {
    return ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
        .filter(pool -> pool.getName().equals("direct"))
        .mapToLong(BufferPoolMXBean::getTotalCapacity)
        .sum();
  }
}
