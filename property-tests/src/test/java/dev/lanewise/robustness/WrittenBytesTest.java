package dev.lanewise.robustness;

import dev.lanewise.einsum.Accumulation;
import dev.lanewise.einsum.Contraction;
import dev.lanewise.einsum.ContractionOptions;
import dev.lanewise.embedding.BagMode;
import dev.lanewise.embedding.Embedding;
import dev.lanewise.embedding.EmbeddingBag;
import dev.lanewise.embedding.NearestRows;
import dev.lanewise.embedding.RowQuantization;
import dev.lanewise.embedding.Similarity;
import dev.lanewise.embedding.TableBatchedBags;
import dev.lanewise.parallel.Parallelism;
import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import dev.lanewise.verification.EquationCase;
import dev.lanewise.verification.LanewiseArbitraries;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.BitSet;
import java.util.SplittableRandom;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tag;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Assertions;

/**
 * Which bytes operations write, at any sizes, alignments and strides: every element of the output,
 * which held poison, and no byte before it, behind it, between its rows or of any operand.
 */
class WrittenBytesTest {
  private static final int ROWS = 11;

  /** Memory in which operands and outputs lie between sentinels, with gaps between their rows. */
  private static final class Memory implements AutoCloseable {
    private final GuardedArena arena = new GuardedArena(1 << 19);
    private final SplittableRandom random;

    Memory(long seed) {
      this.random = new SplittableRandom(seed);
    }

    /** A tensor with gaps between its rows, anywhere, of numbers. */
    Tensor operand(DType dtype, Shape shape) {
      Tensor tensor = gapped(dtype, shape);
      fill(tensor, false);
      return tensor;
    }

    Tensor operand(long... sizes) {
      return operand(DType.FLOAT32, Shape.of(sizes));
    }

    /** The same, whose elements hold what no operation of these numbers gives. */
    Tensor output(DType dtype, Shape shape) {
      Tensor tensor = gapped(dtype, shape);
      fill(tensor, true);
      arena.allow(tensor);
      return tensor;
    }

    Tensor output(long... sizes) {
      return output(DType.FLOAT32, Shape.of(sizes));
    }

    private Tensor gapped(DType dtype, Shape shape) {
      long[] strides = new long[shape.rank()];
      long stride = 1;
      for (int dim = shape.rank() - 1; dim >= 0; dim--) {
        strides[dim] = stride;
        stride = stride * Math.max(shape.size(dim), 1) + random.nextInt(4);
      }
      long offset = random.nextInt(5);
      long elements = offset + stride;
      return Tensor.wrap(
              arena.allocateGuarded(elements * dtype.sizeBytes()), dtype, Shape.of(elements))
          .asStrided(shape, strides, offset);
    }

    private void fill(Tensor tensor, boolean poison) {
      long[] index = new long[tensor.rank()];
      for (long i = 0; i < tensor.shape().elementCount(); i++) {
        double number =
            tensor.dtype().isFloatingPoint()
                ? (poison ? Double.NaN : random.nextInt(-4, 5))
                : (poison ? 99 : random.nextInt(ROWS));
        tensor.set(number, index);
        for (int dim = index.length - 1; dim >= 0 && ++index[dim] == tensor.size(dim); dim--) {
          index[dim] = 0;
        }
      }
    }

    /** Runs an operation, which must write all of its outputs and nothing else. */
    void check(Object what, Runnable operation, Tensor... outputs) {
      arena.accept();
      operation.run();
      BitSet allowed = new BitSet();
      for (Tensor out : outputs) {
        allowed.or(arena.bytesOf(out));
        requireWritten(what, out);
      }
      try {
        arena.assertChangedOnly(allowed);
      } catch (AssertionError e) {
        throw new AssertionError(what + ": " + e.getMessage(), e);
      }
    }

    private static void requireWritten(Object what, Tensor out) {
      long[] index = new long[out.rank()];
      for (long i = 0; i < out.shape().elementCount(); i++) {
        double number = out.get(index);
        boolean written = out.dtype().isFloatingPoint() ? !Double.isNaN(number) : number != 99;
        Assertions.assertTrue(written, () -> what + ": an element was left out of " + out);
        for (int dim = index.length - 1; dim >= 0 && ++index[dim] == out.size(dim); dim--) {
          index[dim] = 0;
        }
      }
    }

    @Override
    public void close() {
      arena.close();
    }
  }

  @Provide
  Arbitrary<EquationCase> equations() {
    return LanewiseArbitraries.equations(4, 7);
  }

  @Provide
  Arbitrary<DType> types() {
    return Arbitraries.of(DType.FLOAT32, DType.FLOAT64);
  }

  @Provide
  Arbitrary<Long> seeds() {
    return LanewiseArbitraries.seeds();
  }

