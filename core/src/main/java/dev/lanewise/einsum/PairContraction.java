package dev.lanewise.einsum;

import dev.lanewise.internal.gemm.Nest;
import dev.lanewise.internal.kernel.KernelSet;
import dev.lanewise.parallel.Parallelism;
import dev.lanewise.tensor.Tensor;
import java.util.Arrays;
import java.util.stream.Collectors;

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
        accumulation == Accumulation.ADD,
        Parallelism.NONE);
  }

  private Nest nest(Tensor a, Tensor b, Tensor out) {
    Bound[] known = bounds;
    for (Bound bound : known) {
      if (bound.fits(a, b, out)) {
        return bound.nest;
      }
    }
    Bound made = new Bound(labelling, kernels, a.strides(), b.strides(), out.strides());
    int kept = Math.min(known.length, REMEMBERED - 1);
    Bound[] next = new Bound[kept + 1];
    next[0] = made;
    System.arraycopy(known, 0, next, 1, kept);
    bounds = next;
    return made.nest;
  }

  /** The loops for one combination of strides. */
  private static final class Bound {
    private final long[] aStrides;
    private final long[] bStrides;
    private final long[] outStrides;
    private final Nest nest;

    Bound(
        Labelling labelling,
        KernelSet kernels,
        long[] aStrides,
        long[] bStrides,
        long[] outStrides) {
      this.aStrides = aStrides;
      this.bStrides = bStrides;
      this.outStrides = outStrides;
      this.nest = labelling.bind(kernels, aStrides, bStrides, outStrides);
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
