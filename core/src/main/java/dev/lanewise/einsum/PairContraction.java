package dev.lanewise.einsum;

import dev.lanewise.internal.check.Check;
import dev.lanewise.internal.gemm.Nest;
import dev.lanewise.internal.kernel.KernelSet;
import dev.lanewise.parallel.Parallelism;
import dev.lanewise.tensor.Tensor;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A contraction of two tensors, run at once: the whole of a {@link Contraction} of one or two
 * operands, or one step of a longer one. Remembers the loops for the strides it was run with.
 *
 * <p>Takes tensors that were checked, except for whether other threads may read them. Thread-safe;
 * allocates nothing for strides it remembers, unless it divides the work among threads.
 */
final class PairContraction {
  private final Labelling labelling;
  private final KernelSet kernels;
  private final Parallelism parallelism;
  private final boolean writesDiagonal;

  /** What the two tensors and the output are called, for messages. */
  private final List<String> names;

  private final NestCache<Nest> nests;

  PairContraction(
      Labelling labelling, KernelSet kernels, Parallelism parallelism, List<String> names) {
    this.labelling = labelling;
    this.kernels = kernels;
    this.parallelism = parallelism;
    this.writesDiagonal = labelling.writesDiagonal();
    this.names = names;
    this.nests = new NestCache<>((a, b, out) -> labelling.bind(kernels, a, b, out));
  }

  void run(Tensor a, Tensor b, Tensor out, Accumulation accumulation) {
    run(nests.nest(a, b, out), a, b, out, accumulation);
  }

  /** The loops for tensors of layouts that were seen, and so checked, before; null for others. */
  @Nullable Nest known(Tensor a, Tensor b, Tensor out) {
    return nests.known(a, b, out);
  }

  void run(Nest nest, Tensor a, Tensor b, Tensor out, Accumulation accumulation) {
    if (nest.parts(parallelism) > 1) {
      Check.shareable(names.get(0), a);
      Check.shareable(names.get(1), b);
      Check.shareable(names.get(2), out);
    }
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
        parallelism);
  }

  /**
   * The order of operations, and the loops for the strides seen so far, or for tensors without gaps
   * if none were.
   */
  String loops() {
    String known = nests.all().map(Nest::toString).distinct().collect(Collectors.joining("; "));
    return labelling.program()
        + ", "
        + (known.isEmpty() ? labelling.bindContiguous(kernels).toString() : known);
  }
}
