package dev.lanewise.autograd;

import static dev.lanewise.verification.TensorAssertions.assertSameBits;
import static dev.lanewise.verification.TensorAssertions.assertWithin;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.lanewise.embedding.Embedding;
import dev.lanewise.tensor.Operand;
import dev.lanewise.tensor.Parameter;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import dev.lanewise.verification.DoubleArray;
import dev.lanewise.verification.FloatClass;
import dev.lanewise.verification.LanewiseArbitraries;
import dev.lanewise.verification.OracleLosses;
import dev.lanewise.verification.Rounded;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tag;
import net.jqwik.api.constraints.IntRange;

/**
 * A model's value and gradients against the same formulae in double, with the error of every
 * operation carried along: lookup, contraction, bias, relu, and a loss.
 */
@Tag("lanes")
class TapeGradientTest {
  private static final int ROWS = 6;

  @Provide
  Arbitrary<Long> seeds() {
    return LanewiseArbitraries.seeds();
  }

  /** A model of random sizes and its reference. */
  private static final class Model {
    final int n;
    final int in;
    final int out;
    final int[] indices;
    final Embedding embedding;
    final Parameter weight;
    final Parameter bias;
    final Tensor target;
    final int[] classes;
    final List<List<Rounded>> pre = new ArrayList<>();
    final List<List<Rounded>> activated = new ArrayList<>();

    Model(Arena arena, long seed) {
      SplittableRandom random = new SplittableRandom(seed);
      n = random.nextInt(1, 7);
      in = random.nextInt(1, 9);
      out = random.nextInt(1, 8);
      indices = random.ints(n, 0, ROWS).toArray();
      classes = random.ints(n, 0, out).toArray();
      embedding = Embedding.of(Parameter.trainable(arena, draw(arena, random, ROWS, in)));
      weight = Parameter.trainable(arena, draw(arena, random, out, in));
      bias = Parameter.trainable(arena, draw(arena, random, out));
      target = draw(arena, random, n, out);
      for (int i = 0; i < n; i++) {
        List<Rounded> row = new ArrayList<>();
        for (int j = 0; j < out; j++) {
          row.add(Rounded.dot(x(i), row(weight, j)).plus(Rounded.exact(bias.value().get(j))));
        }
        pre.add(row);
        activated.add(row.stream().map(Rounded::orZero).toList());
      }
    }

    private static Tensor draw(Arena arena, SplittableRandom random, long... sizes) {
      Tensor tensor = Tensor.zeros(arena, sizes);
      float[] values = new float[(int) tensor.shape().elementCount()];
      for (int i = 0; i < values.length; i++) {
        values[i] = 2 * random.nextFloat() - 1;
      }
      return tensor.copyFrom(Tensor.copyOf(arena, values, sizes));
    }

    List<Rounded> x(int i) {
      return row(embedding.weight(), indices[i]);
    }

    static List<Rounded> row(Parameter parameter, int row) {
      return IntStream.range(0, (int) parameter.value().size(1))
          .mapToObj(d -> Rounded.exact(parameter.value().get(row, d)))
          .toList();
    }

    Variable activations(Tape tape) {
      Variable rows = tape.lookup(embedding, indices);
      return tape.relu(tape.add(tape.einsum("ik,jk->ij", rows, weight), bias));
    }

    /** Checks all parameters' gradients, given the reference's gradient at the activations. */
    void checkGradients(List<List<Rounded>> upstream) {
      List<List<Rounded>> g = new ArrayList<>();
      for (int i = 0; i < n; i++) {
        List<Rounded> row = new ArrayList<>();
        for (int j = 0; j < out; j++) {
          row.add(throughRelu(pre.get(i).get(j), upstream.get(i).get(j)));
        }
        g.add(row);
      }
      assertWithin("bias gradient", j -> Rounded.sum(column(g, j)), bias.gradient().tensor());
      assertWithin(
          "weight gradient",
          p -> Rounded.dot(column(g, p / in), inputs(p % in)),
          weight.gradient().tensor());
      assertWithin(
          "embedding gradient",
          p -> tableGradient(g, p / in, p % in),
          embedding.weight().gradient().tensor());
    }

