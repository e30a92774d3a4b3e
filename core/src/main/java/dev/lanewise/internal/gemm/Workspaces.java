package dev.lanewise.internal.gemm;

import dev.lanewise.internal.kernel.ContractionKernels;
import dev.lanewise.internal.kernel.ElementType;
import dev.lanewise.internal.kernel.KernelSet;
import dev.lanewise.internal.memory.ScratchPool;

/** The scratch memory that all contractions of the process share, by element type. */
final class Workspaces {
  private static final ScratchPool<Workspace<float[]>> FLOATS = Workspace.pool(float[]::new);
  private static final ScratchPool<Workspace<double[]>> DOUBLES = Workspace.pool(double[]::new);

  private Workspaces() {}

  /** What is made from the kernels and the scratch memory of one element type. */
  interface Maker<R> {
    <A> R make(ContractionKernels<A> kernels, ScratchPool<Workspace<A>> workspaces);
  }

  static <R> R with(KernelSet kernels, ElementType type, Maker<R> maker) {
    return type == ElementType.FLOAT32
        ? maker.make(kernels.float32(), FLOATS)
        : maker.make(kernels.float64(), DOUBLES);
  }
}
