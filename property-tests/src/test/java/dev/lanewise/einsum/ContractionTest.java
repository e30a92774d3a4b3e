package dev.lanewise.einsum;

import static dev.lanewise.verification.TensorAssertions.assertSameBits;
import static dev.lanewise.verification.TensorAssertions.assertWithin;

import dev.lanewise.internal.kernel.KernelSet;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import dev.lanewise.verification.DoubleArray;
import dev.lanewise.verification.EquationCase;
import dev.lanewise.verification.Estimate;
import dev.lanewise.verification.FloatClass;
import dev.lanewise.verification.LanewiseArbitraries;
import dev.lanewise.verification.Layout;
import dev.lanewise.verification.OracleEinsum;
import dev.lanewise.verification.Rounded;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
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
  Arbitrary<Long> seeds() {
    return LanewiseArbitraries.seeds();
  }

  private static float[] values(Shape shape, long seed) {
    return FloatClass.tame(seed, (int) shape.elementCount());
  }

  private static void run(Contraction plan, List<Tensor> operands, Tensor out) {
    plan.execute(operands.toArray(Tensor[]::new), out);
  }

  private static Contraction plan(KernelSet kernels, EquationCase c) {
    return Contraction.compile(
        kernels, Equation.parse(c.equation()), ContractionOptions.DEFAULT, c.shapes());
  }

  private static Estimate oracle(String equation, List<Tensor> operands) {
    return OracleEinsum.contract(
        equation, operands.stream().map(DoubleArray::of).toArray(DoubleArray[]::new));
  }

  @Property(tries = 1500)
  void anyEquationInAnyLayoutIsWithinTheBound(
      @ForAll("equations") EquationCase c,
      @ForAll("layouts") Layout first,
      @ForAll("layouts") Layout second,
      @ForAll("outputs") Layout output,
      @ForAll("seeds") long seed) {
    try (Arena arena = Arena.ofConfined()) {
      List<Tensor> operands = new ArrayList<>();
      for (int i = 0; i < c.operands(); i++) {
        operands.add(
            (i % 2 == 0 ? first : second)
                .place(arena, c.shape(i), values(c.shape(i), seed + i), seed + i));
      }
      List<float[]> before = operands.stream().map(Tensor::toFloatArray).toList();
      Contraction plan = plan(KernelSet.vector(), c);
      Tensor out = output.poisoned(arena, plan.outputShape(), seed + 9);
      run(plan, operands, out);
      assertWithin(c.equation(), oracle(c.equation(), operands)::at, out);

      Tensor scalar = Tensor.zeros(arena, plan.outputShape().toArray()).fill(Float.NaN);
      List<Tensor> copies = operands.stream().map(t -> t.contiguous(arena)).toList();
      run(plan(KernelSet.scalar(), c), copies, scalar);
      assertSameBits(
          c.equation() + ", scalar and contiguous against vector and strided", scalar, out);
      for (int i = 0; i < operands.size(); i++) {
        assertSameBits("operand " + i, before.get(i), operands.get(i).toFloatArray());
      }
    }
  }

  @Property(tries = 500)
  void accumulationAddsToWhatIsThere(
      @ForAll("equations") EquationCase c,
      @ForAll("outputs") Layout output,
      @ForAll("seeds") long seed) {
    try (Arena arena = Arena.ofConfined()) {
      List<Tensor> operands = new ArrayList<>();
      for (int i = 0; i < c.operands(); i++) {
        operands.add(
            Layout.CONTIGUOUS.place(arena, c.shape(i), values(c.shape(i), seed + i), seed));
      }
      List<Tensor> outs = new ArrayList<>();
      Estimate oracle = oracle(c.equation(), operands);
      for (KernelSet set : List.of(KernelSet.scalar(), KernelSet.vector())) {
        Contraction plan = plan(set, c);
        Tensor out =
            output.place(arena, plan.outputShape(), values(plan.outputShape(), seed + 9), seed + 9);
        DoubleArray old = DoubleArray.of(out);
        plan.execute(operands.toArray(Tensor[]::new), out, Accumulation.ADD);
        assertWithin(c.equation(), i -> oracle.addedTo(i, old.at(i)), out);
        outs.add(out);
      }
      assertSameBits(c.equation(), outs.get(0), outs.get(1));
    }
  }

  @Property(tries = 1000)
  void gradientsAreThoseOfTheDefinition(
      @ForAll("equations") EquationCase c,
      @ForAll("layouts") Layout layout,
      @ForAll("seeds") long seed) {
    try (Arena arena = Arena.ofConfined()) {
      List<Tensor> operands = new ArrayList<>();
      for (int i = 0; i < c.operands(); i++) {
        operands.add(layout.place(arena, c.shape(i), values(c.shape(i), seed + i), seed + i));
      }
      DoubleArray[] arrays = operands.stream().map(DoubleArray::of).toArray(DoubleArray[]::new);
      Contraction forward = plan(KernelSet.vector(), c);
      Tensor g =
          layout.place(
              arena, forward.outputShape(), values(forward.outputShape(), seed + 9), seed + 9);
      for (int operand = 0; operand < c.operands(); operand++) {
        List<Tensor> inputs = new ArrayList<>(operands);
        inputs.remove(operand);
        inputs.addFirst(g);
        Tensor vector = Tensor.full(arena, Float.NaN, c.shape(operand).toArray());
        Tensor scalar = Tensor.full(arena, Float.NaN, c.shape(operand).toArray());
        run(forward.gradient(operand), inputs, vector);
        run(plan(KernelSet.scalar(), c).gradient(operand), inputs, scalar);
        Estimate oracle = OracleEinsum.gradient(c.equation(), operand, DoubleArray.of(g), arrays);
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
      @ForAll("equations") EquationCase c, @ForAll("seeds") long seed) {
    try (Arena arena = Arena.ofConfined()) {
      List<Tensor> operands = new ArrayList<>();
      for (int i = 0; i < c.operands(); i++) {
        operands.add(
            Layout.GAPPED.place(arena, c.shape(i), values(c.shape(i), seed + i), seed + i));
      }
      Contraction forward = plan(KernelSet.vector(), c);
      for (int operand = 0; operand < c.operands(); operand++) {
        List<Tensor> inputs = new ArrayList<>(operands);
        inputs.addFirst(inputs.remove(operand));
        Tensor out = Tensor.full(arena, Float.NaN, forward.outputShape().toArray());
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
    // Both sides are sums in double of at most 2^20 products of three floats: 2^-53 times the
    // number of roundings, relative to the terms' magnitudes.
    double oracles =
        2
            * dev.lanewise.verification.ErrorBounds.gammaOfDouble(1 << 20)
            * magnitude
            * (1 + 0x1p-10);
    new Rounded(left, bound + oracles + Double.MIN_VALUE)
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
    try (Arena arena = Arena.ofConfined()) {
      Tensor a = Tensor.copyOf(arena, values(c.shape(0), m * 31L + k), m, k);
      Tensor b = Tensor.copyOf(arena, values(c.shape(1), n * 37L + k), k, n);
      Tensor scalar = Tensor.full(arena, Float.NaN, m, n);
      plan(KernelSet.scalar(), c).execute(a, b, scalar);
      Tensor vector = Layout.GAPPED.poisoned(arena, Shape.of(m, n), m);
      plan(KernelSet.vector(), c).execute(a, b, vector);
      Tensor direct = Tensor.full(arena, Float.NaN, m, n);
      plan(KernelSet.vector(), c).execute(a, b, direct);
      String what = m + " x " + n + " x " + k;
      assertSameBits(what, scalar, vector);
      assertSameBits(what, scalar, direct);
      assertWithin(what, oracle(c.equation(), List.of(a, b))::at, direct);
      assertSameBits(what + " by the documented chain", chain(a, b), direct.toFloatArray());
    }
  }

  /**
   * One chain of fused multiply-adds from +0 for each block of 256 products, the blocks' sums added
   * in order.
   */
  private static float[] chain(Tensor a, Tensor b) {
    int m = (int) a.size(0);
    int k = (int) a.size(1);
    int n = (int) b.size(1);
    float[] x = a.toFloatArray();
    float[] y = b.toFloatArray();
    float[] out = new float[m * n];
    for (int i = 0; i < m; i++) {
      for (int j = 0; j < n; j++) {
        float sum = 0;
        for (int block = 0; block < k; block += 256) {
          float chain = 0;
          for (int p = block; p < Math.min(block + 256, k); p++) {
            chain = Math.fma(x[i * k + p], y[p * n + j], chain);
          }
          sum = block == 0 ? chain : sum + chain;
        }
        out[i * n + j] = sum;
      }
    }
    return out;
  }

  @Example
  void specialValuesAreTheSameOnBothBackends() {
    for (int size = 1; size < 40; size += 3) {
      EquationCase c =
          EquationCase.of("ik,kj->ij", Shape.of(size, size + 1), Shape.of(size + 1, size));
      try (Arena arena = Arena.ofConfined()) {
        Tensor a =
            Tensor.copyOf(
                arena,
                FloatClass.fill(
                    size,
                    size * (size + 1),
                    FloatClass.NORMAL,
                    FloatClass.ANY_EXPONENT,
                    FloatClass.ZERO),
                size,
                size + 1);
        Tensor b = Tensor.copyOf(arena, FloatClass.wild(size, size * (size + 1)), size + 1, size);
        Tensor scalar = Tensor.zeros(arena, size, size);
        Tensor vector = Tensor.zeros(arena, size, size);
        plan(KernelSet.scalar(), c).execute(a, b, scalar);
        plan(KernelSet.vector(), c).execute(a, b, vector);
        assertSameBits("wild " + size, scalar, vector);
        assertSameBits(
            "wild " + size + " by the documented chain", chain(a, b), vector.toFloatArray());
      }
    }
  }

  @Example
  void dotProductsAreSplitInto64Chains() {
    for (int n : new int[] {0, 1, 5, 63, 64, 65, 128, 200, 1023, 1024, 1025, 2500}) {
      try (Arena arena = Arena.ofConfined()) {
        float[] x = FloatClass.tame(n, n);
        float[] y = FloatClass.tame(n + 1, n);
        float[] partials = new float[64];
        for (int k = 0; k < n; k++) {
          partials[k % 64] = Math.fma(x[k], y[k], partials[k % 64]);
        }
        for (int half = 32; half > 0; half /= 2) {
          for (int i = 0; i < half; i++) {
            partials[i] += partials[i + half];
          }
        }
        EquationCase c = EquationCase.of("k,k->", Shape.of(n), Shape.of(n));
        for (Layout layout : List.of(Layout.CONTIGUOUS, Layout.GAPPED)) {
          Tensor out = Tensor.full(arena, Float.NaN);
          plan(KernelSet.vector(), c)
              .execute(
                  layout.place(arena, Shape.of(n), x, 1),
                  layout.place(arena, Shape.of(n), y, 2),
                  out);
          assertSameBits("dot of " + n, new float[] {partials[0]}, out.toFloatArray());
        }
      }
    }
  }

  @Property(tries = 300)
  void aRowAloneEqualsTheRowInABatch(@ForAll("seeds") long seed) {
    java.util.SplittableRandom random = new java.util.SplittableRandom(seed);
    int m = random.nextInt(1, 40);
    int n = random.nextInt(1, 70);
    int k = random.nextInt(0, 300);
    try (Arena arena = Arena.ofConfined()) {
      Tensor a = Tensor.copyOf(arena, FloatClass.tame(seed, m * k), m, k);
      Tensor b = Tensor.copyOf(arena, FloatClass.tame(seed + 1, k * n), k, n);
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
    boolean pair = equation.contains(",");
    Contraction plan =
        pair
            ? Contraction.compile(equation, a.shape(), b.shape())
            : Contraction.compile(equation, a.shape());
    Tensor out =
        Tensor.allocate(arena, dev.lanewise.tensor.DType.FLOAT32, plan.outputShape())
            .fill(Float.NaN);
    run(plan, pair ? List.of(a, b) : List.of(a), out);
    return out;
  }

  @Property(tries = 60)
  void convolutionWindowsAndLargeStridedViewsGiveTheBitsOfCopies(@ForAll("seeds") long seed) {
    java.util.SplittableRandom random = new java.util.SplittableRandom(seed);
    int length = random.nextInt(20, 200);
    int window = random.nextInt(1, 9);
    int channels = random.nextInt(1, 20);
    int filters = random.nextInt(1, 40);
    try (Arena arena = Arena.ofConfined()) {
      Tensor x = Tensor.copyOf(arena, FloatClass.tame(seed, length * channels), length, channels);
      Tensor filter =
          Tensor.copyOf(
              arena,
              FloatClass.tame(seed + 1, filters * window * channels),
              filters,
              window,
              channels);
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