    /**
     * Where the sign is within the error of the forward pass, the gradient may be the upstream one
     * or 0.
     */
    private static Rounded throughRelu(Rounded x, Rounded g) {
      if (x.signIsUncertain()) {
        return new Rounded(0, Math.abs(g.value()) + g.error());
      }
      return x.value() > 0 ? g : Rounded.exact(0);
    }

    private List<Rounded> column(List<List<Rounded>> matrix, int j) {
      return matrix.stream().map(row -> row.get(j)).toList();
    }

    private List<Rounded> inputs(int d) {
      return IntStream.range(0, n).mapToObj(i -> x(i).get(d)).toList();
    }

    private Rounded tableGradient(List<List<Rounded>> g, int row, int d) {
      List<Rounded> w =
          IntStream.range(0, out).mapToObj(j -> Rounded.exact(weight.value().get(j, d))).toList();
      List<Rounded> terms = new ArrayList<>();
      for (int i = 0; i < n; i++) {
        if (indices[i] == row) {
          terms.add(Rounded.dot(g.get(i), w));
        }
      }
      return Rounded.sum(terms);
    }
  }

  @Property
  void meanSquaredError(@ForAll("seeds") long seed) {
    try (Arena arena = Arena.ofConfined();
        Tape tape = new Tape()) {
      Model model = new Model(arena, seed);
      Variable activations = model.activations(tape);
      assertWithin(
          "activations",
          p -> model.activated.get(p / model.out).get(p % model.out),
          activations.value());
      Variable loss = tape.meanSquaredError(activations, model.target);
      List<Rounded> x = model.activated.stream().flatMap(List::stream).toList();
      DoubleArray target = DoubleArray.of(model.target);
      List<Rounded> t =
          IntStream.range(0, target.length()).mapToObj(i -> Rounded.exact(target.at(i))).toList();
      OracleLosses.squaredError(x, t, true).assertContains("loss", loss.item());
      loss.backward();
      List<Rounded> g = OracleLosses.squaredErrorGradient(x, t, true);
      assertWithin("gradient of the activations", g::get, activations.gradient());
      model.checkGradients(
          IntStream.range(0, model.n)
              .mapToObj(i -> g.subList(i * model.out, (i + 1) * model.out))
              .toList());
    }
  }

  @Property
  void crossEntropy(@ForAll("seeds") long seed) {
    try (Arena arena = Arena.ofConfined();
        Tape tape = new Tape()) {
      Model model = new Model(arena, seed);
      Variable activations = model.activations(tape);
      Variable loss = tape.crossEntropy(activations, model.classes);
      var oracle =
          new OracleLosses.CrossEntropyCase(
              model.activated, model.classes, null, -100, 0f, LossTest.EXP_ULPS);
      oracle.loss(true).assertContains("loss", loss.item());
      loss.backward();
      model.checkGradients(
          IntStream.range(0, model.n).mapToObj(i -> oracle.gradient(i, true)).toList());
    }
  }

  @Property
  void sumsAndMeans(@ForAll @IntRange(min = 1, max = 300) int n) {
    float[] values = new float[n];
    float total = 0;
    for (int i = 0; i < n; i++) {
      values[i] = i % 7 - 2;
      total += values[i]; // Exact in any order.
    }
    float[] ofSum = new float[n];
    float[] ofMean = new float[n];
    Arrays.fill(ofSum, 1);
    Arrays.fill(ofMean, 1f / n);
    try (Arena arena = Arena.ofConfined();
        Tape tape = new Tape()) {
      Parameter x = Parameter.trainable(arena, Tensor.copyOf(arena, values, n));
      Variable sum = tape.sum(x);
      assertEquals(total, sum.item());
      sum.backward();
      assertSameBits("gradient of sum", ofSum, x.gradient().tensor().toFloatArray());
      tape.reset();
      x.zeroGradient();
      Variable mean = tape.mean(x);
      assertEquals(total / n, mean.item());
      mean.backward();
      assertSameBits("gradient of mean", ofMean, x.gradient().tensor().toFloatArray());
    }
  }

