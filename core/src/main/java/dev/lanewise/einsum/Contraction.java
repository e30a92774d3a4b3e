package dev.lanewise.einsum;

import dev.lanewise.internal.check.Check;
import dev.lanewise.internal.gemm.Nest;
import dev.lanewise.internal.kernel.KernelSet;
import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;

/**
 * The plan of one contraction: an equation with the operands' sizes, made once and run many times.
 *
 * <p><b>Equation.</b> {@code out[output labels] = sum over the other labels of a[...] * b[...]},
 * see {@link Equation}. A dimension of size 1 is repeated against a larger one of the same label.
 * Operands and output are float32 of any strides (transposed, sliced, expanded: read in place, no
 * copy is made). The output must not overlap an operand.
 *
 * <p><b>Numerics.</b> An element's value depends on the equation, the length of the sum and the
 * numbers that enter it, and on nothing else. If both operands have a label of their own in the
 * output, its sum is one chain of fused multiply-adds per 256 products, the chains' sums added in
 * order; else 64 interleaved chains combined by a fixed tree; if nothing is summed, one rounded
 * product. A sum over nothing is 0. NaN and infinities follow from these operations. The error is
 * within {@code gamma(K) * sum |a||b|}; see docs/numerics.md.
 *
 * <p><b>Thread-safety and allocation.</b> Immutable; any number of threads may run one plan.
 * Running allocates nothing when the operands have strides that this plan has seen before (the last
 * few are kept), and scratch memory has grown to the plan's need.
 */
public final class Contraction {
  /** How many combinations of strides a plan remembers the loops of. */
  private static final int REMEMBERED = 8;

  private static final Tensor ONE = one();

  private final Equation equation;
  private final Labelling labelling;
  private final KernelSet kernels;
  private final String[] names;
  private final boolean writesDiagonal;

  /**
   * Grows by copying, so that readers need no lock; two threads that add at once may lose one
   * entry, which is then made again.
   */
  private volatile Bound[] bounds = new Bound[0];

  private Contraction(Equation equation, Labelling labelling, KernelSet kernels, String... names) {
    this.equation = equation;
    this.labelling = labelling;
    this.kernels = kernels;
    this.names = names;
    this.writesDiagonal = labelling.writesDiagonal();
  }

  /**
   * Plans a contraction of one or two operands.
   *
   * @param equation for example {@code "ik,kj->ij"}
   * @param shapes each operand's shape
   * @return the plan
   * @throws IllegalArgumentException if the equation is not one, or does not fit the shapes; the
   *     message names label, operand and sizes
   */
  public static Contraction compile(String equation, Shape... shapes) {
    if (shapes.length < 1 || shapes.length > 2) {
      throw new IllegalArgumentException(
          "equation \""
              + equation
              + "\": "
              + shapes.length
              + " operands were given; one or two are supported");
    }
    return compile(
        KernelSet.active(),
        Equation.parse(equation),
        shapes[0],
        shapes.length == 2 ? shapes[1] : null);
  }

  /** As {@link #compile(String, Shape...)}, for a given backend. */
  static Contraction compile(
      KernelSet kernels, Equation equation, Shape first, @Nullable Shape second) {
    return new Contraction(
        equation, Labelling.of(equation, first, second), kernels, "operand 0", "operand 1", "out");
  }

  /**
   * The plan of an operand's gradient: its first operand is the gradient of this contraction's
   * output, its second the other operand, and its output has the operand's shape.
   *
   * @param operand 0 or 1
   * @return the plan
   * @throws IndexOutOfBoundsException if this contraction has no such operand
   */
  public Contraction gradient(int operand) {
    if (operand < 0 || operand >= equation.operands().size()) {
      throw new IndexOutOfBoundsException("contraction " + equation + " has no operand " + operand);
    }
    return new Contraction(
        equation,
        labelling.gradient(operand),
        kernels,
        "the output's gradient",
        "operand " + (1 - operand),
        "the gradient of operand " + operand);
  }

  /**
   * The shape of the output.
   *
   * @return the sizes of the output's labels
   */
  public Shape outputShape() {
    return labelling.shape(2);
  }

  /**
   * Whether the plan was made for these operands' shapes.
   *
   * @param first the first operand's shape
   * @param second the second operand's shape, or a scalar's if there is none
   * @return true if {@link #execute(Tensor, Tensor, Tensor)} would accept them
   */
  public boolean accepts(Shape first, Shape second) {
    return labelling.shape(0).equals(first) && labelling.shape(1).equals(second);
  }

