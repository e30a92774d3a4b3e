package dev.lanewise.einsum;

import static dev.lanewise.verification.TensorAssertions.assertSameBits;
import static dev.lanewise.verification.TensorAssertions.assertWithin;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.lanewise.internal.kernel.KernelSet;
import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import dev.lanewise.verification.DoubleArray;
import dev.lanewise.verification.EquationCase;
import dev.lanewise.verification.Estimate;
import dev.lanewise.verification.FloatClass;
import dev.lanewise.verification.FloatFormat;
import dev.lanewise.verification.LanewiseArbitraries;
import dev.lanewise.verification.Layout;
import dev.lanewise.verification.OracleEinsum;
import dev.lanewise.verification.Rounded;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tag;

/**
 * Contractions against the definition, within the derived bound, and against themselves on other
 * backends, strides and batches, to the bit.
 */
@Tag("lanes")
class ContractionTest {
  @Provide
  Arbitrary<EquationCase> equations() {
    return LanewiseArbitraries.equations(5, 6);
  }

  @Provide
  Arbitrary<Layout> layouts() {
    return LanewiseArbitraries.layouts();
  }

  @Provide
  Arbitrary<Layout> outputs() {
    return LanewiseArbitraries.writableLayouts();
  }

  @Provide
  Arbitrary<DType> types() {
    return Arbitraries.of(DType.FLOAT32, DType.FLOAT64);
  }

  @Provide
  Arbitrary<Long> seeds() {
    return LanewiseArbitraries.seeds();
  }

  private static final List<DType> TYPES = List.of(DType.FLOAT32, DType.FLOAT64);

  /** A tensor of numbers for which the error model holds. */
  private static Tensor tame(Arena arena, DType type, Layout layout, Shape shape, long seed) {
    double[] values = FloatClass.tame(FloatFormat.of(type), seed, (int) shape.elementCount());
    return layout.place(arena, type, shape, values, seed);
  }

  private static Tensor tame(Arena arena, DType type, Shape shape, long seed) {
    return tame(arena, type, Layout.CONTIGUOUS, shape, seed);
  }

  private static Tensor poisoned(Arena arena, DType type, Shape shape) {
    return Layout.CONTIGUOUS.poisoned(arena, type, shape, 0);
  }

  private static double[] numbers(Tensor tensor) {
    return DoubleArray.of(tensor).toArray();
  }

  private static void run(Contraction plan, List<Tensor> operands, Tensor out) {
    plan.execute(operands.toArray(Tensor[]::new), out);
  }

  private static Contraction plan(KernelSet kernels, EquationCase c, DType type) {
    return Contraction.compile(
        kernels,
        Equation.parse(c.equation()),
        ContractionOptions.DEFAULT.withDType(type),
        c.shapes());
  }

  private static Estimate oracle(String equation, List<Tensor> operands) {
    return OracleEinsum.contract(
            equation, operands.stream().map(DoubleArray::of).toArray(DoubleArray[]::new))
        .in(FloatFormat.of(operands.getFirst().dtype()));
  }

  @Property(tries = 1500)
  void anyEquationInAnyLayoutIsWithinTheBound(
      @ForAll("equations") EquationCase c,
      @ForAll("types") DType type,
      @ForAll("layouts") Layout first,
      @ForAll("layouts") Layout second,
      @ForAll("outputs") Layout output,
      @ForAll("seeds") long seed) {
    try (Arena arena = Arena.ofConfined()) {
      List<Tensor> operands = new ArrayList<>();
      for (int i = 0; i < c.operands(); i++) {
        operands.add(tame(arena, type, i % 2 == 0 ? first : second, c.shape(i), seed + i));
      }
      List<double[]> before = operands.stream().map(ContractionTest::numbers).toList();
      Contraction plan = plan(KernelSet.vector(), c, type);
      Tensor out = output.poisoned(arena, type, plan.outputShape(), seed + 9);
      run(plan, operands, out);
      assertWithin(c.equation(), oracle(c.equation(), operands)::at, out);
      Layout.assertGapsUntouched(c.equation(), out);

      Tensor scalar = poisoned(arena, type, plan.outputShape());
      List<Tensor> copies = operands.stream().map(t -> t.contiguous(arena)).toList();
      run(plan(KernelSet.scalar(), c, type), copies, scalar);
      assertSameBits(
          c.equation() + ", scalar and contiguous against vector and strided", scalar, out);
      for (int i = 0; i < operands.size(); i++) {
        assertSameBits("operand " + i, before.get(i), numbers(operands.get(i)));
      }
    }
  }

