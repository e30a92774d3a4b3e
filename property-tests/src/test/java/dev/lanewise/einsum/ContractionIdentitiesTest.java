package dev.lanewise.einsum;

import static dev.lanewise.verification.TensorAssertions.assertSameBits;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import dev.lanewise.verification.DoubleArray;
import dev.lanewise.verification.EquationCase;
import dev.lanewise.verification.FloatClass;
import dev.lanewise.verification.LanewiseArbitraries;
import dev.lanewise.verification.Layout;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tag;

/**
 * What holds between contractions, whatever their results are.
 *
 * <p>Most of it on integers from -2 to 2: with at most 5 labels of size 4, 9 positions of an
 * ellipsis and 5 operands, all sums and products, in any order and along any path, are integers of
 * at most {@code 2^5 4^5 9 < 2^19}, which float32 holds exactly. So what mathematics says is equal
 * has the same bits, up to the sign of a zero, and no bound is needed.
 */
class ContractionIdentitiesTest {
  private static final int MOST_LABELS = 5;
  private static final int LARGEST = 4;

  @Provide
  Arbitrary<EquationCase> equations() {
    return LanewiseArbitraries.equations(MOST_LABELS, LARGEST);
  }

  @Provide
  Arbitrary<Layout> layouts() {
    return LanewiseArbitraries.writableLayouts();
  }

  @Provide
  Arbitrary<Long> seeds() {
    return LanewiseArbitraries.seeds();
  }

  @Provide
  Arbitrary<DType> types() {
    return Arbitraries.of(DType.FLOAT32, DType.FLOAT64);
  }

  private static double[] integers(long seed, Shape shape) {
    return new SplittableRandom(seed).ints(shape.elementCount(), -2, 3).asDoubleStream().toArray();
  }

  private static Tensor[] operands(
      Arena arena, DType type, EquationCase c, Layout layout, long seed) {
    Tensor[] operands = new Tensor[c.operands()];
    for (int i = 0; i < operands.length; i++) {
      operands[i] = layout.place(arena, type, c.shape(i), integers(seed + i, c.shape(i)), seed + i);
    }
    return operands;
  }

  private static Tensor result(
      Arena arena, ContractionOptions options, String equation, Tensor... operands) {
    Shape[] shapes = Arrays.stream(operands).map(Tensor::shape).toArray(Shape[]::new);
    Contraction plan =
        Contraction.compile(equation, options.withDType(operands[0].dtype()), shapes);
    Tensor out = Tensor.allocate(arena, plan.dtype(), plan.outputShape()).fill(Double.NaN);
    plan.execute(operands, out);
    return out;
  }

  private static Tensor result(Arena arena, String equation, Tensor... operands) {
    return result(arena, ContractionOptions.DEFAULT, equation, operands);
  }

  /** Exact: a sum of integers in double. */
  private static double inner(Tensor a, Tensor b) {
    double[] first = DoubleArray.of(a).toArray();
    double[] second = DoubleArray.of(b).toArray();
    double sum = 0;
    for (int i = 0; i < first.length; i++) {
      sum += first[i] * second[i];
    }
    return sum;
  }

  /** The sign of a zero depends on the order. */
  private static void assertSameIntegers(String what, Tensor expected, Tensor actual) {
    assertSameBits(what, unsigned(expected), unsigned(actual));
  }

  private static double[] unsigned(Tensor tensor) {
    return Arrays.stream(DoubleArray.of(tensor).toArray()).map(x -> x + 0.0).toArray();
  }

  private static String operandsOf(String equation) {
    return equation.substring(0, equation.indexOf("->"));
  }

  private static String outputOf(String equation) {
    return equation.substring(equation.indexOf("->") + 2);
  }

