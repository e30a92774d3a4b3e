package dev.lanewise.einsum;

import dev.lanewise.internal.check.Check;
import dev.lanewise.internal.gemm.Loop;
import dev.lanewise.internal.gemm.PackedNest;
import dev.lanewise.internal.kernel.KernelSet;
import dev.lanewise.parallel.Parallelism;
import dev.lanewise.tensor.Shape;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * A contraction of two tensors of which one was packed beforehand. How it lies depends on the
 * operand's own shape and the order of the equation's labels, never on the strides it had or on
 * sizes that it does not have.
 *
 * <p>Takes tensors that were checked, except for whether other threads may read them. Thread-safe;
 * allocates nothing for strides it remembers, unless it divides the work among threads.
 */
final class PackedContraction {
  private static final long ALIGNMENT_BYTES = 64;

  private final Labelling labelling;
  private final KernelSet kernels;
  private final Parallelism parallelism;
  private final int operand;
  private final boolean writesDiagonal;

  /** What the operands and the output are called, for messages. */
  private final List<String> names;

  /** The loops, by the strides of the other operand and the output. */
  private final NestCache<PackedNest> nests;

  private final PackedOperand.Key key;

  /**
   * A contraction that is a product of matrices.
   *
   * @param equation the contraction, for messages
   * @param operand which operand is packed, 0 or 1
   */
  PackedContraction(
      Labelling labelling,
      KernelSet kernels,
      ContractionOptions options,
      String equation,
      int operand,
      List<String> names) {
    this.labelling = labelling;
    this.kernels = kernels;
    this.parallelism = options.parallelism();
    this.operand = operand;
    this.writesDiagonal = labelling.writesDiagonal();
    this.names = names;
    long[] own = Labelling.rowMajorStrides(labelling.shape(operand));
    this.nests =
        new NestCache<>(
            (first, second, out) -> operand == 0 ? nest(own, second, out) : nest(first, own, out));
    this.key =
        new PackedOperand.Key(
            equation,
            operand,
            labelling.shape(operand),
            options.dtype(),
            sizes(labelling, operand),
            kernels.description());
  }

  /** The sizes on which the order of the packed elements depends. */
  private static String sizes(Labelling labelling, int operand) {
    long[][] strides = new long[3][];
    for (int tensor = 0; tensor < strides.length; tensor++) {
      strides[tensor] = Labelling.rowMajorStrides(labelling.shape(tensor));
    }
    LoopGroups loops = labelling.loops(strides[0], strides[1], strides[2]);
    List<Long> matrices =
        loops.batch().stream()
            .filter(loop -> (operand == 0 ? loop.aStride() : loop.bStride()) != 0)
            .map(Loop::size)
            .toList();
    return "batch "
        + matrices
        + ", free "
        + (operand == 0 ? loops.m() : loops.n()).stream().map(Loop::size).toList()
        + ", summed "
        + loops.k().stream().map(Loop::size).toList();
  }

  private PackedNest nest(long[] first, long[] second, long[] out) {
    LoopGroups loops = labelling.loops(first, second, out);
    return new PackedNest(
        kernels, labelling.elementType(), operand, loops.batch(), loops.m(), loops.n(), loops.k());
  }

  /** The loops for an operand of given strides, where those of the others do not matter. */
  private PackedNest packing(long[] own) {
    long[] other = Labelling.rowMajorStrides(labelling.shape(1 - operand));
    long[] out = Labelling.rowMajorStrides(labelling.shape(2));
    return operand == 0 ? nest(own, other, out) : nest(other, own, out);
  }

  /** What the packed operand takes. */
  long bytes() {
    return packing(Labelling.rowMajorStrides(labelling.shape(operand))).packedBytes();
  }

  PackedOperand pack(Arena arena, Tensor tensor) {
    if (repeatsElements(tensor)) {
      // Packing goes by strides, and a stride of 0 would say that there is less to pack.
      try (Arena temporary = Arena.ofConfined()) {
        return pack(arena, tensor.contiguous(temporary));
      }
    }
    PackedNest nest = packing(tensor.strides());
    MemorySegment panels = arena.allocate(nest.packedBytes(), ALIGNMENT_BYTES);
    nest.pack(tensor.segment(), tensor.offsetBytes(), panels);
    return new PackedOperand(key, panels);
  }

  private static boolean repeatsElements(Tensor tensor) {
    Shape shape = tensor.shape();
    for (int dim = 0; dim < shape.rank(); dim++) {
      if (shape.size(dim) != 1 && tensor.stride(dim) == 0) {
        return true;
      }
    }
    return false;
  }

  void requireFits(PackedOperand packed) {
    packed.requireFits(names.get(operand), key);
  }

  /**
   * Runs the contraction.
   *
   * @param other the operand that is not packed
   * @param none a scalar, whose strides make no difference
   */
  void run(Tensor other, PackedOperand packed, Tensor none, Tensor out, Accumulation accumulation) {
    PackedNest nest = operand == 0 ? nests.nest(none, other, out) : nests.nest(other, none, out);
    if (nest.parts(parallelism) > 1) {
      packed.requireShareable(names.get(operand));
      Check.shareable(names.get(1 - operand), other);
      Check.shareable(names.get(2), out);
    }
    if (accumulation == Accumulation.REPLACE && writesDiagonal) {
      out.fill(0);
    }
    nest.run(
        other.segment(),
        other.offsetBytes(),
        packed.panels(),
        out.segment(),
        out.offsetBytes(),
        accumulation == Accumulation.ADD,
        parallelism);
  }
}