  @Property(tries = 500)
  void accumulationAddsToWhatIsThere(
      @ForAll("equations") EquationCase c,
      @ForAll("types") DType type,
      @ForAll("outputs") Layout output,
      @ForAll("seeds") long seed) {
    try (Arena arena = Arena.ofConfined()) {
      List<Tensor> operands = new ArrayList<>();
      for (int i = 0; i < c.operands(); i++) {
        operands.add(tame(arena, type, c.shape(i), seed + i));
      }
      List<Tensor> outs = new ArrayList<>();
      Estimate oracle = oracle(c.equation(), operands);
      for (KernelSet set : List.of(KernelSet.scalar(), KernelSet.vector())) {
        Contraction plan = plan(set, c, type);
        Tensor out = tame(arena, type, output, plan.outputShape(), seed + 9);
        DoubleArray old = DoubleArray.of(out);
        plan.execute(operands.toArray(Tensor[]::new), out, Accumulation.ADD);
        Layout.assertGapsUntouched(c.equation(), out);
        assertWithin(c.equation(), i -> oracle.addedTo(i, old.at(i)), out);
        outs.add(out);
      }
      assertSameBits(c.equation(), outs.get(0), outs.get(1));
    }
  }

  @Property(tries = 1000)
  void gradientsAreThoseOfTheDefinition(
      @ForAll("equations") EquationCase c,
      @ForAll("types") DType type,
      @ForAll("layouts") Layout layout,
      @ForAll("seeds") long seed) {
    try (Arena arena = Arena.ofConfined()) {
      List<Tensor> operands = new ArrayList<>();
      for (int i = 0; i < c.operands(); i++) {
        operands.add(tame(arena, type, layout, c.shape(i), seed + i));
      }
      DoubleArray[] arrays = operands.stream().map(DoubleArray::of).toArray(DoubleArray[]::new);
      Contraction forward = plan(KernelSet.vector(), c, type);
      Tensor g = tame(arena, type, layout, forward.outputShape(), seed + 9);
      for (int operand = 0; operand < c.operands(); operand++) {
        List<Tensor> inputs = new ArrayList<>(operands);
        inputs.remove(operand);
        inputs.addFirst(g);
        Tensor vector = poisoned(arena, type, c.shape(operand));
        Tensor scalar = poisoned(arena, type, c.shape(operand));
        run(forward.gradient(operand), inputs, vector);
        run(plan(KernelSet.scalar(), c, type).gradient(operand), inputs, scalar);
        Estimate oracle =
            OracleEinsum.gradient(c.equation(), operand, DoubleArray.of(g), arrays)
                .in(FloatFormat.of(type));
        assertWithin("gradient " + operand + " of " + c.equation(), oracle::at, vector);
        assertSameBits("gradient " + operand + " of " + c.equation(), scalar, vector);
        assertAdjoint(
            c.equation(), arrays, operand, DoubleArray.of(g), DoubleArray.of(vector), oracle);
      }
    }
  }