  /**
   * {@code <f(.., a, ..), g> = <a, gradient of a>}, for every operand: the backward pass is the
   * adjoint.
   */
  @Tag("lanes")
  @Property(tries = 200)
  void everyGradientIsTheAdjoint(
      @ForAll("equations") EquationCase c,
      @ForAll("types") DType type,
      @ForAll("layouts") Layout layout,
      @ForAll("seeds") long seed) {
    try (Arena arena = Arena.ofConfined()) {
      Tensor[] operands = operands(arena, type, c, layout, seed);
      Contraction plan =
          Contraction.compile(c.equation(), ContractionOptions.DEFAULT.withDType(type), c.shapes());
      Tensor out = result(arena, c.equation(), operands);
      Tensor g = layout.place(arena, type, out.shape(), integers(seed + 9, out.shape()), seed + 9);
      for (int operand = 0; operand < operands.length; operand++) {
        List<Tensor> factors = new ArrayList<>(List.of(operands));
        factors.remove(operand);
        factors.addFirst(g);
        Tensor gradient = Tensor.allocate(arena, type, operands[operand].shape()).fill(Double.NaN);
        plan.gradient(operand).execute(factors.toArray(Tensor[]::new), gradient);
        assertEquals(
            inner(out, g), inner(operands[operand], gradient), "operand " + operand + " of " + c);
      }
    }
  }

  /** {@code f(.., a + b, ..) = f(.., a, ..) + f(.., b, ..)}, for every operand. */
  @Property(tries = 150)
  void everyOperandEntersLinearly(
      @ForAll("equations") EquationCase c,
      @ForAll("types") DType type,
      @ForAll("seeds") long seed) {
    try (Arena arena = Arena.ofConfined()) {
      Tensor[] operands = operands(arena, type, c, Layout.CONTIGUOUS, seed);
      for (int operand = 0; operand < operands.length; operand++) {
        Shape shape = operands[operand].shape();
        double[] first = DoubleArray.of(operands[operand]).toArray();
        double[] second = integers(seed + 7, shape);
        double[] both = new double[first.length];
        Arrays.setAll(both, i -> first[i] + second[i]);
        Tensor[] others = operands.clone();
        others[operand] = Layout.CONTIGUOUS.place(arena, type, shape, second, 0);
        Tensor[] sums = operands.clone();
        sums[operand] = Layout.CONTIGUOUS.place(arena, type, shape, both, 0);
        double[] a = unsigned(result(arena, c.equation(), operands));
        double[] b = unsigned(result(arena, c.equation(), others));
        Arrays.setAll(a, i -> a[i] + b[i]);
        assertSameBits(c.toString(), a, unsigned(result(arena, c.equation(), sums)));
      }
    }
  }

  /** Two to a power factors out to the bit, of any numbers that stay normal. */
  @Tag("lanes")
  @Property(tries = 200)
  void aPowerOfTwoFactorsOut(@ForAll("equations") EquationCase c, @ForAll("seeds") long seed) {
    try (Arena arena = Arena.ofConfined()) {
      Tensor[] operands = new Tensor[c.operands()];
      Tensor[] scaled = new Tensor[c.operands()];
      for (int i = 0; i < operands.length; i++) {
        // From 2^-3 to 2^4: what five of them multiply to, and cancels in float32, is normal or 0.
        var random = new SplittableRandom(seed + i);
        float[] values = new float[(int) c.shape(i).elementCount()];
        for (int at = 0; at < values.length; at++) {
          values[at] = Math.scalb(1 + random.nextFloat(), random.nextInt(-3, 4));
        }
        operands[i] = Layout.CONTIGUOUS.place(arena, c.shape(i), values, 0);
        scaled[i] = operands[i];
      }
      float[] values = operands[0].toFloatArray();
      for (int at = 0; at < values.length; at++) {
        values[at] *= 0x1p7f;
      }
      scaled[0] = Layout.CONTIGUOUS.place(arena, c.shape(0), values, 0);
      float[] expected = result(arena, c.equation(), operands).toFloatArray();
      for (int at = 0; at < expected.length; at++) {
        expected[at] *= 0x1p7f;
      }
      assertSameBits(c.toString(), expected, result(arena, c.equation(), scaled).toFloatArray());
    }
  }

