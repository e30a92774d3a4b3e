package dev.lanewise.jit;

import dev.lanewise.AllocatedBytes;
import dev.lanewise.einsum.Contraction;
import dev.lanewise.einsum.ContractionOptions;
import dev.lanewise.embedding.BagMode;
import dev.lanewise.embedding.Embedding;
import dev.lanewise.embedding.EmbeddingBag;
import dev.lanewise.embedding.NearestRows;
import dev.lanewise.embedding.RowQuantization;
import dev.lanewise.embedding.Similarity;
import dev.lanewise.optim.Adagrad;
import dev.lanewise.optim.FusedUpdate;
import dev.lanewise.optim.Optimizer;
import dev.lanewise.optim.RowwiseAdagrad;
import dev.lanewise.optim.Sgd;
import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Parameter;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import dev.lanewise.verification.EquationCase;
import java.lang.foreign.Arena;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * A program for a JVM of its own that does one thing with the engine, over and over, until that
 * allocates nothing, or for a time in which the compilers should be done. Argument: the name of the
 * thing.
 *
 * @param name what it is called
 * @param made prepares it
 */
record SingleUse(String name, Maker made) {
  /** What a line of output with the bytes that some calls allocated in the end begins with. */
  static final String ALLOCATED = "bytes allocated: ";

  private static final int ROUNDS = 20;
  private static final int CALLS = 50;
  private static final Duration PERIOD = Duration.ofMillis(1200);

  /** C2 may compile a kernel again in the second of these, but not for ever. */
  private static final int MOST_PERIODS = 5;

  private static final int ROWS = 2000;
  private static final int DIM = 64;
  private static final int ENTRIES = 512;

  /** Makes what is done over and over. */
  interface Maker {
    Runnable make(Arena arena);
  }

  public static void main(String[] arguments) {
    try (Arena arena = Arena.ofShared()) {
      Runnable work =
          all().stream()
              .filter(use -> use.name.equals(arguments[0]))
              .findFirst()
              .orElseThrow()
              .made
              .make(arena);
      long allocated = Long.MAX_VALUE;
      for (int period = 0; period < MOST_PERIODS && allocated > 0; period++) {
        repeat(work);
        CompiledCode.awaitCompilers();
        allocated = leastAllocated(work);
      }
      System.out.println(ALLOCATED + allocated);
    }
  }

  private static void repeat(Runnable work) {
    long start = System.nanoTime();
    while (System.nanoTime() - start < PERIOD.toNanos()) {
      work.run();
    }
  }

  /** The fewest bytes that some calls allocated, over rounds that compilers may still work in. */
  private static long leastAllocated(Runnable work) {
    long least = Long.MAX_VALUE;
    for (int round = 0; round < ROUNDS && least > 0; round++) {
      least = Math.min(least, AllocatedBytes.of(CALLS, work));
    }
    return least;
  }

  /** One of every kind of work that has kernels of its own. */
  static List<SingleUse> all() {
    List<SingleUse> all = new ArrayList<>();
    for (DType dtype : List.of(DType.FLOAT32, DType.FLOAT64)) {
      addContraction(all, dtype, "ik,kj->ij", Shape.of(100, 100), Shape.of(100, 100));
      addContraction(all, dtype, "ik,kj->ij", Shape.of(256, 256), Shape.of(256, 256));
      addContraction(all, dtype, "ik,kj->ij", Shape.of(16, 16), Shape.of(16, 16));
      addContraction(all, dtype, "ik,kj->ij", Shape.of(1, 128), Shape.of(128, 10));
      addContraction(all, dtype, "ik,kj->ij", Shape.of(1, 300), Shape.of(300, 300));
      addContraction(all, dtype, "ik,kj->ij", Shape.of(300, 17), Shape.of(17, 5));
      addContraction(all, dtype, "ik,jk->ij", Shape.of(8, 300), Shape.of(70, 300));
      addContraction(all, dtype, "ik,jk->ij", Shape.of(1, 256), Shape.of(300, 256));
      // Matrices that are read before their kernels read them.
      addContraction(all, dtype, "ik,jk->ij", Shape.of(1, 64), Shape.of(40_000, 64));
      addContraction(all, dtype, "ik,kj->ij", Shape.of(20_000, 128), Shape.of(128, 16));
      // Of an output whose columns lie two apart.
      addContraction(all, dtype, "bik,bkj->ijb", Shape.of(2, 40, 40), Shape.of(2, 40, 40));
      addContraction(all, dtype, "bik,bkj->ijb", Shape.of(2, 200, 300), Shape.of(2, 300, 200));
      addContraction(all, dtype, "bi,bi->b", Shape.of(500, 64), Shape.of(500, 64));
      addContraction(all, dtype, "bi,bi->b", Shape.of(300, 768), Shape.of(300, 768));
      addContraction(all, dtype, "ik,k->i", Shape.of(100, 300), Shape.of(300));
      addContraction(all, dtype, "ik,k->i", Shape.of(100, 256), Shape.of(256));
      addContraction(all, dtype, "ki,k->i", Shape.of(300, 100), Shape.of(300));
      addContraction(all, dtype, "k,k->", Shape.of(5000), Shape.of(5000));
      addContraction(all, dtype, "i,j->ij", Shape.of(100), Shape.of(100));
      addContraction(all, dtype, "ij->ji", Shape.of(100, 100));
      addContraction(all, dtype, "ij->i", Shape.of(100, 100));
      addContraction(all, dtype, "ij->i", Shape.of(100, 128));
      addContraction(all, dtype, "ij->j", Shape.of(100, 100));
      addContraction(all, dtype, "ij->j", Shape.of(6000, 500));
      addContraction(all, dtype, "ij,ij->j", Shape.of(6000, 500), Shape.of(6000, 500));
    }
    for (DType dtype :
        List.of(DType.FLOAT32, DType.FLOAT64, DType.BFLOAT16, DType.FLOAT16, DType.UINT8)) {
      all.add(
          new SingleUse(
              "lookup of " + dtype, arena -> lookup(arena, table(arena, dtype), rows(ENTRIES))));
      for (BagMode mode : BagMode.values()) {
        all.add(
            new SingleUse(mode + " of " + dtype, arena -> bag(arena, table(arena, dtype), mode)));
      }
    }
    all.add(
        new SingleUse(
            "lookup of one row", arena -> lookup(arena, table(arena, DType.FLOAT32), rows(1))));
    for (Similarity similarity : Similarity.values()) {
      all.add(new SingleUse("nearest by " + similarity, arena -> nearest(arena, similarity, 3)));
      all.add(
          new SingleUse("nearest to one by " + similarity, arena -> nearest(arena, similarity, 1)));
    }
    all.add(new SingleUse("SGD", arena -> update(arena, w -> Sgd.of(0.01f, w))));
    all.add(new SingleUse("Adagrad", arena -> update(arena, w -> Adagrad.of(0.01f, w))));
    all.add(
        new SingleUse(
            "row-wise Adagrad", arena -> update(arena, w -> RowwiseAdagrad.of(0.01f, w))));
    return all;
  }

