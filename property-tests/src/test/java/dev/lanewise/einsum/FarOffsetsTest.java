package dev.lanewise.einsum;

import static dev.lanewise.verification.TensorAssertions.assertSameBits;

import dev.lanewise.SparseFiles;
import dev.lanewise.checkpoint.MappedTable;
import dev.lanewise.internal.kernel.KernelSet;
import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import dev.lanewise.verification.EquationCase;
import dev.lanewise.verification.FloatClass;
import dev.lanewise.verification.FloatFormat;
import dev.lanewise.verification.LanewiseArbitraries;
import dev.lanewise.verification.Layout;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;
import net.jqwik.api.lifecycle.AfterTry;
import net.jqwik.api.lifecycle.BeforeProperty;
import net.jqwik.api.lifecycle.BeforeTry;

/**
 * Operands and outputs whose elements are farther apart than an int can count, in elements as in
 * bytes, give the bits of copies that lie close together. Their memory is a file with holes, of
 * which only the pages in use are ever there.
 */
class FarOffsetsTest {
  /** How far the last position of a dimension is from the first, in elements, at least. */
  private static final long FAR = 1L << 31;

  /** A region that holds one far dimension and all near ones. */
  private static final long REGION = FAR + (1L << 24);

  private Path folder;

  @BeforeProperty
  void requireSparseFiles() throws IOException {
    Path probe = Files.createTempDirectory("far");
    try {
      SparseFiles.assumeIn(probe);
    } finally {
      Files.delete(probe);
    }
  }

  @BeforeTry
  void create() throws IOException {
    folder = Files.createTempDirectory("far");
  }

  @AfterTry
  void delete() throws IOException {
    Files.deleteIfExists(folder.resolve("memory.npy"));
    Files.delete(folder);
  }

  /** Small ones of every kind, and products and sums large enough for blocks and panels. */
  @Provide
  Arbitrary<EquationCase> equations() {
    Arbitrary<Integer> operands = Arbitraries.of(1, 2, 3);
    Arbitrary<Long> side = Arbitraries.longs().between(1, 70);
    Arbitrary<EquationCase> larger =
        Combinators.combine(
                side,
                side,
                Arbitraries.longs().between(0, 300),
                Arbitraries.of("ik,kj->ij", "ki,jk->ji", "ik,k->i", "ki,k->i", "i,j->ij"))
            .as((m, n, k, equation) -> {
              var operand = equation.substring(0, equation.indexOf("->")).split(",");
              return EquationCase.of(
                  equation, shape(operand[0], m, n, k), shape(operand[1], m, n, k));
            });
    return Arbitraries.frequencyOf(
        Tuple.of(2, LanewiseArbitraries.equations(operands, 4, 4)), Tuple.of(1, larger));
  }

  private static Shape shape(String labels, long m, long n, long k) {
    return Shape.of(
        labels.chars().mapToLong(label -> label == 'i' ? m : label == 'j' ? n : k).toArray());
  }

  @Provide
  Arbitrary<DType> types() {
    return Arbitraries.of(DType.FLOAT32, DType.FLOAT64);
  }

  @Provide
  Arbitrary<Long> seeds() {
    return LanewiseArbitraries.seeds();
  }

  /** A view of a region in which one dimension, any, is far and the others are near. */
  private static Tensor far(Tensor memory, long region, Shape shape, SplittableRandom random) {
    long[] strides = new long[shape.rank()];
    int farDim = shape.rank() == 0 ? -1 : random.nextInt(shape.rank());
    long near = 1;
    for (int dim = shape.rank() - 1; dim >= 0; dim--) {
      if (dim != farDim) {
        strides[dim] = near;
        near *= Math.max(shape.size(dim), 1);
      }
    }
    if (farDim >= 0) {
      long steps = Math.max(shape.size(farDim) - 1, 1);
      strides[farDim] = (FAR + steps - 1) / steps + random.nextInt(3);
    }
    return memory.asStrided(shape, strides, region);
  }

  @Property(tries = 100)
  void farApartGivesTheBitsOfCopies(
      @ForAll("equations") EquationCase c,
      @ForAll("types") DType type,
      @ForAll boolean accumulate,
      @ForAll("seeds") long seed)
      throws IOException {
    SplittableRandom random = new SplittableRandom(seed);
    try (Arena arena = Arena.ofConfined()) {
      Tensor memory =
          MappedTable.create(
              folder.resolve("memory.npy"), arena, type, Shape.of((c.operands() + 1) * REGION));
      Tensor[] near = new Tensor[c.operands()];
      Tensor[] far = new Tensor[c.operands()];
      for (int i = 0; i < near.length; i++) {
        int count = (int) c.shape(i).elementCount();
        double[] values = FloatClass.tame(FloatFormat.of(type), seed + i, count);
        near[i] = Layout.CONTIGUOUS.place(arena, type, c.shape(i), values, 0);
        far[i] = far(memory, i * REGION, c.shape(i), random).copyFrom(near[i]);
      }
      ContractionOptions options = ContractionOptions.DEFAULT.withDType(type);
      Accumulation accumulation = accumulate ? Accumulation.ADD : Accumulation.REPLACE;
      for (KernelSet set : List.of(KernelSet.scalar(), KernelSet.vector())) {
        Contraction plan =
            Contraction.compile(set, Equation.parse(c.equation()), options, c.shapes());
        Tensor nearOut = Tensor.allocate(arena, type, plan.outputShape()).fill(7);
        Tensor farOut = far(memory, near.length * REGION, plan.outputShape(), random).fill(7);
        plan.execute(near, nearOut, accumulation);
        plan.execute(far, farOut, accumulation);
        assertSameBits(set.description() + ", " + c.equation(), nearOut, farOut);
      }
    }
  }
}