  @Provide
  Arbitrary<Shape> shapes() {
    return LanewiseArbitraries.shapes(3, 5);
  }

  @Property(tries = 600)
  void additionBroadcastsAndItsGradientAddsUpInRowMajorOrder(
      @ForAll("shapes") Shape first, @ForAll("shapes") Shape next, @ForAll("seeds") long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    try (Arena arena = Arena.ofConfined();
        Tape tape = new Tape()) {
      checkAddition(arena, tape, first, random);
      tape.reset();
      checkAddition(arena, tape, next, random);
    }
  }

  private static void checkAddition(Arena arena, Tape tape, Shape full, SplittableRandom random) {
    Operand a = drawn(arena, reduced(full, random), random);
    Operand b = drawn(arena, reduced(full, random), random);
    Variable sum = tape.add(a, b);
    long[] sizes = sum.value().shape().toArray();
    float[] xs = a.value().expand(sizes).toFloatArray();
    float[] ys = b.value().expand(sizes).toFloatArray();
    float[] expected = new float[xs.length];
    for (int i = 0; i < xs.length; i++) {
      expected[i] = xs[i] + ys[i];
    }
    assertSameBits("sum", expected, sum.value().toFloatArray());
    Tensor g = tensor(arena, FloatClass.tame(random.nextLong(), xs.length), sizes);
    String labels = "abc".substring(0, sizes.length);
    if (sum.requiresGradient()) {
      tape.sum(tape.einsum(labels + "," + labels + "->" + labels, sum, g)).backward();
    }
    for (Operand operand : List.of(a, b)) {
      if (operand instanceof Parameter parameter) {
        assertSameBits(
            "gradient", summed(arena, g, parameter.value().shape()), parameter.gradient().tensor());
      }
    }
  }

  /** A parameter, or a constant whose axes lie the other way round. */
  private static Operand drawn(Arena arena, Shape shape, SplittableRandom random) {
    float[] values = FloatClass.tame(random.nextLong(), (int) shape.elementCount());
    if (random.nextInt(3) > 0) {
      return Parameter.trainable(arena, tensor(arena, values, shape.toArray()));
    }
    int rank = shape.rank();
    int[] order = IntStream.range(0, rank).map(dim -> rank - 1 - dim).toArray();
    long[] sizes = IntStream.of(order).mapToLong(shape::size).toArray();
    return tensor(arena, values, sizes).permute(order);
  }

  /** Without sizes a scalar, which {@code copyOf} would take for a vector. */
  private static Tensor tensor(Arena arena, float[] values, long... sizes) {
    return sizes.length == 0 ? Tensor.full(arena, values[0]) : Tensor.copyOf(arena, values, sizes);
  }

  /** A shape that broadcasts to the full one: leading dimensions left out, some sizes 1. */
  private static Shape reduced(Shape full, SplittableRandom random) {
    int from = random.nextInt(full.rank() + 1);
    long[] sizes =
        java.util.Arrays.copyOfRange(full.toArray(), random.nextBoolean() ? 0 : from, full.rank());
    for (int dim = 0; dim < sizes.length; dim++) {
      sizes[dim] = random.nextInt(3) == 0 ? 1 : sizes[dim];
    }
    return Shape.of(sizes);
  }

  private static Tensor summed(Arena arena, Tensor g, Shape shape) {
    Tensor sum = Tensor.zeros(arena, shape.toArray());
    long[] sizes = g.shape().toArray();
    long[] index = new long[sizes.length];
    int skipped = sizes.length - shape.rank();
    for (long i = 0; i < g.shape().elementCount(); i++) {
      long[] to = new long[shape.rank()];
      for (int dim = 0; dim < to.length; dim++) {
        to[dim] = shape.size(dim) == 1 ? 0 : index[dim + skipped];
      }
      sum.set((float) sum.get(to) + (float) g.get(index), to);
      for (int dim = sizes.length - 1; dim >= 0 && ++index[dim] == sizes[dim]; dim--) {
        index[dim] = 0;
      }
    }
    return sum;
  }
}