  private static void addContraction(
      List<SingleUse> all, DType dtype, String equation, Shape... shapes) {
    all.add(
        new SingleUse(
            equation + " of " + dtype + " " + Arrays.toString(shapes),
            arena -> contraction(arena, dtype, EquationCase.of(equation, shapes))));
  }

  private static Runnable contraction(Arena arena, DType dtype, EquationCase product) {
    Tensor[] operands = new Tensor[product.operands()];
    for (int i = 0; i < operands.length; i++) {
      operands[i] = Tensor.allocate(arena, dtype, product.shape(i)).fill(0.5);
    }
    Contraction plan =
        Contraction.compile(
            product.equation(), ContractionOptions.DEFAULT.withDType(dtype), product.shapes());
    Tensor out = Tensor.allocate(arena, dtype, plan.outputShape());
    return () -> plan.execute(operands, out);
  }

  /** A table of a type; uint8 stands for quantised rows. */
  private static Embedding table(Arena arena, DType dtype) {
    if (dtype == DType.UINT8) {
      return Embedding.fromQuantized(
          RowQuantization.quantize(arena, Tensor.full(arena, 0.5f, ROWS, DIM)));
    }
    return Embedding.fromPretrained(Tensor.allocate(arena, dtype, Shape.of(ROWS, DIM)).fill(0.5));
  }

  private static Tensor out(Arena arena, Embedding table, int rows) {
    boolean isDouble = table.weight().value().dtype() == DType.FLOAT64;
    return Tensor.allocate(arena, isDouble ? DType.FLOAT64 : DType.FLOAT32, Shape.of(rows, DIM));
  }

  private static int[] rows(int count) {
    return new SplittableRandom(1).ints(count, 0, ROWS).toArray();
  }

  private static Runnable lookup(Arena arena, Embedding table, int... rows) {
    Tensor out = out(arena, table, rows.length);
    return () -> table.forward(rows, out);
  }

  private static Runnable bag(Arena arena, Embedding table, BagMode mode) {
    EmbeddingBag bag = EmbeddingBag.of(table, mode);
    int[] rows = rows(ENTRIES);
    int[] offsets = IntStream.range(0, ENTRIES / 16).map(i -> 16 * i).toArray();
    Tensor out = out(arena, table, offsets.length);
    return () -> bag.forward(rows, offsets, out);
  }

  private static Runnable nearest(Arena arena, Similarity similarity, int count) {
    int width = 128;
    Embedding table =
        Embedding.fromPretrained(Tensor.randn(arena, new SplittableRandom(2), 20_000, width));
    NearestRows search = NearestRows.of(table, similarity, 10);
    Tensor queries = Tensor.randn(arena, new SplittableRandom(3), count, width);
    Tensor rows = Tensor.allocate(arena, DType.INT64, Shape.of(count, 10));
    Tensor scores = Tensor.zeros(arena, count, 10);
    return () -> search.search(queries, rows, scores);
  }

  private static Runnable update(Arena arena, Function<Parameter, Optimizer> optimizer) {
    Parameter weight = Parameter.trainable(arena, Tensor.zeros(arena, ROWS, DIM));
    Embedding table = Embedding.of(weight).withSparseGradient();
    FusedUpdate fused = optimizer.apply(weight).fused(table);
    int[] rows = rows(ENTRIES);
    Tensor gradient = Tensor.full(arena, 0.5f, ENTRIES, DIM);
    return () -> fused.backward(rows, gradient);
  }
}
