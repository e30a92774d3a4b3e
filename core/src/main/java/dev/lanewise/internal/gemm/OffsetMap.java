package dev.lanewise.internal.gemm;

import dev.lanewise.internal.kernel.ContractionKernels;
import dev.lanewise.internal.kernel.RowKernels;
import dev.lanewise.internal.kernel.StridedKernels;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Where the rows, or the columns, of a matrix lie: position i is {@code at(i)} bytes behind the
 * matrix' start. A matrix whose rows and columns each have such a map can be any tensor with its
 * dimensions divided in two groups: transposed, a diagonal, a broadcast, a convolution's windows
 * (the block-scatter matrices of D. A. Matthews, <i>High-performance tensor contraction without
 * transposition</i>, arXiv:1607.00291).
 *
 * <p>A map is one stride, or else a table made once, when the plan is made. Immutable.
 */
final class OffsetMap {
  private final long count;
  private final long strideBytes;
  private final long[] table;
  private final @Nullable Gather gather;

  private OffsetMap(long count, long strideBytes, long[] table, @Nullable Gather gather) {
    this.count = count;
    this.strideBytes = strideBytes;
    this.table = table;
    this.gather = gather;
  }

  private OffsetMap(long count, long strideBytes, long[] table) {
    this(count, strideBytes, table, null);
  }

  /**
   * The rows of a table that a gathered operand is made of. Set before a run, by whoever has the
   * program to himself.
   */
  static final class Gather {
    private final int elementBytes;
    private long[] rows = new long[0];
    private long rowStrideBytes;

    Gather(int elementBytes) {
      this.elementBytes = elementBytes;
    }

    void set(long[] chosen, long strideBytes) {
      rows = chosen;
      rowStrideBytes = strideBytes;
    }
  }

  /** The same map, but its offsets are places in a list of rows, which says where each row lies. */
  OffsetMap through(Gather chosen) {
    return new OffsetMap(count, strideBytes, table, chosen);
  }

  /**
   * The map of a group of loops, outermost first, for one operand.
   *
   * @param loops the loops, folded as far as possible
   * @param operand which of a loop's strides to use
   */
  static OffsetMap of(List<Loop> loops, int operand) {
    List<long[]> folded = folded(loops, operand);
    if (folded.isEmpty()) {
      return strided(1, 0);
    }
    if (folded.size() == 1) {
      return strided(folded.getFirst()[0], folded.getFirst()[1]);
    }
    long count = 1;
    for (long[] loop : folded) {
      count = Math.multiplyExact(count, loop[0]);
    }
    if (count > Integer.MAX_VALUE - 8) {
      throw new IllegalArgumentException(
          "a group of dimensions that cannot be folded has "
              + count
              + " positions, more than a table holds");
    }
    long[] table = new long[(int) count];
    for (int i = 0; i < table.length; i++) {
      long rest = i;
      for (int at = folded.size() - 1; at >= 0; at--) {
        long size = folded.get(at)[0];
        table[i] += rest % size * folded.get(at)[1];
        rest /= size;
      }
    }
    return new OffsetMap(count, 0, table);
  }

  /**
   * Sizes and strides of one operand, with neighbours made one where this operand allows it: it
   * may, where another one does not.
   */
  private static List<long[]> folded(List<Loop> loops, int operand) {
    List<long[]> folded = new ArrayList<>();
    for (Loop loop : loops) {
      long stride = loop.strideBytes(operand);
      if (!folded.isEmpty() && folded.getLast()[1] == loop.size() * stride) {
        folded.set(folded.size() - 1, new long[] {folded.getLast()[0] * loop.size(), stride});
      } else {
        folded.add(new long[] {loop.size(), stride});
      }
    }
    return folded;
  }

  /** Positions that are a stride apart. */
  static OffsetMap strided(long count, long strideBytes) {
    return new OffsetMap(count, strideBytes, new long[0]);
  }

  long count() {
    return count;
  }

  long at(long i) {
    long offset = table.length == 0 ? i * strideBytes : table[(int) i];
    return gather == null ? offset : gather.rows[(int) offset] * gather.rowStrideBytes;
  }

  /** Whether one stride describes all positions. */
  boolean isStrided() {
    return table.length == 0 && gather == null;
  }

  /** Whether neighbours are neighbouring elements of a size. */
  boolean isContiguous(int elementBytes) {
    return isStrided() && (strideBytes == elementBytes || count <= 1);
  }

  /** Lays the elements at neighbouring positions side by side. */
  void gather(
      ContractionKernels<?> kernels,
      MemorySegment from,
      long fromOffset,
      long position,
      int n,
      MemorySegment to,
      long toOffset) {
    if (isStrided()) {
      long first = fromOffset + at(position);
      kernels.blocks().gather(1, n, from, first, 0, strideBytes, to, toOffset, 0);
    } else if (gather == null) {
      kernels.strided().gather(n, from, fromOffset, table, (int) position, to, toOffset);
    } else {
      // Rows of a table beside a sum that this operand does not move along evenly: one by one.
      for (int i = 0; i < n; i++) {
        long at = fromOffset + at(position + i);
        kernels.blocks().copy(1, 1, from, at, 0, to, toOffset + (long) i * gather.elementBytes, 0);
      }
    }
  }

  /** Takes elements that lie side by side to neighbouring positions: stored or added. */
  void scatter(
      StridedKernels kernels,
      MemorySegment from,
      long fromOffset,
      long position,
      int n,
      MemorySegment to,
      long toOffset,
      boolean add) {
    if (isStrided()) {
      kernels.scatter(n, from, fromOffset, to, toOffset + at(position), strideBytes, add);
    } else {
      kernels.scatter(n, from, fromOffset, to, toOffset, table, (int) position, add);
    }
  }

  long strideBytes() {
    return strideBytes;
  }

  /** Whether neighbours are neighbours in a list of rows of a table. */
  boolean isGatheredRows() {
    return gather != null && table.length == 0 && strideBytes == 1;
  }

  /** Lays a run of each of some gathered rows, neighbours in their list, below the other. */
  void gatherRuns(
      RowKernels kernels,
      MemorySegment from,
      long fromOffset,
      long position,
      int n,
      MemorySegment to,
      long toOffset,
      long toStride,
      int floats) {
    long[] rows = Objects.requireNonNull(gather).rows;
    long stride = gather.rowStrideBytes;
    int first = (int) position;
    kernels.gather(from, fromOffset, stride, rows, first, n, to, toOffset, toStride, floats);
  }

  @Override
  public String toString() {
    return count + (isStrided() ? " by " + strideBytes + " B" : " by table");
  }
}
