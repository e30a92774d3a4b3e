package dev.lanewise.einsum;

import dev.lanewise.internal.check.Check;
import dev.lanewise.internal.gemm.Nest;
import dev.lanewise.internal.kernel.KernelSet;
import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Gradient;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The plan of one contraction: an equation with the operands' sizes, made once and run many times.
 *
 * <p><b>Equation.</b> {@code out[output labels] = sum over the other labels of a[...] * b[...] *
 * ...}, over one operand or more, see {@link Equation}. A dimension of size 1 is repeated against a
 * larger one of the same label. Operands and output are of one type, float32 or float64 ({@link
 * ContractionOptions#withDType}), and of any strides (transposed, sliced, expanded: read in place,
 * no copy is made). The output must not overlap an operand; operands may overlap each other.
 *
 * <p><b>Path.</b> One or two operands are contracted at once. Three or more are contracted step by
 * step, over one or two tensors at a time, by a {@link ContractionPath} that is given or
 * {@linkplain PathSearch searched}; intermediates live in scratch memory that belongs to the plan.
 *
 * <p><b>Numerics.</b> An element's value depends on the equation (of three operands or more: and on
 * the path), the lengths of the sums and the numbers that enter it, and on nothing else. In each
 * step, if both tensors have a label of their own in the result, its sum is one chain of fused
 * multiply-adds per 256 products, the chains' sums added in order; else 64 interleaved chains
 * combined by a fixed tree; if nothing is summed, one rounded product. A sum over nothing is 0. NaN
 * and infinities follow from these operations. All of them round to the operands' type, and so do
 * intermediates. The error of one step over K products is within {@code gamma(K) * sum |a||b|};
 * along a path the steps' roundings add up; see docs/numerics.md.
 *
 * <p><b>Errors.</b> A call that fails with an exception named below has written nothing to the
 * output, unless another thread closes an arena while the call runs: then it ends with an
 * IllegalStateException as well, with the output written in part. Memory that runs out ends it with
 * an OutOfMemoryError before it has written anything, as scratch comes first. The plan can be used
 * again after either.
 *
 * <p><b>Operands in other forms.</b> A contraction of two operands takes a constant one {@linkplain
 * PackedOperand packed} once, or one that is made of {@linkplain GatheredRows rows of a table}
 * without a lookup, with the same bits.
 *
 * <p><b>Threads.</b> A call is run by its caller alone, unless the plan was made {@linkplain
 * ContractionOptions#withParallelism with others who help}. The bits are the same.
 *
 * <p><b>Thread-safety and allocation.</b> Immutable; any number of threads may run one plan.
 * Running allocates nothing when the operands have strides that this plan has seen before (the last
 * few are kept), and scratch memory has grown to the plan's need. A plan of several steps keeps
 * scratch for as many runs as were going on at once, at most two for each processor; it goes with
 * the plan.
 *
 * <p>Source: <a
 * href="https://docs.pytorch.org/docs/stable/generated/torch.einsum.html">torch.einsum</a>, <a
 * href="https://optimized-einsum.readthedocs.io/">opt_einsum</a>.
 */
public final class Contraction {
  private static final Tensor ONE_FLOAT32 = one(DType.FLOAT32);
  private static final Tensor ONE_FLOAT64 = one(DType.FLOAT64);

  private final TensorNetwork network;
  private final PathSteps steps;
  private final ContractionOptions options;
  private final KernelSet kernels;

  /** Of the operands, and last of the output. */
  private final String[] names;

  private final Shape[] operandShapes;
  private final Shape outputShape;
  private final DType dtype;

  /** The second operand of a step over one tensor. */
  private final Tensor one;

  /** What is run if there is one step; null otherwise. */
  private final @Nullable PairContraction pair;

  /** What is run if there are several steps; null otherwise. */
  private final @Nullable PathContraction path;

  /** What is taken in place of tensors; null unless there are two operands. */
  private final @Nullable OperandForms forms;

  private Contraction(
      KernelSet kernels, TensorNetwork network, ContractionOptions options, String... names) {
    this.network = network;
    this.options = options;
    this.kernels = kernels;
    this.names = names;
    this.operandShapes = network.shapes().toArray(Shape[]::new);
    this.outputShape = network.outputShape();
    this.dtype = options.dtype();
    this.one = dtype == DType.FLOAT32 ? ONE_FLOAT32 : ONE_FLOAT64;
    this.steps = new PathFinder(network, options).find();
    boolean single = steps.steps().size() == 1;
    List<String> called = List.of(names);
    this.pair =
        single
            ? new PairContraction(
                steps.last().labelling(),
                kernels,
                options.parallelism(),
                List.of(
                    called.getFirst(),
                    called.get(Math.min(1, called.size() - 1)),
                    called.getLast()))
            : null;
    this.path = single ? null : new PathContraction(steps, kernels, options, one, called);
    this.forms =
        names.length == 3
            ? new OperandForms(
                network,
                single ? steps.last().labelling() : null,
                kernels,
                options,
                called,
                this::run)
            : null;
  }

  private static Tensor one(DType dtype) {
    return Tensor.allocate(Arena.global(), dtype, Shape.of()).fill(1).asReadOnly();
  }

  /**
   * Plans a contraction of float32 operands, with the path that {@link PathSearch#AUTO} finds.
   *
   * @param equation for example {@code "ik,kj->ij"}
   * @param shapes each operand's shape
   * @return the plan
   * @throws IllegalArgumentException if the equation is not one, or does not fit the shapes; the
   *     message names label, operand and sizes
   */
  public static Contraction compile(String equation, Shape... shapes) {
    return compile(Equation.parse(equation), shapes);
  }

  /**
   * Plans a contraction.
   *
   * @param equation for example {@code "ij,jk,kl->il"}
   * @param options element type, path, limit on intermediates
   * @param shapes each operand's shape
   * @return the plan
   * @throws IllegalArgumentException if the equation is not one, does not fit the shapes, or the
   *     options cannot be met
   */
  public static Contraction compile(String equation, ContractionOptions options, Shape... shapes) {
    return compile(Equation.parse(equation), options, shapes);
  }

  /**
   * Plans a contraction of float32 operands, with the path that {@link PathSearch#AUTO} finds.
   *
   * @param equation an equation read before, or made from {@linkplain Equation#sublists numbered
   *     labels}
   * @param shapes each operand's shape
   * @return the plan
   * @throws IllegalArgumentException if the equation does not fit the shapes
   */
  public static Contraction compile(Equation equation, Shape... shapes) {
    return compile(equation, ContractionOptions.DEFAULT, shapes);
  }

  /**
   * Plans a contraction.
   *
   * @param equation an equation read before, or made from {@linkplain Equation#sublists numbered
   *     labels}
   * @param options element type, path, limit on intermediates
   * @param shapes each operand's shape
   * @return the plan
   * @throws IllegalArgumentException if the equation does not fit the shapes, or the options cannot
   *     be met
   */
  public static Contraction compile(
      Equation equation, ContractionOptions options, Shape... shapes) {
    return compile(KernelSet.active(), equation, options, shapes);
  }

  /** As {@link #compile(Equation, ContractionOptions, Shape...)}, for a given backend. */
  static Contraction compile(
      KernelSet kernels, Equation equation, ContractionOptions options, Shape... shapes) {
    requireSupported(options.dtype());
    String[] names = new String[shapes.length + 1];
    for (int operand = 0; operand < shapes.length; operand++) {
      names[operand] = "operand " + operand;
    }
    names[shapes.length] = "out";
    return new Contraction(kernels, TensorNetwork.of(equation, shapes), options, names);
  }

  private static void requireSupported(DType dtype) {
    if (dtype != DType.FLOAT32 && dtype != DType.FLOAT64) {
      throw new IllegalArgumentException(
          "a contraction of " + dtype + " is not supported: expected float32 or float64");
    }
  }

  /**
   * The plan of an operand's gradient, with a path of its own: its first operand is the gradient of
   * this contraction's output, the others are this contraction's other operands in their order, and
   * its output has the operand's shape. (The gradient of a contraction of one operand has one
   * operand.) The limit on intermediates holds for it too.
   *
   * @param operand from 0
   * @return the plan
   * @throws IndexOutOfBoundsException if this contraction has no such operand
   * @throws IllegalArgumentException if no path stays within the limit on intermediates
   */
  public Contraction gradient(int operand) {
    // A path of this contraction is none of its gradient: one is searched.
    return gradient(operand, options.withSearch(options.search()));
  }

  /**
   * As {@link #gradient(int)}, with options of its own.
   *
   * @param operand from 0
   * @param gradientOptions path and limit on intermediates; the type is this contraction's
   * @return the plan
   * @throws IndexOutOfBoundsException if this contraction has no such operand
   * @throws IllegalArgumentException if the options cannot be met
   */
  public Contraction gradient(int operand, ContractionOptions gradientOptions) {
    requireOperand(operand);
    List<String> gradientNames = new ArrayList<>(List.of(names));
    gradientNames.removeLast();
    gradientNames.remove(operand);
    gradientNames.addFirst("the output's gradient");
    gradientNames.add("the gradient of " + names[operand]);
    return new Contraction(
        kernels,
        network.gradient(operand),
        gradientOptions.withDType(dtype),
        gradientNames.toArray(String[]::new));
  }

  private void requireOperand(int operand) {
    if (operand < 0 || operand >= operandShapes.length) {
      throw new IndexOutOfBoundsException("contraction " + network + " has no operand " + operand);
    }
  }

  // ------------------------------------------------------------------------------------------------------- description

  /**
   * How many operands the plan takes.
   *
   * @return at least 1
   */
  public int operandCount() {
    return operandShapes.length;
  }

  /**
   * The shape of an operand.
   *
   * @param operand from 0
   * @return the shape that the plan was made for
   * @throws IndexOutOfBoundsException if there is no such operand
   */
  public Shape operandShape(int operand) {
    requireOperand(operand);
    return operandShapes[operand];
  }

  /**
   * The shape of the output.
   *
   * @return the sizes of the output's labels
   */
  public Shape outputShape() {
    return outputShape;
  }

  /**
   * The type of the operands' and the output's elements.
   *
   * @return the type
   */
  public DType dtype() {
    return dtype;
  }

  /**
   * Whether the plan was made for these operands' shapes.
   *
   * @param shapes the operands' shapes
   * @return true if {@code execute} would accept them
   */
  public boolean accepts(Shape... shapes) {
    return List.of(shapes).equals(network.shapes());
  }

  /**
   * Floating-point operations of one run.
   *
   * @return two for each multiply-add
   */
  public double flops() {
    return steps.flops();
  }

  /**
   * What the plan does: its path, the steps' equations, their operations and loops.
   *
   * @return a description of the plan as it is now; the loops depend on the strides seen so far
   */
  public PathInfo pathInfo() {
    List<PathInfo.Step> described = new ArrayList<>();
    for (PathSteps.Step step : steps.steps()) {
      String loops = pair != null ? pair.loops() : loops(described.size());
      described.add(
          new PathInfo.Step(step.equation(), step.result(), step.labelling().flops(), loops));
    }
    return new PathInfo(
        network.toString(),
        network.shapes(),
        outputShape,
        steps.path(),
        network.naiveFlops(),
        flops(),
        steps.largestIntermediate(),
        scratchBytes(),
        List.copyOf(described));
  }

  private String loops(int step) {
    return path == null ? "" : path.loops(step);
  }

  /** What one run needs for intermediates. */
  long scratchBytes() {
    return path == null ? 0 : path.scratchBytes();
  }

  // --------------------------------------------------------------------------------------------------------- execution

  /**
   * Runs a contraction of one operand.
   *
   * @param a the operand
   * @param out where the result goes; its old numbers are not read
   * @throws IllegalArgumentException if the plan has more operands, a shape or type differs from
   *     the plan's, or out overlaps the operand, is read-only or repeats elements
   * @throws IllegalStateException if an arena is closed
   */
  public void execute(Tensor a, Tensor out) {
    execute(a, out, Accumulation.REPLACE);
  }

  /**
   * Runs a contraction of one operand.
   *
   * @param a the operand
   * @param out where the result goes
   * @param accumulation whether the result replaces the output's numbers or is added to them
   * @throws IllegalArgumentException if the plan has more operands, a shape or type differs from
   *     the plan's, or out overlaps the operand, is read-only or repeats elements
   * @throws IllegalStateException if an arena is closed
   */
  public void execute(Tensor a, Tensor out, Accumulation accumulation) {
    Objects.requireNonNull(accumulation, "accumulation");
    requireCount(1);
    requireOperand(0, a);
    requireOutput(out);
    Check.disjoint(names[1], out, names[0], a);
    run(a, one, out, accumulation);
  }

  /**
   * Runs a contraction of two operands.
   *
   * @param a the first operand
   * @param b the second operand
   * @param out where the result goes; its old numbers are not read
   * @throws IllegalArgumentException if the plan does not have two operands, a shape or type
   *     differs from the plan's, or out overlaps an operand, is read-only or repeats elements
   * @throws IllegalStateException if an arena is closed
   */
  public void execute(Tensor a, Tensor b, Tensor out) {
    execute(a, b, out, Accumulation.REPLACE);
  }

  /**
   * Runs a contraction of two operands.
   *
   * @param a the first operand
   * @param b the second operand
   * @param out where the result goes
   * @param accumulation whether the result replaces the output's numbers or is added to them
   * @throws IllegalArgumentException if the plan does not have two operands, a shape or type
   *     differs from the plan's, or out overlaps an operand, is read-only or repeats elements
   * @throws IllegalStateException if an arena is closed
   */
  public void execute(Tensor a, Tensor b, Tensor out, Accumulation accumulation) {
    Objects.requireNonNull(accumulation, "accumulation");
    PairContraction single = pair;
    Nest known = single == null || operandShapes.length != 2 ? null : single.known(a, b, out);
    if (single != null && known != null) {
      // Layouts that were checked before: what can have changed since is checked.
      Check.accessible(names[0], a);
      Check.accessible(names[1], b);
      Check.accessible(names[2], out);
      Check.notReadOnly(names[2], out);
      Check.disjoint(names[2], out, names[0], a);
      Check.disjoint(names[2], out, names[1], b);
      single.run(known, a, b, out, accumulation);
      return;
    }
    requireCount(2);
    requireOperand(0, a);
    requireOperand(1, b);
    requireOutput(out);
    Check.disjoint(names[2], out, names[0], a);
    Check.disjoint(names[2], out, names[1], b);
    run(a, b, out, accumulation);
  }

  private void run(Tensor a, Tensor b, Tensor out, Accumulation accumulation) {
    PairContraction single = pair;
    if (single != null) {
      single.run(a, b, out, accumulation);
    } else if (path != null) {
      path.run(a, b, out, accumulation);
    }
  }

  /**
   * Runs a contraction of any number of operands.
   *
   * @param operands the operands, in their order; an array that is kept avoids a new one each time
   * @param out where the result goes; its old numbers are not read
   * @throws IllegalArgumentException if the plan has another number of operands, a shape or type
   *     differs from the plan's, or out overlaps an operand, is read-only or repeats elements
   * @throws IllegalStateException if an arena is closed
   */
  public void execute(Tensor[] operands, Tensor out) {
    execute(operands, out, Accumulation.REPLACE);
  }

  /**
   * Runs a contraction of any number of operands.
   *
   * @param operands the operands, in their order; an array that is kept avoids a new one each time
   * @param out where the result goes
   * @param accumulation whether the result replaces the output's numbers or is added to them
   * @throws IllegalArgumentException if the plan has another number of operands, a shape or type
   *     differs from the plan's, or out overlaps an operand, is read-only or repeats elements
   * @throws IllegalStateException if an arena is closed
   */
  public void execute(Tensor[] operands, Tensor out, Accumulation accumulation) {
    Objects.requireNonNull(accumulation, "accumulation");
    requireCount(operands.length);
    for (int operand = 0; operand < operands.length; operand++) {
      requireOperand(operand, operands[operand]);
    }
    requireOutput(out);
    for (int operand = 0; operand < operands.length; operand++) {
      Check.disjoint(names[operands.length], out, names[operand], operands[operand]);
    }
    if (path != null) {
      path.run(operands, out, accumulation);
    } else {
      run(operands[0], operands.length == 1 ? one : operands[1], out, accumulation);
    }
  }

  // -------------------------------------------------------------------------------------------------- packed operands

  /**
   * What an operand takes when it is {@linkplain #pack packed}.
   *
   * @param operand which one, 0 or 1
   * @return bytes
   * @throws IllegalArgumentException if there is nothing to pack, see {@link #pack}
   * @throws IndexOutOfBoundsException if there is no such operand
   */
  public long packedBytes(int operand) {
    requireOperand(operand);
    return forms("a packed operand").packed(operand).bytes();
  }

  /**
   * Packs a constant operand once, for this plan and every other one of the same equation, element
   * type and shape of this operand, whatever the sizes of the other operand. It is a snapshot:
   * later writes to the tensor do not show.
   *
   * <p>There is something to pack where both operands have a label of their own in the output and a
   * label is summed (matrix products, also batched).
   *
   * @param arena whose memory the packed operand is: {@link #packedBytes} bytes. A shared or
   *     automatic one, if other threads are to use it
   * @param operand which operand it is, 0 or 1
   * @param tensor the operand, of any strides
   * @return the packed operand
   * @throws IllegalArgumentException if there is nothing to pack, the plan does not have two
   *     operands, or the tensor has another shape or type
   * @throws IndexOutOfBoundsException if there is no such operand
   * @throws IllegalStateException if an arena is closed
   */
  public PackedOperand pack(Arena arena, int operand, Tensor tensor) {
    requireOperand(operand);
    PackedContraction form = forms("a packed operand").packed(operand);
    requireOperand(operand, tensor);
    return form.pack(arena, tensor);
  }

  /**
   * Runs a contraction of two operands, the first of which was packed.
   *
   * @param a the first operand
   * @param b the second operand
   * @param out where the result goes; its old numbers are not read
   * @throws IllegalArgumentException if the first operand was packed for another equation, operand,
   *     shape or type, or as {@link #execute(Tensor, Tensor, Tensor)}
   * @throws IllegalStateException if an arena is closed
   */
  public void execute(PackedOperand a, Tensor b, Tensor out) {
    execute(a, b, out, Accumulation.REPLACE);
  }

  /**
   * Runs a contraction of two operands, the first of which was packed.
   *
   * @param a the first operand
   * @param b the second operand
   * @param out where the result goes
   * @param accumulation whether the result replaces the output's numbers or is added to them
   * @throws IllegalArgumentException if the first operand was packed for another equation, operand,
   *     shape or type, or as {@link #execute(Tensor, Tensor, Tensor)}
   * @throws IllegalStateException if an arena is closed
   */
  public void execute(PackedOperand a, Tensor b, Tensor out, Accumulation accumulation) {
    executePacked(0, a, b, out, accumulation);
  }

  /**
   * Runs a contraction of two operands, the second of which was packed.
   *
   * @param a the first operand
   * @param b the second operand
   * @param out where the result goes; its old numbers are not read
   * @throws IllegalArgumentException if the second operand was packed for another equation,
   *     operand, shape or type, or as {@link #execute(Tensor, Tensor, Tensor)}
   * @throws IllegalStateException if an arena is closed
   */
  public void execute(Tensor a, PackedOperand b, Tensor out) {
    execute(a, b, out, Accumulation.REPLACE);
  }

  /**
   * Runs a contraction of two operands, the second of which was packed.
   *
   * @param a the first operand
   * @param b the second operand
   * @param out where the result goes
   * @param accumulation whether the result replaces the output's numbers or is added to them
   * @throws IllegalArgumentException if the second operand was packed for another equation,
   *     operand, shape or type, or as {@link #execute(Tensor, Tensor, Tensor)}
   * @throws IllegalStateException if an arena is closed
   */
  public void execute(Tensor a, PackedOperand b, Tensor out, Accumulation accumulation) {
    executePacked(1, b, a, out, accumulation);
  }

  private void executePacked(
      int operand, PackedOperand packed, Tensor other, Tensor out, Accumulation accumulation) {
    Objects.requireNonNull(accumulation, "accumulation");
    PackedContraction form = forms("a packed operand").packed(operand);
    form.requireFits(packed);
    requireOperand(1 - operand, other);
    requireOutput(out);
    Check.disjoint(names[2], out, names[1 - operand], other);
    form.run(other, packed, one, out, accumulation);
  }

  // --------------------------------------------------------------------------------------------------- rows of a table

  /**
   * Runs a contraction of two operands, the first of which is made of rows of a table: with the
   * bits of looking the rows up and contracting them.
   *
   * <p>The rows are read where the table has them, and never laid out in memory, if the contraction
   * is a product of matrices (both operands have a label of their own in the output, and a label is
   * summed) and the indices' labels are all of one kind that the label of the rows' elements is not
   * of: the operand's own ({@code ik,kj->ij}, {@code blk,kj->blj}), summed ({@code ik,ij->kj}) or
   * common to both operands and the output. Otherwise they are looked up into scratch memory of the
   * plan first.
   *
   * @param a the first operand
   * @param b the second operand
   * @param out where the result goes; its old numbers are not read
   * @throws IllegalArgumentException if the first operand's shape or type differs from the plan's,
   *     out overlaps the table, or as {@link #execute(Tensor, Tensor, Tensor)}
   * @throws IllegalStateException if an arena is closed
   */
  public void execute(GatheredRows a, Tensor b, Tensor out) {
    execute(a, b, out, Accumulation.REPLACE);
  }

  /**
   * As {@link #execute(GatheredRows, Tensor, Tensor)}.
   *
   * @param a the first operand
   * @param b the second operand
   * @param out where the result goes
   * @param accumulation whether the result replaces the output's numbers or is added to them
   * @throws IllegalArgumentException if the first operand's shape or type differs from the plan's,
   *     out overlaps the table, or as {@link #execute(Tensor, Tensor, Tensor)}
   * @throws IllegalStateException if an arena is closed
   */
  public void execute(GatheredRows a, Tensor b, Tensor out, Accumulation accumulation) {
    executeGathered(0, a, b, out, accumulation);
  }

  /**
   * As {@link #execute(GatheredRows, Tensor, Tensor)}, the second operand being made of rows of a
   * table.
   *
   * @param a the first operand
   * @param b the second operand
   * @param out where the result goes; its old numbers are not read
   * @throws IllegalArgumentException if the second operand's shape or type differs from the plan's,
   *     out overlaps the table, or as {@link #execute(Tensor, Tensor, Tensor)}
   * @throws IllegalStateException if an arena is closed
   */
  public void execute(Tensor a, GatheredRows b, Tensor out) {
    execute(a, b, out, Accumulation.REPLACE);
  }

  /**
   * As {@link #execute(GatheredRows, Tensor, Tensor)}, the second operand being made of rows of a
   * table.
   *
   * @param a the first operand
   * @param b the second operand
   * @param out where the result goes
   * @param accumulation whether the result replaces the output's numbers or is added to them
   * @throws IllegalArgumentException if the second operand's shape or type differs from the plan's,
   *     out overlaps the table, or as {@link #execute(Tensor, Tensor, Tensor)}
   * @throws IllegalStateException if an arena is closed
   */
  public void execute(Tensor a, GatheredRows b, Tensor out, Accumulation accumulation) {
    executeGathered(1, b, a, out, accumulation);
  }

  private void executeGathered(
      int operand, GatheredRows rows, Tensor other, Tensor out, Accumulation accumulation) {
    Objects.requireNonNull(accumulation, "accumulation");
    OperandForms taken = forms("gathered rows");
    requireRows(names[operand], rows, operandShapes[operand]);
    requireOperand(1 - operand, other);
    requireOutput(out);
    Check.disjoint(names[2], out, names[operand], rows.table());
    Check.disjoint(names[2], out, names[1 - operand], other);
    taken.gathered(operand).run(rows, other, one, out, accumulation);
  }

  /**
   * Runs a contraction of two operands whose result is rows, and adds each to a row of a table's
   * gradient: {@code gradient[indices[i], :] += result[i, :]}, in the order of i. With the plan of
   * a {@linkplain #gradient gradient} with respect to rows of a table it is the whole way back into
   * the table, with the bits of computing all rows and adding them.
   *
   * <p>Some rows at a time (256, or as many as a position of the last dimensions has) are computed
   * into scratch memory of the plan. A plan of several steps, or one whose result is a diagonal,
   * computes all of them first.
   *
   * <p>Results for the rows' padding row are left out. Rows that are added to are marked as
   * touched.
   *
   * @param a the first operand
   * @param b the second operand
   * @param rows which rows of the table the results belong to; the table itself is not read
   * @param gradient of the table's shape
   * @throws IllegalArgumentException if the plan does not have two operands or a shape or type
   *     differs from what is expected
   * @throws IllegalStateException if an arena is closed
   */
  public void scatterAdd(Tensor a, Tensor b, GatheredRows rows, Gradient gradient) {
    OperandForms taken = forms("gathered rows");
    requireOperand(0, a);
    requireOperand(1, b);
    Shape result = rows.shape();
    if (!result.equals(outputShape)) {
      throw new IllegalArgumentException("rows: expected shape " + outputShape + ", got " + result);
    }
    Tensor sum = gradient.tensor();
    Check.writable("gradient", sum, dtype);
    Check.shape("gradient", sum, rows.table().shape());
    Check.disjoint("gradient", sum, names[0], a);
    Check.disjoint("gradient", sum, names[1], b);
    taken.scatter().run(a, b, one, rows, gradient);
  }

  /** Whether rows of a table are read where the table has them, in place of an operand. */
  boolean isFused(int operand) {
    return forms != null && forms.gathered(operand).isFused();
  }

  private void requireRows(String name, GatheredRows rows, Shape expected) {
    Check.readable(name, rows.table(), dtype);
    if (!rows.shape().equals(expected)) {
      throw new IllegalArgumentException(
          name + ": expected shape " + expected + ", got rows of shape " + rows.shape());
    }
  }

  private OperandForms forms(String form) {
    OperandForms known = forms;
    if (known == null) {
      throw new IllegalArgumentException(
          "contraction "
              + network
              + " has "
              + operandShapes.length
              + " operands: only a contraction of two takes "
              + form);
    }
    return known;
  }

  // ------------------------------------------------------------------------------------------------------------- checks

  private void requireCount(int given) {
    if (given != operandShapes.length) {
      throw new IllegalArgumentException(
          "contraction "
              + network
              + " has "
              + operandShapes.length
              + " operands, but "
              + given
              + " were given");
    }
  }

  private void requireOperand(int operand, Tensor tensor) {
    Check.readable(names[operand], tensor, dtype);
    Check.shape(names[operand], tensor, operandShapes[operand]);
  }

  private void requireOutput(Tensor out) {
    String name = names[operandShapes.length];
    Check.writable(name, out, dtype);
    Check.shape(name, out, outputShape);
  }

  /**
   * The equation, the shapes, the path, the work and the loops chosen so far.
   *
   * @return a few lines
   */
  @Override
  public String toString() {
    return "Contraction " + pathInfo();
  }
}