  /** A contraction is linear in each operand: its gradient's gradient is the contraction again. */
  @Property(tries = 500)
  void theGradientOfAGradientIsTheContraction(
      @ForAll("equations") EquationCase c,
      @ForAll("types") DType type,
      @ForAll("seeds") long seed) {
    try (Arena arena = Arena.ofConfined()) {
      List<Tensor> operands = new ArrayList<>();
      for (int i = 0; i < c.operands(); i++) {
        operands.add(tame(arena, type, Layout.GAPPED, c.shape(i), seed + i));
      }
      Contraction forward = plan(KernelSet.vector(), c, type);
      for (int operand = 0; operand < c.operands(); operand++) {
        List<Tensor> inputs = new ArrayList<>(operands);
        inputs.addFirst(inputs.remove(operand));
        Tensor out = poisoned(arena, type, forward.outputShape());
        run(forward.gradient(operand).gradient(0), inputs, out);
        assertWithin(c.equation(), oracle(c.equation(), operands)::at, out);
      }
    }
  }

  /**
   * {@code <g, E(a, b)> = <gradient, operand>}: the left side in double by the oracle, the right
   * side within the gradient's own bounds.
   */
  private static void assertAdjoint(
      String equation,
      DoubleArray[] operands,
      int operand,
      DoubleArray g,
      DoubleArray gradient,
      Estimate oracle) {
    Estimate forward = OracleEinsum.contract(equation, operands);
    double left = 0;
    double magnitude = 0;
    for (int i = 0; i < g.length(); i++) {
      left += g.at(i) * forward.value().at(i);
      magnitude += Math.abs(g.at(i)) * forward.magnitude().at(i);
    }
    double right = 0;
    double bound = 0;
    for (int i = 0; i < gradient.length(); i++) {
      right += gradient.at(i) * operands[operand].at(i);
      bound += oracle.bound(i) * Math.abs(operands[operand].at(i));
    }
    // Both sides are sums in double of at most 2^20 products of three numbers: 2^-53 times the
    // number of roundings, relative to the terms' magnitudes; each product may underflow.
    double oracles =
        2
            * dev.lanewise.verification.ErrorBounds.gammaOfDouble(1 << 20)
            * magnitude
            * (1 + 0x1p-10);
    new Rounded(left, bound + oracles + 0x1p22 * Double.MIN_VALUE)
        .assertContains("adjoint identity of " + equation, right);
  }

  @Example
  void everySmallMatrixProduct() {
    for (int m = 0; m <= 12; m++) {
      for (int n = 0; n <= 12; n++) {
        for (int k = 0; k <= 12; k++) {
          checkProduct(m, n, k);
        }
      }
    }
  }

  @Example
  void edgesOfTilesAndBlocks() {
    for (int k : new int[] {255, 256, 257, 511, 512, 513, 600}) {
      for (int[] mn : new int[][] {{1, 1}, {3, 5}, {14, 32}, {15, 33}, {29, 31}}) {
        checkProduct(mn[0], mn[1], k);
      }
    }
    for (int[] mnk :
        new int[][] {
          {14, 16, 10},
          {15, 17, 300},
          {14, 32, 10},
          {28, 64, 3},
          {13, 31, 20},
          {57, 129, 2},
          {267, 17, 4},
          {17, 2051, 3},
          {2051, 17, 1}
        }) {
      checkProduct(mnk[0], mnk[1], mnk[2]);
    }
  }

  private static void checkProduct(int m, int n, int k) {
    EquationCase c = EquationCase.of("ik,kj->ij", Shape.of(m, k), Shape.of(k, n));
    for (DType type : TYPES) {
      try (Arena arena = Arena.ofConfined()) {
        Tensor a = tame(arena, type, c.shape(0), m * 31L + k);
        Tensor b = tame(arena, type, c.shape(1), n * 37L + k);
        Tensor scalar = poisoned(arena, type, Shape.of(m, n));
        plan(KernelSet.scalar(), c, type).execute(a, b, scalar);
        Tensor vector = Layout.GAPPED.poisoned(arena, type, Shape.of(m, n), m);
        plan(KernelSet.vector(), c, type).execute(a, b, vector);
        Tensor direct = poisoned(arena, type, Shape.of(m, n));
        plan(KernelSet.vector(), c, type).execute(a, b, direct);
        String what = type + " " + m + " x " + n + " x " + k;
        assertSameBits(what, scalar, vector);
        assertSameBits(what, scalar, direct);
        assertWithin(what, oracle(c.equation(), List.of(a, b))::at, direct);
        assertSameBits(what + " by the documented chain", chain(a, b), numbers(direct));
      }
    }
  }