  /**
   * Floating-point operations of one run.
   *
   * @return two for each multiply-add
   */
  public double flops() {
    return labelling.flops();
  }

  /**
   * Runs a contraction of two operands.
   *
   * @param a the first operand
   * @param b the second operand
   * @param out where the result goes; its old numbers are not read
   * @throws IllegalArgumentException if a shape or type differs from the plan's, or out overlaps an
   *     operand, is read-only or repeats elements
   * @throws IllegalStateException if an arena is closed
   */
  public void execute(Tensor a, Tensor b, Tensor out) {
    execute(a, b, out, Accumulation.REPLACE);
  }

  /**
   * Runs a contraction of one operand.
   *
   * @param a the operand
   * @param out where the result goes; its old numbers are not read
   * @throws IllegalArgumentException if a shape or type differs from the plan's, or out overlaps
   *     the operand, is read-only or repeats elements
   * @throws IllegalStateException if an arena is closed
   */
  public void execute(Tensor a, Tensor out) {
    execute(a, ONE, out, Accumulation.REPLACE);
  }

  /**
   * Runs a contraction of two operands.
   *
   * @param a the first operand
   * @param b the second operand
   * @param out where the result goes
   * @param accumulation whether the result replaces the output's numbers or is added to them
   * @throws IllegalArgumentException if a shape or type differs from the plan's, or out overlaps an
   *     operand, is read-only or repeats elements
   * @throws IllegalStateException if an arena is closed
   */
  public void execute(Tensor a, Tensor b, Tensor out, Accumulation accumulation) {
    Check.readable(names[0], a);
    Check.readable(names[1], b);
    Check.writable(names[2], out);
    Check.shape(names[0], a, labelling.shape(0));
    Check.shape(names[1], b, labelling.shape(1));
    Check.shape(names[2], out, labelling.shape(2));
    Check.disjoint(names[2], out, names[0], a);
    Check.disjoint(names[2], out, names[1], b);
    Nest nest = nest(a, b, out);
    if (accumulation == Accumulation.REPLACE && writesDiagonal) {
      out.fill(0);
    }
    nest.run(
        a.segment(),
        a.offsetBytes(),
        b.segment(),
        b.offsetBytes(),
        out.segment(),
        out.offsetBytes(),
        accumulation == Accumulation.ADD);
  }

  private Nest nest(Tensor a, Tensor b, Tensor out) {
    Bound[] known = bounds;
    for (Bound bound : known) {
      if (bound.fits(a, b, out)) {
        return bound.nest;
      }
    }
    Bound made = new Bound(a, b, out, labelling.bind(kernels, a, b, out));
    int kept = Math.min(known.length, REMEMBERED - 1);
    Bound[] next = new Bound[kept + 1];
    next[0] = made;
    System.arraycopy(known, 0, next, 1, kept);
    bounds = next;
    return made.nest;
  }

  private static Tensor one() {
    MemorySegment segment = Arena.global().allocate(ValueLayout.JAVA_FLOAT);
    segment.set(ValueLayout.JAVA_FLOAT, 0, 1f);
    return Tensor.wrap(segment, DType.FLOAT32, Shape.scalar()).asReadOnly();
  }

  /** The loops for one combination of strides. */
  private static final class Bound {
    private final long[] aStrides;
    private final long[] bStrides;
    private final long[] outStrides;
    private final Nest nest;

    Bound(Tensor a, Tensor b, Tensor out, Nest nest) {
      this.aStrides = a.strides();
      this.bStrides = b.strides();
      this.outStrides = out.strides();
      this.nest = nest;
    }

    boolean fits(Tensor a, Tensor b, Tensor out) {
      return matches(aStrides, a) && matches(bStrides, b) && matches(outStrides, out);
    }

    private static boolean matches(long[] strides, Tensor tensor) {
      for (int dim = 0; dim < strides.length; dim++) {
        if (strides[dim] != tensor.stride(dim)) {
          return false;
        }
      }
      return true;
    }
  }

  /**
   * The equation, the shapes, the work and the loops chosen so far.
   *
   * @return a few lines
   */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder("Contraction " + equation);
    text.append(": ").append(labelling.shape(0));
    text.append(", ").append(labelling.shape(1)).append(" -> ").append(outputShape());
    text.append(", ")
        .append(String.format("%.3g", flops()))
        .append(" FLOP, ")
        .append(labelling.program());
    for (Bound bound : bounds) {
      text.append("\n  ").append(bound.nest);
    }
    return text.toString();
  }
}
