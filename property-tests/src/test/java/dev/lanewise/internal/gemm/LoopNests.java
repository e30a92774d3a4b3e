package dev.lanewise.internal.gemm;

import dev.lanewise.internal.kernel.Numbers;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;

/** Nested loops with strides in elements: where they go, what they span, and how to draw some. */
final class LoopNests {
  private LoopNests() {}

  /** The elements of a tensor that has the loops, from its first to its last. */
  @SafeVarargs
  static int extent(int operand, List<Loop>... groups) {
    long extent = 1;
    for (List<Loop> loops : groups) {
      for (Loop loop : loops) {
        if (loop.size() == 0 && loop.strideBytes(operand) != 0) {
          return 0;
        }
        extent += Math.max(0, loop.size() - 1) * loop.strideBytes(operand);
      }
    }
    return (int) extent;
  }

  /** The same loops with strides in bytes. */
  static List<Loop> inBytes(List<Loop> loops, int size) {
    return loops.stream()
        .map(l -> new Loop(l.size(), l.aStride() * size, l.bStride() * size, l.cStride() * size))
        .toList();
  }

  /** Where each operand stands at every position of nested loops, the last running fastest. */
  static List<long[]> positions(List<Loop> loops) {
    List<long[]> positions = List.of(new long[3]);
    for (Loop loop : loops) {
      List<long[]> next = new ArrayList<>();
      for (long[] outer : positions) {
        for (long i = 0; i < loop.size(); i++) {
          next.add(
              new long[] {
                outer[0] + i * loop.aStride(),
                outer[1] + i * loop.bStride(),
                outer[2] + i * loop.cStride()
              });
        }
      }
      positions = next;
    }
    return positions;
  }

  /**
   * Strides of a tensor of some of the loops in any order, now and then with gaps.
   *
   * @param first the first loop that it may have
   * @param end behind the last
   * @param share how many of them it has
   */
  static long[] strides(Random random, long[] sizes, int first, int end, double share) {
    List<Integer> order = new ArrayList<>();
    for (int i = first; i < end; i++) {
      order.add(i);
    }
    if (random.nextBoolean()) {
      Collections.reverse(order);
    } else if (random.nextBoolean()) {
      Collections.shuffle(order, random);
    }
    return strides(random, sizes, order, share);
  }

  /** The same in a given order, the first loop being the innermost. */
  static long[] strides(Random random, long[] sizes, List<Integer> order, double share) {
    long[] strides = new long[sizes.length];
    long stride = random.nextInt(4) == 0 ? 2 : 1;
    for (int loop : order) {
      if (random.nextDouble() < share) {
        strides[loop] = stride;
        stride *= Math.max(1, sizes[loop]);
        stride += random.nextInt(6) == 0 ? 3 : 0;
      }
    }
    return strides;
  }

  /** Places at which to cut a side, its ends among them: at multiples of a unit but for the end. */
  static long[] cuts(long size, int unit, Random random) {
    TreeSet<Long> cuts = new TreeSet<>(List.of(0L, size));
    for (int i = random.nextInt(3); i > 0; i--) {
      cuts.add(size < unit ? 0 : random.nextLong(size / unit) * unit);
    }
    return cuts.stream().mapToLong(Long::longValue).toArray();
  }

  /** Numbers whose sums of products stay finite. */
  static double[] numbers(Random random, int count) {
    return Numbers.tame(random.nextLong(), count);
  }
}
