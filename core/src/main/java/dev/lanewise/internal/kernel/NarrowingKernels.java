package dev.lanewise.internal.kernel;

import java.lang.foreign.MemorySegment;

/**
 * Programs that round float32 to a format of 16 bits, stochastically: up or down by chance, so that
 * the mean of the result is the number. One kernel for each format, bfloat16 and float16.
 *
 * <p>The chances are 32 bits from a key and the number of the element, a hash of multiplications
 * and shifts: {@code h = i * 0x9e3779b9; h ^= h >>> 16; h = (h ^ low) * 0x7feb352d; h ^= h >>> 15;
 * h = (h ^ high) * 0x846ca68b; h ^= h >>> 16}, low and high being the key's halves. The number of
 * an element and not its place in a run: however elements are divided into runs, they get the same
 * bits.
 *
 * <p>Of the b bits that do not fit, as an integer, the b upper ones of h are added, and the carry
 * counts: exact but for numbers below 2^-31 of the format's smallest, which are 0. What fits stays.
 * Numbers beyond the format's largest become infinite, as does, by chance, what lies within a step
 * above the largest. Infinities and signs stay; a NaN becomes a quiet one.
 *
 * <p>Offsets are in bytes and need no alignment. The runs may not overlap. Allocates nothing;
 * thread-safe.
 */
public interface NarrowingKernels {
  /**
   * Rounds n numbers.
   *
   * @param x float32
   * @param y 16 bits each
   * @param key what chooses among the sequences of chances
   * @param first the number of the run's first element; the others follow, modulo 2^32
   */
  void round(
      MemorySegment x, long xOffset, MemorySegment y, long yOffset, long key, int first, int n);
}
