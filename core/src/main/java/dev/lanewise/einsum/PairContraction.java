package dev.lanewise.einsum;

import dev.lanewise.internal.gemm.Nest;
import dev.lanewise.internal.kernel.KernelSet;
import dev.lanewise.parallel.Parallelism;
import dev.lanewise.tensor.Tensor;
import dev.lanewise.tensor.TensorLayout;
import java.util.Arrays;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A contraction of two tensors, run at once: the whole of a {@link Contraction} of one or two
 * operands, or one step of a longer one. Remembers the loops for the strides it was run with.
 *
 * <p>Takes tensors that were checked. Thread-safe; allocates nothing for strides it remembers.
 */
final class PairContraction {
  /** How many combinations of strides a plan remembers the loops of. */
  private static final int REMEMBERED = 8;

  private final Labelling labelling;
  private final KernelSet kernels;
  private final boolean writesDiagonal;

  /**
   * Grows by copying, so that readers need no lock; two threads that add at once may lose one
   * entry, which is then made again.
   */
  private volatile Bound[] bounds = new Bound[0];

  PairContraction(Labelling labelling, KernelSet kernels) {
    this.labelling = labelling;
    this.kernels = kernels;
    this.writesDiagonal = labelling.writesDiagonal();
  }

  void run(Tensor a, Tensor b, Tensor out, Accumulation accumulation) {
    Nest nest = known(a, b, out);
    run(nest == null ? bind(a, b, out) : nest, a, b, out, accumulation);
  }

  void run(Nest nest, Tensor a, Tensor b, Tensor out, Accumulation accumulation) {
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
        accumulation == Accumulation.ADD,
        Parallelism.NONE);
  }

  /** The loops for tensors of layouts that were seen, and so checked, before; null for others. */
  @Nullable Nest known(Tensor a, Tensor b, Tensor out) {
    for (Bound bound : bounds) {
      if (bound.fits(a, b, out)) {
        return bound.nest;
      }
    }
    return null;
  }

  /** Makes and remembers the loops for tensors of new layouts, which were checked. */
  private Nest bind(Tensor a, Tensor b, Tensor out) {
    Nest nest = labelling.bind(kernels, a.strides(), b.strides(), out.strides());
    Bound[] known = bounds;
    int kept = Math.min(known.length, REMEMBERED - 1);
    Bound[] next = new Bound[kept + 1];
    next[0] = new Bound(a.layout(), b.layout(), out.layout(), nest);
    System.arraycopy(known, 0, next, 1, kept);
    bounds = next;
    return nest;
  }

  /** The loops for one combination of layouts. */
  private record Bound(TensorLayout a, TensorLayout b, TensorLayout out, Nest nest) {
    boolean fits(Tensor first, Tensor second, Tensor output) {
      return a.equals(first.layout()) && b.equals(second.layout()) && out.equals(output.layout());
    }
  }

  /**
   * The order of operations, and the loops for the strides seen so far, or for tensors without gaps
   * if none were.
   */
  String loops() {
    Bound[] known = bounds;
    String nests =
        known.length == 0
            ? labelling.bindContiguous(kernels).toString()
            : Arrays.stream(known)
                .map(bound -> bound.nest.toString())
                .distinct()
                .collect(Collectors.joining("; "));
    return labelling.program() + ", " + nests;
  }
}
