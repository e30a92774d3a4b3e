package dev.lanewise.internal.kernel.vector;

import dev.lanewise.internal.kernel.KernelSet;
import dev.lanewise.internal.kernel.MicroKernel;
import jdk.incubator.vector.FloatVector;

/** The kernels of the machine's vector width. */
public final class VectorKernels {
  private VectorKernels() {}

  /**
   * All of them; the GEMM tile is chosen by the number of vector registers that comes with a width.
   */
  public static KernelSet create() {
    // 512-bit vectors come with 32 registers. 16 are assumed otherwise: the tile for 32 would spill
    // on AVX2 at half the speed.
    MicroKernel gemm =
        Lanes.FLOATS.length() >= FloatVector.SPECIES_512.length()
            ? new VectorMicroKernel14x2()
            : new VectorMicroKernel4x2();
    return new KernelSet(
        Lanes.FLOATS.vectorBitSize() + "-bit vector",
        gemm,
        new VectorElementwise(),
        new VectorReductions(),
        new VectorRows());
  }
}