  /**
   * One chain of fused multiply-adds from +0 for each block of 256 products, the blocks' sums added
   * in order.
   */
  private static double[] chain(Tensor a, Tensor b) {
    FloatFormat format = FloatFormat.of(a.dtype());
    int m = (int) a.size(0);
    int k = (int) a.size(1);
    int n = (int) b.size(1);
    double[] x = numbers(a);
    double[] y = numbers(b);
    double[] out = new double[m * n];
    for (int i = 0; i < m; i++) {
      for (int j = 0; j < n; j++) {
        double sum = 0;
        for (int block = 0; block < k; block += 256) {
          double chain = 0;
          for (int p = block; p < Math.min(block + 256, k); p++) {
            chain = format.fma(x[i * k + p], y[p * n + j], chain);
          }
          sum = block == 0 ? chain : format.add(sum, chain);
        }
        out[i * n + j] = sum;
      }
    }
    return out;
  }

  @Example
  void specialValuesAreTheSameOnBothBackends() {
    for (DType type : TYPES) {
      for (int size = 1; size < 40; size += 3) {
        checkSpecialValues(type, size);
      }
    }
  }

  private static void checkSpecialValues(DType type, int size) {
    FloatFormat format = FloatFormat.of(type);
    EquationCase c =
        EquationCase.of("ik,kj->ij", Shape.of(size, size + 1), Shape.of(size + 1, size));
    int count = size * (size + 1);
    double[] finite =
        FloatClass.fill(
            format, size, count, FloatClass.NORMAL, FloatClass.ANY_EXPONENT, FloatClass.ZERO);
    double[] wild = FloatClass.wild(format, size, count);
    try (Arena arena = Arena.ofConfined()) {
      Tensor a = Layout.CONTIGUOUS.place(arena, type, c.shape(0), finite, 0);
      Tensor b = Layout.CONTIGUOUS.place(arena, type, c.shape(1), wild, 0);
      Tensor scalar = poisoned(arena, type, Shape.of(size, size));
      Tensor vector = poisoned(arena, type, Shape.of(size, size));
      plan(KernelSet.scalar(), c, type).execute(a, b, scalar);
      plan(KernelSet.vector(), c, type).execute(a, b, vector);
      String what = "wild " + type + " " + size;
      assertSameBits(what, scalar, vector);
      assertSameBits(what + " by the documented chain", chain(a, b), numbers(vector));
    }
  }

  @Example
  void dotProductsAreSplitInto64Chains() {
    for (DType type : TYPES) {
      for (int n : new int[] {0, 1, 5, 63, 64, 65, 128, 200, 1023, 1024, 1025, 2500}) {
        checkDotProduct(type, n);
      }
    }
  }

  private static void checkDotProduct(DType type, int n) {
    FloatFormat format = FloatFormat.of(type);
    double[] x = FloatClass.tame(format, n, n);
    double[] y = FloatClass.tame(format, n + 1, n);
    double[] partials = new double[64];
    for (int k = 0; k < n; k++) {
      partials[k % 64] = format.fma(x[k], y[k], partials[k % 64]);
    }
    for (int half = 32; half > 0; half /= 2) {
      for (int i = 0; i < half; i++) {
        partials[i] = format.add(partials[i], partials[i + half]);
      }
    }
    EquationCase c = EquationCase.of("k,k->", Shape.of(n), Shape.of(n));
    try (Arena arena = Arena.ofConfined()) {
      for (Layout layout : List.of(Layout.CONTIGUOUS, Layout.GAPPED)) {
        Tensor out = poisoned(arena, type, Shape.of());
        plan(KernelSet.vector(), c, type)
            .execute(
                layout.place(arena, type, Shape.of(n), x, 1),
                layout.place(arena, type, Shape.of(n), y, 2),
                out);
        assertSameBits(type + " dot of " + n, new double[] {partials[0]}, numbers(out));
      }
    }
  }

