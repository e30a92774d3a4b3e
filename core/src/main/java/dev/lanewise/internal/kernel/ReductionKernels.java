package dev.lanewise.internal.kernel;

import java.lang.foreign.MemorySegment;

/**
 * Programs that reduce a run of n float32 values to {@link Partials#COUNT} partial results: element
 * k enters partial {@code k mod COUNT}, in the order of k. {@link Partials} then combines them by a
 * fixed tree. The order depends on nothing else, whatever the lane width.
 *
 * <p>A long run may be given in pieces, each but the last a multiple of COUNT. Offsets are in bytes
 * and need no alignment.
 */
public interface ReductionKernels {
  /** {@code p = fma(a, b, p)}. */
  void dot(float[] partials, MemorySegment a, long aOffset, MemorySegment b, long bOffset, int n);

  /** {@code p = p + a}. */
  void sum(float[] partials, MemorySegment a, long aOffset, int n);

  /** {@code d = a - b; p = fma(d, d, p)}. */
  void squaredDifference(
      float[] partials, MemorySegment a, long aOffset, MemorySegment b, long bOffset, int n);

  /** {@code p = max(p, a)}, as {@code Math.max} has it. */
  void max(float[] partials, MemorySegment a, long aOffset, int n);

  /** {@code p = p + exp(a - shift)}. */
  void sumExp(float[] partials, MemorySegment a, long aOffset, float shift, int n);
}