  /**
   * Whatever the order of operands, the path, the order of output labels, and when sums are made.
   */
  @Property(tries = 150)
  void equalExpressionsAreEqual(
      @ForAll("equations") EquationCase c,
      @ForAll("types") DType type,
      @ForAll("seeds") long seed) {
    try (Arena arena = Arena.ofConfined()) {
      Tensor[] operands = operands(arena, type, c, Layout.CONTIGUOUS, seed);
      Tensor out = result(arena, c.equation(), operands);
      Random random = new Random(seed);
      String[] texts = operandsOf(c.equation()).split(",", -1);
      List<Integer> order = new ArrayList<>();
      for (int i = 0; i < operands.length; i++) {
        order.add(i);
      }
      Collections.shuffle(order, random);
      String shuffled =
          String.join(",", order.stream().map(i -> texts[i]).toList())
              + "->"
              + outputOf(c.equation());
      Tensor[] inOrder = order.stream().map(i -> operands[i]).toArray(Tensor[]::new);
      assertSameIntegers("operands as " + shuffled, out, result(arena, shuffled, inOrder));
      for (PathSearch search : PathSearch.values()) {
        ContractionOptions options = ContractionOptions.DEFAULT.withSearch(search);
        assertSameIntegers(
            search + " for " + c, out, result(arena, options, c.equation(), operands));
      }
      // Summed at once, or first kept and summed then.
      if (!outputOf(c.equation()).isEmpty() && !outputOf(c.equation()).contains(".")) {
        String less = outputOf(c.equation()).substring(1);
        Tensor atOnce = result(arena, operandsOf(c.equation()) + "->" + less, operands);
        Tensor then = result(arena, outputOf(c.equation()) + "->" + less, out);
        assertSameIntegers("sum over a label of " + c, then, atOnce);
      }
    }
  }

  /**
   * Moving the positions of a label that the output has, in all operands alike, moves the output's,
   * to the bit and for numbers of all classes: no element depends on where it is.
   */
  @Tag("lanes")
  @Property(tries = 150)
  void aPermutationOfAKeptLabelPermutesTheOutput(
      @ForAll("equations") EquationCase c, @ForAll("seeds") long seed) {
    String output = outputOf(c.equation());
    if (output.replace("...", "").isEmpty()) {
      return;
    }
    char label = output.replace("...", "").charAt(0);
    try (Arena arena = Arena.ofConfined()) {
      Tensor[] operands = new Tensor[c.operands()];
      for (int i = 0; i < operands.length; i++) {
        float[] values = FloatClass.wild(seed + i, (int) c.shape(i).elementCount());
        operands[i] = Layout.CONTIGUOUS.place(arena, c.shape(i), values, 0);
      }
      Tensor out = result(arena, c.equation(), operands);
      String[] texts = operandsOf(c.equation()).split(",", -1);
      Tensor[] moved = new Tensor[operands.length];
      for (int i = 0; i < operands.length; i++) {
        moved[i] = rotated(arena, texts[i], operands[i], label);
      }
      assertSameBits(
          "label " + label + " of " + c,
          rotated(arena, output, out, label),
          result(arena, c.equation(), moved));
    }
  }

  /** A copy in which the positions of a label are moved on by one, wherever it stands. */
  private static Tensor rotated(Arena arena, String text, Tensor tensor, char label) {
    Tensor moved = tensor;
    for (int at = 0; at < text.length(); at++) {
      if (text.charAt(at) != label) {
        continue;
      }
      int ellipsis = text.indexOf("...");
      int dim = ellipsis >= 0 && at > ellipsis ? at - text.length() : at;
      long size = moved.size(dim);
      Tensor copy = Tensor.zeros(arena, moved.shape().toArray());
      for (long position = 0; position < size; position++) {
        copy.select(dim, (position + 1) % size).copyFrom(moved.select(dim, position));
      }
      moved = copy;
    }
    return moved;
  }
}