  @Tag("lanes")
  @Property(tries = 120)
  void contractionsOfAnyEquation(
      @ForAll("equations") EquationCase c,
      @ForAll("types") DType type,
      @ForAll("seeds") long seed) {
    try (Memory memory = new Memory(seed)) {
      Contraction plan =
          Contraction.compile(c.equation(), ContractionOptions.DEFAULT.withDType(type), c.shapes());
      Tensor[] operands = new Tensor[c.operands()];
      for (int i = 0; i < operands.length; i++) {
        operands[i] = memory.operand(type, c.shape(i));
      }
      Tensor out = memory.output(type, plan.outputShape());
      memory.check(c, () -> plan.execute(operands, out), out);
      memory.check(c, () -> plan.execute(operands, out, Accumulation.ADD), out);
      Tensor g = memory.operand(type, plan.outputShape());
      Tensor gradient = memory.output(type, c.shape(0));
      Tensor[] factors = operands.clone();
      factors[0] = g;
      memory.check("gradient of " + c, () -> plan.gradient(0).execute(factors, gradient), gradient);
    }
  }

  @Tag("lanes")
  @Property(tries = 80)
  void productsOfMatrices(
      @ForAll @IntRange(max = 40) int m,
      @ForAll @IntRange(max = 40) int n,
      @ForAll @IntRange(max = 40) int k,
      @ForAll("types") DType type,
      @ForAll("seeds") long seed) {
    try (Memory memory = new Memory(seed)) {
      Contraction plan =
          Contraction.compile(
              "ik,kj->ij",
              ContractionOptions.DEFAULT.withDType(type),
              Shape.of(m, k),
              Shape.of(k, n));
      Tensor a = memory.operand(type, Shape.of(m, k));
      Tensor b = memory.operand(type, Shape.of(k, n));
      Tensor out = memory.output(type, Shape.of(m, n));
      String what = m + " x " + k + " x " + n;
      memory.check(what, () -> plan.execute(a, b, out), out);
      var packed = plan.pack(Arena.ofAuto(), 1, b);
      Tensor again = memory.output(type, Shape.of(m, n));
      memory.check(what + " packed", () -> plan.execute(a, packed, again), again);
    }
  }

  @Tag("lanes")
  @Property(tries = 60)
  void lookupsAndBags(
      @ForAll @IntRange(max = 150) int width,
      @ForAll @IntRange(max = 40) int count,
      @ForAll("types") DType type,
      @ForAll("seeds") long seed) {
    try (Memory memory = new Memory(seed)) {
      Embedding table = Embedding.fromPretrained(memory.operand(type, Shape.of(ROWS, width)));
      Tensor indices = memory.operand(DType.INT64, Shape.of(count, 3));
      Tensor rows = memory.output(type, Shape.of(count, 3, width));
      memory.check("lookup", () -> table.forward(indices, rows), rows);
      for (BagMode mode : BagMode.values()) {
        Tensor out = memory.output(type, Shape.of(count, width));
        memory.check(mode, () -> EmbeddingBag.of(table, mode).forward(indices, out), out);
        Tensor helped = memory.output(type, Shape.of(count, width));
        EmbeddingBag bag =
            EmbeddingBag.of(table, mode).withParallelism(Parallelism.of(Runnable::run, 3));
        memory.check(mode + " in parts", () -> bag.forward(indices, helped), helped);
      }
    }
  }

  @Tag("lanes")
  @Property(tries = 40)
  void tablesSearchesAndQuantization(
      @ForAll @IntRange(min = 1, max = 90) int width,
      @ForAll @IntRange(min = 1, max = 9) int count,
      @ForAll Similarity similarity,
      @ForAll("seeds") long seed) {
    try (Memory memory = new Memory(seed)) {
      Tensor weight = memory.operand(ROWS, width);
      Tensor queries = memory.operand(count, width);
      Tensor rows = memory.output(DType.INT64, Shape.of(count, 4));
      Tensor scores = memory.output(count, 4);
      NearestRows search = NearestRows.of(weight, similarity, 4);
      memory.check(similarity, () -> search.search(queries, rows, scores), rows, scores);
      Embedding first = Embedding.fromPretrained(weight);
      Embedding second = Embedding.fromPretrained(memory.operand(ROWS, 5));
      TableBatchedBags tables =
          TableBatchedBags.of(
              EmbeddingBag.of(first, BagMode.SUM), EmbeddingBag.of(second, BagMode.MAX));
      int[] offsets = new int[2 * count + 1];
      Arrays.setAll(offsets, i -> 2 * i);
      int[] ids = new SplittableRandom(seed).ints(4L * count, 0, ROWS).toArray();
      Tensor sums = memory.output(count, width + 5);
      memory.check("tables", () -> tables.forward(ids, offsets, sums), sums);
      Tensor bytes = memory.output(DType.UINT8, Shape.of(ROWS, width + 8));
      RowQuantization.quantize(weight, bytes);
      Tensor back = memory.output(ROWS, width);
      memory.check("dequantize", () -> RowQuantization.dequantize(bytes, back), back);
    }
  }
}
