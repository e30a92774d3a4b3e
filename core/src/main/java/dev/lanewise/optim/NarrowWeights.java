package dev.lanewise.optim;

import dev.lanewise.internal.kernel.KernelSet;
import dev.lanewise.internal.kernel.NarrowingKernels;
import dev.lanewise.internal.kernel.RowFormat;
import dev.lanewise.internal.kernel.RowKernels;
import dev.lanewise.tensor.DType;
import dev.lanewise.tensor.Tensor;
import java.lang.foreign.MemorySegment;

/**
 * Weights of 16 bits: widened for an update, which is float32's, and rounded stochastically after
 * it. What is rounded how follows from a key and the element's number only, not from the runs in
 * which elements are updated.
 */
final class NarrowWeights {
  /** The most elements that are widened at once, unless a rule takes more: a near cache's. */
  static final int LONGEST_RUN = 1 << 12;

  private static final Format BFLOAT16 = Format.of(RowFormat.BFLOAT16);
  private static final Format FLOAT16 = Format.of(RowFormat.FLOAT16);

  /** One row, at the beginning. */
  private static final long[] ROW = {0};

  /** Elements are numbered by 32 bits; above them, the key changes. */
  private static final long NUMBERS = 1L << 32;

  private record Format(RowKernels rows, NarrowingKernels narrowing) {
    static Format of(RowFormat format) {
      KernelSet kernels = KernelSet.active();
      return new Format(kernels.rows(format), kernels.narrowing(format));
    }

    static Format of(Tensor weights) {
      return weights.dtype() == DType.BFLOAT16 ? BFLOAT16 : FLOAT16;
    }
  }

  private NarrowWeights() {}

  /** Reads n weights from an element on, as float32. */
  static void widen(Tensor weights, long element, MemorySegment wide, int n) {
    Format.of(weights)
        .rows
        .gather(weights.segment(), bytes(weights, element), 0, ROW, 0, 1, wide, 0, 0, n);
  }

  /** Rounds n weights and writes them from an element on. */
  static void round(MemorySegment wide, Tensor weights, long element, int n, long key) {
    NarrowingKernels kernels = Format.of(weights).narrowing;
    long done = 0;
    while (done < n) {
      long at = element + done;
      int count = (int) Math.min(n - done, NUMBERS - at % NUMBERS);
      kernels.round(
          wide,
          done * Float.BYTES,
          weights.segment(),
          bytes(weights, at),
          mix(key + at / NUMBERS),
          (int) at,
          count);
      done += count;
    }
  }

  /** What chooses the chances of one parameter in one step. */
  static long key(long seed, int parameter, long step) {
    return mix(mix(mix(seed) + parameter) + step);
  }

  private static long bytes(Tensor weights, long element) {
    return weights.offsetBytes() + element * Short.BYTES;
  }

  /** SplitMix64's output, of the state's next value: Stafford's variant 13. */
  private static long mix(long state) {
    long z = state + 0x9e3779b97f4a7c15L;
    z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    return z ^ (z >>> 31);
  }
}
