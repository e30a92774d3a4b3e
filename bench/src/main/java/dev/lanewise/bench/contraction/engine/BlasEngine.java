package dev.lanewise.bench.contraction.engine;

import dev.lanewise.bench.contraction.cases.ContractionCase;
import dev.lanewise.bench.contraction.cases.Data;
import dev.lanewise.bench.contraction.cases.MatrixChain;
import dev.lanewise.bench.engine.Engine;
import dev.lanewise.bench.engine.Trial;
import dev.lanewise.bench.engine.Work;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/** A BLAS as an engine: what a programmer does with it by hand, planned beforehand. */
final class BlasEngine implements Engine<ContractionCase, Data> {
  private final Supplier<Blas> library;
  private final boolean transposes;
  private final int maxThreads;

  /**
   * @param library opens the implementation
   * @param transposes whether it has a routine for that
   * @param maxThreads the threads it can use
   */
  BlasEngine(Supplier<Blas> library, boolean transposes, int maxThreads) {
    this.library = library;
    this.transposes = transposes;
    this.maxThreads = maxThreads;
  }

  @Override
  public boolean supports(ContractionCase contraction) {
    if (contraction.hasLookup() || contraction.threads() > maxThreads) {
      return false;
    }
    if (contraction.operands().size() > 2) {
      return MatrixChain.isChain(contraction);
    }
    return BlasLowering.lower(contraction).stream()
        .anyMatch(program -> transposes || program.routine() != BlasProgram.Routine.TRANSPOSE);
  }

  @Override
  public Work prepare(ContractionCase contraction, Data data) {
    Blas blas = library.get();
    blas.useThreads(contraction.threads());
    Steps steps = new Steps(contraction, data);
    Blas.Binding binding =
        blas.bind(steps.buffers.toArray(MemorySegment[]::new), contraction.flops());
    Work[] works = steps.steps.stream().map(step -> step.bound(binding)).toArray(Work[]::new);
    int output = steps.steps.getLast().output;
    return new Work() {
      @Override
      public void run() {
        for (Work work : works) {
          work.run();
        }
      }

      @Override
      public void publish() {
        binding.publish(output);
      }
    };
  }

  @Override
  public Map<String, String> facts() {
    Blas blas = library.get();
    blas.useThreads(1);
    return blas.facts();
  }

  /** The programs that do one thing, and the numbers of the buffers that they work on. */
  private record Step(List<BlasProgram> programs, int first, int second, int output) {
    /** The quickest of the programs. */
    Work bound(Blas.Binding binding) {
      return Trial.quickest(programs.stream().map(program -> bound(program, binding)).toList());
    }

    private Work bound(BlasProgram program, Blas.Binding binding) {
      boolean swapped = program.swapped();
      BlasCalls calls = binding.calls(swapped ? second : first, swapped ? first : second, output);
      return new BlasWork(program, calls);
    }
  }

  /** All steps of a case, with the memory that they need. */
  private static final class Steps {
    /** Never freed: what a library is called with are addresses, which keep no memory. */
    private static final Arena MEMORY = Arena.global();

    private final List<MemorySegment> buffers = new ArrayList<>();
    private final List<Step> steps = new ArrayList<>();

    Steps(ContractionCase contraction, Data data) {
      int count = contraction.operands().size();
      for (int operand = 0; operand < count; operand++) {
        buffers.add(data.operand(operand));
      }
      if (count > 2) {
        chain(contraction, data);
      } else {
        if (count == 1) {
          float[] ones = new float[contraction.layouts().getFirst().elementCount()];
          Arrays.fill(ones, 1f);
          buffers.add(MEMORY.allocateFrom(ValueLayout.JAVA_FLOAT, ones));
        }
        buffers.add(data.output());
        steps.add(new Step(BlasLowering.lower(contraction), 0, 1, 2));
      }
    }

    private void chain(ContractionCase contraction, Data data) {
      List<MatrixChain.Step> products = MatrixChain.of(contraction).steps();
      for (MatrixChain.Step product : products.subList(0, products.size() - 1)) {
        long elements = (long) product.rows() * product.columns();
        buffers.add(MEMORY.allocate(elements * Float.BYTES, Data.ALIGNMENT));
      }
      buffers.add(data.output());
      int output = contraction.operands().size();
      for (MatrixChain.Step product : products) {
        List<BlasProgram> programs = BlasLowering.lower(product.asCase(contraction));
        steps.add(new Step(programs, product.left(), product.right(), output++));
      }
    }
  }
}