  /** No machine of ours can hold such an output; what the plan chooses for it can be told. */
  @Example
  void sidesThatAnIntCannotCountAreBlocked() {
    for (Shape[] shapes :
        new Shape[][] {
          {Shape.of(3_000_000_000L, 2), Shape.of(2, 20)},
          {Shape.of(3, 20), Shape.of(20, 3_000_000_000L)},
          {Shape.of(3_000_000_000L, 0), Shape.of(0, 20)}
        }) {
      String plan = Contraction.compile("ik,kj->ij", shapes).toString();
      assertTrue(plan.contains("blocked product"), plan);
    }
  }

  @Property(tries = 300)
  void aRowAloneEqualsTheRowInABatch(@ForAll("types") DType type, @ForAll("seeds") long seed) {
    java.util.SplittableRandom random = new java.util.SplittableRandom(seed);
    int m = random.nextInt(1, 40);
    int n = random.nextInt(1, 70);
    int k = random.nextInt(0, 300);
    try (Arena arena = Arena.ofConfined()) {
      Tensor a = tame(arena, type, Shape.of(m, k), seed);
      Tensor b = tame(arena, type, Shape.of(k, n), seed + 1);
      for (String form : List.of("ik,kj->ij", "ik,k->i", "ik,ik->i", "ik->i")) {
        boolean matrix = form.startsWith("ik,kj");
        Tensor other = matrix ? b : form.equals("ik,ik->i") ? a : b.transpose(0, 1).select(0, 0);
        Tensor batch = result(arena, form, a, other);
        int row = random.nextInt(m);
        Tensor one = a.slice(0, row, row + 1);
        Tensor alone = result(arena, form, one, form.equals("ik,ik->i") ? one : other);
        assertSameBits(form + ", row " + row + " of " + m, batch.slice(0, row, row + 1), alone);
      }
    }
  }

  private static Tensor result(Arena arena, String equation, Tensor a, Tensor b) {
    List<Tensor> operands = equation.contains(",") ? List.of(a, b) : List.of(a);
    Contraction plan =
        Contraction.compile(
            equation,
            ContractionOptions.DEFAULT.withDType(a.dtype()),
            operands.stream().map(Tensor::shape).toArray(Shape[]::new));
    Tensor out = poisoned(arena, a.dtype(), plan.outputShape());
    run(plan, operands, out);
    return out;
  }

  @Property(tries = 60)
  void convolutionWindowsAndLargeStridedViewsGiveTheBitsOfCopies(
      @ForAll("types") DType type, @ForAll("seeds") long seed) {
    java.util.SplittableRandom random = new java.util.SplittableRandom(seed);
    int length = random.nextInt(20, 200);
    int window = random.nextInt(1, 9);
    int channels = random.nextInt(1, 20);
    int filters = random.nextInt(1, 40);
    try (Arena arena = Arena.ofConfined()) {
      Tensor x = tame(arena, type, Shape.of(length, channels), seed);
      Tensor filter = tame(arena, type, Shape.of(filters, window, channels), seed + 1);
      Tensor windows = x.slidingWindow(0, window, random.nextInt(1, 3));
      Tensor strided = result(arena, "tcw,fwc->tf", windows, filter);
      Tensor copied =
          result(
              arena,
              "tcw,fwc->tf",
              windows.contiguous(arena),
              filter.permute(1, 2, 0).contiguous(arena).permute(2, 0, 1));
      assertSameBits("convolution", copied, strided);
      assertWithin("convolution", oracle("tcw,fwc->tf", List.of(windows, filter))::at, strided);
    }
  }
}
