package dev.lanewise.einsum;

import dev.lanewise.internal.kernel.KernelSet;
import dev.lanewise.internal.memory.ScratchPool;
import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * A contraction run as the steps of a path, with intermediates in scratch memory that was laid out
 * when the plan was made.
 *
 * <p>Takes tensors that were checked. Thread-safe: each run borrows a piece of scratch from a pool
 * of the plan's own, which keeps no more pieces than there are slots for processors. Only the last
 * step writes to the output.
 */
final class PathContraction {
  /** Stands for the second operand of a step that has one. */
  private static final int NONE = -1;

  private final String name;
  private final PairContraction[] steps;

  /** The first tensor of each step: an operand, or behind the operands a step's result. */
  private final int[] firsts;

  private final int[] seconds;
  private final int operands;
  private final Tensor one;
  private final DType dtype;
  private final PathSteps path;
  private final ScratchLayout layout;
  private final ScratchPool<Scratch> pool = new ScratchPool<>(this::scratch);

  /**
   * A path.
   *
   * @param names of the operands, and last of the output
   */
  PathContraction(
      PathSteps path,
      KernelSet kernels,
      ContractionOptions options,
      Tensor one,
      List<String> names) {
    List<PathSteps.Step> all = path.steps();
    this.name = path.network().name();
    this.operands = path.network().operandCount();
    this.path = path;
    this.dtype = options.dtype();
    this.one = one;
    this.steps = new PairContraction[all.size()];
    this.firsts = new int[all.size()];
    this.seconds = new int[all.size()];
    for (int step = 0; step < steps.length; step++) {
      List<Integer> tensors = all.get(step).tensors();
      firsts[step] = tensors.getFirst();
      seconds[step] = tensors.size() == 2 ? tensors.get(1) : NONE;
      steps[step] =
          new PairContraction(
              all.get(step).labelling(),
              kernels,
              options.parallelism(),
              List.of(nameOf(firsts[step], names), nameOf(seconds[step], names), names.getLast()));
    }
    this.layout = ScratchLayout.of(path, options.dtype());
  }

  /** Of a step's tensor; results lie in scratch memory, which no message is about. */
  private static String nameOf(int tensor, List<String> names) {
    return tensor >= 0 && tensor < names.size() - 1 ? names.get(tensor) : "an intermediate";
  }

  /** One run's memory. */
  private static final class Scratch {
    /** The result of each step but the last. */
    final Tensor[] results;

    /** The operands of a run that were not given as an array. */
    final Tensor[] pair = new Tensor[2];

    Scratch(Tensor[] results) {
      this.results = results;
    }
  }

  /** Of the garbage-collected arena: a piece that the pool drops takes its memory with it. */
  private Scratch scratch() {
    MemorySegment segment;
    try {
      segment = Arena.ofAuto().allocate(Math.max(layout.bytes(), 1), ScratchLayout.ALIGNMENT_BYTES);
    } catch (OutOfMemoryError e) {
      OutOfMemoryError error =
          new OutOfMemoryError(
              name
                  + ": no memory for intermediates of "
                  + layout.bytes()
                  + " bytes; see ContractionOptions.largestIntermediate: "
                  + e.getMessage());
      error.initCause(e);
      throw error;
    }
    Tensor[] results = new Tensor[steps.length - 1];
    for (int step = 0; step < results.length; step++) {
      results[step] =
          Tensor.wrap(
              segment.asSlice(layout.offsetBytes(step)), dtype, path.steps().get(step).result());
    }
    return new Scratch(results);
  }

  void run(Tensor[] tensors, Tensor out, Accumulation accumulation) {
    Scratch scratch = pool.take();
    try {
      run(scratch, tensors, out, accumulation);
    } finally {
      pool.giveBack(scratch);
    }
  }

  /** Runs a path over one or two operands; the second of one is not looked at. */
  void run(Tensor first, Tensor second, Tensor out, Accumulation accumulation) {
    Scratch scratch = pool.take();
    scratch.pair[0] = first;
    scratch.pair[1] = second;
    try {
      run(scratch, scratch.pair, out, accumulation);
    } finally {
      // The pool must not keep the operands' memory from being freed.
      scratch.pair[0] = one;
      scratch.pair[1] = one;
      pool.giveBack(scratch);
    }
  }

  private void run(Scratch scratch, Tensor[] tensors, Tensor out, Accumulation accumulation) {
    Tensor[] results = scratch.results;
    for (int step = 0; step < results.length; step++) {
      steps[step].run(
          tensor(firsts[step], tensors, results),
          tensor(seconds[step], tensors, results),
          results[step],
          Accumulation.REPLACE);
    }
    int last = results.length;
    steps[last].run(
        tensor(firsts[last], tensors, results),
        tensor(seconds[last], tensors, results),
        out,
        accumulation);
  }

  private Tensor tensor(int number, Tensor[] tensors, Tensor[] results) {
    if (number == NONE) {
      return one;
    }
    return number < operands ? tensors[number] : results[number - operands];
  }

  long scratchBytes() {
    return layout.bytes();
  }

  /** The loops of each step. */
  String loops(int step) {
    return steps[step].loops();
  }
}
